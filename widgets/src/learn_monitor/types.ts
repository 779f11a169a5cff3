export type State = "idle" | "compiling" | "running" | "paused" | "done" | "error";

export interface MethodEntry {
  name: string;
  label: string;
  /** Whether it has a learning rate. */
  rate: boolean;
}

export interface TracedParameter {
  path: string;
  label: string;
  /** Of the value as it is shown, with its prefix, and what it is a multiple of. */
  unit: string;
  base: string;
  factor: number;
  start: number;
}

/** The columns of the numbers that stream after loss, gradient norm and seconds. */
export interface Traces {
  datasets?: { name: string; points: number }[];
  parameters?: TracedParameter[];
}

export interface MonitorTraits {
  state: State;
  status: string;
  method: string;
  methods: MethodEntry[];
  choice: string;
  rate: number;
  traces: Traces;
  picked: { datasets?: string[]; parameters?: string[] };
  table: { path: string; label: string; text: string }[];
  elapsed: number;
}

export interface Steps {
  kind: "steps";
  /** Number of the last step in the message. */
  iteration: number;
  /** Whether these are all steps of the run. */
  whole: boolean;
}
