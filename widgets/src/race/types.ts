export interface RaceRow {
  label: string;
  /** Null where the method never came to the level. */
  evaluations: number | null;
  seconds: number | null;
  /** Multiples of the method with the fewest evaluations; lower bounds where it never came to the level. */
  ratio_evaluations: number;
  ratio_seconds: number;
  loss: number;
  status: string;
}

export interface RaceTraits {
  state: "idle" | "compiling" | "running" | "paused" | "done" | "error";
  status: string;
  lines: { method: string; label: string }[];
  axis: "evaluations" | "seconds";
  level: number;
  rows: RaceRow[];
}

/** Rows of method number, evaluations, seconds and loss. */
export interface Laps {
  kind: "laps";
  whole: boolean;
}
