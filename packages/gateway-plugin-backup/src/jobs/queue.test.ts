import fc from "fast-check";
import t from "tap";
import { FairQueue } from "./queue.js";

interface TestJob {
  readonly tenant: string;
  readonly number: number;
}

type Step = { readonly kind: "add" | "finish" | "remove"; readonly tenant: string };

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("add" as const, "add" as const, "finish" as const, "remove" as const),
    tenant: fc.constantFrom("a", "b", "c", "d", "e"),
  }),
  { maxLength: 120 },
);

/** Drives a queue by random steps, starting whatever may start after each, and hands every start to `onStart`. */
function drive(
  concurrency: number,
  script: readonly Step[],
  onStart: (job: TestJob, state: DriveState) => void,
) {
  const queue = new FairQueue<TestJob>(concurrency);
  const state: DriveState = { queue, running: new Map(), waiting: new Map() };
  let number = 0;
  for (const { kind, tenant } of script) {
    const waiting = state.waiting.get(tenant) ?? [];
    state.waiting.set(tenant, waiting);
    if (kind === "add") {
      const job = { tenant, number: (number += 1) };
      queue.add(tenant, job);
      waiting.push(job);
    } else if (kind === "finish" && state.running.delete(tenant)) {
      queue.finish(tenant);
    } else if (kind === "remove") {
      const job = waiting.pop();
      if (job !== undefined && !queue.remove(tenant, job))
        throw new Error("a waiting job cannot be taken out");
      // A tenant that has given up its turn queues anew.
      if (waiting.length === 0) state.waiting.delete(tenant);
    }
    for (let job = queue.start(); job !== undefined; job = queue.start()) {
      onStart(job, state);
      state.waiting.get(job.tenant)?.shift();
      state.running.set(job.tenant, job);
    }
  }
  return state;
}

interface DriveState {
  readonly queue: FairQueue<TestJob>;
  readonly running: Map<string, TestJob>;
  readonly waiting: Map<string, TestJob[]>;
}

t.test("no more jobs run than allowed, one of a tenant at a time, first come first served", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (concurrency, script) => {
      drive(concurrency, script, (job, { running, waiting }) => {
        if (running.size >= concurrency) throw new Error("too many jobs run");
        if (running.has(job.tenant)) throw new Error("two jobs of a tenant run");
        if (waiting.get(job.tenant)?.[0] !== job) throw new Error("a job overtook another of its tenant");
      });
    }),
  );
  t.end();
});

t.test("nothing waits while it could run", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), steps, (concurrency, script) => {
      const { running, waiting } = drive(concurrency, script, () => undefined);
      const ready = [...waiting].filter(([tenant, jobs]) => jobs.length > 0 && !running.has(tenant));
      if (running.size < concurrency && ready.length > 0) throw new Error("a job waits for nothing");
    }),
  );
  t.end();
});

t.test("a ready tenant is overtaken at most once by each other", (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), steps, (concurrency, script) => {
      const overtakenBy = new Map<readonly TestJob[], Set<string>>();
      drive(concurrency, script, (job, { running, waiting }) => {
        for (const [tenant, jobs] of waiting) {
          if (tenant === job.tenant) overtakenBy.delete(jobs);
          // Only a tenant that could have started instead was overtaken.
          if (tenant === job.tenant || running.has(tenant) || jobs.length === 0) continue;
          const others = overtakenBy.get(jobs) ?? new Set();
          if (others.has(job.tenant)) throw new Error(`${tenant} was overtaken twice by ${job.tenant}`);
          overtakenBy.set(jobs, others.add(job.tenant));
        }
      });
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test("who comes while another's job runs is before that other's next job", (t) => {
  const queue = new FairQueue<string>(1);
  queue.add("acme", "acme 1");
  queue.start();
  queue.add("acme", "acme 2");
  queue.add("beta", "beta 1");
  queue.finish("acme");
  t.equal(queue.start(), "beta 1");
  t.end();
});

t.test("the lane of a tenant shows the running job first, and is empty once all have ended", (t) => {
  const queue = new FairQueue<string>(1);
  queue.add("acme", "first");
  queue.add("acme", "second");
  t.equal(queue.start(), "first");
  t.same(queue.lane("acme"), ["first", "second"]);
  t.notOk(queue.remove("acme", "first"), "a running job does not wait");
  queue.finish("acme");
  t.ok(queue.remove("acme", "second"));
  t.same(queue.lane("acme"), []);
  t.equal(queue.start(), undefined);
  t.end();
});

t.test("where nothing waits or runs, there is nothing to take out or to finish", (t) => {
  const queue = new FairQueue<string>(1);
  t.notOk(queue.remove("acme", "first"));
  queue.add("acme", "first");
  queue.finish("acme");
  t.equal(queue.start(), "first", "a job that has not begun does not end");
  t.equal(queue.start(), undefined);
  t.end();
});
