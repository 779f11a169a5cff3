// Which of several datasets is looked at; nothing where there is only one.

import { html } from "../shared/dom";

export interface Datasets {
  readonly element: HTMLElement;
  show(names: readonly string[], shown: string): void;
}

export function createDatasets(choose: (name: string) => void): Datasets {
  const element = html("select", { class: "qx-select", "aria-label": "dataset", "data-testid": "dataset" });
  let listed: string | null = null;
  element.addEventListener("change", () => choose(element.value));
  return {
    element,
    show(names, shown) {
      const key = JSON.stringify(names);
      if (key !== listed) {
        listed = key;
        element.replaceChildren(...names.map((name) => html("option", { value: name }, name)));
      }
      element.hidden = names.length < 2;
      element.value = shown;
    },
  };
}
