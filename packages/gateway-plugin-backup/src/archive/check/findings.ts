/** What a drill finds out about a restored tree. Data, not log text. */
import { displayPath, type RawPath } from "../raw-path.js";

/** A `problem` makes the drill fail; a `warning` does not. */
export type Severity = "problem" | "warning";

export type FindingCode =
  /** On the disk, something is not what the index says. */
  | "RESTORED_DIFFERENTLY"
  | "DATABASE_DAMAGED"
  /** It is called like a database, and is none. */
  | "NO_DATABASE"
  | "JSON_WRONG"
  | "JSON_TORN";

export interface Finding {
  readonly severity: Severity;
  readonly code: FindingCode;
  /** Relative to the tenant's directory, fit to be shown. */
  readonly path: string;
  /** One sentence. */
  readonly message: string;
}

/** Findings kept by name, of each severity; the rest is counted. */
export const MAX_FINDINGS = 100;

export class Findings {
  readonly #kept: Finding[] = [];
  readonly #counts: Record<Severity, number> = { problem: 0, warning: 0 };

  add(severity: Severity, code: FindingCode, path: RawPath, message: string): void {
    if (++this.#counts[severity] <= MAX_FINDINGS)
      this.#kept.push({ severity, code, path: displayPath(path), message });
  }

  /** The first of each severity. */
  get list(): readonly Finding[] {
    return this.#kept;
  }

  get counts(): Readonly<Record<Severity, number>> {
    return this.#counts;
  }
}
