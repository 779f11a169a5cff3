// The line under a plot that tells the numbers at the cursor.

import { html, setText } from "../shared/dom";
import { formatNumber, unitText, withMinus } from "../shared/quantity";
import type { Axis } from "./types";

const HINT = "Point at the plot, or use the arrow keys on it, to read values.";

export type Entry = [name: string, value: number | undefined, unit: string];

export function createReadout(): { element: HTMLElement; show(entries: Entry[] | null): void } {
  const element = html("div", { class: "qx-readout-line", "data-testid": "readout" }, HINT);
  return {
    element,
    show(entries) {
      if (!entries) {
        setText(element, HINT);
        return;
      }
      const text = entries.map(([name, value, unit]) => {
        const number = value === undefined ? "–" : withMinus(formatNumber(value, 4));
        return `${name} ${number} ${unitText(unit)}`.trim();
      });
      setText(element, text.join("   "));
    },
  };
}

export function entry(axis: Axis, value: number | undefined): Entry {
  return [axis.label, value === undefined ? undefined : value / axis.factor, axis.unit];
}
