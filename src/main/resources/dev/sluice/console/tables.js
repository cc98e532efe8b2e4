// What goes on beside the requests: usage, reconciliations, instances and routes.

import { bytes, clock, count, duration, gauge, percent, rate, total, whole } from "./figures.js";
import { openOf } from "./layers.js";
import { element, history, line, list, make, rows, say } from "./page.js";

export function events(snapshot, at) {
  const { series, usage } = snapshot;
  const onDisk = gauge(snapshot, "sluice.journal.events");
  const size = gauge(snapshot, "sluice.journal.bytes");
  const row = (key, now, tone, value, since = "", note = "") => {
    history.add(`event ${key}`, at, value);
    return {
      key,
      cells: [key, { text: now, tone, note }, since, { lines: [line(`event ${key}`, tone ? "dark" : "flow")] }],
    };
  };
  const counter = (key, name, bad) => {
    const perSecond = count(series, name);
    const all = count(series, name, undefined, total);
    return row(key, `${rate(perSecond)}/s`, bad && perSecond > 0 ? "warn" : "", perSecond, whole(all));
  };
  const { backlog, oldestAgeSeconds: oldest, deadLetters } = usage;
  rows(element("events"), [
    row("waiting in Redis", whole(backlog), "", backlog),
    row("age of the oldest", oldest ? duration(1000 * oldest) : "–", oldest > 60 ? "warn" : "", oldest),
    row(
      "waiting on the instances’ disks",
      whole(onDisk),
      onDisk > 0 ? "warn" : "",
      onDisk,
      "",
      onDisk > 0 ? bytes(size) : "",
    ),
    row("dead letters", whole(deadLetters), deadLetters > 0 ? "warn" : "", deadLetters),
    counter("applied", "sluice.usage.applied", false),
    counter("tried again", "sluice.usage.retries", true),
    counter("kept in logs only", "sluice.journal.overflowed", true),
  ]);
}

export function runs({ runs: done }) {
  rows(
    element("runs"),
    done.map(({ instance, run }) => ({
      key: `${instance} ${run.started}`,
      cells: [
        clock(Date.parse(run.started)),
        {
          text: run.outcome,
          tone: run.outcome === "completed" ? "" : "warn",
          note: run.dryRun ? "report only" : "",
        },
        whole(run.users),
        { text: whole(run.drifted), tone: run.drifted > 0 ? "warn" : "" },
        whole(run.corrected),
        duration(run.tookMillis),
        instance,
      ],
    })),
  );
  element("no-runs").hidden = done.length > 0;
}

export function instances(snapshot) {
  const mine = snapshot.instances[0].routes.fingerprint;
  rows(
    element("instance-rows"),
    snapshot.instances.map((one, i) => {
      const gauges = one.gauges;
      const open = openOf(one);
      const routesTone = one.routes.refused || one.routes.fingerprint !== mine ? "warn" : "";
      return {
        key: `${one.name} ${one.startedAt}`,
        cells: [
          { text: one.name, note: i === 0 ? "answers" : "" },
          duration(snapshot.at - one.startedAt),
          rate(one.requestsPerSecond),
          whole(gauges["sluice.requests.active"]),
          gauges["process.cpu.usage"] === undefined ? "–" : percent(gauges["process.cpu.usage"]),
          { text: bytes(gauges["jvm.memory.used"] ?? 0), note: `of ${bytes(gauges["jvm.memory.max"] ?? 0)}` },
          { text: open.join(", ") || "none", tone: open.length ? "warn" : "" },
          {
            text: one.routes.fingerprint.slice(0, 6),
            tone: routesTone,
            note: one.routes.refused ? "file refused" : "",
          },
          i === 0 ? "now" : `${duration(1000 * one.heardSecondsAgo)} ago`,
        ],
      };
    }),
  );
}

export function routes({ routes: { file, since, list: found, refused: why, atNextStart } }) {
  const refusal = why ? ` The file as it is now is refused: ${why}` : "";
  const later = atNextStart.length ? ` At the next start only: ${atNextStart.join(", ")}.` : "";
  say(element("routes-state"), `${found.length} of ${file}, in force since ${clock(since)}.${refusal}${later}`);
  list(
    element("route-list"),
    found.map((route) => ({ ...route, key: route.id })),
    () => {
      const item = make("li");
      item.append(make("h3"), make("p", "quiet"), make("ol", "filters"));
      return item;
    },
    (item, route) => {
      say(item.children[0], route.id);
      const to = route.uri.startsWith("no:") ? "answered here" : `to ${route.uri}`;
      say(item.children[1], `${route.predicates.join("  ")}, ${to}${route.enabled ? "" : ", switched off"}`);
      const filters = route.filters.map((text, i) => ({ text, key: `${i} ${text}` }));
      list(
        item.children[2],
        filters,
        ({ text }) => make("li", "", text),
        () => {},
      );
    },
  );
}
