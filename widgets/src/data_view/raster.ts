// Pixels of a heat map. Each pixel takes the color of the nearest point of the grid, so uneven axes come out right.

import { colorIndex } from "../shared/colormap";
import type { Domain } from "../shared/scale";

/** Ends of an axis of cells: half a gap beyond the outer points. */
export function cellDomain(values: readonly number[]): Domain {
  const ascending = [...values].sort((a, b) => a - b);
  const first = ascending[0] ?? 0;
  const last = ascending.at(-1) ?? 1;
  if (ascending.length < 2) return [first - 0.5, first + 0.5];
  const lowGap = (ascending[1] as number) - first;
  const highGap = last - (ascending.at(-2) as number);
  return [first - lowGap / 2, last + highGap / 2];
}

/** For each of `pixels` pixels along an axis the index of the nearest value; `flip` puts the low end last. */
export function cellIndices(values: readonly number[], pixels: number, flip = false): Int32Array {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number));
  const [low, high] = cellDomain(values);
  const indices = new Int32Array(pixels);
  let next = 0;
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    const value = low + ((pixel + 0.5) / pixels) * (high - low);
    const gap = (place: number): number => Math.abs((values[order[place] as number] as number) - value);
    while (next + 1 < order.length && gap(next + 1) <= gap(next)) next += 1;
    indices[flip ? pixels - 1 - pixel : pixel] = order[next] ?? 0;
  }
  return indices;
}

/** The grid index of each row and column of pixels, and how many columns the grid has. */
export interface Grid {
  rows: Int32Array;
  columns: Int32Array;
  width: number;
}

/** Fill RGBA words row by row. */
export function paintCells(
  target: Uint32Array,
  values: ArrayLike<number>,
  grid: Grid,
  table: Uint32Array,
  [low, high]: Domain,
): void {
  const { rows, columns, width } = grid;
  const line = new Uint32Array(columns.length);
  let painted = -1;
  for (let row = 0; row < rows.length; row += 1) {
    const start = (rows[row] as number) * width;
    if (start !== painted) {
      for (let column = 0; column < columns.length; column += 1) {
        const value = values[start + (columns[column] as number)] as number;
        line[column] = table[colorIndex(value, low, high)] as number;
      }
      painted = start;
    }
    target.set(line, row * columns.length);
  }
}
