/**
 * Loaded into every test process before its test (`.taprc`). tap has each process and thread that a test starts load a
 * tracker, by way of NODE_OPTIONS: for `--watch` and its own kind of coverage, neither of which is used here. It doubles the
 * time that a gateway takes to start, triples that of a thread, hands its variables on to the programs under test, and makes
 * them others than users run.
 */
import { isMainThread } from "node:worker_threads";

const LISTENERS = Symbol.for("process-on-spawn@*:singletonId");

// Threads that take the flags of their process come here as well, and what tap runs after the tests: nothing tracks them.
if (isMainThread && process.argv[1]?.endsWith(".test.js") === true) {
  const state = (globalThis as Record<symbol, { listeners: unknown[] } | undefined>)[LISTENERS];
  if (state === undefined || process.env["NODE_OPTIONS"]?.includes("processinfo") !== true)
    throw new Error("tap has changed how it tracks processes; see test/src/ci/plain-children.ts");
  // The processes.
  state.listeners = [];
  // The threads.
  delete process.env["NODE_OPTIONS"];
}
