import { env } from "node:process";
import { stopCoverage } from "node:v8";

/**
 * Loaded into every test process before its test (`.taprc`). tap has each process that a test starts load a tracker, by
 * way of NODE_OPTIONS: for `--watch` and its own kind of coverage, neither of which is used here. It doubles the time that
 * a gateway takes to start, hands its variables on to the programs under test, and makes them others than users run.
 */
const LISTENERS = Symbol.for("process-on-spawn@*:singletonId");

const state = (globalThis as Record<symbol, { listeners: unknown[] } | undefined>)[LISTENERS];
if (state === undefined)
  throw new Error("tap has changed how it tracks processes; see test/src/ci/plain-children.ts");
state.listeners = [];

// Coverage is judged of the plugin, by the plugin's own tests. To note what they run takes the gateways of the other tests
// as long as to start.
if (env["NODE_V8_COVERAGE"] !== undefined && process.argv[1]?.includes("/gateway-plugin-backup/") !== true) {
  stopCoverage();
  delete env["NODE_V8_COVERAGE"];
}
