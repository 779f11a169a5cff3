// The loss over the iterations, on a logarithmic axis as long as every loss is above zero.

import { bottomAxis, type Box, frame, leftAxis } from "../shared/axis";
import { svg } from "../shared/dom";
import { createScale, type Domain, extent, niceDomain } from "../shared/scale";
import { linePath } from "../shared/svg";

const MARGIN = { left: 62, right: 12, top: 8, bottom: 40 };

export function lossDomain(losses: ArrayLike<number>): { domain: Domain; logarithmic: boolean } {
  const [low, high] = extent(losses);
  if (!Number.isFinite(low)) return { domain: [0.1, 1], logarithmic: true };
  if (low <= 0) return { domain: niceDomain([low, high]), logarithmic: false };
  const room = Math.max((high / low) ** 0.06, 1.02);
  return { domain: [low / room, high * room], logarithmic: true };
}

export interface LossPlot {
  readonly element: SVGSVGElement;
  paint(iterations: ArrayLike<number>, losses: ArrayLike<number>, width: number, height: number): void;
}

export function createLossPlot(): LossPlot {
  const axes = svg("g");
  const line = svg("path", { class: "qx-loss", "data-testid": "loss-path" });
  const last = svg("circle", { class: "qx-loss-last", r: 3 });
  const element = svg("svg", { role: "img", "aria-label": "loss over iterations" }, axes, line, last);
  return {
    element,
    paint(iterations, losses, width, height) {
      element.setAttribute("width", String(width));
      element.setAttribute("height", String(height));
      const box: Box = {
        left: MARGIN.left,
        top: MARGIN.top,
        width: Math.max(10, width - MARGIN.left - MARGIN.right),
        height: Math.max(10, height - MARGIN.top - MARGIN.bottom),
      };
      const count = iterations.length;
      const first = count > 0 ? (iterations[0] as number) : 0;
      const final = count > 0 ? (iterations[count - 1] as number) : 10;
      const x = createScale([first, Math.max(final, first + 1)], [box.left, box.left + box.width]);
      const { domain, logarithmic } = lossDomain(losses);
      const y = createScale(domain, [box.top + box.height, box.top], logarithmic);
      const columns = Math.max(1, Math.min(8, Math.floor(box.width / 60), Math.max(final - first, 1)));
      // without a run there is nothing to read off
      const scales = count === 0 ? [] : [
        leftAxis({ scale: y, box, title: "loss", count: Math.max(2, Math.floor(box.height / 36)), grid: true }),
        bottomAxis({ scale: x, box, title: "iteration", count: columns }),
      ];
      axes.replaceChildren(...scales, frame(box));
      line.setAttribute("d", linePath(iterations, losses, x, y));
      const tail = count > 0 ? y(losses[count - 1] as number) : Number.NaN;
      last.style.display = Number.isFinite(tail) ? "" : "none";
      if (Number.isFinite(tail)) {
        last.setAttribute("cx", x(final).toFixed(1));
        last.setAttribute("cy", tail.toFixed(1));
      }
    },
  };
}
