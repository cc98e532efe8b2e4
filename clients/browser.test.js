// A page from another origin, in a real browser: CORS, progress, pause and resume.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Chromium } from "./lib/chromium.js";
import { bucket, key, name, random, sha256, token, url } from "./lib/project.js";

const FILES = {
  "/": ["browser/index.html", "text/html"],
  "/page.js": ["browser/page.js", "text/javascript"],
  "/supabase.js": ["node_modules/@supabase/supabase-js/dist/umd/supabase.js", "text/javascript"],
  "/tus.js": ["node_modules/tus-js-client/dist/tus.min.js", "text/javascript"],
};

/** Where the page comes from, for an edge that lets in named origins only; any free port else. */
const PAGE_PORT = Number(process.env.SLUICE_CLIENTS_PAGE_PORT ?? 0);

const folder = name("browser");
const bytes = random(12 * 1024 * 1024);
let directory;
let server;
let browser;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "sluice-browser-"));
  await writeFile(join(directory, "file.bin"), bytes);
  server = createServer(async (request, response) => {
    const [file, type] = FILES[request.url] ?? [];
    response.writeHead(file ? 200 : 404, { "content-type": `${type}; charset=utf-8` });
    response.end(file && (await readFile(new URL(file, import.meta.url))));
  });
  await new Promise((listening) => server.listen(PAGE_PORT, "127.0.0.1", listening));
  browser = await Chromium.start();
  const settings = new URLSearchParams({ url, key, token, bucket, folder });
  await browser.open(`http://127.0.0.1:${server.address().port}/#${settings}`);
  await browser.choose("#file", join(directory, "file.bin"));
});

after(async () => {
  await browser?.close();
  server.close();
  await rm(directory, { recursive: true });
});

test("uploads with supabase-js from another origin", async () => {
  await browser.evaluate("document.getElementById('upload').click()");

  assert.equal(await browser.evaluate("stateAfter('idle', 'uploading')"), "uploaded");
  assert.equal(await browser.evaluate("stored('plain.bin')"), sha256(bytes));
});

test("uploads with tus-js-client, shows progress, pauses and goes on", async () => {
  browser.requests.length = 0;
  await browser.evaluate("pauseAt(40); document.getElementById('start').click()");
  assert.equal(await browser.evaluate("stateAfter('uploading', 'pausing')"), "paused");
  const progress = await browser.evaluate("document.getElementById('progress').value");
  assert.ok(progress >= 40 && progress < 100, `paused at ${progress} %`);

  await browser.evaluate("document.getElementById('resume').click()");

  assert.equal(await browser.evaluate("stateAfter('uploading')"), "uploaded");
  assert.equal(await browser.evaluate("document.getElementById('progress').value"), 100);
  assert.equal(await browser.evaluate("stored('resumable.bin')"), sha256(bytes));
  const sent = (method) => browser.requests.filter((request) => request.method === method).length;
  assert.equal(sent("POST"), 1);
  assert.equal(sent("HEAD"), 1);
  assert.ok(sent("PATCH") >= 11, `${sent("PATCH")} parts`);
});

test("nothing went wrong in the page", () => {
  assert.deepEqual(browser.errors, []);
});
