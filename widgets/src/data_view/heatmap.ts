// Data, twin and residual as three maps over the same axes, the first two on one color scale.

import { bottomAxis, type Box, frame as frameOf, leftAxis } from "../shared/axis";
import { DIVERGING_TABLE, SEQUENTIAL_TABLE } from "../shared/colormap";
import { html, onceAFrame, setAttribute, svg } from "../shared/dom";
import { axisTitle } from "../shared/quantity";
import { createScale, type Domain, extent, focused, niceCeiling, niceDomain, type Scale } from "../shared/scale";
import { cellDomain, cellIndices, type Grid, paintCells } from "./raster";
import { createReadout, entry } from "./readout";
import { clampIndex, type HeatmapFrame, nearest, type Plot, residual, type Series } from "./types";

const NAMES = ["data", "twin", "residual"] as const;
const LEFT = 58;
const RIGHT = 18;
const GAP = 28;
const BAR_TOP = 18;
const BAR = 9;
const TOP = 76;
const BOTTOM = 42;

// of the colors for a model that is off, as a share of the span of the data
const ROOM = 0.2;

interface Layout {
  boxes: [Box, Box, Box];
  height: number;
  stacked: boolean;
}

/** Three maps side by side, one below the other where there is no room. */
export function heatmapLayout(width: number): Layout {
  const stacked = width < 480;
  if (stacked) {
    const size = { left: LEFT, width: Math.max(60, width - LEFT - RIGHT), height: 170 };
    const box = (i: number): Box => ({ ...size, top: TOP + i * (size.height + TOP + 10) });
    return { boxes: [box(0), box(1), box(2)], height: box(2).top + size.height + BOTTOM, stacked };
  }
  const each = Math.floor((width - LEFT - RIGHT - 2 * GAP) / 3);
  const tall = Math.round(Math.min(360, Math.max(200, each * 1.15)));
  const box = (i: number): Box => ({ left: LEFT + i * (each + GAP), top: TOP, width: each, height: tall });
  return { boxes: [box(0), box(1), box(2)], height: TOP + tall + BOTTOM, stacked };
}

interface Map2d {
  canvas: HTMLCanvasElement;
  bar: HTMLCanvasElement;
}

function place(canvas: HTMLCanvasElement, box: Box, ratio: number): void {
  const width = Math.max(1, Math.round(box.width * ratio));
  const height = Math.max(1, Math.round(box.height * ratio));
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.style.cssText = `left:${box.left}px;top:${box.top}px;width:${box.width}px;height:${box.height}px`;
}

function draw(canvas: HTMLCanvasElement, fill: (words: Uint32Array) => void): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(canvas.width, canvas.height);
  fill(new Uint32Array(image.data.buffer));
  context.putImageData(image, 0, 0);
}

export function createHeatmap(frame: HeatmapFrame): Plot {
  const maps = NAMES.map((name): Map2d => ({
    canvas: html("canvas", {
      class: "qx-map", role: "img", tabindex: 0, "data-testid": `heatmap:${name}`, "aria-label": `${frame.title}: ${name}`,
    }),
    bar: html("canvas", { class: "qx-bar", "aria-hidden": "true" }),
  }));
  const axes = svg("g");
  const cross = NAMES.map(() => svg("path", { class: "qx-cross" }));
  const overlay = svg("svg", { class: "qx-overlay", "aria-hidden": "true" }, axes, ...cross);
  const stage = html("div", { class: "qx-stage" }, ...maps.flatMap(({ canvas, bar }) => [canvas, bar]), overlay);
  const readout = createReadout();
  const element = html("div", { class: "qx-heatmap" }, stage, readout.element);

  const columns = frame.x_values.length;
  const xs = frame.x_values.map((value) => value / frame.x.factor);
  const ys = frame.y_values.map((value) => value / frame.y.factor);
  let current: Series | null = null;
  let scales: { box: Box; x: Scale; y: Scale }[] = [];
  let at: { x: number; y: number } | null = null;
  let axesKey = "";
  let grid: Grid & { key: string } = { key: "", rows: new Int32Array(0), columns: new Int32Array(0), width: columns };

  const showCursor = (): void => {
    cross.forEach((path, i) => {
      const known = scales[i];
      if (!at || !known) {
        setAttribute(path, "d", "");
        return;
      }
      const { box, x, y } = known;
      const px = x(xs[at.x] as number).toFixed(1);
      const py = y(ys[at.y] as number).toFixed(1);
      setAttribute(path, "d", `M${px} ${box.top}v${box.height}M${box.left} ${py}h${box.width}`);
    });
    if (!at || !current) {
      readout.show(null);
      return;
    }
    const index = at.y * columns + at.x;
    const data = current.data[index];
    const model = current.model[index];
    const rest = data === undefined || model === undefined ? undefined : data - model;
    readout.show([
      entry(frame.x, frame.x_values[at.x]),
      entry(frame.y, frame.y_values[at.y]),
      entry({ ...frame.z, label: "data" }, data),
      entry({ ...frame.z, label: "twin" }, model),
      entry({ ...frame.z, label: "residual" }, rest),
    ]);
  };
  const cursorFrame = onceAFrame(showCursor);

  maps.forEach(({ canvas }, i) => {
    canvas.addEventListener("pointermove", (event) => {
      const known = scales[i];
      if (!known) return;
      const bounds = canvas.getBoundingClientRect();
      const x = known.x.invert(known.box.left + event.clientX - bounds.left);
      const y = known.y.invert(known.box.top + event.clientY - bounds.top);
      at = { x: nearest(xs, x), y: nearest(ys, y) };
      cursorFrame.ask();
    });
    canvas.addEventListener("pointerleave", () => {
      at = null;
      cursorFrame.ask();
    });
  });

  const drawBar = (canvas: HTMLCanvasElement, box: Box, table: Uint32Array, ratio: number): void => {
    place(canvas, box, ratio);
    draw(canvas, (words) => {
      for (let i = 0; i < words.length; i += 1) {
        const column = i % canvas.width;
        words[i] = table[Math.round((column / Math.max(1, canvas.width - 1)) * 255)] as number;
      }
    });
  };

  const drawAxes = (layout: Layout, domains: Domain[], bars: Box[]): void => {
    axes.replaceChildren();
    layout.boxes.forEach((box, i) => {
      const known = scales[i];
      const bar = bars[i];
      if (!known || !bar) return;
      const outer = i === 0 || layout.stacked;
      const many = Math.max(2, Math.floor(box.width / 60));
      axes.append(
        svg("text", { class: "qx-label", x: box.left, y: box.top - 7 }, NAMES[i] as string),
        leftAxis({
          scale: known.y, box, count: Math.max(3, Math.floor(box.height / 50)), labels: outer,
          ...(outer ? { title: axisTitle(frame.y) } : {}),
        }),
        bottomAxis({ scale: known.x, box, count: many, title: axisTitle(frame.x) }),
        frameOf(box),
      );
      if (i === 1 && !layout.stacked) return;
      const scale = createScale(domains[i] as Domain, [bar.left, bar.left + bar.width]);
      const name = i === 2 ? axisTitle({ ...frame.z, label: "residual" }) : axisTitle(frame.z);
      axes.append(
        svg("text", { class: "qx-bar-title", x: bar.left, y: bar.top - 6 }, name),
        frameOf(bar), bottomAxis({ scale, box: bar, count: Math.max(2, Math.min(6, Math.floor(bar.width / 62))) }),
      );
    });
  };

  return {
    element,
    step(dx, dy) {
      at = at
        ? { x: clampIndex(at.x + dx, columns), y: clampIndex(at.y + dy, ys.length) }
        : { x: 0, y: 0 };
      cursorFrame.ask();
    },
    paint(series, width) {
      current = series;
      const layout = heatmapLayout(width);
      const ratio = window.devicePixelRatio || 1;
      const scaled = (list: Float32Array): Float32Array => list.map((value) => value / frame.z.factor);
      const data = scaled(series.data);
      const model = scaled(series.model);
      const rest = scaled(residual(series));
      const common = niceDomain(focused(extent(data), extent(model), ROOM), 10);
      const [low, high] = extent(rest);
      const reach = niceCeiling(Math.min(Math.max(-low, high), common[1] - common[0]));
      const domains: Domain[] = [common, common, [-reach, reach]];
      scales = layout.boxes.map((box) => ({
        box,
        x: createScale(cellDomain(xs), [box.left, box.left + box.width]),
        y: createScale(cellDomain(ys), [box.top + box.height, box.top]),
      }));
      const bars = layout.boxes.map((box, i): Box => {
        const shared = i === 0 && !layout.stacked;
        const end = shared ? (layout.boxes[1].left + layout.boxes[1].width) : box.left + box.width;
        return { left: box.left, top: box.top - TOP + BAR_TOP, width: end - box.left, height: BAR };
      });

      const key = [width, ratio, ...common, reach].join();
      if (key !== axesKey) {
        axesKey = key;
        stage.style.height = `${layout.height}px`;
        setAttribute(overlay, "width", width);
        setAttribute(overlay, "height", layout.height);
        drawAxes(layout, domains, bars);
        maps.forEach(({ canvas, bar }, i) => {
          place(canvas, layout.boxes[i] as Box, ratio);
          bar.hidden = i === 1 && !layout.stacked;
          if (!bar.hidden) drawBar(bar, bars[i] as Box, i === 2 ? DIVERGING_TABLE : SEQUENTIAL_TABLE, ratio);
        });
      }
      [data, model, rest].forEach((values, i) => {
        const { canvas } = maps[i] as Map2d;
        const gridKey = `${canvas.width}x${canvas.height}`;
        if (grid.key !== gridKey) {
          grid = {
            key: gridKey, width: columns,
            rows: cellIndices(ys, canvas.height, true), columns: cellIndices(xs, canvas.width),
          };
        }
        if (values.length < columns * ys.length) return;
        const table = i === 2 ? DIVERGING_TABLE : SEQUENTIAL_TABLE;
        draw(canvas, (words) => paintCells(words, values, grid, table, domains[i] as Domain));
      });
      showCursor();
    },
  };
}
