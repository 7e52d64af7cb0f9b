/** Peak resident memory of a process, as Linux counts it (proc(5): VmHWM in /proc/PID/status, reset through clear_refs). */
import { readFileSync, writeFileSync } from "node:fs";

export interface Measured<T> {
  readonly value: T;
  /** Highest resident set size while the work ran, bytes. */
  readonly peakBytes: number;
  readonly milliseconds: number;
}

export async function withPeakMemory<T>(pid: number, work: () => Promise<T>): Promise<Measured<T>> {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
  const began = Date.now();
  const value = await work();
  return { value, peakBytes: statusBytes(pid, "VmHWM"), milliseconds: Date.now() - began };
}

export function residentBytes(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

function statusBytes(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (match?.[1] === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
  return Number(match[1]) * 1024;
}
