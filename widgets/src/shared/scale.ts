// From values to pixels, ticks for people, and the positions of a slider.

export type Domain = readonly [low: number, high: number];

export interface Scale {
  (value: number): number;
  invert(position: number): number;
  readonly domain: Domain;
  readonly logarithmic: boolean;
}

export function createScale(domain: Domain, range: Domain, logarithmic = false): Scale {
  const inward = logarithmic ? Math.log10 : (value: number) => value;
  const outward = logarithmic ? (value: number) => 10 ** value : (value: number) => value;
  const start = inward(domain[0]);
  const span = inward(domain[1]) - start || 1;
  const width = range[1] - range[0];
  const scale = (value: number): number => range[0] + ((inward(value) - start) / span) * width;
  return Object.assign(scale, {
    invert: (position: number) => outward(start + ((position - range[0]) / (width || 1)) * span),
    domain,
    logarithmic,
  });
}

function tickStep(low: number, high: number, count: number): number {
  const raw = (high - low) / Math.max(1, count);
  const decade = 10 ** Math.floor(Math.log10(raw));
  const ratio = raw / decade;
  return (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10) * decade;
}

/** Multiples of 1, 2 or 5 times a power of ten inside the domain, about `count` of them. */
export function linearTicks([low, high]: Domain, count: number): number[] {
  if (!(high > low)) return [low];
  const step = tickStep(low, high, count);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

/** Powers of ten, thinned if there are many; in a short domain also 2 and 5 times them. */
export function logTicks([low, high]: Domain, count: number): number[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const inside = (tick: number): boolean => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9);
  const decades = Math.log10(high / low);
  const stride = Math.max(1, Math.ceil(decades / Math.max(1, count)));
  const mantissas = decades < 2.5 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let exponent = first; exponent <= last; exponent += 1) {
    if (exponent % stride !== 0) continue;
    for (const mantissa of mantissas) {
      const tick = Number(`${mantissa}e${exponent}`);
      if (inside(tick)) ticks.push(tick);
    }
  }
  return ticks.length >= 2 ? ticks : linearTicks([low, high], Math.min(count, 3));
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function superscript(exponent: number): string {
  const digits = [...String(Math.abs(exponent))].map((digit) => SUPERSCRIPTS.charAt(Number(digit))).join("");
  return exponent < 0 ? `⁻${digits}` : digits;
}

function powerLabel(tick: number): string {
  if (tick === 0) return "0";
  const [mantissa, exponent] = tick.toExponential(4).split("e");
  const factor = Number(mantissa);
  const power = `10${superscript(Number(exponent))}`;
  if (factor === 1) return power;
  return `${factor}·${power}`.replace("-", "−");
}

/** Labels with as many decimals as the step needs; powers of ten where decimals would be long. */
export function tickLabels(ticks: readonly number[]): string[] {
  const largest = Math.max(...ticks.map(Math.abs));
  const gaps = ticks.slice(1).map((tick, i) => Math.abs(tick - (ticks[i] ?? 0)));
  const step = gaps.length > 0 ? Math.min(...gaps) : largest || 1;
  if (largest >= 1e6 || (largest < 1e-3 && step < 1e-4)) return ticks.map(powerLabel);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const labels = ticks.map((tick) => tick.toFixed(Math.min(decimals, 20)).replace("-", "−"));
  // beside an axis there is room for eight characters
  return step >= 1e-4 || labels.every((label) => label.length <= 8) ? labels : ticks.map(powerLabel);
}

export function logTickLabels(ticks: readonly number[]): string[] {
  const simple = ticks.every((tick) => tick >= 0.01 && tick < 1e4);
  return simple ? ticks.map((tick) => String(tick)) : ticks.map(powerLabel);
}

/** The domain widened to the next ticks, so that it stays put while a curve moves a little. */
export function niceDomain([low, high]: Domain, count = 5): Domain {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1];
  if (low === high) return low === 0 ? [-1, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  const step = tickStep(low, high, count);
  return [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
}

/** The smallest of 1, 1.5, 2, 3, 5, 7 times a power of ten that is not below the value. */
export function niceCeiling(value: number): number {
  if (!(value > 0) || !Number.isFinite(value)) return 1;
  const decade = 10 ** Math.floor(Math.log10(value));
  const mantissa = [1, 1.5, 2, 3, 5, 7, 10].find((candidate) => candidate * decade >= value * (1 - 1e-9)) ?? 10;
  return mantissa * decade;
}

/** Least and largest finite number of all lists; infinite where there is none. */
export function extent(...lists: ArrayLike<number>[]): Domain {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const list of lists) {
    for (let i = 0; i < list.length; i += 1) {
      const value = list[i] as number;
      if (!Number.isFinite(value)) continue;
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

/**
 * The domain of the data widened to hold the model as well, but by no more than a share (`room`) of the data's own span to
 * each side: a model that is far off leaves the picture, and does not flatten the data in it.
 */
export function focused(data: Domain, model: Domain, room: number): Domain {
  if (!Number.isFinite(data[0])) return model;
  if (!Number.isFinite(model[0])) return data;
  const most = room * (data[1] - data[0] || Math.abs(data[1]) || 1);
  return [
    Math.min(data[0], Math.max(model[0], data[0] - most)),
    Math.max(data[1], Math.min(model[1], data[1] + most)),
  ];
}

export const SLIDER_STEPS = 1000;

export interface SliderRange {
  slider_low: number;
  slider_high: number;
  logarithmic: boolean;
}

/** A share of a slider's range around a value, within the bounds: for the last digits. */
export function zoomed(range: SliderRange, value: number, share: number, bounds: Domain): SliderRange {
  if (share >= 1) return range;
  const { slider_low: low, slider_high: high, logarithmic } = range;
  const inside = (end: number): number => Math.min(bounds[1], Math.max(bounds[0], end));
  if (isLogarithmic(range) && value > 0) {
    const factor = (high / low) ** (share / 2);
    return { slider_low: inside(value / factor), slider_high: inside(value * factor), logarithmic };
  }
  const half = ((high - low) * share) / 2;
  return { slider_low: inside(value - half), slider_high: inside(value + half), logarithmic };
}

function isLogarithmic(range: SliderRange): boolean {
  return range.logarithmic && range.slider_low > 0 && range.slider_high > range.slider_low;
}

/** Whole position between 0 and `SLIDER_STEPS`; values outside the range rest at the ends. */
export function sliderPosition(value: number, range: SliderRange): number {
  const { slider_low: low, slider_high: high } = range;
  if (!(high > low)) return 0;
  const fraction = isLogarithmic(range)
    ? Math.log(Math.max(value, low) / low) / Math.log(high / low)
    : (value - low) / (high - low);
  return Math.round(Math.min(1, Math.max(0, fraction)) * SLIDER_STEPS);
}

/** The value at a position, rounded to what one step can tell apart, so that no digits of chance are shown. */
export function sliderValue(position: number, range: SliderRange): number {
  const { slider_low: low, slider_high: high } = range;
  if (position <= 0) return low;
  if (position >= SLIDER_STEPS) return high;
  const fraction = position / SLIDER_STEPS;
  const value = isLogarithmic(range) ? low * (high / low) ** fraction : low + (high - low) * fraction;
  const step = isLogarithmic(range) ? (value * Math.log(high / low)) / SLIDER_STEPS : (high - low) / SLIDER_STEPS;
  const exponent = Math.floor(Math.log10(Math.abs(step))) - 1;
  return Number(`${Math.round(Number(`${value}e${-exponent}`) || value / 10 ** exponent)}e${exponent}`);
}
