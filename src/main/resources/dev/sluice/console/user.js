// One user's limits, and the reset of the rates.

import { bytes, duration, whole } from "./figures.js";
import { element, rows, say } from "./page.js";

const NUMBERS = { requests: whole, bytes };

/** @param ask fetches a path below the endpoints with the token; resolves to {status, body} */
export function watchUser(ask) {
  let shown = null;
  let asked = 0;

  const status = (text, tone = "") => {
    element("user-status").dataset.tone = tone;
    say(element("user-status"), text);
  };

  async function look(user, plan) {
    const mine = ++asked;
    const path = `/limits/${encodeURIComponent(user)}${plan ? `?plan=${encodeURIComponent(plan)}` : ""}`;
    const { status: code, body } = await ask(path).catch(() => ({ status: 0 }));
    if (mine !== asked) {
      return false;
    }
    if (code !== 200) {
      element("user-limits").hidden = true;
      status(code === 401 ? "" : `The limits cannot be told: ${body?.error ?? body?.detail ?? "no answer"}`, "bad");
      return false;
    }
    shown = { user, plan };
    show(body);
    return true;
  }

  element("user-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    status("Looking…");
    if (await look(element("user-id").value, element("user-plan").value)) {
      status("");
      element("user-name").focus();
    }
  });

  const confirm = element("confirm");
  element("reset").addEventListener("click", () => {
    say(element("confirm-user"), shown.user);
    confirm.showModal();
    element("confirm-no").focus();
  });
  element("confirm-no").addEventListener("click", () => confirm.close());
  element("confirm-yes").addEventListener("click", async () => {
    confirm.close();
    const { user, plan } = shown;
    status("Resetting…");
    const answer = await ask(`/limits/${encodeURIComponent(user)}`, "DELETE").catch(() => ({ status: 0 }));
    if (answer.status === 200) {
      const {
        windows,
        instances: { live, done },
      } = answer.body;
      await look(user, plan);
      const where =
        done === live
          ? `on ${whole(done)} of ${whole(live)} instances`
          : `on ${whole(done)} of ${whole(live)} instances so far`;
      status(`The rates of ${user} were reset: ${whole(windows)} windows in Redis, and ${where}.`, "good");
    } else if (answer.status !== 401) {
      status(`The rates were not reset: ${answer.body?.error ?? "no answer"}`, "bad");
    }
  });
  confirm.addEventListener("close", () => element("reset").focus());
}

function show({ userId, plan, sources, quota, inFlight, operations, remembered }) {
  say(element("user-name"), plan ? `${userId} (plan ${plan})` : userId);
  const away = Object.entries(sources)
    .filter(([, state]) => state === "unavailable")
    .map(([name]) => name);
  const told = away.length ? `Away at the moment: ${away.join(" and ")}.` : `The quota is told by ${quota.from}.`;
  const refused = remembered.map(({ what, resetIn }) => `${what} for ${duration(resetIn)}`);
  say(element("user-sources"), refused.length ? `${told} Refused from memory: ${refused.join(", ")}.` : told);
  rows(
    element("user-rates"),
    Object.entries(operations).flatMap(([name, operation]) => rates(name, operation)),
  );
  rows(element("user-quota"), [
    ...["requests", "bytes"].map((unit) => quotaRow(unit, quota[unit])),
    use("uploads", "uploads under way", inFlight.uploads, inFlight.maxUploads, null),
    use("upload-bytes", "their bytes", inFlight.bytes, inFlight.maxBytes, null, bytes),
  ]);
  element("user-limits").hidden = false;
}

function rates(name, { windows, instance }) {
  const row = (window, where, i) =>
    use(
      `${name} ${i}`,
      { text: name, note: `${where} in ${duration(1000 * window.window)}` },
      window.used,
      window.limit,
      window.resetIn,
    );
  return [
    ...windows.map((window, i) => row(window, "", i)),
    ...(instance ? [row(instance, "this instance,", "own")] : []),
  ];
}

function quotaRow(unit, { used, limit, pending, resetIn }) {
  const note = pending > 0 ? `${NUMBERS[unit](pending)} not applied yet` : "";
  return use(unit, { text: unit, note }, used, limit, resetIn, NUMBERS[unit]);
}

/** A row of what is used of a limit; null is not known for the one, and no limit for the other. */
function use(key, label, used, limit, resetIn, written = whole) {
  const known = used === null || used === undefined ? "–" : written(used);
  const spent = limit !== null && used !== null && used >= limit;
  const of = limit === null || limit === undefined ? "no limit" : `of ${written(limit)}`;
  return {
    key,
    cells: [
      label,
      { text: known, note: of, tone: spent ? "warn" : "" },
      resetIn ? duration(resetIn) : "",
    ],
  };
}
