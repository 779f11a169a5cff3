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
  private readonly all: HTMLInputElement;
  private readonly count = html("span", { class: "qx-count" });

  /** `folded` is how it begins; after that it is the user's. */
  constructor(
    private readonly name: string,
    private folded: boolean,
    refold: (folded: boolean | null) => void,
    free: (paths: string[], free: boolean) => void,
  ) {
    this.body = html("div", { class: "qx-rows" });
    const arrow = html("span", { class: "qx-arrow", "aria-hidden": "true" });
    this.button = html(
      "button", { type: "button", class: "qx-fold", "aria-expanded": "true", "data-testid": `group:${name}` },
      arrow, html("span", { class: "qx-group-name" }, name), this.count,
    );
    this.all = html("input", { type: "checkbox", class: "qx-free-all", "data-testid": `free-group:${name}` });
    const head = html("div", { class: "qx-group-head" }, this.all, this.button);
    this.element = html("section", { class: "qx-group", "aria-label": name }, head, this.body);
    this.button.addEventListener("click", () => {
      if (this.filtered) this.foldedInFilter = !this.foldedInFilter;
      else this.folded = !this.folded;
      refold(this.filtered ? null : this.folded);
    });
    this.all.addEventListener("change", () => free(this.shown().map((member) => member.path), this.all.checked));
  }

  /** The rows that the filter lets through, in sight or folded. */
  private shown(): RowView[] {
    return this.members.filter((member) => !member.element.hidden);
  }

  /** Say of the rows that are shown whether all, some or none are free. */
  showAll(): void {
    const shown = this.shown();
    const free = shown.filter((member) => member.isFree).length;
    this.all.checked = free > 0 && free === shown.length;
    this.all.indeterminate = free > 0 && free < shown.length;
    const which = shown.length < this.members.length ? `the ${shown.length} shown of ${this.name}` : `all of ${this.name}`;
    setAttribute(this.all, "aria-label", `${which}: free to learn`);
    setAttribute(this.all, "title", `free or hold ${which}`);
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
    this.showAll();
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
  private pressed = false;
  private left = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `folds` are the groups that were folded or unfolded by hand. */
  constructor(
    private readonly actions: RowActions,
    readonly folds: Record<string, boolean> = {},
  ) {
    this.element.append(this.groupsElement, this.empty);
    // a row that only the focus kept goes when the focus does, but not between the press and the release of a click: what
    // is clicked would move away under it
    this.element.addEventListener("focusout", (event) => {
      const row = (event.target as Element).closest(".qx-row");
      if (row?.contains(event.relatedTarget as Node | null)) return;
      this.left = true;
      if (!this.pressed) this.leave();
    });
    this.element.addEventListener("pointerdown", () => {
      this.pressed = true;
    });
    document.addEventListener("pointerup", this.released, true);
    document.addEventListener("pointercancel", this.released, true);
  }

  /** Leave nothing behind. */
  close(): void {
    clearTimeout(this.timer);
    document.removeEventListener("pointerup", this.released, true);
    document.removeEventListener("pointercancel", this.released, true);
  }

  private readonly released = (): void => {
    this.pressed = false;
    if (this.left) this.leave();
  };

  private leave(): void {
    this.left = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.actions.looked());
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
        const folded = this.folds[name] ?? (anyFree ? !touched : many && !touched && name !== rows[0]?.group);
        const refold = (now: boolean | null): void => {
          if (now !== null) this.folds[name] = now;
          this.refilter();
          this.actions.looked();
        };
        group = new GroupView(name, folded, refold, this.actions.free);
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
