import { describe, expect, it } from "vitest";
import { colorIndex, DIVERGING_TABLE, SEQUENTIAL_TABLE } from "../src/shared/colormap";
import { floats } from "../src/shared/message";
import { axisTitle, formatError, formatNumber, formatQuantity, meaningfulDigits, parseQuantity } from "../src/shared/quantity";
import {
  createScale, extent, focused, linearTicks, logTickLabels, logTicks, niceCeiling, niceDomain, SLIDER_STEPS, sliderPosition,
  sliderValue, tickLabels, zoomed,
} from "../src/shared/scale";
import { bandPath, barsPath, dotsPath, linePath, thinned } from "../src/shared/svg";
import { oddBuffer } from "./fake_model";

const GIGAHERTZ = { unit: "Hz", display_unit: "GHz", factor: 1e9 };

describe("quantities", () => {
  it("are shown in the display unit without digits of chance", () => {
    expect(formatQuantity(5.0123456e9, 1e9, "GHz", 7)).toBe("5.012346 GHz");
    expect(formatQuantity(0.25, 1, "1")).toBe("0.25");
    expect(formatNumber(0.1 + 0.2)).toBe("0.3");
    expect(formatNumber(1.5e-7)).toBe("1.5e-7");
    expect(formatNumber(Number.NaN)).toBe("nan");
  });

  it("show errors with two digits and nothing where there is none", () => {
    const megahertz = { unit: "Hz", factor: 1e6 };
    expect(formatError(1.234e5, megahertz)).toBe("± 0.12");
    expect(formatError(8e-7, { unit: "s", factor: 1e-6 })).toBe("± 0.80");
    expect(formatError(123.4, { unit: "1", factor: 1 })).toBe("± 120");
    expect(formatError(null, megahertz)).toBe("");
  });

  it("show an error that is far smaller or larger than the value with its own prefix", () => {
    expect(formatError(112, { unit: "Hz", factor: 1e9 })).toBe("± 110 Hz");
    expect(formatError(3.6e-8, { unit: "s", factor: 1e-12 })).toBe("± 36 ns");
    expect(formatError(2.5e3, { unit: "Hz/V", factor: 1e8 })).toBe("± 2.5 kHz/V");
    expect(formatError(1e-6, { unit: "1", factor: 1 })).toBe("± 1e-6");
  });

  it("have as many digits as their error leaves meaning to", () => {
    expect(formatNumber(5.00031812e9 / 1e9, meaningfulDigits(5.00031812e9, 3.2e5))).toBe("5.00032");
    expect(formatNumber(0.20452, meaningfulDigits(0.20452, 1.0))).toBe("0.2");
    expect(meaningfulDigits(1, 1e-30)).toBe(10);
    expect(meaningfulDigits(5e9, null)).toBe(8);
    expect(meaningfulDigits(0, 1)).toBe(8);
  });

  it("are read in the display unit, the base unit or with another prefix", () => {
    expect(parseQuantity("5.1", GIGAHERTZ)).toBeCloseTo(5.1e9, 3);
    expect(parseQuantity("5,1 GHz", GIGAHERTZ)).toBeCloseTo(5.1e9, 3);
    expect(parseQuantity("5100 MHz", GIGAHERTZ)).toBeCloseTo(5.1e9, 3);
    expect(parseQuantity("51e8 Hz", GIGAHERTZ)).toBe(5.1e9);
    expect(parseQuantity("−3e-1", { unit: "1", display_unit: "1", factor: 1 })).toBe(-0.3);
  });

  it("that are no numbers or have a foreign unit are refused", () => {
    for (const text of ["", "abc", "5 V", "1.2.3", "5 xHz", "1e999"]) expect(parseQuantity(text, GIGAHERTZ)).toBeNull();
  });

  it("name the unit in the title of an axis, unless it is a pure number", () => {
    expect(axisTitle({ label: "duration", unit: "ns" })).toBe("duration (ns)");
    expect(axisTitle({ label: "population", unit: "1" })).toBe("population");
  });
});

describe("sliders", () => {
  const linear = { slider_low: 4e9, slider_high: 6e9, logarithmic: false };
  const logarithmic = { slider_low: 1e-6, slider_high: 1e-3, logarithmic: true };

  it("map the ends to the ends and stay inside", () => {
    for (const range of [linear, logarithmic]) {
      expect(sliderPosition(range.slider_low, range)).toBe(0);
      expect(sliderPosition(range.slider_high, range)).toBe(SLIDER_STEPS);
      expect(sliderPosition(range.slider_high * 9, range)).toBe(SLIDER_STEPS);
      expect(sliderPosition(-1, range)).toBe(0);
      expect(sliderValue(0, range)).toBe(range.slider_low);
      expect(sliderValue(SLIDER_STEPS, range)).toBe(range.slider_high);
    }
  });

  it("return to every position they came from", () => {
    for (const range of [linear, logarithmic]) {
      for (let position = 0; position <= SLIDER_STEPS; position += 1) {
        expect(sliderPosition(sliderValue(position, range), range)).toBe(position);
      }
    }
  });

  it("give round numbers", () => {
    expect(sliderValue(500, linear)).toBe(5e9);
    expect(String(sliderValue(333, { slider_low: -1, slider_high: 1, logarithmic: false }))).toBe("-0.334");
  });

  it("zoom around a value without leaving the bounds", () => {
    expect(zoomed(linear, 5e9, 1, [4e9, 6e9])).toBe(linear);
    expect(zoomed(linear, 5e9, 0.1, [4e9, 6e9])).toMatchObject({ slider_low: 4.9e9, slider_high: 5.1e9 });
    expect(zoomed(linear, 5.99e9, 0.1, [4e9, 6e9])).toMatchObject({ slider_low: 5.89e9, slider_high: 6e9 });
    const near = zoomed(logarithmic, 1e-4, 0.1, [0, 1]);
    expect(near.slider_high / near.slider_low).toBeCloseTo(1000 ** 0.1, 9);
    expect(near.slider_high * near.slider_low).toBeCloseTo(1e-8, 15);
  });

  it("are linear where a logarithm has no meaning", () => {
    expect(sliderPosition(0, { slider_low: -1, slider_high: 1, logarithmic: true })).toBe(SLIDER_STEPS / 2);
    expect(sliderPosition(1, { slider_low: 1, slider_high: 1, logarithmic: false })).toBe(0);
  });
});

describe("ticks", () => {
  it("are multiples of 1, 2 or 5 inside the domain", () => {
    expect(linearTicks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks([181, 259], 4)).toEqual([200, 220, 240]);
    expect(tickLabels([-0.1, 0, 0.1])).toEqual(["−0.1", "0.0", "0.1"]);
    expect(tickLabels([0, 2e-7])).toEqual(["0", "2·10⁻⁷"]);
    expect(tickLabels([0.02626, 0.02628])).toEqual(["0.02626", "0.02628"]);
    expect(tickLabels([1, 1.00000002])[0]).toBe("10⁰");
  });

  it("of a logarithmic axis are powers of ten, or more where it is short", () => {
    expect(logTicks([1e-4, 1e4], 10)).toHaveLength(9);
    expect(logTicks([1, 30], 6)).toEqual([1, 2, 5, 10, 20]);
    expect(logTicks([1.1, 1.4], 5).length).toBeGreaterThanOrEqual(2);
    expect(logTicks([1e-30, 1], 6).length).toBeLessThanOrEqual(8);
    expect(logTickLabels([1e-5, 1])).toEqual(["10⁻⁵", "10⁰"]);
  });

  it("widen a domain only to the next one", () => {
    expect(niceDomain([0.03, 0.97], 5)).toEqual([0, 1]);
    expect(niceDomain([2, 2])).toEqual([1, 3]);
    expect(niceDomain(extent([]))).toEqual([0, 1]);
    expect(niceCeiling(0.11)).toBeCloseTo(0.15, 12);
    expect(niceCeiling(0)).toBe(1);
  });

  it("leave out a model that is far off, and keep one that is near", () => {
    expect(focused([0, 1], [0.2, 1.5], 1)).toEqual([0, 1.5]);
    expect(focused([0, 1], [-50, 1000], 1)).toEqual([-1, 2]);
    expect(focused([2, 3], [100, 101], 1)).toEqual([2, 4]);
    expect(focused([0, 1], [-50, 1000], 0.2)).toEqual([-0.2, 1.2]);
    expect(focused([0, 1], extent([]), 1)).toEqual([0, 1]);
    expect(focused(extent([]), [3, 4], 1)).toEqual([3, 4]);
  });

  it("lie where the scale inverts them", () => {
    const scale = createScale([1e-3, 10], [200, 0], true);
    expect(scale(1e-3)).toBe(200);
    expect(scale.invert(scale(0.4))).toBeCloseTo(0.4, 12);
  });
});

describe("buffers", () => {
  it("that start at any byte give the same numbers", () => {
    expect([...floats(oddBuffer([1, -2.5, 3]))]).toEqual([1, -2.5, 3]);
    const aligned = Float32Array.from([0, 1, 2, 3]);
    expect([...floats(new DataView(aligned.buffer, 4, 8))]).toEqual([1, 2]);
    expect([...floats(aligned.buffer)]).toEqual([0, 1, 2, 3]);
    expect(floats(undefined)).toHaveLength(0);
  });
});

describe("paths", () => {
  const x = createScale([0, 2], [0, 20]);
  const y = createScale([0, 1], [10, 0]);

  it("go through the points and break where a number is missing", () => {
    expect(linePath([0, 1, 2], [0, 0.5, 1], x, y)).toBe("M0 10L10 5L20 0");
    expect(linePath([0, 1, 2], [0, Number.NaN, 1], x, y)).toBe("M0 10M20 0");
    expect(linePath([], [], x, y)).toBe("");
  });

  it("enclose the area between two lines, in a patch for each stretch that is whole", () => {
    expect(bandPath([0, 1], [0, 0.2], [0.5, 1], x, y)).toBe("M0 5L10 0L10 8L0 10Z");
    expect(bandPath([0, 1, 2], [0, Number.NaN, 0.2], [0.5, 1, 1], x, y)).toBe("M0 5L0 10ZM20 0L20 8Z");
    expect(bandPath([], [], [], x, y)).toBe("");
  });

  it("draw a dot and a bar for each point that has a value", () => {
    expect(dotsPath([0, 1], [0, Number.NaN], x, y, 2).match(/M/g)).toHaveLength(1);
    expect(barsPath([0, 1], [0.5, 0.5], [0.1, Number.NaN], x, y)).toBe("M0 6V4");
  });
});

describe("colors", () => {
  it("run over the whole table and mark what is no number", () => {
    expect(colorIndex(-1, 0, 1)).toBe(0);
    expect(colorIndex(0.5, 0, 1)).toBe(128);
    expect(colorIndex(9, 0, 1)).toBe(255);
    expect(colorIndex(Number.NaN, 0, 1)).toBe(256);
    expect(SEQUENTIAL_TABLE).toHaveLength(257);
    const middle = new Uint8Array(DIVERGING_TABLE.buffer, 4 * 127, 3);
    expect(Math.min(...middle)).toBeGreaterThan(235);
  });
});

describe("thinned curves", () => {
  it("keep both ends of each column and the newest point", () => {
    const xs = Array.from({ length: 10_000 }, (_, i) => i);
    const ys = xs.map((x) => (x === 4321 ? 99 : x === 7000 ? -99 : Math.sin(x)));
    const [left, top] = thinned(xs, ys, 100);
    expect(left.length).toBeLessThanOrEqual(201);
    expect(Array.from(top)).toContain(99);
    expect(Array.from(top)).toContain(-99);
    expect(left[left.length - 1]).toBe(9999);
    expect([...Array.from(left)].sort((a, b) => a - b)).toEqual(Array.from(left));
  });

  it("are themselves where there are few points, and skip what is no number", () => {
    expect(thinned([1, 2], [3, 4], 10)[1]).toEqual([3, 4]);
    const ys = Array.from({ length: 100 }, (_, i) => (i % 2 ? Number.NaN : i));
    expect(Array.from(thinned(ys.map((_, i) => i), ys, 10)[1]).filter(Number.isNaN).length).toBeLessThan(2);
  });
});
