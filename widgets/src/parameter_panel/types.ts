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

/** What is this person's view and no state of the twin: it outlives a view that is made anew. */
export interface Look {
  query?: string;
  only_free?: boolean;
  span?: number;
  /** Groups that were folded or unfolded by hand. */
  folds?: Record<string, boolean>;
}

export interface PanelTraits {
  rows: Row[];
  look: Look;
  history: { can_undo: boolean; can_redo: boolean };
  state: "idle" | "compiling" | "error";
  notice: string;
}

export type PanelMessage =
  | { kind: "set"; path: string; value: number; final: boolean }
  | { kind: "free"; paths: string[]; free: boolean }
  | { kind: "undo" | "redo" | "reset" };

export interface RowActions {
  set(path: string, value: number, final: boolean): void;
  free(paths: string[], free: boolean): void;
  /** Groups were folded, or what is shown has changed by itself. */
  looked(): void;
  /** What was typed is no number. */
  refuse(path: string, text: string, unit: string): void;
  /** A value of this parameter is on its way and not answered yet. */
  pending(path: string): boolean;
}
