/** What a run of the benchmarks leaves behind, from which tables, plots and verdicts are made. */

/** What is measured. Milliseconds, bytes, numbers. */
export type Metric =
  | "ms"
  | "peakBytes"
  | "sentBytes"
  | "receivedBytes"
  | "requests"
  | "storedBytes"
  | "changedBytes"
  | "changedCompressedBytes"
  | "p50"
  | "p99"
  | "worst"
  | "perMinute"
  | "overtaken"
  | "differences"
  | "failed";

export type Values = Partial<Readonly<Record<Metric, number>>>;

/** One measured run. */
export interface Run {
  /** Name of the tool, as the tables print it. */
  readonly tool: string;
  /** What was done: `first backup`, `restore`, … */
  readonly step: string;
  /** From 1; in a scenario of days, the day. */
  readonly round: number;
  readonly values: Values;
}

export interface ScenarioResult {
  readonly id: string;
  /** RFC 3339. */
  readonly date: string;
  /** What makes it again. */
  readonly command: string;
  readonly machine: Machine;
  /** What was measured: a tenant of so many bytes and files, so many rounds. */
  readonly settings: string;
  readonly runs: readonly Run[];
  /** Tools that were missing, steps that were refused. */
  readonly notes: readonly string[];
  /** Commands of the rivals as they were run. */
  readonly commands: Readonly<Record<string, string>>;
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly system: string;
  readonly disk: string;
  /** Versions by name of the program; a program that is missing is not there. */
  readonly versions: Readonly<Record<string, string>>;
}

export interface Results {
  /** By the scenario's id. */
  readonly scenarios: Readonly<Record<string, ScenarioResult>>;
}

/** The name under which this project stands in every table. */
export const OURS = "this project";
