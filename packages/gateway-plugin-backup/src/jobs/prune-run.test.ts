import t, { type Test } from "tap";
import { BackupError, serializeError } from "../errors.js";
import { RemovalBench } from "../test-support/removal-bench.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import { Prune, type PrunedArchive, type PruneOptions } from "./prune-run.js";
import type { RemovalServices } from "./removal.js";
import type { LookOperation, RemoveOperation, RemoveOutcome, SeenObject } from "./thread/protocol.js";

const options: PruneOptions = {
  tenant: "acme",
  tenantUid: "u1",
  policyFor: () => ({ keepLast: 1, tz: "Etc/UTC" }),
  place: undefined,
  includeNamed: true,
  dryRun: false,
  now: true,
  s3: {},
};

interface Store {
  /** What stands at a key; default: what the catalogue says. */
  readonly look?: (key: string) => SeenObject;
  /** What becomes of the archives that are to go, the newest first; default: they are removed. */
  readonly remove?: readonly RemoveOutcome[];
}

/** Archives `a0`, `a1` and `a2`, the first being the newest, beside each other in a store. */
async function setUp(t: Test, changes: Partial<ArchiveRecord> = {}) {
  const bench = await RemovalBench.make(t);
  const add = (id: string, hoursAgo: number, more: Partial<ArchiveRecord> = {}): Promise<ArchiveRecord> =>
    bench.add(id, { createdAt: bench.time.now() - hoursAgo * 3_600_000, ...changes, ...more });
  await add("b0", 9, { key: "/elsewhere/b0", location: "/elsewhere/b0" });
  for (const [id, hoursAgo] of [
    ["a2", 2],
    ["a1", 1],
    ["a0", 0],
  ] as const)
    await add(id, hoursAgo);
  const catalogued = (key: string): SeenObject => {
    const found = bench.ledger.archives.ofTenant("acme", "u1").find((archive) => archive.key === key);
    if (found === undefined) throw new Error(`Nobody knows ${key}.`);
    return found;
  };
  const services = bench.services();
  /** Prunes with a store that answers like this. */
  const prune = async ({ look = catalogued, remove }: Store) => {
    const answer = (operation: string, request: unknown): unknown =>
      operation === "look"
        ? (request as LookOperation).keys.map(look)
        : (remove ?? (request as RemoveOperation).archives.map(() => ({ outcome: "removed" })));
    const threads = {
      run: (operation: string, request: unknown) => Promise.resolve(answer(operation, request)),
    } as RemovalServices["threads"]; // whatever is asked, it is one of these two
    const job = bench.job();
    const { result } = await new Prune({ ...services, threads }, options, job.context()).run();
    const reasons = (result["archives"] as PrunedArchive[]).map(({ id, reasons }) => [id, reasons] as const);
    return { result, reasons: Object.fromEntries(reasons), warnings: job.record.warnings };
  };
  return { bench, services, catalogued, prune };
}

t.test("what is pinned, or read, since it was decided about stays, and the account says so", async (t) => {
  const { bench, services, catalogued, prune } = await setUp(t);
  let endReading = (): void => undefined;
  const { result, reasons } = await prune({
    look: (key) => {
      // Of the archives beside each other it is decided by now.
      if (key.startsWith("/elsewhere")) {
        bench.ledger.archives.setPinned("a1", 1);
        const read = { settings: bench.store, key: bench.file("a2"), location: bench.file("a2") };
        void services.archivesInUse.use(read, () => new Promise<void>((resolve) => (endReading = resolve)));
      }
      return catalogued(key);
    },
  });
  endReading();
  t.match(result, { removed: 0, kept: 4 });
  t.match(reasons, { a0: ["last good", "last 1 of 1"], a1: ["pinned"], a2: ["being read"] });
});

t.test("what turns out to be another object when it is to go stays, and is warned of", async (t) => {
  const { bench, prune } = await setUp(t);
  const { result, reasons, warnings } = await prune({
    remove: [{ outcome: "other", reason: "its index is another one" }, { outcome: "removed" }],
  });
  t.match(result, { removed: 1, kept: 3 });
  t.match(reasons, { a1: ["not the archive that was stored: its index is another one"] });
  t.match(warnings, [{ code: "ARCHIVE_LOST", message: /a1.* was not removed/ }]);
  t.ok(bench.record("a1").lostAt);
});

t.test("a prune that its store stops says how far it came", async (t) => {
  const error = serializeError(
    new BackupError("STORE_DENIED", "It may not be removed.", { details: { a: 1 } }),
  );
  const failed: RemoveOutcome = { outcome: "failed", error, asked: true };
  const { prune, bench } = await setUp(t);
  await t.rejects(prune({ remove: [{ outcome: "removed" }, failed] }), {
    code: "STORE_DENIED",
    message: "After 1 archives had been removed: It may not be removed.",
    details: { a: 1 },
  });
  t.equal(bench.record("a1").state, "deleted");
  t.equal(bench.record("a2").state, "good");
  await t.rejects(prune({ remove: [failed] }), { code: "STORE_DENIED", message: error.message });
});

t.test("an object of S3 with another ETag is not the archive, whatever its size", async (t) => {
  const { catalogued, prune } = await setUp(t, { storeKind: "s3", bucket: "archive" });
  const { result, warnings } = await prune({
    look: (key) => (key.endsWith("a1.tar.zst") ? { ...catalogued(key), etag: "another" } : catalogued(key)),
  });
  t.match(result, { lost: [{ id: "a1" }], removed: 1 });
  t.match(warnings, [{ code: "ARCHIVE_LOST", message: /another object stands there\.$/ }]);
});

t.test("what was locked since it was decided about stays, and the account says until when", async (t) => {
  const { prune, bench } = await setUp(t);
  const reason = "locked until 2027-01-01T00:00:00.000Z";
  const { result, reasons } = await prune({
    remove: [{ outcome: "locked", reason }, { outcome: "removed" }],
  });
  t.match(result, { removed: 1, kept: 3 });
  t.match(reasons, { a1: [reason] });
  t.match(bench.record("a1"), { state: "good", removingAt: undefined });
});
