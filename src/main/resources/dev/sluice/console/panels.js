// What requests did: the dials, and the tables of traffic and time.

import {
  by,
  bytes,
  count,
  duration,
  gauge,
  isRefusal,
  millis,
  percent,
  percentile,
  rate,
  sum,
  total,
  whole,
} from "./figures.js";
import { showCircuits } from "./layers.js";
import { draw, element, history, line, list, make, rows, say, sparkline } from "./page.js";
import { events, instances, routes, runs } from "./tables.js";

const REQUESTS = "api.response_time";
const LATENCY = "api.response_time.buckets";
const STAGES = "sluice.stage.buckets";
const DECISIONS = "sluice.admission";

/** The part of a request that each stage is; the order in which it meets them. */
const STAGE_NAMES = { memory: "memory guard", redis: "Redis", database: "database", supabase: "Supabase" };

/** What a filter in shadow mode would do, or could not tell, is no decision. */
const decides = ([verdict]) => !["would_refuse", "shadow_failed"].includes(verdict);
const wouldRefuse = ([verdict]) => verdict === "would_refuse";
const refused = ([, outcome]) => isRefusal(outcome);

/** What is beyond the last bucket is drawn at it. */
const drawn = (value, bounds) => (value === Infinity ? bounds.at(-1) : value);

/** The counts of all in one. */
function merged(groups) {
  const all = [...groups.values()];
  return all.length ? all[0].map((_, i) => sum(all.map((one) => one[i]))) : undefined;
}

export function show(snapshot, at) {
  const { series, bucketsMillis: bounds } = snapshot;
  const latencies = by(series, LATENCY, 0);
  const all = merged(latencies);
  dials(snapshot, at, all, bounds);
  operations(series, at, latencies, bounds);
  outcomes(series, at);
  deciders(series, at);
  passed(series, at);
  stages(series, at, all, bounds);
  events(snapshot, at);
  runs(snapshot);
  instances(snapshot);
  routes(snapshot);
  showCircuits(snapshot);
  history.trim(at);
}

function dials(snapshot, at, latency, bounds) {
  const { series, usage } = snapshot;
  const requests = count(series, REQUESTS);
  const refusals = count(series, REQUESTS, refused);
  const p95 = percentile(0.95, bounds, latency);
  const decided = count(series, DECISIONS, decides);
  const without = count(series, DECISIONS, (tags) => decides(tags) && ["database", "policy"].includes(tags[1]));
  const underWay = gauge(snapshot, "sluice.requests.active");
  history.add("requests", at, requests);
  history.add("refusals", at, refusals);
  history.add("p95", at, drawn(p95, bounds));
  history.add("under way", at, underWay);
  history.add("backlog", at, usage.backlog);
  history.add("without", at, without);
  const quantiles = `p50 ${millis(percentile(0.5, bounds, latency))}, p99 ${millis(percentile(0.99, bounds, latency))}`;
  const uploads = whole(gauge(snapshot, "sluice.upload.in_flight"));
  list(
    element("dials"),
    [
      [
        "Requests per second",
        rate(requests),
        `at most ${rate(history.peak("requests"))}`,
        [line("requests"), line("refusals", "dark")],
      ],
      [
        "Refused",
        requests ? percent(refusals / requests) : "–",
        `${rate(refusals)} per second`,
        [line("refusals", "dark")],
      ],
      ["Response time, p95", millis(p95), quantiles, [line("p95")]],
      [
        "Requests under way",
        whole(underWay),
        `${uploads} uploads, ${bytes(gauge(snapshot, "sluice.upload.bytes_in_flight"))}`,
        [line("under way")],
      ],
      [
        "Usage waiting",
        whole(usage.backlog),
        usage.oldestAgeSeconds ? `oldest ${duration(1000 * usage.oldestAgeSeconds)}` : "nothing waits",
        [line("backlog")],
      ],
      [
        "Decided without Redis",
        decided ? percent(without / decided) : "–",
        `${rate(without)} per second`,
        [line("without", "dark")],
      ],
    ].map(([key, value, note, lines]) => ({ key, value, note, lines })),
    ({ key }) => {
      const dial = make("div");
      dial.append(make("dt", "", key), make("dd", "figure"), make("dd", "note"), make("dd", "spark"));
      dial.lastChild.append(sparkline());
      return dial;
    },
    (dial, { value, note, lines }) => {
      say(dial.children[1], value);
      say(dial.children[2], note);
      draw(dial.children[3].firstChild, lines);
    },
  );
}

const quantileCells = (bounds, counts) => [0.5, 0.95, 0.99].map((q) => millis(percentile(q, bounds, counts)));

function operations(series, at, latencies, bounds) {
  rows(
    element("operations"),
    [...by(series, REQUESTS, 0).entries()].map(([name, [requests]]) => {
      const refusals = count(series, REQUESTS, ([operation, outcome]) => operation === name && isRefusal(outcome));
      history.add(`operation ${name}`, at, requests);
      history.add(`refused ${name}`, at, refusals);
      const lines = [line(`operation ${name}`), line(`refused ${name}`, "dark")];
      return {
        key: name,
        cells: [name, rate(requests), rate(refusals), ...quantileCells(bounds, latencies.get(name)), { lines }],
      };
    }),
  );
}

function outcomes(series, at) {
  const totals = by(series, REQUESTS, 1, total);
  const found = [...by(series, REQUESTS, 1).entries()].map(([name, [perSecond]]) => ({ name, perSecond }));
  found.sort((a, b) => isRefusal(a.name) - isRefusal(b.name) || (a.name < b.name ? -1 : 1));
  rows(
    element("outcomes"),
    found.map(({ name, perSecond }) => {
      history.add(`outcome ${name}`, at, perSecond);
      const dark = isRefusal(name) || name.endsWith("_error");
      const lines = [line(`outcome ${name}`, dark ? "dark" : "flow")];
      return { key: name, cells: [name, rate(perSecond), whole(totals.get(name)[0]), { lines }] };
    }),
  );
}

function deciders(series, at) {
  const row = (key, admitted, stopped, tone) => {
    history.add(`decided ${key}`, at, admitted + stopped);
    return { key, cells: [key, rate(admitted), rate(stopped), { lines: [line(`decided ${key}`, tone)] }] };
  };
  const decided = (source, admitted) =>
    count(series, DECISIONS, (tags) => tags[1] === source && decides(tags) && (tags[0] === "admitted") === admitted);
  const byPolicy = series
    .filter(({ name }) => name === "sluice.admission.degraded")
    .map(({ tags: [claim, policy], perSecond: [n] }) =>
      row(`policy of ${claim}: ${policy}`, policy === "allow" ? n : 0, policy === "allow" ? 0 : n, "dark"),
    );
  rows(element("deciders"), [
    ...["redis", "memory"].map((source) => row(source, decided(source, true), decided(source, false), "flow")),
    ...["database", "policy"].map((source) => row(source, decided(source, true), decided(source, false), "dark")),
    ...byPolicy,
    ...(series.some(({ tags, name }) => name === DECISIONS && wouldRefuse(tags))
      ? [
          row(
            "would be refused, in shadow",
            0,
            count(series, DECISIONS, wouldRefuse),
            "dark",
          ),
        ]
      : []),
  ]);
}

function passed(series, at) {
  const row = (label, name, wanted) => {
    const now = count(series, name, wanted);
    history.add(`bytes ${label}`, at, now);
    const since = bytes(count(series, name, wanted, total));
    return { key: label, cells: [label, `${bytes(now)}/s`, since, { lines: [line(`bytes ${label}`)] }] };
  };
  rows(element("bytes"), [
    row("from clients", "sluice.upload.bytes", ([direction]) => direction === "in"),
    row("to clients", "sluice.upload.bytes", ([direction]) => direction === "out"),
    row("refused unread", "sluice.upload.bytes_avoided"),
  ]);
}

function stages(series, at, all, bounds) {
  const entered = by(series, STAGES, 0);
  const known = Object.keys(STAGE_NAMES).filter((stage) => entered.has(stage));
  rows(
    element("stages"),
    [["whole", "whole request", all], ...known.map((stage) => [stage, STAGE_NAMES[stage], entered.get(stage)])].map(
      ([key, name, counts]) => {
        history.add(`stage ${key}`, at, drawn(percentile(0.95, bounds, counts), bounds));
        const lines = [line(`stage ${key}`)];
        return { key, cells: [name, rate(counts?.at(-1) ?? 0), ...quantileCells(bounds, counts), { lines }] };
      },
    ),
  );
  const slow = [rate(count(series, "sluice.slow")), whole(count(series, "sluice.slow", undefined, total))];
  say(
    element("slow"),
    `${slow[0]} requests per second took longer than 500 ms, ${slow[1]} since the start; each has a line in the log.`,
  );
}
