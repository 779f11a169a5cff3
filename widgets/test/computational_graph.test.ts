import { afterEach, describe, expect, it } from "vitest";
import { places, related, sentence } from "../src/computational_graph/drawing";
import graph from "../src/computational_graph/index";
import type { GraphNode, GraphTraits, Numbers } from "../src/computational_graph/types";
import { byTestId, FakeModel, nextFrame } from "./fake_model";

// sin(x y) + x
const NODES: GraphNode[] = [
  { symbol: "x", parents: [], layer: 0, row: -0.5, routes: [] },
  { symbol: "y", parents: [], layer: 0, row: 0.5, routes: [] },
  { symbol: "×", parents: [0, 1], layer: 1, row: 0, routes: [[], []] },
  { symbol: "sin", parents: [2], layer: 2, row: 0, routes: [[]] },
  { symbol: "+", parents: [3, 0], layer: 3, row: 0, routes: [[], [-1, -1]] },
];
const NUMBERS: Numbers = {
  values: [0.5, 2, 1, 0.8415, 1.3415],
  gradients: [2.0806, 0.2702, 0.5403, 1, 1],
  slopes: [[], [], [2, 0.5], [0.5403], [1, 1]],
};

function mount() {
  const traits: GraphTraits = {
    nodes: NODES, sliders: [{ name: "x", low: 0, high: 1 }, { name: "y", low: -4, high: 4 }], numbers: NUMBERS,
  };
  const model = new FakeModel(traits);
  const el = document.createElement("div");
  document.body.append(el);
  return { model, el, cleanUp: graph.render({ model: model.asModel, el }) };
}

describe("computational graph", () => {
  afterEach(() => document.body.replaceChildren());

  it("draws every node with its sign, value and gradient, and every edge", () => {
    const { el } = mount();
    const texts = [...byTestId(el, "node:2").querySelectorAll("text")].map((text) => text.textContent);
    expect(texts).toEqual(["×", "1", "0.5403"]);
    expect(el.querySelectorAll(".qx-node")).toHaveLength(5);
    expect(el.querySelectorAll(".qx-edge")).toHaveLength(5);
    expect(el.querySelectorAll("tbody tr")).toHaveLength(5);
    expect(byTestId(el, "node:4").classList.contains("qx-result")).toBe(true);
  });

  it("places layers from left to right and boxes without overlap", () => {
    const { at, width, height } = places(NODES);
    expect(at.map((place) => place.x)).toEqual([...at.map((place) => place.x)].sort((a, b) => a - b));
    expect((at[1]?.y ?? 0) - (at[0]?.y ?? 0)).toBeGreaterThan(50);
    for (const place of at) {
      expect(place.x).toBeLessThan(width);
      expect(place.y).toBeLessThan(height);
    }
  });

  it("asks for one move at a time and shows what comes back", async () => {
    const { model, el } = mount();
    const slider = byTestId<HTMLInputElement>(el, "slider:y");
    for (const position of ["600", "700", "750"]) {
      slider.value = position;
      slider.dispatchEvent(new Event("input", { bubbles: true }));
    }
    expect(model.sent).toMatchObject([{ kind: "set", name: "y", value: expect.closeTo(0.8) }]);
    model.acknowledge();
    expect(model.sent).toHaveLength(2);
    expect(model.sent[1]).toMatchObject({ kind: "set", name: "y", value: 2 });
    model.put("numbers", { ...NUMBERS, values: [0.5, 2, 7, 8, 9] });
    await nextFrame();
    expect(byTestId(el, "node:2").querySelector(".qx-value")?.textContent).toBe("7");
  });

  it("tells how a gradient is collected and fades what has no part in it", () => {
    const { el } = mount();
    byTestId(el, "node:0").dispatchEvent(new Event("click"));
    expect(byTestId(el, "words").textContent).toContain("collected as 0.5403 × 2 + 1 × 1");
    expect(related(NODES, 1)).toEqual(new Set([1, 2, 3, 4]));
    byTestId(el, "node:1").dispatchEvent(new Event("focus"));
    expect(byTestId(el, "node:0").classList.contains("qx-far")).toBe(true);
    expect(sentence(NODES, NUMBERS, 4)).toContain("this is the result");
    expect(sentence(NODES, NUMBERS, 4)).toContain("node 4 + node 1");
    el.querySelector(".qx")?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(byTestId(el, "node:0").classList.contains("qx-far")).toBe(false);
  });

  it("shows the words of an error and leaves nothing behind", () => {
    const { model, el, cleanUp } = mount();
    const slider = byTestId<HTMLInputElement>(el, "slider:x");
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    model.acknowledge("no such name");
    expect(byTestId(el, "notice").textContent).toBe("no such name");
    cleanUp();
    expect(model.listening).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});
