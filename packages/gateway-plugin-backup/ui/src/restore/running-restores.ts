/** The restore that a wizard has started, so that one that is made anew, because the gateway was gone for a moment, goes on with it. */
import type { UiHost } from "@openclaw/ui-kit";
import type { RestorePlan, RestoreResult } from "./plan.js";

export interface RunningRestore {
  readonly archive: string;
  readonly plan: RestorePlan;
  /** Id of the job. */
  readonly job: string;
  /** With a token that the gateway shows once. */
  readonly result?: RestoreResult;
}

const RUNNING = new WeakMap<UiHost, RunningRestore>();

export function runningRestore(host: UiHost, archive: string): RunningRestore | undefined {
  const running = RUNNING.get(host);
  return running?.archive === archive ? running : undefined;
}

export function noteRestore(host: UiHost, running: RunningRestore): void {
  RUNNING.set(host, running);
}

export function forgetRestore(host: UiHost): void {
  RUNNING.delete(host);
}
