// What the snapshot's numbers mean: sums, percentiles, how they were in the last minutes, and how they are written.

/** A code of ours in the answer; other outcomes are lower case. */
export const isRefusal = (outcome) => /^[A-Z][A-Z_]+$/.test(outcome);

export const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

/** Adds up counts by name: of series such as {tags, perSecond}, those under `name`, told apart by one of their tags. */
export function by(series, name, tag, of = (one) => one.perSecond) {
  const groups = new Map();
  for (const one of series) {
    if (one.name === name) {
      const key = one.tags[tag] ?? "";
      const known = groups.get(key);
      groups.set(key, known ? known.map((value, i) => value + of(one)[i]) : [...of(one)]);
    }
  }
  return groups;
}

/** The sum of the first counts of all series under a name that `wanted` keeps. */
export function count(series, name, wanted = () => true, of = (one) => one.perSecond) {
  return sum(series.filter((one) => one.name === name && wanted(one.tags)).map((one) => of(one)[0]));
}

/** A gauge, added up over all instances. */
export const gauge = (snapshot, name) => sum(snapshot.instances.map((one) => one.gauges[name] ?? 0));

export const total = (one) => one.total;

/**
 * A percentile in milliseconds of counts that each include those below, as Prometheus reckons it; past the last bound it
 * is Infinity, and without any count it is null.
 */
export function percentile(q, bounds, counts) {
  const all = counts?.at(-1);
  if (!all) {
    return null;
  }
  const rank = q * all;
  const i = counts.findIndex((value) => value >= rank);
  if (i < 0 || i >= bounds.length) {
    return Infinity;
  }
  const below = i === 0 ? 0 : counts[i - 1];
  const from = i === 0 ? 0 : bounds[i - 1];
  return from + ((bounds[i] - from) * (rank - below)) / (counts[i] - below || 1);
}

/** Numbers by name and time, for as long as they are shown. */
export class History {
  static LENGTH_MILLIS = 5 * 60 * 1000;

  #points = new Map();

  /** Null is a gap. */
  add(name, at, value) {
    const points = this.#points.get(name) ?? [];
    points.push([at, value]);
    while (points[0][0] < at - History.LENGTH_MILLIS) {
      points.shift();
    }
    this.#points.set(name, points);
  }

  /** Forgets what nobody has told of for that long. */
  trim(at) {
    for (const [name, points] of this.#points) {
      if (points.at(-1)[0] < at - History.LENGTH_MILLIS) {
        this.#points.delete(name);
      }
    }
  }

  of(name) {
    return this.#points.get(name) ?? [];
  }

  /** The highest of the last five minutes; null without any. */
  peak(name) {
    const values = this.of(name)
      .map(([, value]) => value)
      .filter(Number.isFinite);
    return values.length ? Math.max(...values) : null;
  }
}

const number = (digits) =>
  new Intl.NumberFormat("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const WHOLE = number(0);
const TENTH = number(1);
const HUNDREDTH = number(2);

export const whole = (value) => (value === null || value === undefined ? "–" : WHOLE.format(value));

export function rate(value) {
  if (value === 0) {
    return "0";
  }
  return value < 0.01 ? "< 0.01" : (value < 1 ? HUNDREDTH : value < 100 ? TENTH : WHOLE).format(value);
}

/** The first bucket ends at 1 ms and the last at 1 s: what is outside of them is not known better. */
export function millis(value) {
  if (value === null) {
    return "–";
  }
  if (value === Infinity) {
    return "> 1 s";
  }
  return value <= 1 ? "< 1 ms" : `${(value < 10 ? TENTH : WHOLE).format(value)} ms`;
}

export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 1) {
    return `${WHOLE.format(milliseconds)} ms`;
  }
  if (seconds < 100) {
    return `${(seconds < 10 ? TENTH : WHOLE).format(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) {
    return `${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

export function bytes(value) {
  let size = value;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (size < 1024) {
      return `${(size < 10 && unit !== "B" ? TENTH : WHOLE).format(size)} ${unit}`;
    }
    size /= 1024;
  }
  return `${TENTH.format(size)} TiB`;
}

export const percent = (part) => `${(part > 0 && part < 0.1 ? TENTH : WHOLE).format(100 * part)} %`;

export const clock = (millisecond) =>
  new Date(millisecond).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
