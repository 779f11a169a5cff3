// The graph as a drawing: a box a node with its sign, value and gradient, and a curve an edge.

import { html, setAttribute, setText, svg } from "../shared/dom";
import { formatNumber, withMinus } from "../shared/quantity";
import type { GraphNode, Numbers } from "./types";

const BOX = { width: 84, height: 50 };
const STEP = { x: 124, y: 66 };
const MARGIN = 10;
const SMALLEST = 0.8;

export function shown(value: number): string {
  return withMinus(formatNumber(value, 4));
}

export interface Place {
  x: number;
  y: number;
}

/** Where the middle of each box is; layers go from left to right. */
export function places(nodes: readonly GraphNode[]) {
  const rows = nodes.flatMap((node) => [node.row, ...node.routes.flat()]);
  const top = Math.min(...rows);
  const place = (layer: number, row: number): Place => ({
    x: MARGIN + BOX.width / 2 + layer * STEP.x,
    y: MARGIN + BOX.height / 2 + (row - top) * STEP.y,
  });
  const at = nodes.map((node) => place(node.layer, node.row));
  const layers = Math.max(...nodes.map((node) => node.layer));
  return {
    at,
    place,
    width: 2 * MARGIN + BOX.width + layers * STEP.x,
    height: 2 * MARGIN + BOX.height + (Math.max(...rows) - top) * STEP.y,
  };
}

/** From box to box, straight where it passes a layer and bent between layers. */
function edgePath(points: readonly Place[]): string {
  let path = "";
  points.slice(1).forEach((b, k) => {
    const a = points[k] as Place;
    const [x1, x2] = [a.x + BOX.width / 2, b.x - BOX.width / 2];
    const bend = (x1 + x2) / 2;
    path += `${k === 0 ? "M" : "L"}${x1} ${a.y}C${bend} ${a.y} ${bend} ${b.y} ${x2} ${b.y}`;
  });
  return path;
}

/** What a node says in words: for screen readers, and below the drawing when it is chosen. */
export function sentence(nodes: readonly GraphNode[], numbers: Numbers, k: number): string {
  const node = nodes[k] as GraphNode;
  const last = nodes.length - 1;
  const name = (n: number) => `node ${n + 1} (${nodes[n]?.symbol})`;
  const parts = [`${name(k)}: value ${shown(numbers.values[k] ?? Number.NaN)}`];
  // which comes first matters to a difference, a quotient and a power
  if (node.parents.length === 2) parts.push(node.parents.map((parent) => `node ${parent + 1}`).join(` ${node.symbol} `));
  parts.push(k === last ? "this is the result" : `derivative of the result ${shown(numbers.gradients[k] ?? Number.NaN)}`);
  const slopes = node.parents.map((parent, i) => `${shown(numbers.slopes[k]?.[i] ?? Number.NaN)} for ${name(parent)}`);
  if (slopes.length) parts.push(`its own slope is ${slopes.join(" and ")}`);
  const children = nodes.flatMap((child, c) =>
    child.parents.flatMap((parent, i) => (parent === k ? [`${shown(numbers.gradients[c] ?? Number.NaN)} × ${
      shown(numbers.slopes[c]?.[i] ?? Number.NaN)}`] : [])));
  if (children.length) parts.push(`collected as ${children.join(" + ")}`);
  return `${parts.join("; ")}.`;
}

/** All nodes that the given one is made of, or that are made of it, itself included. */
export function related(nodes: readonly GraphNode[], k: number): Set<number> {
  const found = new Set([k]);
  const below = new Set([k]);
  for (let n = k; n >= 0; n -= 1) if (found.has(n)) for (const parent of nodes[n]?.parents ?? []) found.add(parent);
  nodes.forEach((node, n) => {
    if (n > k && node.parents.some((parent) => below.has(parent))) below.add(n);
  });
  return new Set([...found, ...below]);
}

export class Drawing {
  readonly element: SVGSVGElement;
  readonly boxes: SVGGElement[];
  private readonly edges: { from: number; to: number; path: SVGPathElement }[] = [];
  private readonly values: SVGTextElement[];
  private readonly gradients: SVGTextElement[];

  constructor(private readonly nodes: readonly GraphNode[], choose: (k: number) => void) {
    const { at, place, width, height } = places(nodes);
    // shrinks to the room there is, as far as its text can be read
    const style = `max-width: ${width}px; min-width: ${Math.round(SMALLEST * width)}px`;
    this.element = svg("svg", { viewBox: `0 0 ${width} ${height}`, style, role: "group", "aria-label": "graph" });
    nodes.forEach((node, to) => {
      node.parents.forEach((from, i) => {
        const start = nodes[from] as GraphNode;
        const stops = (node.routes[i] ?? []).map((row, k) => place(start.layer + 1 + k, row));
        const path = svg("path", { class: "qx-edge", d: edgePath([at[from] as Place, ...stops, at[to] as Place]) });
        this.edges.push({ from, to, path });
        this.element.append(path);
      });
    });
    const text = (name: string, y: number) => svg("text", { class: name, "text-anchor": "middle", y });
    this.values = nodes.map(() => text("qx-value", 5));
    this.gradients = nodes.map(() => text("qx-gradient", 19));
    this.boxes = nodes.map((node, k) => {
      const place = at[k] as Place;
      const kind = node.parents.length === 0 ? "start" : k === nodes.length - 1 ? "result" : "step";
      const sign = text("qx-sign", -10);
      sign.textContent = node.symbol;
      const box = svg(
        "g",
        { class: `qx-node qx-${kind}`, transform: `translate(${place.x} ${place.y})`, tabindex: 0, role: "button",
          "data-testid": `node:${k}`, "data-lm-suppress-shortcuts": "true" },
        svg("rect", { x: -BOX.width / 2, y: -BOX.height / 2, width: BOX.width, height: BOX.height, rx: 6 }),
        sign, this.values[k] as SVGTextElement, this.gradients[k] as SVGTextElement,
      );
      box.addEventListener("click", () => choose(k));
      box.addEventListener("focus", () => choose(k));
      this.element.append(box);
      return box;
    });
  }

  show(numbers: Numbers): void {
    this.nodes.forEach((_, k) => {
      setText(this.values[k] as SVGTextElement, shown(numbers.values[k] ?? Number.NaN));
      setText(this.gradients[k] as SVGTextElement, shown(numbers.gradients[k] ?? Number.NaN));
      setAttribute(this.boxes[k] as SVGGElement, "aria-label", sentence(this.nodes, numbers, k));
    });
  }

  /** Bring out what is related to a node, or nothing. */
  bringOut(k: number | null): void {
    const near = k === null ? null : related(this.nodes, k);
    this.boxes.forEach((box, n) => {
      box.classList.toggle("qx-chosen", n === k);
      box.classList.toggle("qx-far", near !== null && !near.has(n));
    });
    for (const { from, to, path } of this.edges) {
      path.classList.toggle("qx-far", near !== null && !(near.has(from) && near.has(to)));
    }
  }
}

/** The same numbers as a table. */
export function table(nodes: readonly GraphNode[]): { element: HTMLElement; show(numbers: Numbers): void } {
  const cells = nodes.map(() => [html("td"), html("td")] as const);
  const rows = nodes.map((node, k) =>
    html(
      "tr", {},
      html("td", {}, String(k + 1)), html("td", {}, node.symbol),
      html("td", {}, node.parents.map((parent) => parent + 1).join(", ")), ...(cells[k] ?? []),
    ));
  const heads = ["node", "operation", "made of", "value, forward", "gradient, backward"];
  const element = html(
    "table", { class: "qx-nodes" },
    html("thead", {}, html("tr", {}, ...heads.map((word) => html("th", { scope: "col" }, word)))),
    html("tbody", {}, ...rows),
  );
  return {
    element,
    show(numbers) {
      cells.forEach(([value, gradient], k) => {
        setText(value, shown(numbers.values[k] ?? Number.NaN));
        setText(gradient, shown(numbers.gradients[k] ?? Number.NaN));
      });
    },
  };
}
