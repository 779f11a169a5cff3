import { afterEach, describe, expect, it } from "vitest";
import race from "../src/race/index";
import type { RaceTraits } from "../src/race/types";
import { byTestId, FakeModel, nextFrame, oddBuffer } from "./fake_model";

const LINES = [{ method: "levenberg-marquardt", label: "Levenberg-Marquardt" }, { method: "cma-es", label: "CMA-ES" }];

function mount() {
  const model = new FakeModel<RaceTraits>({ state: "idle", status: "", lines: LINES, axis: "evaluations", level: 0, rows: [] });
  const el = document.createElement("div");
  document.body.append(el);
  const cleanUp = race.render({ model: model.asModel, el });
  return { model, el, cleanUp };
}

const path = (el: Element, i: number) => byTestId(el, `race-path-${i}`).getAttribute("d") ?? "";

describe("race", () => {
  afterEach(() => void document.body.replaceChildren());

  it("draws each method as it comes, against evaluations or seconds", async () => {
    const { model, el } = mount();
    model.put("state", "running");
    model.message({ kind: "laps", whole: false }, [oddBuffer([0, 1, 0.01, 100, 0, 2, 0.5, 10])]);
    model.message({ kind: "laps", whole: false }, [oddBuffer([1, 1, 0.01, 100, 1, 8, 0.02, 50, 1, 15, 0.03, 10])]);
    await nextFrame();
    expect([path(el, 0), path(el, 1)].map((d) => d.match(/[ML]/g)?.length)).toEqual([2, 3]);
    const end = (i: number) => Number(/L([\d.]+) [\d.]+$/.exec(path(el, i))?.[1]);
    expect(end(0)).toBeLessThan(end(1));
    const axis = byTestId<HTMLSelectElement>(el, "race-axis");
    axis.value = "seconds";
    axis.dispatchEvent(new Event("change"));
    await nextFrame();
    expect(model.traits.axis).toBe("seconds");
    expect(end(0)).toBeGreaterThan(end(1));
    model.message({ kind: "laps", whole: true }, [oddBuffer([0, 1, 0.01, 100])]);
    await nextFrame();
    expect(path(el, 1)).toBe("");
  });

  it("shows the ratios at the end, and a bound where a method never came there", async () => {
    const { model, el } = mount();
    expect(byTestId(el, "race-table").hidden).toBe(true);
    model.put("rows", [
      { label: "Levenberg-Marquardt", evaluations: 5, seconds: 0.25, ratio_evaluations: 1, ratio_seconds: 1, loss: 2.5, status: "converged" },
      { label: "CMA-ES", evaluations: null, seconds: null, ratio_evaluations: 56.31, ratio_seconds: 12, loss: 9, status: "time box reached" },
    ]);
    const texts = [...byTestId(el, "race-table").querySelectorAll("tbody tr")].map((row) =>
      [...row.children].map((cell) => cell.textContent));
    expect(texts[0]).toEqual(["Levenberg-Marquardt", "5", "1 ×", "0.25 s", "1 ×", "2.5", "converged"]);
    expect(texts[1]).toEqual(["CMA-ES", "not reached", "> 56.3 ×", "not reached", "> 12 ×", "9", "time box reached"]);
  });

  it("sends its commands, shows refusals, and leaves nothing behind", () => {
    const { model, el, cleanUp } = mount();
    byTestId(el, "race-start").click();
    model.put("state", "running");
    byTestId(el, "race-pause").click();
    model.put("state", "paused");
    byTestId(el, "race-pause").click();
    byTestId(el, "race-stop").click();
    expect(model.sent.map(({ kind }) => kind)).toEqual(["ready", "start", "pause", "resume", "stop"]);
    model.acknowledge("a run is running");
    expect(byTestId(el, "notice").textContent).toBe("a run is running");
    cleanUp();
    expect(model.listening).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});
