import path from "node:path";
import { setImmediate } from "node:timers/promises";
import type { Test } from "tap";
import { JobEngine } from "../jobs/engine.js";
import { Ledger } from "../jobs/ledger/ledger.js";
import type { JobContext, JobOutcome, JobRecord, JobSubmission } from "../jobs/types.js";
import { FakeTenants } from "./fake-tenants.js";
import { FakeTime } from "./fake-time.js";
import { MemoryLog } from "./memory-log.js";

/** Work whose end a test decides. */
export interface Work {
  readonly tenant: string;
  readonly context: JobContext;
  readonly succeed: (outcome?: JobOutcome) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** An engine with work whose end a test decides, on a fake host and fake time. */
export function engineBench(t: Test, concurrency = 2) {
  const ledger = Ledger.open(path.join(t.testdir(), "ledger.sqlite"));
  t.teardown(() => ledger.close());
  const time = new FakeTime();
  const tenants = new FakeTenants();
  const log = new MemoryLog();
  const discarded: string[] = [];
  const engine = new JobEngine({
    ledger,
    tenants,
    clock: time,
    timer: time.timer,
    log,
    concurrency,
    discardUpload: ({ leftover }) => {
      discarded.push(leftover.kind === "partial-file" ? leftover.path : leftover.key);
      return Promise.resolve();
    },
  });
  const works: Work[] = [];
  const submission = (tenant: string, changes: Partial<JobSubmission> = {}): JobSubmission => ({
    type: "backup",
    tenant,
    trigger: "api",
    actor: "admin",
    request: { to: "dest:offsite" },
    run: (context) =>
      new Promise((resolve, reject) => {
        works.push({
          tenant,
          context,
          succeed: async (outcome = { result: {} }) => {
            resolve(outcome);
            await setImmediate();
          },
          fail: async (error) => {
            reject(error);
            await setImmediate();
          },
        });
      }),
    ...changes,
  });
  const submit = (tenant: string, changes: Partial<JobSubmission> = {}): JobRecord =>
    engine.submit(submission(tenant, changes)).job;
  return { ledger, time, tenants, log, discarded, engine, works, submission, submit };
}

/** The item of a list that has just one. */
export function only<T>(items: readonly T[]): T {
  const [item, ...others] = items;
  if (item === undefined || others.length > 0) throw new Error(`One item was expected, not ${items.length}.`);
  return item;
}

export const leftover = {
  kind: "upload" as const,
  store: { kind: "local" as const },
  leftover: { kind: "partial-file" as const, path: "/b/partial" },
};
