// Paths as strings: one path holds a whole curve, so a new one costs one attribute.

import type { Scale } from "./scale";

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/** "M0 10L5 2..." through the points; the line breaks where a number is not finite. */
export function linePath(xs: ArrayLike<number>, ys: ArrayLike<number>, x: Scale, y: Scale): string {
  let path = "";
  let pen = "M";
  const length = Math.min(xs.length, ys.length);
  for (let i = 0; i < length; i += 1) {
    const left = x(xs[i] as number);
    const top = y(ys[i] as number);
    if (!Number.isFinite(left) || !Number.isFinite(top)) {
      pen = "M";
      continue;
    }
    path += `${pen}${rounded(left)} ${rounded(top)}`;
    pen = "L";
  }
  return path;
}

/** The area between two lines, one patch for each stretch where both are finite. */
export function bandPath(
  xs: ArrayLike<number>, lower: ArrayLike<number>, upper: ArrayLike<number>, x: Scale, y: Scale,
): string {
  let path = "";
  let ahead = "";
  let back = "";
  const close = (): void => {
    if (ahead !== "") path += `M${ahead}L${back}Z`;
    ahead = "";
    back = "";
  };
  const length = Math.min(xs.length, lower.length, upper.length);
  for (let i = 0; i < length; i += 1) {
    const left = rounded(x(xs[i] as number));
    const low = rounded(y(lower[i] as number));
    const high = rounded(y(upper[i] as number));
    if (Number.isFinite(left + low + high)) {
      ahead += `${ahead === "" ? "" : "L"}${left} ${high}`;
      back = `${left} ${low}${back === "" ? "" : "L"}${back}`;
    } else close();
  }
  close();
  return path;
}

/** A small circle at each point, all in one path. */
export function dotsPath(xs: ArrayLike<number>, ys: ArrayLike<number>, x: Scale, y: Scale, radius: number): string {
  let path = "";
  const arc = `a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0`;
  const length = Math.min(xs.length, ys.length);
  for (let i = 0; i < length; i += 1) {
    const left = x(xs[i] as number) - radius;
    const top = y(ys[i] as number);
    if (Number.isFinite(left) && Number.isFinite(top)) path += `M${rounded(left)} ${rounded(top)}${arc}`;
  }
  return path;
}

/** A vertical line of one standard error up and down at each point. */
export function barsPath(
  xs: ArrayLike<number>, ys: ArrayLike<number>, errors: ArrayLike<number>, x: Scale, y: Scale,
): string {
  let path = "";
  const length = Math.min(xs.length, ys.length, errors.length);
  for (let i = 0; i < length; i += 1) {
    const value = ys[i] as number;
    const error = errors[i] as number;
    const left = x(xs[i] as number);
    const low = y(value - error);
    const high = y(value + error);
    if (Number.isFinite(left + low + high)) path += `M${rounded(left)} ${rounded(low)}V${rounded(high)}`;
  }
  return path;
}

/**
 * Of a curve with far more points than columns, the lowest and the highest of each column, in their order; else the curve
 * itself. A column without a finite point stays a gap.
 */
export function thinned(
  xs: ArrayLike<number>, ys: ArrayLike<number>, columns: number,
): [ArrayLike<number>, ArrayLike<number>] {
  const length = Math.min(xs.length, ys.length);
  if (length <= 4 * columns) return [xs, ys];
  const left: number[] = [];
  const top: number[] = [];
  const put = (i: number): void => {
    left.push(xs[i] as number);
    top.push(ys[i] as number);
  };
  for (let column = 0; column < columns; column += 1) {
    const begin = Math.floor((column * length) / columns);
    const end = Math.floor(((column + 1) * length) / columns);
    let low = begin;
    let high = begin;
    for (let i = begin; i < end; i += 1) {
      const value = ys[i] as number;
      if (!(value >= (ys[low] as number))) low = Number.isFinite(value) || i === begin ? i : low;
      if (!(value <= (ys[high] as number))) high = Number.isFinite(value) || i === begin ? i : high;
    }
    put(Math.min(low, high));
    if (low !== high) put(Math.max(low, high));
  }
  // the newest point is always seen
  if (left.at(-1) !== xs[length - 1]) put(length - 1);
  return [left, top];
}
