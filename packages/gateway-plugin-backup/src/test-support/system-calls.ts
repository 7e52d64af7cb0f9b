import type fs from "node:fs";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { getSystemErrorMap } from "node:util";
import type { Test } from "tap";

type SyncCall = Extract<keyof typeof fs, `${string}Sync`>;
type Call = (...args: readonly unknown[]) => unknown;

/**
 * Until the end of the test, every call of a function of `node:fs` in this thread goes through `around`: it may change
 * something just before or after the call itself, or throw what no system throws when it is asked to. Calls that `around`
 * makes are not looked at.
 */
export function aroundCalls(
  t: Test,
  name: SyncCall,
  around: (call: Call, ...args: readonly unknown[]) => unknown,
): void {
  // The CommonJS face of the module is the one that can be changed.
  const calls = createRequire(import.meta.url)("node:fs") as Record<SyncCall, Call>;
  const original = calls[name];
  let isWithin = false;
  calls[name] = (...args) => {
    if (isWithin) return original(...args);
    isWithin = true;
    try {
      return around(original, ...args);
    } finally {
      isWithin = false;
    }
  };
  syncBuiltinESMExports();
  t.teardown(() => {
    calls[name] = original;
    syncBuiltinESMExports();
  });
}

/** As `node:fs` throws it. */
export function systemError(code: string, syscall: string): Error {
  for (const [errno, [name, text]] of getSystemErrorMap())
    if (name === code)
      return Object.assign(new Error(`${code}: ${text}, ${syscall}`), { code, errno, syscall });
  throw new Error(`No system error is called ${code}.`);
}
