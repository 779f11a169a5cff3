// Loss of each method against evaluations or seconds, both axes logarithmic.

import { bottomAxis, type Box, frame, leftAxis } from "../shared/axis";
import { svg } from "../shared/dom";
import { createScale, extent } from "../shared/scale";
import { linePath, thinned } from "../shared/svg";

const MARGIN = { left: 62, right: 12, top: 8, bottom: 40 };
// s; a step cannot be told apart from the start on a logarithmic axis below
const SHORTEST = 1e-3;

export interface Course {
  evaluations: number[];
  seconds: number[];
  loss: number[];
}

export function createRacePlot(height: number) {
  const axes = svg("g");
  const goal = svg("line", { class: "qx-goal", "data-testid": "race-goal" });
  const paths = svg("g");
  const element = svg("svg", { role: "img", "aria-label": "loss of each method", height }, axes, goal, paths);
  return {
    element,
    paint(courses: readonly Course[], axis: "evaluations" | "seconds", level: number, width: number): void {
      element.setAttribute("width", String(width));
      const box: Box = {
        left: MARGIN.left,
        top: MARGIN.top,
        width: Math.max(10, width - MARGIN.left - MARGIN.right),
        height: Math.max(10, height - MARGIN.top - MARGIN.bottom),
      };
      const least = axis === "seconds" ? SHORTEST : 1;
      const along = courses.map((course) => course[axis].map((value) => Math.max(value, least)));
      const [, far] = extent(...along);
      const x = createScale([least, Math.max(far, 10 * least)], [box.left, box.left + box.width], true);
      const [low, high] = extent(...courses.map(({ loss }) => loss));
      const drawn = Number.isFinite(low);
      const logarithmic = low > 0;
      const room = logarithmic ? Math.max((high / low) ** 0.05, 1.05) : 0.05 * (high - low) || 1;
      const y = createScale(
        logarithmic ? [low / room, high * room] : [low - room, high + room], [box.top + box.height, box.top], logarithmic,
      );
      const title = axis === "seconds" ? "seconds" : "evaluations of the model";
      const scales = drawn
        ? [
            leftAxis({ scale: y, box, title: "loss", count: Math.max(2, Math.floor(box.height / 40)), grid: true }),
            bottomAxis({ scale: x, box, title, count: Math.max(2, Math.floor(box.width / 70)), grid: true }),
          ]
        : [];
      axes.replaceChildren(...scales, frame(box));
      const line = drawn && level > 0 ? y(level) : Number.NaN;
      goal.style.display = Number.isFinite(line) ? "" : "none";
      if (Number.isFinite(line)) {
        for (const [name, value] of [["x1", box.left], ["x2", box.left + box.width], ["y1", line], ["y2", line]] as const) {
          goal.setAttribute(name, value.toFixed(1));
        }
      }
      courses.forEach(({ loss }, i) => {
        const path = paths.children[i] ?? paths.appendChild(svg("path", { "data-testid": `race-path-${i}` }));
        path.setAttribute("class", `qx-trace qx-color-${i % 6}`);
        const [xs, ys] = thinned(along[i] ?? [], loss, Math.ceil(box.width));
        path.setAttribute("d", linePath(xs, ys, x, y));
      });
    },
  };
}
