// tus-js-client, as Supabase's documentation sets it up.

import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import * as tus from "tus-js-client";
import { cutAfter, host } from "./lib/cut.js";
import { apiKey, bucket, data, key, name, random, sha256, storage, stored, token, url } from "./lib/project.js";

const MIB = 1024 * 1024;
const ENDPOINT = `${url}/storage/v1/upload/resumable`;
const BEARER = { apikey: key, authorization: `Bearer ${token}` };

/**
 * An upload, and what was sent for it: `sent` is a list of `METHOD -> status`, `offsets` what HEAD answered. It finishes
 * where it began, never at an address behind the edge.
 */
function prepared(path, bytes, options = {}) {
  const sent = [];
  const offsets = [];
  let upload;
  const finished = new Promise((resolve, reject) => {
    upload = new tus.Upload(bytes, {
      endpoint: ENDPOINT,
      headers: BEARER,
      metadata: { bucketName: bucket, objectName: path, contentType: "application/octet-stream", cacheControl: "3600" },
      chunkSize: 6 * MIB,
      uploadDataDuringCreation: true,
      retryDelays: [0, 500, 1000, 2000, 4000],
      onSuccess: resolve,
      onError: reject,
      onAfterResponse: (request, response) => {
        sent.push(`${request.getMethod()} -> ${response.getStatus()}`);
        if (request.getMethod() === "HEAD") {
          offsets.push(Number(response.getHeader("Upload-Offset")));
        }
      },
      ...options,
    });
  });
  const from = options.uploadUrl ?? `${options.endpoint ?? ENDPOINT}/`;
  const here = finished.then(() => assert.ok(upload.url.startsWith(from), upload.url));
  return { upload, finished: here, sent, offsets };
}

/** Creates an upload without sending anything of it. */
async function create(path, length) {
  const created = await fetch(ENDPOINT, {
    method: "POST",
    headers: {
      ...BEARER,
      "tus-resumable": "1.0.0",
      "upload-length": length,
      "upload-metadata": `bucketName ${btoa(bucket)},objectName ${btoa(path)}`,
    },
  });
  assert.equal(created.status, 201);
  return created;
}

/** Starts an upload and gives it up once a part is on its way that ends after `bytes`. */
async function interruptedAt(bytes, make) {
  let broken;
  const interrupted = new Promise((resolve) => {
    broken = make({
      onProgress: (progress) => {
        if (progress > bytes) {
          broken.upload.abort().then(resolve);
        }
      },
    });
  });
  broken.upload.start();
  await Promise.race([interrupted, broken.finished.then(() => assert.fail("finished before it was interrupted"))]);
  return broken;
}

test("uploads in parts", async () => {
  const path = name("parts.bin");
  const bytes = random(14 * MIB);
  const { upload, finished, sent } = prepared(path, bytes);

  upload.start();
  await finished;

  assert.deepEqual(sent, ["POST -> 201", "PATCH -> 204", "PATCH -> 204"]);
  assert.equal(await stored(path), sha256(bytes));
  const info = data(await storage().info(path));
  assert.equal(info.size, bytes.length);
  assert.equal(info.cacheControl, "max-age=3600");
});

test("goes on by itself where its connection broke off", async (t) => {
  const path = name("broken.bin");
  const bytes = random(20 * MIB);
  const location = new URL((await create(path, bytes.length)).headers.get("location"));
  const way = await cutAfter(10 * MIB);
  t.after(() => way.close());
  const { upload, finished, sent, offsets } = prepared(path, bytes, {
    uploadUrl: way.url + location.pathname,
    headers: { ...BEARER, host },
  });

  upload.start();
  await finished;

  assert.equal(way.cuts, 1);
  assert.equal(offsets[0], 0);
  const last = offsets.at(-1);
  assert.ok(last >= 6 * MIB && last <= 10 * MIB, `went on at ${last}`);
  // A part that is still being given up when its client is back may move the offset once more: 409, and it asks again.
  const [, first, ...others] = sent;
  assert.equal(first, "PATCH -> 204");
  assert.match(others.join(), /^HEAD -> 200,(PATCH -> 409,HEAD -> 200,)*PATCH -> 204(,PATCH -> 204)+$/);
  assert.equal(await stored(path), sha256(bytes));
});

test("pauses and goes on in the same client", async () => {
  const path = name("paused.bin");
  const bytes = random(12 * MIB);
  const paused = await interruptedAt(5 * MIB, (more) => prepared(path, bytes, { chunkSize: 2 * MIB, ...more }));

  paused.upload.options.onProgress = null;
  paused.upload.start();
  await paused.finished;

  assert.equal(paused.sent.filter((line) => line.startsWith("POST")).length, 1);
  assert.ok(paused.offsets[0] >= 4 * MIB, `went on at ${paused.offsets[0]}`);
  assert.equal(await stored(path), sha256(bytes));
});

test("uploads by the token of a signed URL, also after an interruption", async () => {
  const path = name("signed.bin");
  const bytes = random(8 * MIB);
  const signed = data(await storage().createSignedUploadUrl(path));
  const options = { endpoint: `${ENDPOINT}/sign`, headers: { "x-signature": signed.token }, chunkSize: 2 * MIB };
  const broken = await interruptedAt(3 * MIB, (more) => prepared(path, bytes, { ...options, ...more }));

  const resumed = prepared(path, bytes, { ...options, uploadUrl: broken.upload.url });
  resumed.upload.start();
  await resumed.finished;

  assert.equal(await stored(path), sha256(bytes));
});

test("tells the length at the end, which an edge refuses to begin without", async () => {
  const path = name("deferred.bin");
  const bytes = random(3 * MIB + 5);
  const parts = [bytes.subarray(0, MIB), bytes.subarray(MIB)];
  const { upload, finished } = prepared(path, Readable.from(parts), {
    uploadLengthDeferred: true,
    uploadDataDuringCreation: false,
    chunkSize: MIB,
  });

  upload.start();
  if (apiKey) {
    await assert.rejects(finished, /response code: 411, response text: .*LENGTH_REQUIRED/);
    return;
  }
  await finished;

  assert.equal(await stored(path), sha256(bytes));
});

test("gives an upload up", async () => {
  const bytes = random(4 * MIB);
  const broken = await interruptedAt(MIB, (more) => prepared(name("given up.bin"), bytes, { chunkSize: MIB, ...more }));

  await tus.Upload.terminate(broken.upload.url, { headers: BEARER });

  const head = await fetch(broken.upload.url, { method: "HEAD", headers: { ...BEARER, "tus-resumable": "1.0.0" } });
  assert.equal(head.status, 404);
});

test("is refused what outgrows its length", async () => {
  const created = await create(name("grown.bin"), 10);

  const refused = await fetch(created.headers.get("location"), {
    method: "PATCH",
    headers: {
      ...BEARER,
      "tus-resumable": "1.0.0",
      "upload-offset": "0",
      "content-type": "application/offset+octet-stream",
    },
    body: random(11),
  });

  assert.equal(refused.status, 413);
});

test("is refused another user's folder", async () => {
  const { upload, finished } = prepared(`00000000-0000-4000-8000-000000000000/x.bin`, random(10), { retryDelays: null });

  upload.start();

  await assert.rejects(finished, (error) => error.originalResponse.getStatus() === 403);
});
