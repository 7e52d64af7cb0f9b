import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test } from "tap";
import { before, interruptible } from "../test-support/interruption.js";
import { MemoryLog } from "../test-support/memory-log.js";
import { SwapSlot, treeUid, writeTree } from "../test-support/swap-slot.js";
import { recover, removeStale, type Recovery } from "./recovery.js";
import type { SwapRequest } from "./swap.js";

function setUp(t: Test) {
  const slot = new SwapSlot(t);
  const log = new MemoryLog();
  const paths = {
    staging: path.join(slot.tenants, ".staging"),
    trash: slot.trashRoot,
    temporary: path.join(slot.root, "tmp"),
  };
  const start = (): Promise<Recovery> =>
    recover({ ledger: slot.ledger, swap: slot.swap(), clock: slot.time, log, paths });
  /** Swaps, and dies before the n-th call of that name. */
  const crash = async (call: string, n: number, request: SwapRequest): Promise<void> => {
    const { ledger, disk } = interruptible(slot.ledger, before(call, n), () => {
      throw new Error("killed");
    });
    await slot
      .swap(disk, ledger)
      .swap(request)
      .catch(() => undefined);
  };
  return { slot, log, paths, start, crash };
}

t.test("jobs that a crash cut off are marked as interrupted, waiting ones too", async (t) => {
  const { slot, start } = setUp(t);
  slot.addJob("j1", "restore");
  slot.ledger.jobs.insert({
    id: "j2",
    type: "backup",
    tenant: "acme",
    trigger: "cron",
    actor: "admin",
    request: {},
    state: "queued",
    createdAt: 1,
    warnings: [],
  });
  const { jobs } = await start();
  t.match(jobs, [
    { id: "j1", state: "interrupted", error: { code: "JOB_INTERRUPTED", message: /while job j1 ran/ } },
    {
      id: "j2",
      state: "interrupted",
      error: { code: "JOB_INTERRUPTED", message: /before job j2 had begun/ },
    },
  ]);
  t.same(slot.ledger.jobs.get("j1"), jobs[0]);
  t.same((await start()).jobs, [], "the next start finds nothing to do");
});

t.test(
  "a restore whose swap is carried on has succeeded, with its result, and says what happened",
  async (t) => {
    const { slot, log, start, crash } = setUp(t);
    writeTree(slot.live, "old");
    await crash("rename", 2, slot.restore("j1", "new", "old"));
    const { settlements, jobs } = await start();
    t.same(settlements, [{ jobId: "j1", tenant: "acme", outcome: "new" }]);
    t.match(jobs, [
      {
        state: "succeeded",
        tenantUid: "new",
        result: { restored: "new" },
        warnings: [{ code: "RECOVERED" }],
      },
    ]);
    t.equal(treeUid(slot.live), "new");
    t.match(log.lines, [{ level: "warn", message: /the new tenant stands/ }]);
  },
);

t.test("a restore whose swap was done, but not its job, has succeeded", async (t) => {
  const { slot, start } = setUp(t);
  await slot.swap().swap(slot.restore("j1", "new", undefined));
  const { settlements, jobs } = await start();
  t.same(settlements, []);
  t.match(jobs, [{ id: "j1", state: "succeeded", result: { restored: "new" } }]);
});

t.test(
  "a restore whose swap had not begun is interrupted, and says that the tenant stands as before",
  async (t) => {
    const { slot, log, start, crash } = setUp(t);
    writeTree(slot.live, "old");
    await crash("rename", 1, slot.restore("j1", "new", "old"));
    const { settlements, jobs } = await start();
    t.match(settlements, [{ outcome: "old" }]);
    t.match(jobs, [
      { state: "interrupted", error: { message: /being replaced\. It stands as it was before/ } },
    ]);
    t.match(log.lines, [{ level: "warn", message: /the old tenant stands/ }]);
  },
);

t.test(
  "a job that was seen to fail, but whose swap is carried on now, has succeeded after all",
  async (t) => {
    const { slot, start, crash } = setUp(t);
    await crash("syncDirectory", 1, slot.restore("j1", "new", undefined));
    slot.ledger.jobs.end({ id: "j1", state: "failed", finishedAt: 3, warnings: [] });
    t.match((await start()).jobs, [{ id: "j1", state: "succeeded" }]);
    t.equal(slot.ledger.jobs.get("j1")?.state, "succeeded");
  },
);

t.test("what a swap that cannot be told may still need is kept, and its job says why", async (t) => {
  const { slot, log, paths, start, crash } = setUp(t);
  writeTree(slot.live, "old");
  const request = slot.restore("j1", "new", "old");
  slot.ledger.leftovers.add("j1", { kind: "directory", path: path.dirname(slot.staged("j1")) }, 1);
  await crash("rename", 1, request);
  rmSync(slot.live, { recursive: true });
  const { jobs, stale } = await start();
  t.match(jobs, [{ state: "interrupted", error: { message: /being replaced\. Could not settle/ } }]);
  t.match(log.lines, [{ level: "error" }]);
  t.same(stale, []);
  t.same(slot.ledger.leftovers.ofEndedJobs(), [], "its staging is not taken for a leftover");
  t.same(readdirSync(paths.staging), ["j1"]);
});

t.test(
  "what the ledger knows as a leftover is taken away by who looks after those, and by nobody else",
  async (t) => {
    const { slot, paths, start } = setUp(t);
    slot.addJob("j1", "restore");
    const [known, unknown] = ["j1", "j2"].map((name) => path.join(paths.staging, name)) as [string, string];
    slot.ledger.leftovers.add("j1", { kind: "directory", path: known }, 1);
    for (const directory of [known, unknown]) mkdirSync(path.join(directory, "tree"), { recursive: true });
    t.same((await start()).stale, [unknown]);
    rmSync(unknown, { recursive: true });
    renameSync(known, `${known}.removing`);
    t.same((await start()).stale, []);
    t.match(slot.ledger.leftovers.ofEndedJobs(), [{ leftover: { path: known } }]);
  },
);

t.test("what nobody will come back for is found, and removed; what can be undone stays", async (t) => {
  const { slot, log, paths, start } = setUp(t);
  writeTree(slot.live, "old");
  await slot.swap().swap(slot.restore("j1", "new", "old"));
  mkdirSync(path.join(paths.staging, "j2", "tree"), { recursive: true });
  mkdirSync(path.join(paths.temporary, "j3"), { recursive: true });
  mkdirSync(path.join(paths.trash, "j4.removing", "tree"), { recursive: true });
  const { stale } = await start();
  await removeStale(stale, log);
  t.same(readdirSync(paths.staging), []);
  t.same(readdirSync(paths.temporary), []);
  t.same(readdirSync(paths.trash), ["j1"]);
  t.equal(treeUid(slot.trash("j1")), "old");
});

t.test("a fresh state directory has nothing to recover", async (t) => {
  const { paths, start } = setUp(t);
  t.notOk(existsSync(paths.temporary));
  t.same(await start(), { settlements: [], jobs: [], stale: [] });
});

t.test("what cannot be removed is logged", async (t) => {
  const { log } = setUp(t);
  await removeStale(["/proc/self/task"], log);
  t.match(log.lines, [{ level: "warn", fields: { directory: "/proc/self/task" } }]);
});

t.test("an undo whose emptying of a slot is carried on has succeeded, and leaves no tenant", async (t) => {
  const { slot, start, crash } = setUp(t);
  await slot.swap().swap(slot.restore("j1", "new", undefined));
  slot.ledger.jobs.end({ id: "j1", state: "succeeded", finishedAt: 3, warnings: [] });
  await crash("syncDirectory", 2, slot.undo("j2", "j1"));
  const { settlements, jobs } = await start();
  t.match(settlements, [{ jobId: "j2", outcome: "new" }]);
  t.match(jobs, [{ id: "j2", state: "succeeded", result: { undone: "j1" } }]);
  t.notOk(jobs.some(({ tenantUid }) => tenantUid !== undefined));
  t.equal(treeUid(slot.live), undefined);
});

t.test("a staging directory that cannot be listed stops the start", async (t) => {
  const { paths, start } = setUp(t);
  writeFileSync(paths.staging, "");
  await t.rejects(start(), { code: "IO_FAILED", message: /list .*\.staging/ });
});
