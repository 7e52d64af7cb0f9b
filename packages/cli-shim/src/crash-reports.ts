/**
 * What the process would write down about itself when it dies. A flag may hold a secret, and so do the environment (tokens,
 * keys) and the fields that libraries hang on their errors (requests with their headers).
 */
import { inspect } from "node:util";

/** The parts of `process.report` that are used here; `excludeEnv` is there from Node 22.13 on. */
export interface DiagnosticReports {
  reportOnFatalError: boolean;
  reportOnSignal: boolean;
  reportOnUncaughtException: boolean;
  excludeEnv?: boolean;
}

const TRIGGERS = ["reportOnFatalError", "reportOnSignal", "reportOnUncaughtException"] as const;

/**
 * Turns Node's diagnostic reports off, however they were asked for: they hold the command line and the environment. Gives
 * a function for a process whose arguments are no secrets: it turns on what was on, without the environment, and gives false
 * where this Node cannot leave that out, so that they stay off.
 */
export function withoutReports(reports: DiagnosticReports): () => boolean {
  const wanted = TRIGGERS.filter((trigger) => reports[trigger]);
  for (const trigger of TRIGGERS) reports[trigger] = false;
  return () => {
    if (wanted.length === 0) return true;
    if (reports.excludeEnv === undefined) return false;
    reports.excludeEnv = true;
    for (const trigger of wanted) reports[trigger] = true;
    return true;
  };
}

/** An error that nobody expected, with where it came from, and without its fields. */
export function crashText(error: unknown): string {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at !== undefined && !seen.has(at); at = (at as { cause?: unknown }).cause) {
    seen.add(at);
    if (!(at instanceof Error)) {
      lines.push(typeof at === "object" ? Object.prototype.toString.call(at) : inspect(at));
      break;
    }
    lines.push(`${lines.length === 0 ? "" : "caused by "}${at.stack ?? `${at.name}: ${at.message}`}`);
  }
  return lines.join("\n");
}
