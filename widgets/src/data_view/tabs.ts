// One tab for each series, moved through with the arrow keys.

import { html } from "../shared/dom";

export interface Tabs {
  readonly element: HTMLElement;
  show(names: readonly string[], selected: number): void;
}

export function createTabs(choose: (index: number) => void): Tabs {
  const element = html("div", { class: "qx-tabs", role: "tablist", "aria-label": "series" });
  let shown: string | null = null;

  element.addEventListener("keydown", (event) => {
    const tabs = [...element.querySelectorAll("button")];
    const now = tabs.findIndex((tab) => tab === event.target);
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (now < 0 || step === 0) return;
    event.preventDefault();
    const next = (now + step + tabs.length) % tabs.length;
    tabs[next]?.focus();
    choose(next);
  });

  return {
    element,
    show(names, selected) {
      const key = JSON.stringify(names);
      if (key !== shown) {
        shown = key;
        element.replaceChildren(
          ...names.map((name, i) => {
            const tab = html("button", { type: "button", class: "qx-tab", role: "tab", "data-testid": `series:${name}` }, name);
            tab.addEventListener("click", () => choose(i));
            return tab;
          }),
        );
      }
      element.querySelectorAll("button").forEach((tab, i) => {
        tab.setAttribute("aria-selected", String(i === selected));
        tab.tabIndex = i === selected ? 0 : -1;
      });
    },
  };
}
