// The console of a real Sluice in a real browser, with the keyboard alone.

import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, request as ask } from "node:http";
import { json } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { Chromium } from "./lib/chromium.js";
import { apiKey, bucket, name, url } from "./lib/project.js";

const management = process.env.SLUICE_CLIENTS_MANAGEMENT_URL;
const token = process.env.SLUICE_CLIENTS_MANAGEMENT_TOKEN;

const PICTURES = new URL("../target/console/", import.meta.url);
const HOSTILE_ROUTE = '"><img src=x onerror=hacked=1><script>hacked=1</script>';
const HOSTILE_USER = "<img src=x onerror=hacked=1>/../ü";

let proxy;
let origin;
let browser;
let axe;

/** What the way to Sluice does instead of passing on: "down" breaks connections, "off" has no endpoints. */
let fault;

/** Put into what Sluice tells of itself. */
let more = [];

/** Passes everything on to the management port, as long as there is no fault. */
function pass(request, response) {
  if (fault === "down") {
    request.socket.destroy();
    return;
  }
  if (fault === "off" && request.url === "/actuator/console") {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"success":false,"code":"NOT_FOUND"}');
    return;
  }
  const onward = ask(management + request.url, { method: request.method, headers: request.headers }, (answer) => {
    if (more.length && request.url === "/actuator/console") {
      json(answer).then((snapshot) => {
        response.writeHead(answer.statusCode, { "content-type": "application/json" });
        response.end(JSON.stringify({ ...snapshot, series: [...snapshot.series, ...more] }));
      });
      return;
    }
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => request.socket.destroy());
  request.pipe(onward);
}

const text = (selector) => browser.evaluate(`document.querySelector(${JSON.stringify(selector)}).textContent`);
const shown = (id) => browser.evaluate(`!document.getElementById(${JSON.stringify(id)}).hidden`);
const focused = () => browser.evaluate("document.activeElement.id || document.activeElement.textContent.trim()");

/** Waits in the page until an expression is true. */
async function until(expression, what = expression) {
  const waiting = `new Promise((resolve) => {
    const end = performance.now() + 30000;
    const look = () => {
      const found = Boolean(${expression});
      return found || performance.now() > end ? resolve(found) : setTimeout(look, 50);
    };
    look();
  })`;
  assert.ok(await browser.evaluate(waiting), `never: ${what}`);
}

/** Waits for two answers, so that one at least was asked for after this. */
async function seen() {
  const answers = () => browser.requests.filter((request) => request.url.endsWith("/actuator/console")).length;
  const enough = answers() + 2;
  while (answers() < enough) {
    await browser.evaluate("new Promise((resolve) => setTimeout(resolve, 100))");
  }
  await browser.evaluate("new Promise((resolve) => setTimeout(resolve, 500))");
}

/** Presses Tab until something has the focus. */
async function tabTo(what) {
  for (let i = 0; i < 60; i++) {
    await browser.press("Tab");
    if ((await focused()) === what) {
      return;
    }
  }
  assert.fail(`Tab never reaches ${what}, it ends at ${await focused()}`);
}

async function picture(file) {
  await writeFile(new URL(file, PICTURES), await browser.screenshot());
}

/** What axe-core finds wrong. It is no part of the page, so the page's own policy is not asked. */
async function flaws() {
  await browser.evaluate(`${axe}; true`);
  return browser.evaluate(
    `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html, any }) =>
        html + " " + any.map(({ message }) => message).join()).join(" | ")))`,
  );
}

async function sign(key, filename) {
  const { status } = await fetch(`${url}/v1/supabase/signed-url`, {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ filename, contentType: "image/png", supabaseBucket: bucket }),
  });
  return status;
}

const options = { skip: management ? false : "the address has no management port to look at" };

before(async () => {
  if (!management) {
    return;
  }
  await mkdir(PICTURES, { recursive: true });
  axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  proxy = createServer(pass);
  await new Promise((listening) => proxy.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${proxy.address().port}`;
  for (let i = 0; i < 5; i++) {
    assert.equal(await sign(apiKey, name(`console-${i}.png`)), 200);
  }
  assert.equal(await sign("sk_nobody_has_this_key", "x.png"), 401);
  assert.equal((await fetch(`${url}/hostile`)).status, 410);
  browser = await Chromium.start();
  await browser.command("Page.addScriptToEvaluateOnNewDocument", {
    source:
      "window.blocked = []; addEventListener('securitypolicyviolation', (e) => blocked.push(e.violatedDirective));",
  });
  await browser.size(1440);
  await browser.prefer({ "prefers-color-scheme": "light" });
});

after(async () => {
  await browser?.close();
  proxy?.closeAllConnections();
  proxy?.close();
});

test("asks for the token, says that one is wrong, and opens with the right one", options, async () => {
  await browser.open(`${origin}/console/`);
  await until("document.activeElement.id === 'token'");
  assert.deepEqual(await flaws(), []);
  await picture("token.png");

  await browser.type("a-token-that-is-wrong");
  await browser.press("Enter");
  await until("document.getElementById('ask-error').textContent", "the token is refused");
  assert.equal(await text("#ask-error"), "This token is not accepted.");
  assert.equal(await focused(), "token");

  await browser.type(token);
  await browser.press("Enter");
  await until("!document.getElementById('figures').hidden");
  assert.equal(await shown("ask"), false);
  assert.equal(await focused(), "main");
  assert.equal(await browser.evaluate("sessionStorage.getItem('sluice.token')"), token);
  assert.equal(await browser.evaluate("JSON.stringify(localStorage)"), "{}");
});

test("shows traffic, refusals and routes as they come, and takes nothing for HTML", options, async () => {
  const row = (body, key) =>
    `[...document.getElementById('${body}').children].find((r) => r.firstChild.textContent === ${JSON.stringify(key)})`;
  await until(
    [row("operations", "signed-url"), row("outcomes", "UNAUTHENTICATED"), row("operations", HOSTILE_ROUTE)].join(" && "),
  );
  assert.notEqual(await browser.evaluate(`${row("operations", "signed-url")}.children[1].textContent`), "0");
  assert.notEqual(await browser.evaluate(`${row("deciders", "redis")}.children[1].textContent`), "0");
  assert.match(await browser.evaluate(`${row("stages", "Redis")}.children[3].textContent`), /ms$|s$/);
  assert.match(await browser.evaluate(`${row("circuits", "redis")}.children[1].textContent`), /closed/);
  assert.match(await text("#sentence"), /^One instance, and/);

  const routes = await browser.evaluate("[...document.querySelectorAll('#route-list h3')].map((h) => h.textContent)");
  assert.ok(routes.includes("signed-url"));
  assert.ok(routes.includes(HOSTILE_ROUTE));
  const filters = await browser.evaluate(
    "[...document.querySelectorAll('#route-list li:first-child .filters li')].map((f) => f.textContent)",
  );
  assert.ok(filters.includes("Authenticate"), filters.join());
});

test("takes what a shadow would refuse, or could not tell, for no refusal", options, async () => {
  const shadow = (verdict) => ({ name: "sluice.admission", tags: [verdict, "redis"], total: [9e6], perSecond: [7777] });
  const cells = (key) =>
    browser.evaluate(
      `[...document.getElementById("deciders").children].find((r) => r.firstChild.textContent === ${JSON.stringify(key)})
        ?.innerText ?? ""`,
    );
  const told = "would be refused, in shadow";
  try {
    more = [shadow("shadow_failed")];
    await seen();
    assert.doesNotMatch(await cells("redis"), /7[.,]?7/);
    assert.equal(await cells(told), "");

    more = [shadow("shadow_failed"), shadow("would_refuse")];
    await seen();
    assert.doesNotMatch(await cells("redis"), /7[.,]?7/);
    assert.match(await cells(told), /7[.,]?7/);
  } finally {
    more = [];
  }
});

test("looks up a user and resets the limits, asked twice", options, async () => {
  await tabTo("A user");
  await browser.press("Enter");
  await tabTo("user-id");
  await browser.type(HOSTILE_USER);
  await browser.press("Enter");
  await until("document.activeElement.id === 'user-name'");
  assert.equal(await text("#user-name"), HOSTILE_USER);
  assert.match(await text("#user-rates"), /signed-url/);

  await tabTo("reset");
  await browser.press("Enter");
  assert.equal(await focused(), "confirm-no");
  assert.equal(await text("#confirm-user"), HOSTILE_USER);
  await picture("confirm.png");
  await browser.press("Escape");
  assert.equal(await focused(), "reset");
  assert.equal(await text("#user-status"), "");

  await browser.press("Enter");
  await tabTo("confirm-yes");
  await browser.press("Enter");
  await until("/were reset/.test(document.getElementById('user-status').textContent)");
  assert.equal(await focused(), "reset");
});

test("is the same in light and dark, wide and narrow, and without flaws that axe knows", options, async () => {
  assert.deepEqual(await flaws(), []);
  await picture("light.png");
  const paper = () => browser.evaluate("getComputedStyle(document.documentElement).backgroundColor");
  const light = await paper();

  await browser.prefer({ "prefers-color-scheme": "dark", "prefers-reduced-motion": "reduce" });
  const dark = await paper();
  assert.notEqual(dark, light);
  assert.equal(await browser.evaluate("getComputedStyle(document.documentElement).scrollBehavior"), "auto");
  assert.deepEqual(await flaws(), []);
  await picture("dark.png");
  await browser.evaluate("theme.value = 'light'; theme.dispatchEvent(new Event('change'))");
  assert.equal(await paper(), light, "the switch goes before the system");
  await browser.evaluate("theme.value = 'system'; theme.dispatchEvent(new Event('change'))");
  await browser.prefer({ "prefers-color-scheme": "light" });

  await browser.size(360, 780);
  assert.ok(
    await browser.evaluate("document.documentElement.scrollWidth <= innerWidth"),
    "nothing is wider than the window",
  );
  assert.deepEqual(await flaws(), []);
  await picture("narrow.png");
  await browser.size(1440);
});

test("stands still while it is paused or cannot be seen", options, async () => {
  const polls = () => browser.requests.filter((request) => request.url.endsWith("/actuator/console")).length;
  const hide = (hidden) =>
    browser.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`);
  const settled = "new Promise((resolve) => setTimeout(resolve, 2500))";

  await hide(true);
  await browser.evaluate("new Promise((resolve) => setTimeout(resolve, 300))");
  const before = polls();
  await browser.evaluate(settled);
  assert.equal(polls(), before);
  await hide(false);
  await browser.evaluate("new Promise((resolve) => setTimeout(resolve, 300))");
  assert.ok(polls() > before, "it asks at once when it is seen again");

  await browser.evaluate("document.getElementById('pause').focus()");
  await browser.press(" ");
  assert.equal(await browser.evaluate("document.getElementById('pause').ariaPressed"), "true");
  await browser.press(" ");
  assert.equal(await browser.evaluate("document.getElementById('pause').ariaPressed"), "false");
});

test("says that Sluice is away, tries again, and goes on", options, async () => {
  fault = "down";
  await until("!document.getElementById('unreachable').hidden");
  assert.match(await text("#unreachable-what"), /there is no connection/);
  assert.equal(await shown("figures"), true);
  await picture("away.png");

  fault = undefined;
  await tabTo("retry");
  await browser.press("Enter");
  await until("document.getElementById('unreachable').hidden");
});

test("says how to switch the endpoints on where they are off", options, async () => {
  fault = "off";
  await until("!document.getElementById('off').hidden");
  assert.match(await text("#off"), /SLUICE_MANAGEMENT_TOKEN/);
  await picture("off.png");

  fault = undefined;
  await tabTo("look-again");
  await browser.press("Enter");
  await until("!document.getElementById('figures').hidden");
});

test("forgets the token, and nothing went wrong in the page", options, async () => {
  await tabTo("forget");
  await browser.press("Enter");
  await until("document.activeElement.id === 'token'");
  assert.equal(await text("#ask-error"), "");
  assert.equal(await browser.evaluate("sessionStorage.length"), 0);

  assert.equal(await browser.evaluate("typeof hacked"), "undefined");
  assert.equal(await browser.evaluate("document.querySelectorAll('main img, main script').length"), 0);
  assert.deepEqual(await browser.evaluate("blocked"), []);
  assert.deepEqual(
    browser.requests.filter((request) => !request.url.startsWith(origin)),
    [],
  );
  assert.deepEqual(browser.errors, []);
});
