export interface Axis {
  label: string;
  unit: string;
  factor: number;
}

export interface CurveFrame {
  kind: "curve";
  title: string;
  series: string[];
  x: Axis;
  y: Axis;
  x_values: number[];
}

export interface HeatmapFrame {
  kind: "heatmap";
  title: string;
  series: string[];
  x: Axis;
  y: Axis;
  z: Axis;
  x_values: number[];
  y_values: number[];
}

export type Frame = CurveFrame | HeatmapFrame;

export interface ViewTraits {
  frame: Frame | Record<string, never>;
  /** Names of the datasets, and of the one that is shown. */
  names: string[];
  shown: string;
  summary: string;
  state: "compiling" | "idle" | "error";
  notice: string;
  selected: number;
}

/** The numbers of one series; a list is empty as long as nothing has come. */
export interface Series {
  data: Float32Array;
  errors: Float32Array;
  model: Float32Array;
  /** Where the model may be, as sure as `level` says; empty where that is not known. */
  lower: Float32Array;
  upper: Float32Array;
  level: number;
}

export interface Plot {
  readonly element: HTMLElement;
  paint(series: Series, width: number): void;
  /** Move the read-out cursor by so many points. */
  step(dx: number, dy: number): void;
}

/** Data minus model; not a number where one of them is missing. */
export function residual({ data, model }: Series): Float32Array {
  const length = Math.min(data.length, model.length);
  return Float32Array.from({ length }, (_, i) => (data[i] as number) - (model[i] as number));
}

/** Index of the value next to a number. */
export function nearest(values: ArrayLike<number>, wanted: number): number {
  let best = 0;
  let distance = Number.POSITIVE_INFINITY;
  for (let i = 0; i < values.length; i += 1) {
    const gap = Math.abs((values[i] as number) - wanted);
    if (gap < distance) {
      distance = gap;
      best = i;
    }
  }
  return best;
}

export function clampIndex(index: number, length: number): number {
  return Math.max(0, Math.min(length - 1, index));
}
