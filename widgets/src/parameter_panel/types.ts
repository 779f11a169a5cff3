export interface Row {
  path: string;
  group: string;
  label: string;
  value: number;
  unit: string;
  display_unit: string;
  factor: number;
  low: number | null;
  high: number | null;
  slider_low: number;
  slider_high: number;
  logarithmic: boolean;
  free: boolean;
  stderr: number | null;
  changed: boolean;
}

export interface PanelTraits {
  rows: Row[];
  history: { can_undo: boolean; can_redo: boolean };
  state: "idle" | "compiling" | "error";
  notice: string;
}

export type PanelMessage =
  | { kind: "set"; path: string; value: number; final: boolean }
  | { kind: "free"; path: string; free: boolean }
  | { kind: "undo" | "redo" | "reset" };

export interface RowActions {
  set(path: string, value: number, final: boolean): void;
  free(path: string, free: boolean): void;
  /** What was typed is no number. */
  refuse(path: string, text: string, unit: string): void;
  /** A value of this parameter is on its way and not answered yet. */
  pending(path: string): boolean;
}
