/**
 * Makes time pass faster in worker threads: a store that does not answer is waited for by minutes in real life. The
 * monotonic clock and all waits that somebody would notice change; the calendar, which signatures depend on, does not.
 */
import { createRequire, syncBuiltinESMExports } from "node:module";

const NOTICEABLE_MS = 100;

type Calls = Record<string, (this: unknown, ...args: unknown[]) => unknown>;

/** @param haste How many times faster. */
export function patchTime(haste: number): void {
  const require = createRequire(import.meta.url);
  const { Socket } = require("node:net") as { readonly Socket: { readonly prototype: Calls } };
  hasten(globalThis as unknown as Calls, 1, haste);
  hasten(require("node:timers/promises") as Calls, 0, haste);
  hasten(Socket.prototype, 0, haste);
  const now = performance.now.bind(performance);
  performance.now = () => now() * haste;
  syncBuiltinESMExports();
}

/** `position`: that of the milliseconds among the arguments of `setTimeout`. */
function hasten(calls: Calls, position: number, haste: number): void {
  const original = calls["setTimeout"];
  if (original === undefined) throw new Error("there is no setTimeout");
  const hasty = function (this: unknown, ...args: unknown[]) {
    const wait = args[position];
    if (typeof wait === "number" && wait >= NOTICEABLE_MS) args[position] = wait / haste;
    return original.apply(this, args);
  };
  // Node's own setTimeout carries a symbol for util.promisify.
  calls["setTimeout"] = Object.assign(hasty, original);
}
