// One parameter: its nodes live as long as the panel, only what changed is written.

import { html, setAttribute, setText } from "../shared/dom";
import {
  formatError, formatNumber, formatQuantity, meaningfulDigits, parseQuantity, unitText,
} from "../shared/quantity";
import { SLIDER_STEPS, sliderPosition, type SliderRange, sliderValue, zoomed } from "../shared/scale";
import type { Row, RowActions } from "./types";

// a zoomed slider stays where it is until its value comes this close to an end, in steps
const EDGE = SLIDER_STEPS / 20;

/** One press of an arrow key in the number box: the power of ten next to a thousandth of the slider's range. */
function keyStep(range: SliderRange, factor: number): number {
  const span = (range.slider_high - range.slider_low) / factor;
  return span > 0 ? 10 ** Math.round(Math.log10(span / SLIDER_STEPS)) : 1;
}

function sameRow(a: Row, b: Row): boolean {
  return (Object.keys(a) as (keyof Row)[]).every((name) => a[name] === b[name]);
}

export class RowView {
  readonly element: HTMLElement;
  private readonly free: HTMLInputElement;
  private readonly name = html("span", { class: "qx-name" });
  private readonly slider: HTMLInputElement;
  private readonly number: HTMLInputElement;
  private readonly unit = html("span", { class: "qx-unit" });
  private readonly error = html("span", { class: "qx-stderr" });
  private range: SliderRange;
  private share = 1;
  private local: number;
  private moving = false;
  private keyHeld = false;
  private typed = false;

  constructor(
    private row: Row,
    private readonly actions: RowActions,
  ) {
    const { path } = row;
    this.local = row.value;
    this.range = row;
    this.free = html("input", { type: "checkbox", class: "qx-free", "data-testid": `free:${path}` });
    this.slider = html("input", {
      type: "range", class: "qx-slider", min: 0, max: SLIDER_STEPS, step: 1, "data-testid": `slider:${path}`,
    });
    this.number = html("input", {
      type: "text", class: "qx-field qx-number", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
      "data-testid": `number:${path}`,
    });
    const own = path.startsWith(`${row.group}.`) ? path.slice(row.group.length + 1) : path;
    this.element = html(
      "div", { class: "qx-row", "data-testid": `parameter:${path}` },
      this.free, html("span", { class: "qx-names" }, this.name, html("span", { class: "qx-path" }, own)),
      this.number, this.unit, this.slider, this.error,
    );
    this.listen();
    this.write(true);
  }

  get path(): string {
    return this.row.path;
  }

  get isFree(): boolean {
    return this.row.free;
  }

  /** Take over a row from Python; what the user holds or has just sent stays as it is. */
  update(row: Row): void {
    const known = this.row;
    this.row = row;
    if (sameRow(row, known) && row.value === this.local && row.free === this.free.checked) return;
    this.write(!this.moving && !this.actions.pending(row.path));
  }

  /** Show the value that Python holds, after a refusal or when an answer changed nothing. */
  restore(): void {
    this.typed = false;
    this.write(!this.moving);
  }

  /** Let the slider cover only a share of its range. */
  zoom(share: number): void {
    this.share = share;
    this.range = this.zoomedRange(this.local);
    this.show(this.local);
  }

  matches(words: readonly string[], onlyFree: boolean): boolean {
    // what someone is at does not vanish under the hands
    if (this.element.contains((this.element.getRootNode() as Document | ShadowRoot).activeElement)) return true;
    if (onlyFree && !this.row.free) return false;
    const text = `${this.row.path} ${this.row.label} ${unitText(this.row.display_unit)}`.toLowerCase();
    return words.every((word) => text.includes(word));
  }

  private write(withValue: boolean): void {
    const { row } = this;
    const unit = unitText(row.display_unit);
    setText(this.name, row.label);
    setAttribute(this.element, "title", `${row.label}\n${row.path}${this.bounds()}`);
    setText(this.unit, unit);
    setText(this.error, formatError(row.stderr, row));
    if (this.free.checked !== row.free) this.free.checked = row.free;
    setAttribute(this.free, "aria-label", `${row.label}: free to learn (${row.path})`);
    setAttribute(this.slider, "aria-label", `${row.label} (${row.path})`);
    setAttribute(this.number, "aria-label", `${row.label}${unit ? ` in ${unit}` : ""} (${row.path})`);
    this.element.classList.toggle("qx-is-free", row.free);
    this.element.classList.toggle("qx-changed", row.changed);
    if (withValue) {
      this.fit(row.value);
      this.show(row.value);
    }
  }

  /** Keep a zoomed slider in place as long as the value is well inside, so that the knob does not jump. */
  private fit(value: number): void {
    const position = sliderPosition(value, this.range);
    if (this.share < 1 && position > EDGE && position < SLIDER_STEPS - EDGE) return;
    this.range = this.zoomedRange(value);
  }

  private zoomedRange(value: number): SliderRange {
    const bounds = [this.row.low ?? Number.NEGATIVE_INFINITY, this.row.high ?? Number.POSITIVE_INFINITY] as const;
    return zoomed(this.row, value, this.share, bounds);
  }

  private show(value: number): void {
    this.local = value;
    const position = String(sliderPosition(value, this.range));
    if (this.slider.value !== position) this.slider.value = position;
    setAttribute(this.slider, "aria-valuetext", formatQuantity(value, this.row.factor, this.row.display_unit));
    if (this.typed) return;
    // a value that was moved is no longer the one the error belongs to
    const digits = meaningfulDigits(value, value === this.row.value ? this.row.stderr : null);
    const text = formatNumber(value / this.row.factor, digits);
    if (this.number.value !== text) this.number.value = text;
    this.number.removeAttribute("aria-invalid");
  }

  private bounds(): string {
    const { low, high, factor, display_unit: unit } = this.row;
    if (low === null && high === null) return "";
    const end = (bound: number | null) => (bound === null ? "…" : formatQuantity(bound, factor, unit));
    return `\n${end(low)} to ${end(high)}`;
  }

  private move(value: number, final: boolean): void {
    this.typed = false;
    this.actions.set(this.row.path, value, final);
    this.show(value);
  }

  private listen(): void {
    const { slider, number } = this;
    this.free.addEventListener("change", () => this.actions.free([this.row.path], this.free.checked));

    slider.addEventListener("input", () => {
      this.moving = true;
      this.move(sliderValue(Number(slider.value), this.range), false);
    });
    // a held arrow key gives a change event for each step; it counts as one change when the key comes up
    slider.addEventListener("keydown", (event) => {
      if (event.key !== "Tab") this.keyHeld = true;
    });
    slider.addEventListener("change", () => {
      if (!this.keyHeld) this.settle();
    });
    // a drag that ends where it began gives no change event, so the end of the gesture counts as well
    for (const end of ["keyup", "pointerup", "blur"]) {
      slider.addEventListener(end, () => {
        this.keyHeld = false;
        this.settle();
      });
    }

    number.addEventListener("input", () => {
      this.typed = true;
    });
    number.addEventListener("change", () => this.commit());
    number.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.commit();
      if (event.key === "Escape") this.restore();
      if (event.key === "ArrowUp" || event.key === "ArrowDown") {
        event.preventDefault();
        this.nudge(event.key === "ArrowUp" ? 1 : -1, event.shiftKey);
      }
    });
    number.addEventListener("keyup", () => this.settle());
    number.addEventListener("blur", () => {
      this.settle();
      this.commit();
    });
  }

  /** End of a movement: the last value once more, as the one to remember. */
  private settle(): void {
    if (!this.moving) return;
    this.moving = false;
    this.actions.set(this.row.path, this.local, true);
  }

  private nudge(direction: 1 | -1, coarse: boolean): void {
    const { low, high, factor } = this.row;
    const step = keyStep(this.range, factor) * (coarse ? 10 : 1);
    const value = Number((this.local / factor + direction * step).toPrecision(12)) * factor;
    this.moving = true;
    this.move(Math.min(high ?? Number.POSITIVE_INFINITY, Math.max(low ?? Number.NEGATIVE_INFINITY, value)), false);
  }

  private commit(): void {
    if (!this.typed) return;
    const value = parseQuantity(this.number.value, this.row);
    if (value === null) {
      this.number.setAttribute("aria-invalid", "true");
      this.actions.refuse(this.row.path, this.number.value, unitText(this.row.display_unit));
      return;
    }
    this.move(value, true);
  }
}
