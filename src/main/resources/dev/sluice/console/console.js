// Asks for the snapshot again and again, with the token, and says what is the matter when there is none.

import { clock } from "./figures.js";
import { problems, showHealth } from "./layers.js";
import { element, list, make, say, watchScrolling } from "./page.js";
import { show } from "./panels.js";
import { watchUser } from "./user.js";

const EVERY_MILLIS = 2000;
const HEALTH_EVERY = 5;
const LONGEST_PAUSE_MILLIS = 30000;
const PATIENCE_MILLIS = 10000;
const NEWS_EVERY_MILLIS = 10000;
const TOKEN = "sluice.token";

const endpoints = document.body.dataset.endpoints;
const views = ["ask", "off", "figures"];

let timer;
let polls = 0;
let failures = 0;
let health = null;
let paused = false;
let polling = false;
let toldAt = 0;
let told = "";
let token = kept();

/** Kept for the tab; for the page only, where the browser keeps nothing. */
function kept() {
  try {
    return sessionStorage.getItem(TOKEN);
  } catch {
    return null;
  }
}

function keep(value) {
  token = value;
  try {
    if (value === null) {
      sessionStorage.removeItem(TOKEN);
    } else {
      sessionStorage.setItem(TOKEN, value);
    }
  } catch {
    // As above.
  }
}

function view(name) {
  const changed = element(name).hidden;
  views.forEach((other) => (element(other).hidden = other !== name));
  element("pause").hidden = name !== "figures";
  element("forget").hidden = name !== "figures";
  return changed;
}

async function ask(path, method = "GET") {
  const response = await fetch(endpoints + path, {
    method,
    headers: token === null ? {} : { Authorization: `Bearer ${token}` },
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    signal: AbortSignal.timeout(PATIENCE_MILLIS),
  });
  if (response.status === 401) {
    askForToken();
  }
  return { status: response.status, body: await response.json().catch(() => null) };
}

function askForToken() {
  clearTimeout(timer);
  reachable();
  const wrong = token !== null;
  keep(null);
  if (view("ask")) {
    say(element("as-of"), "");
  }
  say(element("ask-error"), wrong ? "This token is not accepted." : "");
  element("token").value = "";
  element("token").focus();
}

function reachable() {
  failures = 0;
  element("unreachable").hidden = true;
  say(element("unreachable-what"), "");
  element("figures").classList.remove("old");
}

function unreachable(why) {
  failures++;
  const pause = Math.min(LONGEST_PAUSE_MILLIS, EVERY_MILLIS * 2 ** (failures - 1));
  element("unreachable").hidden = false;
  say(element("unreachable-what"), `Sluice cannot be asked: ${why}. What is shown is from before.`);
  say(element("unreachable-next"), `Tried again every ${Math.round(pause / 1000)} s.`);
  element("figures").classList.add("old");
  return pause;
}

/** Asks once, and says when to ask again, in milliseconds; null for not by itself. */
async function poll() {
  let answer;
  try {
    if (polls % HEALTH_EVERY === 0 && token !== null) {
      health = (await ask("/health").catch(() => ({ body: null }))).body;
    }
    answer = await ask("/console");
  } catch (error) {
    return unreachable(error.name === "TimeoutError" ? "it does not answer in time" : "there is no connection to it");
  }
  if (answer.status === 401) {
    return null;
  }
  if (answer.status === 404) {
    reachable();
    if (view("off")) {
      say(element("as-of"), "");
      element("main").focus();
    }
    return null;
  }
  if (answer.status !== 200 || answer.body === null) {
    return unreachable(`it answers with ${answer.status}`);
  }
  reachable();
  polls++;
  present(answer.body);
  return EVERY_MILLIS;
}

function present(snapshot) {
  const now = Date.now();
  if (view("figures") && document.activeElement !== element("theme")) {
    element("main").focus();
  }
  show(snapshot, now);
  showHealth(health);
  const found = problems(snapshot, health);
  const n = snapshot.instances.length;
  const who = n === 1 ? "One instance" : `${n} instances`;
  const what = found.length === 1 ? "something" : `${found.length} things`;
  const sentence = found.length ? `${who}, and ${what} to look at` : `${who}, and every layer answers`;
  element("state").dataset.tone = found.length ? "warn" : "good";
  say(element("sentence"), sentence);
  list(
    element("problems"),
    found.map((key) => ({ key })),
    ({ key }) => make("li", "", key),
    () => {},
  );
  document.title = found.length ? "▲ Sluice console" : "Sluice console";
  say(element("as-of"), `as of ${clock(now)}`);
  tell([sentence, ...found].join(". "), now);
}

/** Says aloud only what has changed, and not more often than can be listened to. */
function tell(text, now) {
  if (text !== told && now - toldAt >= NEWS_EVERY_MILLIS) {
    told = text;
    toldAt = now;
    say(element("news"), text);
  }
}

async function round() {
  clearTimeout(timer);
  if (polling || paused || document.hidden) {
    return;
  }
  polling = true;
  const pause = await poll().finally(() => (polling = false));
  if (pause !== null && !paused && !document.hidden) {
    timer = setTimeout(round, pause);
  }
}

element("ask-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const entered = element("token").value.trim();
  keep(entered);
  if (!/^[\x21-\x7e]+$/.test(entered)) {
    askForToken();
    return;
  }
  polls = 0;
  round();
});
element("forget").addEventListener("click", () => {
  keep(null);
  askForToken();
});
element("pause").addEventListener("click", () => {
  paused = !paused;
  element("pause").setAttribute("aria-pressed", String(paused));
  round();
});
element("retry").addEventListener("click", round);
element("look-again").addEventListener("click", round);
document.addEventListener("visibilitychange", round);

watchUser(ask);
watchScrolling();
round();
