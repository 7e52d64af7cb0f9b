import type { SwapOptions } from "../jobs/swap.js";
import { nodeSwapDisk, type SwapDisk } from "../jobs/swap-disk.js";

/** Told of each call to disk and ledger before it is made; true: the process ends here. */
export type InterruptWhen = (call: string) => boolean;

/** Before the n-th call, counted from 1. */
export function atCall(n: number): InterruptWhen {
  let calls = 0;
  return () => (calls += 1) === n;
}

/** Before the n-th call of that name. */
export function before(name: string, n: number): InterruptWhen {
  let calls = 0;
  return (call) => call === name && (calls += 1) === n;
}

/**
 * Everything that a swap can change, such that from a chosen call on nothing changes any more: as if the process had
 * been killed there. `die` must not return.
 */
export function interruptible(
  ledger: SwapOptions["ledger"],
  when: InterruptWhen,
  die: () => never,
): { readonly ledger: SwapOptions["ledger"]; readonly disk: SwapDisk } {
  let dead = false;
  const step = (call: string): void => {
    dead ||= when(call);
    if (dead) die();
  };
  return {
    ledger: {
      swaps: watched(ledger.swaps, step),
      trash: watched(ledger.trash, step),
      transaction: (work) => {
        step("transaction");
        return ledger.transaction(work);
      },
    },
    disk: watched(nodeSwapDisk, step),
  };
}

/** An object each of whose method calls is told before it is made. */
export function watched<T extends object>(target: T, step: (call: string) => void): T {
  return new Proxy(target, {
    get(_target, name): unknown {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...parameters: unknown[]): unknown => {
        step(String(name));
        return Reflect.apply(value, target, parameters);
      };
    },
  });
}
