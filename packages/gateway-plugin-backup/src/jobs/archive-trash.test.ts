import { existsSync, rmSync, writeFileSync } from "node:fs";
import t from "tap";
import { BackupError, serializeError } from "../errors.js";
import { RemovalBench, removing } from "../test-support/removal-bench.js";
import { emptyTrash, moveToTrash, takeFromTrash, trashMs, undoPrune } from "./archive-trash.js";
import { settleAllRemovals } from "./removal.js";
import type { RemoveOutcome } from "./thread/protocol.js";

const HOUR = 3_600_000;
const never = new AbortController().signal;
const FOR_A_DAY = { forMs: 24 * HOUR, jobId: "j1" };

/** Puts these archives, which are added first, into the trash for a day. */
async function trashed(bench: RemovalBench, ...ids: string[]): Promise<void> {
  const archives = [];
  for (const id of ids) archives.push(await bench.add(id));
  moveToTrash(bench.services(), bench.store, archives, FOR_A_DAY);
}

t.test("an archive in the trash stands where it was, hidden, until its time is over", async (t) => {
  const bench = await RemovalBench.make(t);
  await bench.add("a0");
  await trashed(bench, "a1");
  const { archives } = bench.ledger;
  t.match(bench.record("a1"), { state: "good", trash: { until: bench.time.now() + 24 * HOUR, jobId: "j1" } });
  t.match(archives.list({ limit: 10 }), [{ id: "a0" }]);
  t.match(archives.list({ limit: 10, all: true }), [{ id: "a1" }, { id: "a0" }]);
  t.equal(archives.newest("acme", "u1")?.id, "a0", "it is no base any more");
  t.equal(archives.hasGoodBeside(bench.record("a0")), false);

  bench.time.advance(24 * HOUR - 1);
  await emptyTrash(bench.services(), never);
  t.ok(existsSync(bench.file("a1")));
  bench.time.advance(1);
  await emptyTrash(bench.services(), never);
  t.notOk(existsSync(bench.file("a1")));
  t.match(bench.record("a1"), { state: "deleted", trash: undefined });
  t.ok(existsSync(bench.file("a0")));
});

t.test("what is brought back is as it was", async (t) => {
  const bench = await RemovalBench.make(t);
  await trashed(bench, "a1", "a2");
  const { ledger } = bench;
  t.match(takeFromTrash({ ledger }, "a1"), { id: "a1", trash: undefined });
  t.throws(() => takeFromTrash({ ledger }, "a1"), { code: "UNDO_NOT_POSSIBLE", message: /not in the trash/ });
  t.match(undoPrune({ ledger }, "j1"), [{ id: "a2", trash: undefined }]);
  t.throws(() => undoPrune({ ledger }, "j1"), { code: "UNDO_NOT_POSSIBLE" });
  t.throws(() => undoPrune({ ledger }, "j9"), { code: "JOB_NOT_FOUND" });
  bench.time.advance(48 * HOUR);
  await emptyTrash(bench.services(), never);
  t.match(ledger.archives.list({ limit: 10 }), [{ id: "a2" }, { id: "a1" }]);
});

t.test("what is being removed for good is not brought back", async (t) => {
  const bench = await RemovalBench.make(t);
  await trashed(bench, "a1");
  const { ledger } = bench;
  ledger.archives.beginRemoval("a1", 1);
  t.throws(() => takeFromTrash({ ledger }, "a1"), { code: "UNDO_NOT_POSSIBLE", message: /for good/ });
  t.throws(() => undoPrune({ ledger }, "j1"), { code: "UNDO_NOT_POSSIBLE" });
});

t.test("what is pinned or read does not go into the trash", async (t) => {
  const bench = await RemovalBench.make(t);
  const [read, pinned] = [await bench.add("a1"), await bench.add("a2")];
  bench.ledger.archives.setPinned("a2", 1);
  const services = bench.services();
  await services.archivesInUse.use({ settings: bench.store, ...read }, () => {
    const removals = moveToTrash(services, bench.store, [read, pinned], FOR_A_DAY);
    t.match(removals, [{ outcome: "busy" }, { outcome: "pinned" }]);
    return Promise.resolve();
  });
  t.match(bench.ledger.archives.list({ limit: 10 }), [{ id: "a2" }, { id: "a1" }]);
});

t.test("how long is said by the destination, else by the gateway; 0 with keys of the request", async (t) => {
  const bench = await RemovalBench.make(t);
  const archive = await bench.add("a1");
  const request = { now: false, s3: {} };
  const near = { url: bench.directory, trashHours: 2 };
  t.equal(trashMs({ destinations: {}, trashHours: 3 }, archive, request), 3 * HOUR);
  t.equal(trashMs({ destinations: { near }, trashHours: 3 }, archive, request), 2 * HOUR);
  t.equal(trashMs({ destinations: {}, trashHours: 3 }, archive, { ...request, now: true }), 0);
  t.equal(trashMs({ destinations: {}, trashHours: 3 }, archive, { ...request, s3: { accessKey: "a" } }), 0);
});

t.test("of the trash only the very archives are removed that went there", async (t) => {
  const bench = await RemovalBench.make(t);
  await trashed(bench, "a1", "a2");
  writeFileSync(bench.file("a1"), "mine");
  rmSync(bench.file("a2"));
  bench.time.advance(48 * HOUR);
  await emptyTrash(bench.services(), never);
  t.ok(existsSync(bench.file("a1")), "what has taken the archive's place stays");
  t.match([bench.record("a1"), bench.record("a2")], [{ state: "deleted" }, { state: "deleted" }]);
});

t.test("what is locked stays in the trash, and what cannot be reached is tried again", async (t) => {
  const bench = await RemovalBench.make(t);
  await trashed(bench, "a1");
  bench.time.advance(48 * HOUR);
  const answers: RemoveOutcome[] = [
    { outcome: "locked", reason: "locked until 2027-01-01T00:00:00.000Z" },
    {
      outcome: "failed",
      asked: false,
      error: serializeError(new BackupError("STORE_UNREACHABLE", "Nobody answers.")),
    },
  ];
  for (const answer of answers) {
    await emptyTrash(bench.services({ threads: removing(() => Promise.resolve([answer])) }), never);
    t.match(bench.record("a1"), { state: "good", trash: { jobId: "j1" }, removingAt: undefined });
  }
  t.match(bench.log.lines, [{ level: "info" }, { level: "warn" }]);
  await emptyTrash(bench.services(), never);
  t.equal(bench.record("a1").state, "deleted");
});

t.test("a store without settings keeps no other from being emptied", async (t) => {
  const bench = await RemovalBench.make(t);
  bench.config = { destinations: { near: { url: bench.directory } } };
  const far = { storeKind: "s3", bucket: "b", endpoint: "https://far.example", key: "a1" } as const;
  const unreachable = await bench.add("a1", far);
  const near = await bench.add("a2");
  moveToTrash(bench.services(), bench.store, [unreachable, near], FOR_A_DAY);
  bench.time.advance(48 * HOUR);
  await emptyTrash(bench.services(), never);
  t.match(bench.log.lines[0], { level: "warn" });
  t.match([bench.record("a1"), bench.record("a2")], [{ state: "good" }, { state: "deleted" }]);
});

t.test("what is brought back while the trash is emptied stays", async (t) => {
  const bench = await RemovalBench.make(t);
  const ids = Array.from({ length: 33 }, (_, n) => `a${String(n).padStart(2, "0")}`);
  await trashed(bench, ...ids);
  bench.time.advance(48 * HOUR);
  const { threads } = bench.services();
  const services = bench.services({
    threads: {
      run: (operation, request, options) => {
        bench.ledger.archives.takeFromTrash("a32");
        return threads.run(operation, request, options);
      },
    },
  });
  await emptyTrash(services, never);
  t.match(bench.ledger.archives.list({ limit: 100 }), [{ id: "a32" }]);
  t.ok(existsSync(bench.file("a32")));
});

t.test("a stop, and a ledger that fails, leave the trash as it is", async (t) => {
  const bench = await RemovalBench.make(t);
  await trashed(bench, "a1");
  bench.time.advance(48 * HOUR);
  await emptyTrash(bench.services(), AbortSignal.abort());
  t.ok(existsSync(bench.file("a1")));
  const services = bench.services();
  bench.ledger.close();
  await emptyTrash(services, never);
  t.match(bench.log.lines, [{ level: "error" }]);
});

t.test("emptying that is cut off anywhere is ended by the next start", async (t) => {
  for (let step = 1, died = true; died; step += 1) {
    const bench = await RemovalBench.make(t);
    await trashed(bench, "a1", "a2");
    await bench.add("a3");
    bench.time.advance(48 * HOUR);
    const first = bench.dyingServices(step);
    await emptyTrash(first.services, never);
    died = first.died();
    await settleAllRemovals(bench.services(), never);
    await emptyTrash(bench.services(), never);
    const states = ["a1", "a2", "a3"].map((id) => bench.record(id).state);
    const files = ["a1", "a2", "a3"].map((id) => existsSync(bench.file(id)));
    t.same(
      [states, files],
      [
        ["deleted", "deleted", "good"],
        [false, false, true],
      ],
      `step ${step}`,
    );
  }
});
