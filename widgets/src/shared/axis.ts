// Axes in SVG: a frame, ticks with labels, a title with its unit.

import { svg } from "./dom";
import { linearTicks, logTickLabels, logTicks, type Scale, tickLabels } from "./scale";

export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

export interface AxisOptions {
  scale: Scale;
  box: Box;
  title?: string;
  count: number;
  labels?: boolean;
  grid?: boolean;
}

interface Tick {
  value: number;
  label: string;
}

function ticksOf(scale: Scale, count: number): Tick[] {
  const values = scale.logarithmic ? logTicks(scale.domain, count) : linearTicks(scale.domain, count);
  const labels = scale.logarithmic ? logTickLabels(values) : tickLabels(values);
  return values.map((value, i) => ({ value, label: labels[i] ?? "" }));
}

export function frame(box: Box): SVGRectElement {
  return svg("rect", { class: "qx-frame", x: box.left, y: box.top, width: box.width, height: box.height });
}

export function bottomAxis({ scale, box, title, count, labels = true, grid = false }: AxisOptions): SVGGElement {
  const group = svg("g", { class: "qx-axis" });
  const bottom = box.top + box.height;
  for (const { value, label } of ticksOf(scale, count)) {
    const x = scale(value).toFixed(1);
    if (grid) group.append(svg("line", { class: "qx-grid", x1: x, x2: x, y1: box.top, y2: bottom }));
    group.append(svg("line", { x1: x, x2: x, y1: bottom, y2: bottom + 4 }));
    if (labels) group.append(svg("text", { x, y: bottom + 16, "text-anchor": "middle" }, label));
  }
  if (title) {
    const x = box.left + box.width / 2;
    group.append(svg("text", { class: "qx-axis-title", x, y: bottom + 33, "text-anchor": "middle" }, title));
  }
  return group;
}

export function leftAxis({ scale, box, title, count, labels = true, grid = false }: AxisOptions): SVGGElement {
  const group = svg("g", { class: "qx-axis" });
  for (const { value, label } of ticksOf(scale, count)) {
    const y = scale(value).toFixed(1);
    if (grid) group.append(svg("line", { class: "qx-grid", x1: box.left, x2: box.left + box.width, y1: y, y2: y }));
    group.append(svg("line", { x1: box.left - 4, x2: box.left, y1: y, y2: y }));
    if (labels) group.append(svg("text", { x: box.left - 7, y, dy: "0.35em", "text-anchor": "end" }, label));
  }
  if (title) {
    const place = `translate(12 ${box.top + box.height / 2}) rotate(-90)`;
    group.append(svg("text", { class: "qx-axis-title", transform: place, "text-anchor": "middle" }, title));
  }
  return group;
}
