// An unchanged supabase-js application: what it stores and reads is the same as without an edge before it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bucket, data, key, name, random, sha256, storage, stored, supabase, url, user } from "./lib/project.js";
import { createClient } from "@supabase/supabase-js";

const MIB = 1024 * 1024;

test("uploads a buffer with its type and reads it back", async () => {
  const path = name("a file with spaces & ünïcode.bin".normalize("NFC").replace(/[^\x20-\x7e]/g, "u"));
  const bytes = random(2 * MIB);

  const uploaded = data(await storage().upload(path, bytes, { contentType: "application/pdf", cacheControl: "60" }));

  assert.equal(uploaded.path, path);
  assert.equal(uploaded.fullPath, `${bucket}/${path}`);
  assert.equal(await stored(path), sha256(bytes));
  const info = data(await storage().info(path));
  assert.equal(info.size, bytes.length);
  assert.equal(info.contentType, "application/pdf");
  assert.equal(info.cacheControl, "max-age=60");
});

test("uploads a Blob as a form", async () => {
  const path = name("form.bin");
  const bytes = random(3 * MIB + 17);

  data(await storage().upload(path, new Blob([bytes]), { contentType: "image/png", metadata: { camera: "x" } }));

  assert.equal(await stored(path), sha256(bytes));
});

test("uploads an empty file", async () => {
  const path = name("empty.txt");

  data(await storage().upload(path, Buffer.alloc(0), { contentType: "text/plain" }));

  assert.equal(await stored(path), sha256(""));
});

test("does not overwrite unless it is asked to, and updates", async () => {
  const path = name("twice.txt");
  const options = { contentType: "text/plain" };
  data(await storage().upload(path, "one", options));

  const again = await storage().upload(path, "two", options);
  assert.equal(again.data, null);
  assert.equal(again.error.statusCode, "409");
  assert.equal(again.error.message, "The resource already exists");
  assert.equal(await stored(path), sha256("one"));

  data(await storage().upload(path, "three", { ...options, upsert: true }));
  assert.equal(await stored(path), sha256("three"));
  data(await storage().update(path, "four", options));
  assert.equal(await stored(path), sha256("four"));
});

test("signs an upload and uploads to it without the user's token", async () => {
  const path = name("signed.bin");
  const bytes = random(MIB);
  const signed = data(await storage().createSignedUploadUrl(path));
  assert.ok(signed.signedUrl.startsWith(`${url}/storage/v1/object/upload/sign/`), signed.signedUrl);

  const anonymous = createClient(url, key).storage.from(bucket);
  const uploaded = data(await anonymous.uploadToSignedUrl(path, signed.token, bytes, { contentType: "image/png" }));

  assert.equal(uploaded.path, path);
  assert.equal(await stored(path), sha256(bytes));
});

test("is refused a signed upload with a token of another path", async () => {
  const signed = data(await storage().createSignedUploadUrl(name("mine.bin")));

  const refused = await storage().uploadToSignedUrl(name("other.bin"), signed.token, "x");

  assert.equal(refused.error.statusCode, "400");
  assert.equal(refused.error.message, "Invalid signature");
});

test("signs downloads, one and many", async () => {
  const path = name("read.bin");
  const bytes = random(MIB);
  data(await storage().upload(path, bytes));

  const one = data(await storage().createSignedUrl(path, 60)).signedUrl;
  assert.ok(one.startsWith(`${url}/storage/v1/object/sign/`), one);
  assert.equal(sha256(Buffer.from(await (await fetch(one)).arrayBuffer())), sha256(bytes));
  const part = await fetch(one, { headers: { range: "bytes=10-19" } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(10, 20));

  const many = data(await storage().createSignedUrls([path, name("missing.bin")], 60));
  assert.equal(many.length, 2);
  assert.equal(sha256(Buffer.from(await (await fetch(many[0].signedUrl)).arrayBuffer())), sha256(bytes));
  assert.match(many[1].error, /does not exist/);
});

test("lists, moves, copies, asks whether it exists, and removes", async () => {
  const folder = name("list");
  for (const file of ["a.txt", "b.txt", "c/d.txt"]) {
    data(await storage().upload(`${folder}/${file}`, file, { contentType: "text/plain" }));
  }
  assert.deepEqual(data(await storage().list(folder)).map((item) => item.name), ["a.txt", "b.txt", "c"]);

  data(await storage().move(`${folder}/a.txt`, `${folder}/moved.txt`));
  data(await storage().copy(`${folder}/b.txt`, `${folder}/copied.txt`));
  assert.equal(await stored(`${folder}/moved.txt`), sha256("a.txt"));
  assert.equal(await stored(`${folder}/copied.txt`), sha256("b.txt"));
  assert.equal(data(await storage().exists(`${folder}/moved.txt`)), true);

  const removed = data(await storage().remove([`${folder}/moved.txt`, `${folder}/b.txt`, `${folder}/missing.txt`]));
  assert.equal(removed.length, 2);
  assert.deepEqual(data(await storage().list(folder)).map((item) => item.name), ["c", "copied.txt"]);
});

test("is refused another user's folder by row-level security", async () => {
  const foreign = `00000000-0000-4000-8000-000000000000/${name("x").slice(user.length + 1)}`;

  const refused = await storage().upload(foreign, "x", { contentType: "text/plain" });
  assert.equal(refused.error.statusCode, "403");
  assert.match(refused.error.message, /row-level security/);
  assert.equal((await storage().createSignedUploadUrl(foreign)).error.statusCode, "403");
  const anonymous = createClient(url, key).storage.from(bucket);
  assert.equal((await anonymous.upload(name("x"), "x")).error.statusCode, "403");
});

test("reads a missing object as supabase-js knows it", async () => {
  const missing = await storage().download(name("missing.txt"));

  assert.equal(missing.data, null);
  assert.equal(missing.error.name, "StorageApiError");
  assert.equal(missing.error.statusCode, "404");
  assert.equal((await storage().info(name("missing.txt"))).error.statusCode, "404");
});

test("uploads twenty files at once", async () => {
  const files = Array.from({ length: 20 }, (_, i) => ({ path: name(`${i}.bin`), bytes: random(256 * 1024 + i) }));
  const client = supabase().storage.from(bucket);

  await Promise.all(files.map(async ({ path, bytes }) => data(await client.upload(path, bytes))));

  for (const { path, bytes } of files) {
    assert.equal(await stored(path), sha256(bytes));
  }
});
