// All parameters in their groups, with folding and filters. A new list of rows moves only the nodes that must move.

import { html, setAttribute, setHidden, setText } from "../shared/dom";
import { RowView } from "./row";
import type { Row, RowActions } from "./types";

// more than fit on a few screens
const MANY = 40;

class GroupView {
  readonly body: HTMLElement;
  readonly element: HTMLElement;
  members: RowView[] = [];
  // what was folded while a filter stood; it holds until the filter changes
  private foldedInFilter = false;
  private filtered = false;
  private readonly button: HTMLButtonElement;
  private readonly count = html("span", { class: "qx-count" });

  /** `folded` is how it begins; after that it is the user's. */
  constructor(name: string, private folded: boolean, refold: () => void) {
    this.body = html("div", { class: "qx-rows" });
    const arrow = html("span", { class: "qx-arrow", "aria-hidden": "true" });
    this.button = html(
      "button", { type: "button", class: "qx-fold", "aria-expanded": "true", "data-testid": `group:${name}` },
      arrow, html("span", { class: "qx-group-name" }, name), this.count,
    );
    this.element = html("section", { class: "qx-group", "aria-label": name }, this.button, this.body);
    this.button.addEventListener("click", () => {
      if (this.filtered) this.foldedInFilter = !this.foldedInFilter;
      else this.folded = !this.folded;
      refold();
    });
  }

  summarize(rows: readonly Row[]): void {
    const free = rows.filter((row) => row.free).length;
    setText(this.count, `${free} of ${rows.length} free`);
  }

  /** Begin with another filter, which looks into folded groups too. */
  unfoldInFilter(): void {
    this.foldedInFilter = false;
  }

  /** Hide what the filter excludes, and all rows of a folded group. */
  filter(words: readonly string[], onlyFree: boolean): number {
    let shown = 0;
    for (const member of this.members) {
      const visible = member.matches(words, onlyFree);
      setHidden(member.element, !visible);
      if (visible) shown += 1;
    }
    this.filtered = words.length > 0 || onlyFree;
    const open = this.filtered ? !this.foldedInFilter : !this.folded;
    setHidden(this.element, shown === 0);
    setHidden(this.body, !open);
    setAttribute(this.button, "aria-expanded", String(open));
    return shown;
  }
}

function arrange(parent: Element, children: readonly Element[]): void {
  children.forEach((child, i) => {
    if (parent.children[i] !== child) parent.insertBefore(child, parent.children[i] ?? null);
  });
  while (parent.children.length > children.length) parent.lastElementChild?.remove();
}

export class ParameterList {
  readonly element = html("div", { class: "qx-list" });
  private readonly empty = html("p", { class: "qx-empty", hidden: true }, "No parameter matches the filter.");
  private readonly groupsElement = html("div");
  private readonly views = new Map<string, RowView>();
  private readonly groups = new Map<string, GroupView>();
  private words: string[] = [];
  private onlyFree = false;
  private share = 1;

  constructor(private readonly actions: RowActions) {
    this.element.append(this.groupsElement, this.empty);
  }

  view(path: string): RowView | undefined {
    return this.views.get(path);
  }

  update(rows: readonly Row[]): void {
    const byGroup = new Map<string, Row[]>();
    for (const row of rows) {
      const members = byGroup.get(row.group);
      if (members) members.push(row);
      else byGroup.set(row.group, [row]);
    }
    // a group of which nothing is learned begins folded, so that what is learned is in sight; of many the first is open
    const anyFree = rows.some((row) => row.free);
    const many = rows.length > MANY;
    for (const [name, members] of byGroup) {
      let group = this.groups.get(name);
      if (!group) {
        const touched = members.some((row) => row.free || row.changed);
        const folded = anyFree ? !touched : many && !touched && name !== rows[0]?.group;
        group = new GroupView(name, folded, () => this.refilter());
        this.groups.set(name, group);
      }
      group.members = members.map((row) => this.viewOf(row));
      group.summarize(members);
      arrange(group.body, group.members.map((member) => member.element));
    }
    const paths = new Set(rows.map((row) => row.path));
    for (const path of this.views.keys()) if (!paths.has(path)) this.views.delete(path);
    for (const name of this.groups.keys()) if (!byGroup.has(name)) this.groups.delete(name);
    arrange(this.groupsElement, [...byGroup.keys()].map((name) => (this.groups.get(name) as GroupView).element));
    this.refilter();
  }

  /** Give how many parameters are shown now. */
  filter(query: string, onlyFree: boolean): number {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.join(" ") !== this.words.join(" ") || onlyFree !== this.onlyFree) {
      for (const group of this.groups.values()) group.unfoldInFilter();
    }
    this.words = words;
    this.onlyFree = onlyFree;
    return this.refilter();
  }

  /** Let all sliders cover only a share of their range. */
  zoom(share: number): void {
    this.share = share;
    for (const view of this.views.values()) view.zoom(share);
  }

  private viewOf(row: Row): RowView {
    const known = this.views.get(row.path);
    if (known) {
      known.update(row);
      return known;
    }
    const view = new RowView(row, this.actions);
    view.zoom(this.share);
    this.views.set(row.path, view);
    return view;
  }

  private refilter(): number {
    let shown = 0;
    for (const group of this.groups.values()) shown += group.filter(this.words, this.onlyFree);
    setHidden(this.empty, shown > 0 || this.views.size === 0);
    return shown;
  }
}
