// curl, as people script it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { apiKey, bucket, name, random, sha256, stored, token, url } from "./lib/project.js";

const run = promisify(execFile);
const bytes = random(9 * 1024 * 1024);
let directory;
let file;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-curl-"));
  file = join(directory, "file.bin");
  await writeFile(file, bytes);
});

after(() => rm(directory, { recursive: true }));

/** Runs curl and returns the status; the answer's body is in `answer.body`. */
async function curl(...options) {
  const body = join(directory, "answer");
  await rm(body, { force: true });
  const { stdout } = await run("curl", ["-sS", "--max-time", "60", "-o", body, "-w", "%{http_code}", ...options]);
  return { status: Number(stdout), body: await readFile(body).catch(() => Buffer.alloc(0)) };
}

const bearer = ["-H", `Authorization: Bearer ${token}`];

test("curl -T uploads a file and curl -o reads it back", async () => {
  const address = `${url}/storage/v1/object/${bucket}/${name("T.bin")}`;

  const put = await curl("-T", file, "-H", "Content-Type: application/octet-stream", ...bearer, address);
  assert.equal(put.status, 200, put.body.toString());
  const read = await curl(...bearer, address);

  assert.equal(read.status, 200);
  assert.equal(sha256(read.body), sha256(bytes));
});

test("curl -F uploads a form", async () => {
  const path = name("F.bin");
  const form = ["-F", "cacheControl=60", "-F", `file=@${file};type=application/octet-stream`];

  const posted = await curl(...form, ...bearer, `${url}/storage/v1/object/${bucket}/${path}`);

  assert.equal(posted.status, 200, posted.body.toString());
  assert.equal(await stored(path), sha256(bytes));
});

if (apiKey) {
  test("curl -T uploads through the edge's own route", async () => {
    const path = name("edge.bin");

    const put = await curl("-T", file, "-H", `X-API-Key: ${apiKey}`, `${url}/v1/upload/${bucket}/${path}`);

    assert.equal(put.status, 200, put.body.toString());
    const asked = ["-H", `X-API-Key: ${apiKey}`, "-H", "Content-Type: application/json"];
    const question = JSON.stringify({ filename: path, supabaseBucket: bucket });
    const answer = await curl(...asked, "-d", question, `${url}/v1/supabase/download-url`);
    assert.equal(answer.status, 200, answer.body.toString());
    const read = await curl(JSON.parse(answer.body).downloadUrl);
    assert.equal(sha256(read.body), sha256(bytes));
  });
}
