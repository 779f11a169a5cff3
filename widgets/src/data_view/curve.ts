// Points with error bars and the model's line above, what is left between them below.

import { bottomAxis, type Box, frame as frameOf, leftAxis } from "../shared/axis";
import { html, KEEP_KEYS, onceAFrame, setAttribute, svg } from "../shared/dom";
import { axisTitle, formatNumber } from "../shared/quantity";
import { createScale, type Domain, extent, focused, niceCeiling, niceDomain, type Scale } from "../shared/scale";
import { bandPath, barsPath, dotsPath, linePath } from "../shared/svg";
import { createReadout, entry } from "./readout";
import { clampIndex, type CurveFrame, nearest, type Plot, residual, type Series } from "./types";

const LEFT = 62;
const RIGHT = 14;
const TOP = 24;
const STRIP = 84;
const GAP = 14;
const BOTTOM = 42;
// for a model that is off, as a share of the span of the data
const ROOM = 1;
// marks may reach this far over the frame
const RIM = 3;

function mainHeight(width: number): number {
  return Math.round(Math.min(320, Math.max(190, width * 0.36)));
}

/** Order of the points along x, so that the line of the model never runs back. */
function sorted(values: readonly number[]): number[] {
  return values.map((_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number));
}

function take(values: ArrayLike<number>, order: readonly number[], factor: number): Float64Array {
  return values.length < order.length
    ? new Float64Array(0)
    : Float64Array.from(order, (i) => (values[i] as number) / factor);
}

function withErrors(values: Float64Array, errors: Float64Array, sign: number): Float64Array {
  return errors.length === 0 ? values : values.map((value, i) => value + sign * (errors[i] as number));
}

/** Holds what is drawn inside a box; what leaves it is cut off. */
function placeStage(stage: SVGSVGElement, { left, top, width, height }: Box): void {
  const [x, y, w, h] = [left - RIM, top - RIM, width + 2 * RIM, height + 2 * RIM];
  for (const [name, value] of [["x", x], ["y", y], ["width", w], ["height", h]] as const) setAttribute(stage, name, value);
  setAttribute(stage, "viewBox", `${x} ${y} ${w} ${h}`);
}

function legend(width: number, level: number): SVGGElement {
  const group = svg("g", { class: "qx-legend", transform: `translate(${width - RIGHT - 118} 12)` });
  if (level > 0) {
    group.append(
      svg("rect", { class: "qx-band", x: -92, y: -5, width: 20, height: 10 }),
      svg("text", { x: -66, y: 0, dy: "0.35em" }, `${formatNumber(100 * level, 3)} %`),
    );
  }
  group.append(
    svg("circle", { class: "qx-dots", cx: 5, cy: 0, r: 2.5 }),
    svg("text", { x: 13, y: 0, dy: "0.35em" }, "data"),
    svg("line", { class: "qx-model", x1: 56, x2: 76, y1: 0, y2: 0 }),
    svg("text", { x: 82, y: 0, dy: "0.35em" }, "twin"),
  );
  return group;
}

export function createCurve(frame: CurveFrame): Plot {
  const axes = svg("g");
  const bars = svg("path", { class: "qx-bars", "data-testid": "error-bars" });
  const dots = svg("path", { class: "qx-dots", "data-testid": "data-path" });
  const band = svg("path", { class: "qx-band", "data-testid": "band-path" });
  const line = svg("path", { class: "qx-model", "data-testid": "model-path" });
  const leftBars = svg("path", { class: "qx-bars" });
  const left = svg("path", { class: "qx-dots", "data-testid": "residual-path" });
  const zero = svg("line", { class: "qx-zero" });
  const leftBand = svg("path", { class: "qx-band" });
  const cursor = svg("line", { class: "qx-cursor", visibility: "hidden" });
  const mainStage = svg("svg", {}, band, bars, dots, line);
  const stripStage = svg("svg", {}, leftBand, zero, leftBars, left);
  const picture = svg(
    "svg", { ...KEEP_KEYS, role: "img", tabindex: 0, "aria-label": `${frame.title}: data, twin and residual` },
    axes, mainStage, stripStage, cursor,
  );
  const readout = createReadout();
  const element = html("div", { class: "qx-curve" }, picture, readout.element);

  const order = sorted(frame.x_values);
  const xs = take(frame.x_values, order, frame.x.factor);
  let current: Series | null = null;
  let xScale: Scale | null = null;
  let at: number | null = null;
  let axesKey = "";

  const showCursor = (): void => {
    if (at === null || !xScale || !current) {
      setAttribute(cursor, "visibility", "hidden");
      readout.show(null);
      return;
    }
    const i = order[at] as number;
    const x = xScale(xs[at] as number).toFixed(1);
    setAttribute(cursor, "visibility", "visible");
    setAttribute(cursor, "x1", x);
    setAttribute(cursor, "x2", x);
    const data = current.data[i];
    const model = current.model[i];
    const rest = data === undefined || model === undefined ? undefined : data - model;
    readout.show([
      entry(frame.x, frame.x_values[i]),
      entry({ ...frame.y, label: "data" }, data),
      entry({ ...frame.y, label: "twin" }, model),
      entry({ ...frame.y, label: "residual" }, rest),
    ]);
  };
  const cursorFrame = onceAFrame(showCursor);

  picture.addEventListener("pointermove", (event) => {
    if (!xScale) return;
    at = nearest(xs, xScale.invert(event.clientX - picture.getBoundingClientRect().left));
    cursorFrame.ask();
  });
  picture.addEventListener("pointerleave", () => {
    at = null;
    cursorFrame.ask();
  });

  return {
    element,
    step(dx) {
      at = at === null ? 0 : clampIndex(at + dx, xs.length);
      cursorFrame.ask();
    },
    paint(series, width) {
      current = series;
      const main: Box = { left: LEFT, top: TOP, width: Math.max(40, width - LEFT - RIGHT), height: mainHeight(width) };
      const strip: Box = { ...main, top: main.top + main.height + GAP, height: STRIP };
      const height = strip.top + strip.height + BOTTOM;
      const data = take(series.data, order, frame.y.factor);
      const errors = take(series.errors, order, frame.y.factor);
      const model = take(series.model, order, frame.y.factor);
      const rest = take(residual(series), order, frame.y.factor);

      const [first, last] = extent(xs);
      const room = (last - first) * 0.02 || 1;
      const right = main.left + main.width;
      const x = createScale([first - room, last + room], [main.left, right]);
      const measured = extent(withErrors(data, errors, -1), withErrors(data, errors, 1));
      const domain = niceDomain(focused(measured, extent(model), ROOM), 8);
      const y = createScale(domain, [main.top + main.height, main.top]);
      const [low, high] = extent(withErrors(rest, errors, -1), withErrors(rest, errors, 1));
      const reach = niceCeiling(Math.min(Math.max(-low, high), domain[1] - domain[0]));
      const restDomain: Domain = [-reach, reach];
      const yRest = createScale(restDomain, [strip.top + strip.height, strip.top]);
      xScale = x;

      const key = [width, ...domain, reach, series.level].join();
      if (key !== axesKey) {
        axesKey = key;
        for (const [name, value] of [["width", width], ["height", height]] as const) setAttribute(picture, name, value);
        const columns = Math.max(3, Math.floor(main.width / 90));
        axes.replaceChildren(
          leftAxis({ scale: y, box: main, title: axisTitle(frame.y), count: Math.floor(main.height / 44), grid: true }),
          bottomAxis({ scale: x, box: main, count: columns, labels: false, grid: true }),
          leftAxis({ scale: yRest, box: strip, title: axisTitle({ ...frame.y, label: "residual" }), count: 2 }),
          bottomAxis({ scale: x, box: strip, title: axisTitle(frame.x), count: columns, grid: true }),
          frameOf(main), frameOf(strip), legend(width, series.level),
        );
        placeStage(mainStage, main);
        placeStage(stripStage, strip);
        const middle = yRest(0).toFixed(1);
        for (const [name, value] of [["x1", main.left], ["x2", right], ["y1", middle], ["y2", middle]] as const) {
          setAttribute(zero, name, value);
        }
        setAttribute(cursor, "y1", main.top);
        setAttribute(cursor, "y2", strip.top + strip.height);
      }
      const radius = xs.length > 300 ? 1.4 : xs.length > 90 ? 1.9 : 2.4;
      setAttribute(bars, "d", barsPath(xs, data, errors, x, y));
      setAttribute(dots, "d", dotsPath(xs, data, x, y, radius));
      const ends = [series.lower, series.upper].map((end) => take(end, order, frame.y.factor)) as [Float64Array, Float64Array];
      setAttribute(band, "d", bandPath(xs, ...ends, x, y));
      // what is left has no band wider than its strip: it is cut off there
      const [under, over] = ends.map((end) => end.map((value, i) => (model[i] as number) - value)) as [Float64Array, Float64Array];
      setAttribute(leftBand, "d", bandPath(xs, over, under, x, yRest));
      setAttribute(line, "d", linePath(xs, model, x, y));
      setAttribute(leftBars, "d", barsPath(xs, rest, errors, x, yRest));
      setAttribute(left, "d", dotsPath(xs, rest, x, yRest, radius));
      showCursor();
    },
  };
}
