// Which of many traces are drawn: a fold with a search and a box for each.

import { html, setHidden, setText } from "../shared/dom";

export interface Choice {
  key: string;
  label: string;
}

export interface Picker {
  readonly element: HTMLElement;
  /** The keys that are picked, in the order of the choices. */
  readonly picked: readonly string[];
  offer(choices: readonly Choice[], picked: readonly string[]): void;
}

const MANY = 8;

export function createPicker(name: string, testid: string, changed: () => void): Picker {
  const summary = html("summary", { "data-testid": `${testid}-summary` });
  const search = html("input", {
    type: "search", class: "qx-field qx-pick-search", placeholder: "search", "aria-label": `search ${name}`,
    "data-testid": `${testid}-search`, autocomplete: "off",
  });
  const list = html("div", { class: "qx-picks", role: "group", "aria-label": `${name} that are drawn` });
  const element = html("details", { class: "qx-picker", "data-testid": testid }, summary, search, list);
  let rows: { key: string; text: string; box: HTMLInputElement; label: HTMLElement }[] = [];
  let picked: string[] = [];

  const show = (): void => {
    setText(summary, `${name}: ${picked.length} of ${rows.length} drawn`);
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      setHidden(row.label, !words.every((word) => row.text.includes(word)));
    }
  };
  search.addEventListener("input", show);
  return {
    element,
    get picked() {
      return picked;
    },
    offer(choices, first) {
      rows = choices.map(({ key, label }) => {
        const box = html("input", { type: "checkbox", "data-testid": `${testid}:${key}` });
        box.checked = first.includes(key);
        box.addEventListener("change", () => {
          picked = rows.filter((row) => row.box.checked).map((row) => row.key);
          show();
          changed();
        });
        const row = html("label", { class: "qx-pick", title: key }, box, html("span", {}, label));
        return { key, text: `${key} ${label}`.toLowerCase(), box, label: row };
      });
      picked = rows.filter((row) => row.box.checked).map((row) => row.key);
      list.replaceChildren(...rows.map((row) => row.label));
      setHidden(search, rows.length <= MANY);
      setHidden(element, rows.length < 2);
      show();
    },
  };
}
