// The page's parts. Text is only ever set as text: ids of users and routes come from outside.

import { History } from "./figures.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 100;
const HEIGHT = 24;

/** Who asked the system for less motion gets charts that stand still for this long. */
const CALM_MILLIS = 10000;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Points further apart than this are not joined: nobody looked meanwhile. */
const GAP_MILLIS = 9000;

/** What the page has seen. */
export const history = new History();

/** A line of a sparkline, of what the history has under a name. */
export const line = (name, tone = "flow") => [history.of(name), tone];

export const element = (id) => document.getElementById(id);

export function make(name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

export function say(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** Makes the children of a node those of the items, by key, and leaves in place what is there already. */
export function list(parent, items, create, update) {
  const known = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  items.forEach((item, i) => {
    let child = known.get(item.key);
    if (!child) {
      child = create(item);
      child.dataset.key = item.key;
    }
    known.delete(item.key);
    if (parent.children[i] !== child) {
      parent.insertBefore(child, parent.children[i] ?? null);
    }
    update(child, item);
  });
  known.forEach((child) => child.remove());
}

/**
 * Fills a table's body. A row is {key, cells}; a cell is a text, {text, tone, note}, or {lines} of a sparkline. The
 * first is the row's header.
 */
export function rows(body, items) {
  list(
    body,
    items,
    (item) => {
      const row = make("tr");
      item.cells.forEach((cell, i) => {
        const made = make(i === 0 ? "th" : "td", cell.lines ? "wide spark" : "");
        if (i === 0) {
          made.scope = "row";
        }
        if (cell.lines) {
          made.append(sparkline());
        }
        row.append(made);
      });
      return row;
    },
    (row, item) => item.cells.forEach((cell, i) => fill(row.children[i], cell)),
  );
}

function fill(node, cell) {
  if (cell.lines) {
    draw(node.firstChild, cell.lines);
    return;
  }
  const { text, tone = "", note = "" } = typeof cell === "string" ? { text: cell } : cell;
  if (node.dataset.tone !== tone) {
    node.dataset.tone = tone;
  }
  if (!note) {
    say(node, text);
  } else if (
    node.children.length !== 1 ||
    node.firstChild.textContent !== text ||
    node.lastChild.textContent !== note
  ) {
    node.replaceChildren(document.createTextNode(text), make("small", "", note));
  }
}

/** Lets the keyboard reach what is wider than its place, and only that. */
export function watchScrolling() {
  const look = (box) => {
    const scrolls = box.scrollWidth > box.clientWidth;
    if (scrolls !== box.hasAttribute("tabindex")) {
      for (const [name, value] of [
        ["tabindex", "0"],
        ["role", "region"],
        ["aria-label", box.querySelector("caption").textContent],
      ]) {
        if (scrolls) {
          box.setAttribute(name, value);
        } else {
          box.removeAttribute(name);
        }
      }
    }
  };
  const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => look(target.closest(".scroll"))));
  document.querySelectorAll(".scroll, .scroll > table").forEach((box) => observer.observe(box));
}

/** An empty one; what it shows stands beside it in figures, so it is not read out. */
export function sparkline() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

/**
 * Draws lines of the last five minutes over each other, each [points, tone], on one scale from 0 to their highest. One
 * that is 0 throughout is drawn only if it is the first.
 */
export function draw(svg, lines) {
  const now = Math.max(...lines.map(([points]) => points.at(-1)?.[0] ?? 0));
  if (calm.matches && now - Number(svg.dataset.drawn ?? 0) < CALM_MILLIS) {
    return;
  }
  svg.dataset.drawn = now;
  const values = lines.flatMap(([points]) => points.map(([, value]) => value)).filter(Number.isFinite);
  const highest = Math.max(...values, 0) || 1;
  lines.forEach(([points, tone], i) => {
    const drawn = i === 0 || points.some(([, value]) => value > 0) ? points : [];
    const { area, line } = shape(drawn, now, highest);
    const pair = [svg.children[2 * i], svg.children[2 * i + 1]];
    if (!pair[0]) {
      ["area", "line"].forEach((kind, j) => {
        pair[j] = document.createElementNS(SVG, "path");
        pair[j].setAttribute("class", `${kind} ${tone}`);
        svg.append(pair[j]);
      });
    }
    pair[0].setAttribute("d", area);
    pair[1].setAttribute("d", line);
  });
}

function shape(points, now, highest) {
  const stretches = [];
  let before = -Infinity;
  for (const [at, value] of points) {
    if (value === null) {
      before = -Infinity;
      continue;
    }
    if (at - before > GAP_MILLIS) {
      stretches.push([]);
    }
    before = at;
    const x = WIDTH * (1 - (now - at) / History.LENGTH_MILLIS);
    const y = HEIGHT - 1 - (HEIGHT - 3) * Math.min(1, value / highest);
    stretches.at(-1).push(`${x.toFixed(2)} ${y.toFixed(2)}`);
  }
  const line = stretches.map((stretch) => `M${stretch.join("L")}`).join("");
  const area = stretches
    .map((stretch) => {
      const [first, last] = [stretch[0], stretch.at(-1)].map((point) => point.split(" ")[0]);
      return `M${first} ${HEIGHT}L${stretch.join("L")}L${last} ${HEIGHT}Z`;
    })
    .join("");
  return { area, line };
}
