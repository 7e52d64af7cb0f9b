import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { BackupError, toBackupError } from "../errors.js";
import { engineBench, leftover, only } from "../test-support/engine-bench.js";

t.test("a job runs to its success, and the ledger says so", async (t) => {
  const { engine, ledger, submit, works, time, tenants } = engineBench(t);
  tenants.uids.set("acme", "u1");
  const { id } = submit("acme");
  t.match(ledger.jobs.get(id), { state: "running", startedAt: time.now(), tenantUid: "u1" });
  time.advance(5000);
  only(works).context.warn({ code: "FILE_CHANGED", path: "a", message: "It changed." });
  await only(works).succeed({ result: { size: 3 } });
  const job = engine.get(id);
  t.match(job, {
    state: "succeeded",
    result: { size: 3 },
    finishedAt: time.now(),
    warnings: [{ code: "FILE_CHANGED" }],
  });
  t.same(ledger.jobs.get(id), job);
  t.equal(tenants.holders.size, 0, "the tenant is free again");
});

t.test("what stands or falls with a success is written with it", async (t) => {
  const { engine, ledger, submit, works } = engineBench(t);
  const { id } = submit("acme");
  const record = (): void => {
    ledger.leftovers.add(id, { kind: "directory", path: "/x" }, 1);
    throw new BackupError("LEDGER_UNUSABLE", "The catalogue is full.");
  };
  await only(works).succeed({ result: {}, record });
  t.match(engine.get(id), {
    state: "failed",
    error: { code: "LEDGER_UNUSABLE", message: "The catalogue is full." },
  });
  t.same(ledger.leftovers.ofJob(id), []);
});

t.test("a job that fails says why, and leaves nothing behind", async (t) => {
  const { engine, ledger, submit, works, discarded } = engineBench(t);
  const { id } = submit("acme");
  only(works).context.leftovers.add(leftover);
  await only(works).fail(new BackupError("STORE_DENIED", "No.", { details: { bucket: "b" } }));
  t.match(engine.get(id), {
    state: "failed",
    error: { code: "STORE_DENIED", message: "No.", details: { bucket: "b" } },
  });
  t.same(discarded, ["/b/partial"]);
  t.same(ledger.leftovers.ofJob(id), []);
});

t.test("an error that nobody foresaw fails the job, not the gateway", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme");
  await only(works).fail(new TypeError("x is undefined"));
  t.match(engine.get(id).error, { code: "IO_FAILED", message: /backup of tenant acme: x is undefined/ });
});

t.test("equal backups become one job; others wait their turn", async (t) => {
  const { engine, submission, submit, works } = engineBench(t);
  const first = submit("acme", { joinKey: "a" });
  t.same(engine.submit(submission("acme", { joinKey: "a" })), { job: engine.get(first.id), joined: true });
  const second = submit("acme", { joinKey: "b" });
  t.equal(second.state, "queued");
  t.equal(submit("acme", { joinKey: "b" }).id, second.id, "a waiting job is joined, too");
  t.not(submit("acme").id, first.id, "without a key there is nothing to compare");
  t.not(submit("beta", { joinKey: "a" }).id, first.id, "another tenant's job is another job");
  await works[0]?.succeed();
  t.equal(engine.get(second.id).state, "running");
});

t.test("a backup that is being cancelled is not joined", (t) => {
  const { engine, submit } = engineBench(t);
  const first = submit("acme", { joinKey: "a" });
  engine.cancel(first.id);
  t.not(submit("acme", { joinKey: "a" }).id, first.id);
  t.end();
});

t.test("a restore or an undo does not wait for another job of its tenant", async (t) => {
  const { engine, submission, submit, works } = engineBench(t, 1);
  const running = submit("acme");
  const queued = submit("beta");
  for (const type of ["restore", "undo"] as const) {
    t.throws(() => engine.submit(submission("acme", { type })), {
      code: "TENANT_BUSY",
      message: new RegExp(running.id),
    });
    t.throws(() => engine.submit(submission("beta", { type })), {
      code: "TENANT_BUSY",
      message: new RegExp(queued.id),
    });
  }
  await works[0]?.succeed();
  t.doesNotThrow(() => engine.submit(submission("acme", { type: "restore" })));
});

t.test("a restore that waits for a free place holds its tenant; a backup waits behind it", async (t) => {
  const { engine, submit, works, tenants } = engineBench(t, 1);
  submit("beta");
  const restore = submit("acme", { type: "restore" });
  t.equal(restore.state, "queued");
  t.equal(tenants.holders.get("acme"), `job ${restore.id} (restore)`);
  const backup = submit("acme");
  await works[0]?.succeed();
  t.equal(engine.get(restore.id).state, "running");
  await works[1]?.succeed();
  t.equal(engine.get(backup.id).state, "running");
});

t.test("a tenant that the host itself holds is busy, for backups too", (t) => {
  const { engine, submission, ledger, tenants } = engineBench(t);
  tenants.holders.set("acme", "delete");
  t.throws(() => engine.submit(submission("acme")), { code: "TENANT_BUSY", message: /delete/ });
  t.same(ledger.jobs.open(), []);
  t.end();
});

t.test("the host cannot take a tenant while one of its jobs waits", async (t) => {
  const { submit, works, tenants } = engineBench(t);
  submit("acme");
  const second = submit("acme");
  await works[0]?.succeed();
  t.equal(tenants.holders.get("acme"), `job ${second.id} (backup)`);
  await works[1]?.succeed();
  t.equal(tenants.holders.size, 0);
});

t.test("a host that gives the tenant away in between fails the jobs that wait", async (t) => {
  const { engine, submit, works, tenants } = engineBench(t);
  submit("acme");
  const waiting = [submit("acme"), submit("acme")];
  const claim = tenants.claim.bind(tenants);
  tenants.claim = () => ({ ok: false, heldBy: "delete" });
  await works[0]?.succeed();
  for (const { id } of waiting) t.match(engine.get(id), { state: "failed", error: { code: "TENANT_BUSY" } });
  tenants.claim = claim;
  t.equal(submit("acme").state, "running");
});

t.test("tenants take turns", async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 15 }),
      fc.integer({ min: 1, max: 3 }),
      async (order, concurrency) => {
        const { submit, works, engine, ledger } = engineBench(t, concurrency);
        const ids = order.map((tenant) => submit(tenant).id);
        for (let i = 0; i < order.length; i += 1) {
          const running = ids.filter((id) => engine.get(id).state === "running");
          if (running.length === 0 || running.length > concurrency)
            throw new Error(`${running.length} jobs run`);
          await works[i]?.succeed();
        }
        // One place: nobody gets a second turn while another waits for the first.
        if (concurrency === 1) {
          const tenants = new Set(order).size;
          const firstTurns = new Set(works.slice(0, tenants).map(({ tenant }) => tenant));
          if (firstTurns.size !== tenants) throw new Error("a tenant was overtaken");
        }
        if (ids.some((id) => ledger.jobs.get(id)?.state !== "succeeded")) throw new Error("a job was lost");
      },
    ),
    { numRuns: 8 },
  );
});

t.test("a waiting job is cancelled at once, and its successor runs", async (t) => {
  const { engine, submit, works, tenants } = engineBench(t, 1);
  submit("beta");
  const first = submit("acme");
  const second = submit("acme");
  t.match(engine.cancel(first.id), { state: "cancelled", error: { code: "JOB_CANCELLED" } });
  t.equal(tenants.holders.get("acme"), `job ${second.id} (backup)`);
  await works[0]?.succeed();
  t.equal(engine.get(second.id).state, "running");
});

t.test("a running job is cancelled when its work has stopped", async (t) => {
  const { engine, submit, works, discarded } = engineBench(t);
  const { id } = submit("acme");
  const { context, fail } = only(works);
  context.leftovers.add(leftover);
  t.equal(engine.cancel(id).state, "running");
  t.match(context.signal.reason, { code: "JOB_CANCELLED" });
  t.equal(engine.cancel(id).state, "running", "asking twice changes nothing");
  await fail(new Error("socket closed"));
  t.match(engine.get(id), { state: "cancelled", error: { code: "JOB_CANCELLED" } });
  t.same(discarded, ["/b/partial"]);
});

t.test("a job that was done before it heard of its cancelling has succeeded", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme");
  engine.cancel(id);
  await only(works).succeed();
  t.equal(engine.get(id).state, "succeeded");
});

t.test("what has ended, or is past the point, cannot be cancelled", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme", { type: "restore" });
  only(works).context.uncancellable();
  t.throws(() => engine.cancel(id), { code: "JOB_FINISHED", message: /cannot be cancelled any more/ });
  await only(works).succeed();
  t.throws(() => engine.cancel(id), { code: "JOB_FINISHED", message: /succeeded/ });
  t.throws(() => engine.cancel("j0"), { code: "JOB_NOT_FOUND" });
});

t.test("a cancelled job does not get past the point", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme", { type: "restore" });
  engine.cancel(id);
  const { context, fail } = only(works);
  t.throws(() => context.uncancellable(), { code: "JOB_CANCELLED" });
  await fail(toBackupError(context.signal.reason, "go on"));
  t.equal(engine.get(id).state, "cancelled");
});

t.test("a job's log says when it began what, and stays when the job has ended", async (t) => {
  const { engine, ledger, submit, works, time } = engineBench(t);
  const { id } = submit("acme");
  t.equal(engine.get(id).log, undefined);
  const began = time.now();
  const say = (phase: string, message?: string): void =>
    only(works).context.progress({
      ...{ phase, doneBytes: 0, files: 0, storedBytes: 0 },
      ...(message === undefined ? {} : { message }),
    });
  say("scan");
  say("scan");
  time.advance(1000);
  say("write");
  say("write", "The store does not answer.");
  say("write", "The store does not answer.");
  const log = [
    { at: began, phase: "scan" },
    { at: began + 1000, phase: "write" },
    { at: began + 1000, phase: "write", message: "The store does not answer." },
  ];
  t.strictSame(engine.get(id).log, log);
  for (let i = 0; i < 300; i += 1) say("write", `attempt ${i}`);
  await only(works).succeed();
  const noted = ledger.jobs.get(id)?.log ?? [];
  t.strictSame(noted.slice(0, 3), log);
  t.equal(noted.length, 200, "a ledger row stays small");
});

t.test("who follows a job sees its states, its progress, and its end", async (t) => {
  const { engine, submit, works, time } = engineBench(t, 1);
  submit("beta");
  const { id } = submit("acme");
  const seen: string[] = [];
  engine.subscribe(id, (job) => seen.push(`${job.state} ${job.progress?.files ?? "-"}`));
  await works[0]?.succeed();
  const progress = (files: number): void =>
    works[1]?.context.progress({ phase: "write", doneBytes: 0, files, storedBytes: 0 });
  time.advance(1000);
  progress(1);
  progress(2);
  t.match(engine.get(id), { progress: { files: 2 } });
  t.match(engine.list({ limit: 1 }), [{ id, progress: { files: 2 } }]);
  await works[1]?.succeed();
  progress(3);
  time.advance(1000);
  t.same(seen, ["queued -", "running -", "running 1", "succeeded 2"]);
});

t.test("who follows a job that has ended hears how, once", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme");
  await only(works).succeed();
  const seen: string[] = [];
  engine.subscribe(id, ({ state }) => seen.push(state));
  t.same(seen, ["succeeded"]);
  t.throws(() => engine.subscribe("j0", () => undefined), { code: "JOB_NOT_FOUND" });
});

t.test("once a job is seen to have ended, its tenant is free", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme");
  engine.subscribe(id, ({ state }) => {
    if (state === "succeeded") submit("acme", { type: "restore" });
  });
  await works[0]?.succeed();
  t.equal(works.length, 2);
});

t.test("a secret goes to the starter of a job that succeeded, and never into the ledger", async (t) => {
  const { engine, submit, works, ledger } = engineBench(t);
  const good = submit("acme", { type: "restore" });
  works[0]?.context.secret("tk_acme_secret");
  t.equal(engine.takeSecret(good.id, "admin"), undefined, "not before its success");
  await works[0]?.succeed();
  const bad = submit("acme", { type: "restore" });
  works[1]?.context.secret("tk_acme_other");
  await works[1]?.fail(new BackupError("DISK_FULL", "Full."));
  t.notMatch(JSON.stringify(ledger.jobs.list({ limit: 10 })), /tk_/);
  t.equal(engine.takeSecret(good.id, "tenant:acme"), undefined);
  t.equal(engine.takeSecret(good.id, "admin"), "tk_acme_secret");
  t.equal(engine.takeSecret(bad.id, "admin"), undefined);
});

t.test("a flood of warnings is counted, not kept", async (t) => {
  const { engine, submit, works } = engineBench(t);
  const { id } = submit("acme");
  const { context, succeed } = only(works);
  for (let i = 0; i < 1234; i += 1)
    context.warn({ code: "FILE_VANISHED", path: `f${i}`, message: "It is gone." });
  await succeed();
  const { warnings } = engine.get(id);
  t.equal(warnings.length, 1001);
  t.match(warnings.at(-1), { code: "MORE_WARNINGS", message: /^234 / });
});

t.test("a ledger that fails does not keep a tenant taken or a follower waiting", async (t) => {
  const { engine, ledger, submit, submission, works, tenants, log } = engineBench(t);
  const { id } = submit("acme");
  const seen: string[] = [];
  engine.subscribe(id, ({ state }) => seen.push(state));
  ledger.close();
  await only(works).succeed();
  t.same(seen, ["running", "failed"]);
  t.equal(engine.get(id).state, "failed");
  t.equal(tenants.holders.size, 0);
  t.match(log.lines.filter(({ level }) => level === "error").at(0)?.message, /could not be noted/);
  t.throws(() => engine.submit(submission("acme")));
  t.equal(tenants.holders.size, 0);
});

t.test("what a job did for good is no failure because the ledger fails afterwards", async (t) => {
  const { engine, ledger, submit, works } = engineBench(t);
  const { id } = submit("acme");
  const { context, succeed } = only(works);
  context.uncancellable();
  ledger.close();
  await succeed();
  t.match(engine.get(id), { state: "succeeded", warnings: [{ code: "NOT_NOTED" }] });
});

t.test("a job whose work is done does not fail because a leftover cannot be forgotten", async (t) => {
  const { engine, ledger, submit, works, log } = engineBench(t);
  const { id } = submit("acme");
  const { context, succeed } = only(works);
  const leftover = { kind: "directory", path: join(t.testdir({}), "gone") } as const;
  context.leftovers.add(leftover);
  const remove = ledger.leftovers.remove.bind(ledger.leftovers);
  ledger.leftovers.remove = () => {
    throw new BackupError("LEDGER_UNUSABLE", "The disk is out of order.");
  };
  context.leftovers.remove(leftover);
  ledger.leftovers.remove = remove;
  await succeed();
  t.equal(engine.get(id).state, "succeeded");
  t.match(log.lines.filter(({ level }) => level === "warn").at(0)?.message, /stays noted/);
  await engine.drain();
  t.same(ledger.leftovers.ofJob(id), [], "it is looked at again when the job has ended");
});

t.test("rows that a job takes over are noted with it, or it is not taken", (t) => {
  const { engine, ledger, tenants, submission } = engineBench(t);
  const first = engine.submit(submission("acme")).job;
  ledger.leftovers.add(first.id, { kind: "directory", path: "/b/tmp" }, 1);
  const [leftover] = ledger.leftovers.ofJob(first.id);
  const takeOver = (id: string): void => ledger.leftovers.move(leftover?.id ?? 0, id);
  const failing = (id: string): void => {
    takeOver(id);
    throw new BackupError("LEDGER_UNUSABLE", "The disk is out of order.");
  };
  t.throws(() => engine.submit(submission("beta", { record: failing })), { code: "LEDGER_UNUSABLE" });
  t.match(ledger.leftovers.ofJob(first.id), [{ leftover: { path: "/b/tmp" } }], "it stays whose it was");
  t.notOk(tenants.holders.has("beta"));
  const second = engine.submit(submission("beta", { record: takeOver })).job;
  t.match(ledger.leftovers.ofJob(second.id), [{ leftover: { path: "/b/tmp" } }]);
  t.end();
});

t.test("a listener that throws is logged, and keeps no job from going on", async (t) => {
  const { engine, submit, works, log } = engineBench(t);
  const { id } = submit("acme");
  engine.subscribe(id, () => {
    throw new Error("The listener is broken.");
  });
  await only(works).succeed();
  t.equal(engine.get(id).state, "succeeded");
  t.match(
    log.lines.filter(({ level }) => level === "error"),
    [{ fields: { jobId: id, error: /listener is broken/ } }],
  );
});

await t.test("jobs without a tenant claim none, and those of one type take turns", async (t) => {
  const { engine, submit, works, tenants } = engineBench(t, 4);
  const first = submit("", { type: "rebuild" });
  const second = submit("", { type: "rebuild" });
  const check = submit("", { type: "check" });
  t.strictSame([...tenants.holders.keys()], []);
  t.strictSame(
    [first, second, check].map(({ id }) => engine.get(id).state),
    ["running", "queued", "running"],
  );
  await only(works.filter(({ context }) => context.jobId === first.id)).fail(new Error("no"));
  t.match(engine.get(first.id), { state: "failed", error: { message: "Could not finish the rebuild: no" } });
  t.equal(engine.get(second.id).state, "running");
});
