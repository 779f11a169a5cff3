export interface EstimateRow {
  path: string;
  label: string;
  /** Empty unless the parameter was learned. */
  number: string;
  range: string;
  verdict: "learned" | "weak" | "not learned";
  /** Width after over width before the data, at most 1. */
  ratio: number;
}

export interface ExaminationTraits {
  state: "idle" | "examining" | "done" | "error";
  status: string;
  head: string;
  rows: EstimateRow[];
  findings: string[];
  level: number;
}
