import { afterEach, describe, expect, it, vi } from "vitest";
import { heatmapLayout } from "../src/data_view/heatmap";
import view from "../src/data_view/index";
import { cellDomain, cellIndices, paintCells } from "../src/data_view/raster";
import type { CurveFrame, HeatmapFrame, ViewTraits } from "../src/data_view/types";
import { SEQUENTIAL_TABLE } from "../src/shared/colormap";
import { byTestId, FakeModel, nextFrame, oddBuffer } from "./fake_model";

const CURVE: CurveFrame = {
  kind: "curve", title: "Ramsey", series: ["D1", "D2"], x: { label: "delay", unit: "µs", factor: 1e-6 },
  y: { label: "population", unit: "1", factor: 1 }, x_values: [0, 1e-6, 2e-6],
};
const HEATMAP: HeatmapFrame = {
  kind: "heatmap", title: "chevron", series: ["D1"], x: { label: "duration", unit: "ns", factor: 1e-9 },
  y: { label: "flux amplitude", unit: "V", factor: 1 }, z: { label: "population", unit: "1", factor: 1 },
  x_values: [1e-9, 2e-9, 3e-9], y_values: [0.1, 0.2],
};

function mount(frame: ViewTraits["frame"], names: string[] = ["ramsey"]) {
  const model = new FakeModel<ViewTraits>({
    frame, names, shown: names[0] as string, summary: "", state: "idle", notice: "", selected: 0,
  });
  const el = document.createElement("div");
  document.body.append(el);
  const cleanUp = view.render({ model: model.asModel, el });
  return { model, el, cleanUp, root: byTestId(el, "data-view") };
}

describe("data view", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    document.body.replaceChildren();
  });

  it("asks for its numbers when it is shown", () => {
    const { model } = mount(CURVE);
    expect(model.sent).toMatchObject([{ kind: "ready", request: expect.any(Number) }]);
  });

  it("draws points, error bars, model and residual, and then tells which request it shows", async () => {
    const { model, el, root } = mount(CURVE);
    model.message({ kind: "data", error_bars: true }, [oddBuffer([0, 0.5, 1, 1, 1, 1]), oddBuffer(Array(6).fill(0.1))]);
    model.message({ kind: "model", request: 12, summary: "chi2/dof 1.1" }, [oddBuffer([0, 0.4, 1, 0, 0, 0])]);
    expect(root.dataset.request).toBe("0");
    await nextFrame();
    expect(root.dataset.request).toBe("12");
    expect(byTestId(el, "summary").textContent).toBe("chi2/dof 1.1");
    model.message({ kind: "model", request: 0, summary: "" }, [oddBuffer([0, 0.3, 1, 0, 0, 0])]);
    await nextFrame();
    expect(root.dataset.request).toBe("12");
    expect(byTestId(el, "model-path").getAttribute("d")).toMatch(/^M[\d.]+ [\d.]+L/);
    for (const id of ["data-path", "error-bars", "residual-path"]) {
      expect(byTestId(el, id).getAttribute("d")?.match(/M/g)).toHaveLength(3);
    }
    expect(el.textContent).toContain("delay (µs)");
  });

  it("draws how sure the twin is where that is known, and no longer once it is not", async () => {
    const { model, el } = mount(CURVE);
    model.message({ kind: "data", error_bars: false }, [oddBuffer([0, 0.5, 1, 1, 1, 1])]);
    const ends = [[-0.1, Number.NaN, 0.9, 0, 0, 0], [0.1, 0.5, 1.1, 0, 0, 0]].map(oddBuffer);
    model.message({ kind: "model", request: 1, level: 0.95 }, [oddBuffer([0, 0.4, 1, 0, 0, 0]), ...ends]);
    await nextFrame();
    // two stretches, apart where nothing was measured
    expect(byTestId(el, "band-path").getAttribute("d")?.match(/Z/g)).toHaveLength(2);
    expect(el.querySelector(".qx-legend")?.textContent).toContain("95 %");
    model.message({ kind: "model", request: 2, level: 0 }, [oddBuffer([0, 0.4, 1, 0, 0, 0])]);
    await nextFrame();
    expect(byTestId(el, "band-path").getAttribute("d")).toBe("");
    expect(el.querySelector(".qx-legend")?.textContent).not.toContain("%");
  });

  it("shows the series that is chosen and tells the Python side", async () => {
    const { model, el } = mount(CURVE);
    model.message({ kind: "data", error_bars: false }, [oddBuffer([0, 0.5, 1, 1, 1, 1])]);
    model.message({ kind: "model", request: 3, summary: "" }, [oddBuffer([0, 0.5, 1, 1, 0.5, 1])]);
    await nextFrame();
    const before = byTestId(el, "model-path").getAttribute("d");
    byTestId(el, "series:D2").click();
    await nextFrame();
    expect(model.traits.selected).toBe(1);
    expect(model.saved).toBe(1);
    expect(byTestId(el, "series:D2").getAttribute("aria-selected")).toBe("true");
    expect(byTestId(el, "model-path").getAttribute("d")).not.toBe(before);
  });

  it("asks for the dataset that is chosen, and shows nothing of the one before under its name", async () => {
    const { model, el } = mount(CURVE, ["ramsey", "chevron"]);
    model.message({ kind: "data", error_bars: false }, [oddBuffer([0, 0.5, 1, 1, 1, 1])]);
    model.message({ kind: "model", request: 3, summary: "" }, [oddBuffer([0, 0.5, 1, 1, 0.5, 1])]);
    await nextFrame();
    const picker = byTestId(el, "dataset") as HTMLSelectElement;
    expect([...picker.options].map((one) => one.text)).toEqual(["ramsey", "chevron"]);
    picker.value = "chevron";
    picker.dispatchEvent(new Event("change"));
    expect(model.sent.at(-1)).toMatchObject({ kind: "show", name: "chevron", request: expect.any(Number) });
    model.message({ kind: "data", error_bars: false }, [oddBuffer([1, 0.5, 1, 0, 0, 0])]);
    await nextFrame();
    expect(byTestId(el, "model-path").getAttribute("d")).toBe("");
    model.put("shown", "chevron");
    expect(picker.value).toBe("chevron");
  });

  it("goes back to what is shown where a choice is refused", () => {
    const { model, el } = mount(CURVE, ["ramsey", "chevron"]);
    const picker = byTestId(el, "dataset") as HTMLSelectElement;
    picker.value = "chevron";
    picker.dispatchEvent(new Event("change"));
    const request = (model.sent.at(-1) as { request: number }).request;
    model.message({ kind: "ack", request, error: "there is none" }, []);
    expect(picker.value).toBe("ramsey");
  });

  it("has no choice of datasets where there is one", () => {
    const { el } = mount(CURVE);
    expect(byTestId(el, "dataset").hidden).toBe(true);
  });

  it("paints numbers that came before their frame, and none of a wrong size", async () => {
    const { model, el, root } = mount({});
    model.message({ kind: "data", error_bars: false }, [oddBuffer([0, 1, 2, 3, 4, 5])]);
    model.message({ kind: "model", request: 5, summary: "" }, [oddBuffer([0, 1])]);
    model.put("frame", CURVE);
    await nextFrame();
    expect(byTestId(el, "data-path").getAttribute("d")).not.toBe("");
    expect(byTestId(el, "model-path").getAttribute("d")).toBe("");
    expect(root.dataset.request).toBe("0");
  });

  it("paints three maps at the pixels of the screen", async () => {
    const images: { width: number; height: number; words: Uint32Array }[] = [];
    const context = {
      createImageData: (width: number, height: number) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) }),
      putImageData: (image: { width: number; height: number; data: Uint8ClampedArray }) =>
        void images.push({ width: image.width, height: image.height, words: new Uint32Array(image.data.buffer) }),
    };
    vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(context as unknown as null);
    vi.stubGlobal("devicePixelRatio", 2);
    const { model, el, root } = mount(HEATMAP);
    model.message({ kind: "data", error_bars: false }, [oddBuffer([0, 0.2, 0.4, 0.6, 0.8, 1])]);
    model.message({ kind: "model", request: 8, summary: "" }, [oddBuffer([0, 0.2, 0.4, 0.6, 0.8, 0.9])]);
    await nextFrame();
    const box = heatmapLayout(640).boxes[0];
    for (const name of ["data", "twin", "residual"]) {
      const canvas = byTestId<HTMLCanvasElement>(el, `heatmap:${name}`);
      expect([canvas.width, canvas.height]).toEqual([2 * box.width, 2 * box.height]);
      expect(canvas.style.width).toBe(`${box.width}px`);
    }
    expect(root.dataset.request).toBe("8");
    const maps = images.slice(-3);
    expect(maps.map(({ width, height }) => [width, height])).toEqual(Array(3).fill([2 * box.width, 2 * box.height]));
    // the first value lies at the lower left, the largest at the upper right
    const data = maps[0] as (typeof maps)[number];
    expect(data.words.at(-data.width)).toBe(SEQUENTIAL_TABLE[0]);
    expect(data.words[data.width - 1]).toBe(SEQUENTIAL_TABLE[255]);
    expect(el.textContent).toContain("flux amplitude (V)");
  });

  it("reads values with the arrow keys", async () => {
    const { model, el } = mount(HEATMAP);
    model.message({ kind: "data", error_bars: false }, [oddBuffer([0, 0.2, 0.4, 0.6, 0.8, 1])]);
    await nextFrame();
    const canvas = byTestId(el, "heatmap:data");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowUp"]) {
      canvas.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
    await nextFrame();
    expect(byTestId(el, "readout").textContent).toContain("duration 2 ns   flux amplitude 0.2 V   data 0.8");
  });

  it("shows what went wrong", () => {
    const { model, el, root } = mount(CURVE);
    model.put("state", "error");
    model.put("notice", "The twin has no such qubit.");
    expect(root.dataset.state).toBe("error");
    expect(byTestId(el, "notice").textContent).toBe("The twin has no such qubit.");
  });

  it("leaves nothing behind", () => {
    const { model, el, cleanUp } = mount(HEATMAP);
    cleanUp();
    expect(model.listening).toBe(0);
    expect(el.children).toHaveLength(0);
  });
});

describe("cells", () => {
  it("are as wide as the gaps of an uneven axis", () => {
    expect(cellDomain([0, 1, 3])).toEqual([-0.5, 4]);
    const indices = [...cellIndices([0, 1, 3], 9)];
    expect(indices).toEqual([0, 0, 1, 1, 1, 2, 2, 2, 2]);
    expect([...cellIndices([3, 1, 0], 9)]).toEqual(indices.map((index) => 2 - index));
    expect([...cellIndices([0, 1], 4, true)]).toEqual([1, 1, 0, 0]);
  });

  it("without a number are gray", () => {
    const grid = { rows: cellIndices([0], 1), columns: cellIndices([0, 1], 2), width: 2 };
    const words = new Uint32Array(2);
    paintCells(words, [Number.NaN, 1], grid, SEQUENTIAL_TABLE, [0, 1]);
    expect([...words]).toEqual([SEQUENTIAL_TABLE[256], SEQUENTIAL_TABLE[255]]);
  });
});
