// Lines over the iterations, on a logarithmic axis as long as every value is above zero.

import { bottomAxis, type Box, frame, leftAxis } from "../shared/axis";
import { svg } from "../shared/dom";
import { createScale, type Domain, extent, niceDomain } from "../shared/scale";
import { linePath, thinned } from "../shared/svg";

const MARGIN = { left: 62, right: 12, top: 8, bottom: 38, ticks: 20 };
const COLORS = 6;

export interface Line {
  values: ArrayLike<number>;
  /** Which of the colors; beyond the last they begin again, dashed. */
  color: number;
}

export interface PlotOptions {
  title: string;
  label: string;
  testid: string;
  height: number;
  /** Always linear, and close around the values; the words of the axis below are left out. */
  small?: boolean;
  /** Words in the frame where there is a run, but nothing to draw. */
  empty?: string;
}

export interface TracePlot {
  readonly element: SVGSVGElement;
  paint(iterations: ArrayLike<number>, lines: readonly Line[], width: number): void;
}

export function lossDomain(...lists: ArrayLike<number>[]): { domain: Domain; logarithmic: boolean } {
  const [low, high] = extent(...lists);
  if (!Number.isFinite(low)) return { domain: [0.1, 1], logarithmic: true };
  if (low <= 0) return { domain: niceDomain([low, high]), logarithmic: false };
  const room = Math.max((high / low) ** 0.06, 1.02);
  return { domain: [low / room, high * room], logarithmic: true };
}

function linearDomain(lists: ArrayLike<number>[]): Domain {
  const [low, high] = extent(...lists);
  if (!Number.isFinite(low)) return [0, 1];
  const room = 0.08 * (high - low) || Math.abs(low) * 1e-3 || 1;
  return [low - room, high + room];
}

export function traceClass(color: number): string {
  return `qx-trace qx-color-${color % COLORS}${color >= COLORS ? " qx-dashed" : ""}`;
}

export function createTracePlot({ title, label, testid, height, small = false, empty = "" }: PlotOptions): TracePlot {
  const axes = svg("g");
  const paths = svg("g", {}, svg("path", { "data-testid": testid, d: "" }));
  const words = svg("text", { class: "qx-axis-words", "text-anchor": "middle" });
  const element = svg("svg", { role: "img", "aria-label": label, height }, axes, paths, words);
  return {
    element,
    paint(iterations, lines, width) {
      element.setAttribute("width", String(width));
      const box: Box = {
        left: MARGIN.left,
        top: MARGIN.top,
        width: Math.max(10, width - MARGIN.left - MARGIN.right),
        height: Math.max(10, height - MARGIN.top - (small ? MARGIN.ticks : MARGIN.bottom)),
      };
      const count = iterations.length;
      const first = count > 0 ? (iterations[0] as number) : 0;
      const final = count > 0 ? (iterations[count - 1] as number) : 10;
      const x = createScale([first, Math.max(final, first + 1)], [box.left, box.left + box.width]);
      // min and max of each pixel: a long run costs no more to draw than a short one, and no spike is lost
      const thin = lines.map(({ values }) => thinned(iterations, values, Math.ceil(box.width)));
      const shown = thin.map(([, values]) => values);
      const { domain, logarithmic } = small ? { domain: linearDomain(shown), logarithmic: false } : lossDomain(...shown);
      const y = createScale(domain, [box.top + box.height, box.top], logarithmic);
      const columns = Math.max(1, Math.min(8, Math.floor(box.width / 60), Math.max(final - first, 1)));
      const drawn = shown.some((values) => Array.prototype.some.call(values, Number.isFinite));
      // without a run there is nothing to read off: the frame says what will be drawn
      const scales = count === 0 || !drawn ? [] : [
        leftAxis({ scale: y, box, title, count: Math.max(2, Math.floor(box.height / 36)), grid: true }),
        bottomAxis({ scale: x, box, title: small ? "" : "iteration", count: columns }),
      ];
      axes.replaceChildren(...scales, frame(box));
      words.textContent = count === 0 ? title : drawn ? "" : empty;
      words.setAttribute("x", String(box.left + box.width / 2));
      words.setAttribute("y", String(box.top + box.height / 2));
      while (paths.children.length > lines.length) paths.lastElementChild?.remove();
      lines.forEach(({ color }, i) => {
        const path = paths.children[i] ?? paths.appendChild(svg("path"));
        path.setAttribute("class", traceClass(color));
        path.setAttribute("data-testid", i === 0 ? testid : `${testid}-${i}`);
        const [xs, ys] = thin[i] as [ArrayLike<number>, ArrayLike<number>];
        path.setAttribute("d", linePath(xs, ys, x, y));
      });
    },
  };
}
