import {
  appendFileSync,
  copyFileSync,
  existsSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import t from "tap";
import { BackupError, serializeError } from "../errors.js";
import { RemovalBench, removing } from "../test-support/removal-bench.js";
import { Destinations } from "./destinations.js";
import { removeArchives, settleAllRemovals, storeOf, type Removal, type RemovalServices } from "./removal.js";
import type { RemoveOutcome } from "./thread/protocol.js";

const never = new AbortController().signal;

t.test("archives are removed from the store and the catalogue, and no others", async (t) => {
  const bench = await RemovalBench.make(t);
  const [a1, a2] = [await bench.add("a1"), await bench.add("a2")];
  await bench.add("a3");
  const removals = await removeArchives(bench.services(), bench.store, [a1, a2], never);
  t.same(
    removals.map(({ archive, outcome }) => [archive.id, outcome]),
    [
      ["a1", "removed"],
      ["a2", "removed"],
    ],
  );
  t.same(
    [existsSync(bench.file("a1")), existsSync(bench.file("a2")), existsSync(bench.file("a3"))],
    [false, false, true],
  );
  t.match(bench.ledger.archives.list({ limit: 10 }), [{ id: "a3" }]);
});

t.test("what is not the archive that was stored stays, and is marked as lost", async (t) => {
  const bench = await RemovalBench.make(t);
  const archive = await bench.add("a1");
  appendFileSync(bench.file("a1"), "x");
  const [removal] = await removeArchives(bench.services(), bench.store, [archive], never);
  t.match(removal, { outcome: "other", reason: /bytes instead of/ });
  t.ok(existsSync(bench.file("a1")));
  const { lostAt, removingAt } = bench.record("a1");
  t.same({ lostAt, removingAt }, { lostAt: bench.time.now(), removingAt: undefined });
});

t.test("a file of the same size with another index is not the archive, nor is a link to it", async (t) => {
  const bench = await RemovalBench.make(t);
  const [a1, a2, a3] = [
    await bench.add("a1"),
    await bench.add("a2", { indexSha256: "f".repeat(64) }),
    await bench.add("a3"),
  ];
  writeFileSync(bench.file("a1"), Buffer.alloc(a1.size));
  renameSync(bench.file("a3"), `${bench.file("a3")}.moved`);
  symlinkSync(`${bench.file("a3")}.moved`, bench.file("a3"));
  const removals = await removeArchives(bench.services(), bench.store, [a1, a2, a3], never);
  t.match(removals, [
    { outcome: "other", reason: /cannot be read/ },
    { outcome: "other", reason: /index is another/ },
    { outcome: "other", reason: /replaced/ },
  ]);
  t.ok(existsSync(`${bench.file("a3")}.moved`));
});

t.test("an archive whose directory was moved to another disk is still the same", async (t) => {
  const bench = await RemovalBench.make(t);
  const archive = await bench.add("a1");
  copyFileSync(bench.file("a1"), `${bench.file("a1")}.copy`);
  renameSync(`${bench.file("a1")}.copy`, bench.file("a1"));
  t.match(await removeArchives(bench.services(), bench.store, [archive], never), [{ outcome: "removed" }]);
});

t.test(
  "a damaged archive without a readable index is removed if it is the very file that was stored",
  async (t) => {
    const bench = await RemovalBench.make(t);
    const damaged = await bench.add("a1", { state: "damaged", indexSha256: "f".repeat(64) });
    const moved = await bench.add("a2", { state: "damaged", indexSha256: "f".repeat(64), etag: "another" });
    t.match(await removeArchives(bench.services(), bench.store, [damaged, moved], never), [
      { outcome: "removed" },
      { outcome: "other" },
    ]);
  },
);

t.test("what is gone already is noted as deleted", async (t) => {
  const bench = await RemovalBench.make(t);
  const archive = await bench.add("a1");
  rmSync(bench.file("a1"));
  t.match(await removeArchives(bench.services(), bench.store, [archive], never), [{ outcome: "gone" }]);
  t.equal(bench.record("a1").state, "deleted");
});

t.test("an archive that is read, or was pinned meanwhile, stays", async (t) => {
  const bench = await RemovalBench.make(t);
  const [read, pinned] = [await bench.add("a1"), await bench.add("a2")];
  bench.ledger.archives.setPinned("a2", 1);
  const services = bench.services();
  const removals = await services.archivesInUse.use(
    { settings: bench.store, key: read.key, location: read.location },
    () => removeArchives(services, bench.store, [read, pinned], never),
  );
  t.match(removals, [{ outcome: "busy" }, { outcome: "pinned" }]);
  t.same([existsSync(bench.file("a1")), existsSync(bench.file("a2"))], [true, true]);
  t.equal(bench.record("a1").removingAt, undefined);
});

/** Services whose store answers a removal like this; the archive itself is not touched. */
function answering(bench: RemovalBench, outcome: RemoveOutcome): RemovalServices {
  return bench.services({ threads: removing(() => Promise.resolve([outcome])) });
}

t.test("a removal is taken back only if the store cannot have carried it out", async (t) => {
  const failed = (code: BackupError["code"], asked: boolean): RemoveOutcome => ({
    outcome: "failed",
    asked,
    error: serializeError(new BackupError(code, "It did not work.")),
  });
  const cases: [RemoveOutcome, stays: boolean][] = [
    [failed("STORE_UNREACHABLE", true), true],
    [failed("STORE_UNREACHABLE", false), false],
    [failed("STORE_DENIED", true), false],
    [failed("READ_ONLY", true), false],
    [{ outcome: "untouched" }, false],
  ];
  for (const [outcome, stays] of cases) {
    const bench = await RemovalBench.make(t);
    const archive = await bench.add("a1");
    const services = answering(bench, outcome);
    const [removal] = await removeArchives(services, bench.store, [archive], never);
    t.equal(removal?.outcome, outcome.outcome);
    t.equal(bench.record("a1").removingAt !== undefined, stays, JSON.stringify(outcome));
  }
});

t.test(
  "a removal that was cut off stays marked while its store is down, and is ended when it is back",
  async (t) => {
    const bench = await RemovalBench.make(t);
    await bench.add("a1");
    bench.ledger.archives.beginRemoval("a1", 1);
    const down: RemoveOutcome = {
      outcome: "failed",
      asked: false,
      error: serializeError(new BackupError("STORE_UNREACHABLE", "Nobody answers.")),
    };
    await settleAllRemovals(answering(bench, down), never);
    t.equal(bench.record("a1").removingAt, 1);
    t.match(bench.log.lines, [{ level: "warn", fields: { code: "STORE_UNREACHABLE", archive: "a1" } }]);
    await settleAllRemovals(bench.services(), never);
    t.equal(bench.record("a1").state, "deleted");
    t.notOk(existsSync(bench.file("a1")));
  },
);

t.test("of a removal that was cut off, what has taken the archive's place is left alone", async (t) => {
  const bench = await RemovalBench.make(t);
  await bench.add("a1");
  bench.ledger.archives.beginRemoval("a1", 1);
  writeFileSync(bench.file("a1"), "mine");
  await settleAllRemovals(bench.services(), never);
  t.ok(existsSync(bench.file("a1")));
  const { state, lostAt, removingAt } = bench.record("a1");
  t.same({ state, lostAt, removingAt }, { state: "good", lostAt: bench.time.now(), removingAt: undefined });
});

t.test("a ledger that fails does not keep the gateway from starting", async (t) => {
  const bench = await RemovalBench.make(t);
  bench.ledger.close();
  await settleAllRemovals(bench.services(), never);
  t.match(bench.log.lines, [{ level: "error" }]);
});

t.test(
  "a removal that is cut off anywhere, and its settling too, ends with store and catalogue agreed",
  async (t) => {
    const outcomes = new Set<string>();
    for (let step = 1, died = true; died; step += 1) {
      let settlingDied = true;
      for (let settlingStep = 1; settlingDied; settlingStep += 1) {
        const bench = await RemovalBench.make(t);
        const doomed = [await bench.add("a1"), await bench.add("a2")];
        await bench.add("a3");
        const first = bench.dyingServices(step);
        await removeArchives(first.services, bench.store, doomed, never).catch((): Removal[] => []);
        died = first.died();
        const second = bench.dyingServices(settlingStep);
        await settleAllRemovals(second.services, never);
        settlingDied = second.died();
        await settleAllRemovals(bench.services(), never);

        t.same(bench.ledger.archives.removing(), []);
        const rows = ["a1", "a2", "a3"].map((id) => bench.record(id).state);
        const files = ["a1", "a2", "a3"].map((id) => (existsSync(bench.file(id)) ? "good" : "deleted"));
        t.same(rows, files, `step ${step}, then ${settlingStep}`);
        t.equal(rows[2], "good");
        outcomes.add(rows.slice(0, 2).join());
      }
    }
    t.same(outcomes, new Set(["good,good", "deleted,deleted"]), "both, or none");
  },
);

t.test("an archive of which the store's thread says nothing stays marked", async (t) => {
  const bench = await RemovalBench.make(t);
  const archive = await bench.add("a1");
  const silent = bench.services({ threads: removing(() => Promise.resolve([])) });
  t.same(await removeArchives(silent, bench.store, [archive], never), []);
  t.ok(bench.record("a1").removingAt);
});

t.test("a stop leaves removals that were cut off for the next start", async (t) => {
  const bench = await RemovalBench.make(t);
  await bench.add("a1");
  bench.ledger.archives.beginRemoval("a1", 1);
  await settleAllRemovals(bench.services(), AbortSignal.abort());
  t.equal(bench.record("a1").removingAt, 1);
  t.same(bench.log.lines, []);
});

t.test("an archive in AWS is not looked for at the endpoint that the gateway uses now", async (t) => {
  const bench = await RemovalBench.make(t);
  const far = await bench.add("a1", {
    storeKind: "s3",
    bucket: "archive",
    key: "a1",
    location: "s3://archive/a1",
  });
  const config = bench.services().config;
  const destinations = new Destinations({
    config,
    env: { S3_ENDPOINT: "http://127.0.0.1:9" },
    embedded: bench.directory,
    resolveSecret: () => "",
  });
  t.throws(() => storeOf(bench.services({ destinations }), far, {}), {
    code: "CREDENTIALS_MISSING",
    message: "The gateway has no settings for the store of s3://archive/a1.",
  });
  t.same(storeOf(bench.services(), far, {}), { kind: "s3", bucket: "archive" });
});
