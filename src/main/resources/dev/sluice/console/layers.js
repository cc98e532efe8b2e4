// The layers that Sluice depends on, and whatever somebody should know of.

import { gauge } from "./figures.js";
import { element, rows } from "./page.js";

/** The names of an instance's circuits that are not closed. */
export const openOf = (instance) =>
  Object.entries(instance.circuits)
    .filter(([, state]) => state !== "CLOSED")
    .map(([name]) => name)
    .sort();

/** The state of each circuit, over all instances. */
export function showCircuits({ instances: told }) {
  const names = [...new Set(told.flatMap((one) => Object.keys(one.circuits)))].sort();
  rows(
    element("circuits"),
    names.map((name) => {
      const states = told.map((one) => one.circuits[name]).filter(Boolean);
      const open = states.filter((state) => state !== "CLOSED");
      const text = open.length ? `▲ ${open[0].toLowerCase().replace("_", " ")}` : "● closed";
      const note = open.length && states.length > 1 ? `on ${open.length} of ${states.length}` : "";
      return { key: name, cells: [name, { text, tone: open.length ? "warn" : "good", note }] };
    }),
  );
}

/** Health as the actuator tells it; null if it did not. */
export function showHealth(health) {
  const parts = ["redis", "database", "journal", "routes"].filter((name) => health?.components?.[name]);
  rows(
    element("health"),
    parts.map((name) => {
      const { status, details = {} } = health.components[name];
      const good = status === "UP";
      const note = [details.meanwhile, details.warning].filter(Boolean).join("; ");
      return {
        key: name,
        cells: [name, { text: `${good ? "●" : "▲"} ${status.toLowerCase()}`, tone: good ? "good" : "warn", note }],
      };
    }),
  );
}

/** Whatever somebody should know of, the gravest first; empty if all is well. */
export function problems(snapshot, health) {
  const { instances: told, usage, routes: known, alone } = snapshot;
  const found = [];
  const of = (n) => (told.length > 1 ? ` on ${n} of ${told.length} instances` : "");
  if (alone) {
    found.push("Redis does not answer: these are the figures of one instance");
  }
  const circuitNames = [...new Set(told.flatMap(openOf))].sort();
  for (const name of circuitNames) {
    found.push(`Circuit ${name} is open${of(told.filter((one) => openOf(one).includes(name)).length)}`);
  }
  for (const [name, { status }] of Object.entries(health?.components ?? {})) {
    if (status !== "UP" && status !== "UNKNOWN") {
      found.push(`Health of ${name}: ${status.toLowerCase()}`);
    }
  }
  if (known.refused === null && told.some((one) => one.routes.refused)) {
    found.push(`The routes file is refused${of(told.filter((one) => one.routes.refused).length)}`);
  }
  if (told.some((one) => one.routes.fingerprint !== told[0].routes.fingerprint)) {
    found.push("Instances have different routes or limits");
  }
  if (usage.deadLetters > 0) {
    found.push("The database refused usage events for good");
  }
  if (gauge(snapshot, "sluice.journal.events") > 0) {
    found.push("Usage waits on the instances’ disks");
  }
  if (gauge(snapshot, "sluice.journal.failing") > 0) {
    found.push("The disk of a journal fails");
  }
  if (usage.oldestAgeSeconds > 60) {
    found.push("Usage does not reach the database");
  }
  return found;
}
