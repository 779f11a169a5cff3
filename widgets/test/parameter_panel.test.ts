import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import panel from "../src/parameter_panel/index";
import type { PanelTraits, Row } from "../src/parameter_panel/types";
import { byTestId, FakeModel, nextFrame } from "./fake_model";

function row(path: string, changes: Partial<Row> = {}): Row {
  return {
    path, group: path.split(".")[0] ?? "", label: path.split(".")[1] ?? path, value: 5e9, unit: "Hz", display_unit: "GHz",
    factor: 1e9, low: 4e9, high: 6e9, slider_low: 4e9, slider_high: 6e9, logarithmic: false, free: false, stderr: null,
    changed: false, ...changes,
  };
}

function mount(rows = [row("q0.frequency"), row("q0.coupling", { free: true }), row("q1.frequency")], look: PanelTraits["look"] = {}) {
  const history = { can_undo: false, can_redo: false };
  const traits: PanelTraits = { rows, look, history, state: "idle", notice: "" };
  const model = new FakeModel(traits);
  const el = document.createElement("div");
  document.body.append(el);
  const cleanUp = panel.render({ model: model.asModel, el });
  return { model, el, cleanUp, root: el.querySelector<HTMLElement>(".qx-parameter-panel") as HTMLElement };
}

function type(input: HTMLInputElement, text: string): void {
  input.focus();
  input.value = text;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function press(element: Element, key: string, kind = "keydown"): void {
  element.dispatchEvent(new KeyboardEvent(kind, { key, bubbles: true, cancelable: true }));
}

function drag(slider: HTMLInputElement, position: number): void {
  slider.value = String(position);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}

describe("parameter panel", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => {
    vi.useRealTimers();
    document.body.replaceChildren();
  });

  it("sends a typed number in SI as a final value", () => {
    const { model, el } = mount();
    const number = byTestId<HTMLInputElement>(el, "number:q0.frequency");
    expect(number.value).toBe("5");
    type(number, "5.25");
    press(number, "Enter");
    expect(model.sent).toMatchObject([{ kind: "set", path: "q0.frequency", value: 5.25e9, final: true }]);
  });

  it("sends a drag one request at a time and ends it with a final value", () => {
    const { model, el, root } = mount();
    const slider = byTestId<HTMLInputElement>(el, "slider:q0.frequency");
    for (const position of [510, 520, 530]) drag(slider, position);
    expect(model.sent).toHaveLength(1);
    model.acknowledge();
    expect(root.dataset.request).toBe(String(model.sent[0]?.request));
    expect(model.sent.map((message) => message.value)).toEqual([5.02e9, 5.06e9]);
    slider.dispatchEvent(new Event("change", { bubbles: true }));
    model.acknowledge();
    expect(model.sent.at(-1)).toMatchObject({ value: 5.06e9, final: true });
    expect(byTestId<HTMLInputElement>(el, "number:q0.frequency").value).toBe("5.06");
  });

  it("covers less with a smaller span, and stays in place while the value is well inside", async () => {
    const { model, el } = mount();
    const slider = byTestId<HTMLInputElement>(el, "slider:q0.frequency");
    const span = byTestId<HTMLSelectElement>(el, "span");
    span.value = "0.1";
    span.dispatchEvent(new Event("change"));
    drag(slider, 600);
    slider.dispatchEvent(new Event("change", { bubbles: true }));
    expect(model.sent[0]).toMatchObject({ value: 5.02e9, final: false });
    model.acknowledge();
    model.acknowledge();
    model.put("rows", model.traits.rows.map((each) => ({ ...each, value: 5.02e9 })));
    await nextFrame();
    expect(slider.value).toBe("600");
    model.put("rows", model.traits.rows.map((each) => ({ ...each, value: 5.5e9 })));
    await nextFrame();
    expect(slider.value).toBe("500");
  });

  it("counts a held arrow key as one change", () => {
    const { model, el } = mount();
    const slider = byTestId<HTMLInputElement>(el, "slider:q0.frequency");
    for (const position of [501, 502]) {
      press(slider, "ArrowRight");
      drag(slider, position);
      slider.dispatchEvent(new Event("change", { bubbles: true }));
      model.acknowledge();
    }
    press(slider, "ArrowRight", "keyup");
    expect(model.sent.map((message) => message.final)).toEqual([false, false, true]);
  });

  it("shows an error, restores the value and goes on", () => {
    const { model, el } = mount();
    const number = byTestId<HTMLInputElement>(el, "number:q0.frequency");
    type(number, "9");
    press(number, "Enter");
    model.acknowledge("`value` lies above 6 GHz.");
    expect(byTestId(el, "notice").textContent).toBe("`value` lies above 6 GHz.");
    expect(number.value).toBe("5");
    type(number, "5.5");
    press(number, "Enter");
    expect(model.sent).toHaveLength(2);
    model.acknowledge();
    expect(byTestId(el, "notice").hidden).toBe(true);
  });

  it("lives on when the kernel never answers", () => {
    const { model, el } = mount();
    const slider = byTestId<HTMLInputElement>(el, "slider:q0.frequency");
    drag(slider, 510);
    drag(slider, 520);
    vi.advanceTimersByTime(10_000);
    expect(model.sent).toHaveLength(2);
    expect(byTestId(el, "notice").textContent).toContain("not answered");
  });

  it("refuses what is no number without asking the kernel", () => {
    const { model, el } = mount();
    const number = byTestId<HTMLInputElement>(el, "number:q0.frequency");
    type(number, "five");
    press(number, "Enter");
    expect(model.sent).toHaveLength(0);
    expect(number.getAttribute("aria-invalid")).toBe("true");
    press(number, "Escape");
    expect(number.value).toBe("5");
  });

  it("takes new rows without losing the focused box or what is typed in it", async () => {
    const { model, el } = mount();
    const number = byTestId<HTMLInputElement>(el, "number:q0.frequency");
    const other = byTestId<HTMLInputElement>(el, "number:q1.frequency");
    type(number, "5.1");
    model.put("rows", model.traits.rows.map((each) => ({ ...each, value: 4.5e9, stderr: 1e6, changed: true })));
    await nextFrame();
    expect(document.activeElement).toBe(number);
    expect(byTestId(el, "number:q0.frequency")).toBe(number);
    expect(number.value).toBe("5.1");
    expect(other.value).toBe("4.5");
    expect(byTestId(el, "parameter:q1.frequency").textContent).toContain("± 0.0010");
    expect(byTestId<HTMLButtonElement>(el, "reset").disabled).toBe(false);
  });

  it("keeps a value that is on its way when rows of before arrive", async () => {
    const { model, el } = mount();
    const slider = byTestId<HTMLInputElement>(el, "slider:q0.frequency");
    drag(slider, 600);
    slider.dispatchEvent(new Event("change", { bubbles: true }));
    model.put("rows", [...model.traits.rows]);
    await nextFrame();
    expect(slider.value).toBe("600");
  });

  it("returns to the value of Python when a final value changed nothing there", () => {
    const { model, el } = mount();
    const number = byTestId<HTMLInputElement>(el, "number:q0.frequency");
    type(number, "5.7");
    press(number, "Enter");
    model.acknowledge();
    expect(number.value).toBe("5.7");
    vi.advanceTimersByTime(300);
    expect(number.value).toBe("5");
  });

  it("frees a parameter and takes back the tick when that is refused", () => {
    const { model, el } = mount();
    const free = byTestId<HTMLInputElement>(el, "free:q0.frequency");
    free.click();
    expect(model.sent[0]).toMatchObject({ kind: "free", paths: ["q0.frequency"], free: true });
    model.acknowledge("no");
    expect(free.checked).toBe(false);
  });

  it("offers undo, redo and reset only where there is something to do", () => {
    const { model, el } = mount();
    const undo = byTestId<HTMLButtonElement>(el, "undo");
    const redo = byTestId<HTMLButtonElement>(el, "redo");
    expect([undo.disabled, redo.disabled, byTestId<HTMLButtonElement>(el, "reset").disabled]).toEqual([true, true, true]);
    model.put("history", { can_undo: true, can_redo: false });
    expect([undo.disabled, redo.disabled]).toEqual([false, true]);
    undo.click();
    expect(model.sent[0]).toMatchObject({ kind: "undo" });
  });

  it("begins with the groups folded of which nothing is learned, and leaves them to the user after that", () => {
    const { model, el } = mount();
    const open = (name: string) => byTestId(el, `group:${name}`).getAttribute("aria-expanded");
    expect([open("q0"), open("q1")]).toEqual(["true", "false"]);
    model.put("rows", [row("q0.frequency"), row("q0.coupling"), row("q1.frequency", { free: true })]);
    expect([open("q0"), open("q1")]).toEqual(["true", "false"]);
    const { el: fixed } = mount([row("q0.frequency"), row("q1.frequency")]);
    expect(byTestId(fixed, "group:q1").getAttribute("aria-expanded")).toBe("true");
  });

  it("filters by words and by what is free, also in folded groups", () => {
    const { el } = mount();
    const visible = () =>
      [...el.querySelectorAll<HTMLElement>(".qx-row")].filter((each) => !each.closest("[hidden]")).map((each) => each.dataset.testid);
    expect(visible()).toEqual(["parameter:q0.frequency", "parameter:q0.coupling"]);
    byTestId(el, "group:q0").click();
    expect(visible()).toEqual([]);
    byTestId(el, "group:q1").click();
    expect(visible()).toEqual(["parameter:q1.frequency"]);
    type(byTestId<HTMLInputElement>(el, "search"), "q0 coup");
    expect(visible()).toEqual(["parameter:q0.coupling"]);
    type(byTestId<HTMLInputElement>(el, "search"), "frequency");
    byTestId<HTMLInputElement>(el, "only-free").click();
    expect(visible()).toEqual([]);
  });

  it("reports the state and suppresses the shortcuts of the notebook", () => {
    const { model, root, el } = mount();
    expect(root.dataset.lmSuppressShortcuts).toBe("true");
    for (const id of ["slider:q0.frequency", "free:q0.frequency", "undo"]) {
      expect(byTestId(el, id).dataset.lmSuppressShortcuts).toBe("true");
    }
    model.put("state", "compiling");
    expect(root.dataset.state).toBe("compiling");
  });

  it("leaves nothing behind", () => {
    const { model, el, cleanUp } = mount();
    cleanUp();
    expect(model.listening).toBe(0);
    expect(el.children).toHaveLength(0);
  });

  describe("with more than a hundred parameters", () => {
    const groups = ["q0", "q1", "drive_q0", "drive_q1", "flux_q0", "flux_q1", "readout_q0"];
    const many = groups.flatMap((group) =>
      Array.from({ length: 20 }, (_, k) => row(`${group}.stage${k}`, { label: `number ${k}`, display_unit: k ? "GHz" : "ns" })),
    );

    const visible = (el: Element) =>
      [...el.querySelectorAll<HTMLElement>(".qx-row")].filter((element) => !element.closest("[hidden]")).length;

    it("opens the first group only, and every group that has something to learn", () => {
      expect(visible(mount(many).el)).toBe(20);
      const freed = many.map((one) => (one.path === "flux_q1.stage3" ? { ...one, free: true } : one));
      const { el } = mount(freed);
      expect(byTestId(el, "group:flux_q1").getAttribute("aria-expanded")).toBe("true");
      expect(byTestId(el, "group:q0").getAttribute("aria-expanded")).toBe("false");
    });

    it("searches all groups by path, words and unit, and counts what it shows", () => {
      const { el } = mount(many);
      const search = byTestId<HTMLInputElement>(el, "search");
      expect(byTestId(el, "total").textContent).toBe("0 of 140 free");
      type(search, "flux stage7");
      expect(visible(el)).toBe(2);
      expect(byTestId(el, "total").textContent).toBe("2 of 140 shown, 0 free");
      type(search, "ns q0");
      expect(byTestId(el, "total").textContent).toBe("4 of 140 shown, 0 free");
      press(search, "Escape");
      expect(byTestId(el, "total").textContent).toBe("0 of 140 free");
    });

    it("folds a group of what is found, until something else is searched; the folds from before come back", () => {
      const { el } = mount(many);
      const search = byTestId<HTMLInputElement>(el, "search");
      const fold = byTestId(el, "group:flux_q1");
      type(search, "stage7");
      expect(visible(el)).toBe(7);
      fold.click();
      expect(visible(el)).toBe(6);
      expect(fold.getAttribute("aria-expanded")).toBe("false");
      type(search, "stage17");
      expect(visible(el)).toBe(7);
      press(search, "Escape");
      expect(visible(el)).toBe(20);
    });

    it("shows all that is free, in folded groups too", () => {
      const { model, el } = mount(many.map((one) => (one.path === "q0.stage1" ? { ...one, free: true } : one)));
      model.put("rows", many.map((one) => (one.path.endsWith("q1.stage1") ? { ...one, free: true } : one)));
      return nextFrame().then(() => {
        byTestId<HTMLInputElement>(el, "only-free").click();
        expect(byTestId(el, "total").textContent).toBe(`${visible(el)} of 140 shown, 3 free`);
        expect(visible(el)).toBe(3);
      });
    });

    it("keeps the row that someone is at, whatever the filter", () => {
      const { model, el } = mount(many.map((one) => (one.path === "q0.stage1" ? { ...one, free: true } : one)));
      const onlyFree = byTestId<HTMLInputElement>(el, "only-free");
      onlyFree.click();
      expect(visible(el)).toBe(1);
      const box = byTestId<HTMLInputElement>(el, "free:q0.stage1");
      box.focus();
      model.put("rows", many);
      vi.runAllTimers();
      expect(byTestId(el, "parameter:q0.stage1").hidden).toBe(false);
    });

    it("lets that row go when the focus leaves it, but not under a click", () => {
      const { model, el } = mount(many.map((one) => (one.path === "q0.stage1" ? { ...one, free: true } : one)));
      byTestId<HTMLInputElement>(el, "only-free").click();
      const kept = byTestId(el, "parameter:q0.stage1");
      byTestId<HTMLInputElement>(el, "free:q0.stage1").focus();
      model.put("rows", many);
      return nextFrame().then(() => {
        byTestId<HTMLInputElement>(el, "number:q0.stage1").focus();
        vi.runAllTimers();
        expect(kept.hidden).toBe(false);
        const list = el.querySelector(".qx-list") as HTMLElement;
        list.dispatchEvent(new Event("pointerdown", { bubbles: true }));
        byTestId<HTMLInputElement>(el, "search").focus();
        vi.runAllTimers();
        expect(kept.hidden).toBe(false);
        document.dispatchEvent(new Event("pointerup"));
        vi.runAllTimers();
        expect(kept.hidden).toBe(true);
        expect(byTestId(el, "total").textContent).toBe("0 of 140 shown, 0 free");
      });
    });

    it("frees and holds a group, or what the search shows of it", () => {
      const { model, el } = mount(many.map((one) => (one.path === "q0.stage1" ? { ...one, free: true } : one)));
      const all = byTestId<HTMLInputElement>(el, "free-group:q0");
      expect([all.checked, all.indeterminate]).toEqual([false, true]);
      all.click();
      const paths = many.filter((one) => one.group === "q0").map((one) => one.path);
      expect(model.sent.at(-1)).toMatchObject({ kind: "free", paths, free: true });
      model.acknowledge("");
      model.put("rows", many.map((one) => (one.group === "q0" ? { ...one, free: true } : one)));
      return nextFrame().then(() => {
        expect([all.checked, all.indeterminate]).toEqual([true, false]);
        type(byTestId<HTMLInputElement>(el, "search"), "q0 stage17");
        expect(all.getAttribute("aria-label")).toContain("the 1 shown of q0");
        all.click();
        expect(model.sent.at(-1)).toMatchObject({ kind: "free", paths: ["q0.stage17"], free: false });
        model.acknowledge("the run that goes on would be left with no free parameter");
        expect([all.checked, byTestId(el, "notice").textContent?.slice(0, 7)]).toEqual([true, "the run"]);
      });
    });

    it("keeps folds, search and span for a view that is made anew", () => {
      const first = mount(many);
      byTestId(first.el, "group:flux_q1").click();
      byTestId(first.el, "group:q0").click();
      type(byTestId<HTMLInputElement>(first.el, "search"), "stage7");
      byTestId<HTMLInputElement>(first.el, "only-free").click();
      const { look } = first.model.traits;
      expect(look).toMatchObject({ query: "stage7", only_free: true, span: 1, folds: { flux_q1: false, q0: true } });
      first.cleanUp();
      const { el } = mount(many, look);
      expect(byTestId<HTMLInputElement>(el, "search").value).toBe("stage7");
      byTestId<HTMLInputElement>(el, "only-free").click();
      press(byTestId(el, "search"), "Escape");
      expect(byTestId(el, "group:flux_q1").getAttribute("aria-expanded")).toBe("true");
      expect(byTestId(el, "group:q0").getAttribute("aria-expanded")).toBe("false");
    });

    it("writes nothing into rows that did not change", () => {
      const { model, el } = mount(many);
      const written: MutationRecord[] = [];
      const observer = new MutationObserver((records) => written.push(...records));
      observer.observe(el, { subtree: true, childList: true, attributes: true, characterData: true });
      model.put("rows", many.map((one) => (one.path === "q0.stage1" ? { ...one, value: 5.1e9 } : { ...one })));
      return nextFrame().then(() => {
        written.push(...observer.takeRecords());
        const rows = new Set(written.map((record) => (record.target as Element).closest?.(".qx-row")).filter(Boolean));
        expect(rows.size).toBeLessThanOrEqual(1);
        expect(written.length).toBeLessThan(10);
      });
    });
  });
});
