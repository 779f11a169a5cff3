import { afterEach, describe, expect, it } from "vitest";
import examination from "../src/examination/index";
import type { ExaminationTraits } from "../src/examination/types";
import { byTestId, FakeModel } from "./fake_model";

function mount() {
  const model = new FakeModel<ExaminationTraits>({ state: "idle", status: "", head: "", rows: [], findings: [], level: 0 });
  const el = document.createElement("div");
  document.body.append(el);
  const cleanUp = examination.render({ model: model.asModel, el });
  return { model, el, cleanUp };
}

const texts = (el: Element, id: string) => [...byTestId(el, id).children].map((cell) => cell.textContent);

describe("examination", () => {
  afterEach(() => void document.body.replaceChildren());

  it("says what it is for, asks, and shows that it is at work", () => {
    const { model, el, cleanUp } = mount();
    expect(byTestId(el, "worth-status").textContent).toMatch(/^Learn, then examine/);
    expect(byTestId(el, "worth-table").parentElement?.hidden).toBe(true);
    byTestId(el, "examine").click();
    expect(model.sent.at(-1)?.kind).toBe("start");
    model.acknowledge("there is no fit to examine. Learn first.");
    expect(byTestId(el, "notice").textContent).toMatch(/no fit/);
    model.put("state", "examining");
    expect(byTestId<HTMLButtonElement>(el, "examine").disabled).toBe(true);
    cleanUp();
    expect(model.listening).toBe(0);
    expect(el.children).toHaveLength(0);
  });

  it("gives no number for what was not learned", () => {
    const { model, el } = mount();
    model.put("level", 0.95);
    model.put("head", "1 of 2 parameters learned");
    model.put("rows", [
      { path: "q0.t1", label: "relaxation", number: "30(1) µs", range: "28 to 32 µs", verdict: "learned", ratio: 0.05 },
      { path: "q0.t_phi", label: "dephasing", number: "", range: "10 µs to 1 ms", verdict: "not learned", ratio: 0.98 },
    ]);
    model.put("state", "done");
    expect(texts(el, "estimate:q0.t1")).toEqual(["relaxation q0.t1", "30(1) µs28 to 32 µs", "learned", "0.05"]);
    expect(texts(el, "estimate:q0.t_phi").slice(1)).toEqual(["–10 µs to 1 ms (before)", "not learned", "0.98"]);
    expect(byTestId(el, "worth-table").querySelectorAll("th")[1]?.textContent).toBe("learned value, 95 % interval");
    expect(byTestId(el, "worth-status").textContent).toBe("1 of 2 parameters learned");
  });

  it("sets lines that belong to another below it, and what went wrong apart", () => {
    const { model, el } = mount();
    model.put("findings", ["0 of 1 experiments explained", "  ramsey: not explained\n    long runs"]);
    const lines = [...byTestId(el, "findings").children];
    expect(lines.map((line) => [line.textContent, line.classList.contains("qx-below")])).toEqual([
      ["0 of 1 experiments explained", false], ["ramsey: not explained", true], ["long runs", true],
    ]);
    model.put("status", "the covariance is not finite");
    model.put("state", "error");
    expect(byTestId(el, "worth-status").classList.contains("qx-error")).toBe(true);
  });
});
