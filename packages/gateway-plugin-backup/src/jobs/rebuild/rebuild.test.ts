import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { BackupError, serializeError } from "../../errors.js";
import { loseCatalogue } from "../../test-support/lost-ledger.js";
import { ended, servicesBench, withThreads } from "../../test-support/services-bench.js";
import { backupSubmission } from "../backup.js";
import type { ArchiveRecord } from "../ledger/archives.js";
import type { Services } from "../services.js";
import type { FindOutcome } from "../thread/protocol.js";
import type { JobRecord } from "../types.js";
import { rebuildSubmission, type RebuildRequest } from "./rebuild.js";

const caller = { actor: "admin", trigger: "api" } as const;

function rebuilt(services: Services, request: RebuildRequest = {}): Promise<JobRecord> {
  return ended(services, rebuildSubmission(services, request, caller));
}

async function bench(t: Test) {
  const roots = join(t.testdir(), "roots");
  const { services, tenant, time, call } = await servicesBench(t, {
    // What lies in one that is searched whole is not searched again.
    localRoots: [roots, join(roots, "deep")],
  });
  await tenant("acme", { "workspace/a.txt": "content" });
  const backUp = async (request: object = {}): Promise<ArchiveRecord> => {
    time.advance(60_000);
    const job = await ended(services, backupSubmission(services, { tenant: "acme", ...request }, caller));
    const archive = services.ledger.archives.get(String(job.result?.["archiveId"]));
    if (archive === undefined) throw new Error(`Job ${job.id} made no archive.`);
    return archive;
  };
  return { services, tenant, time, call, backUp, roots, aside: join(roots, "../aside") };
}

/** A file beside an archive. */
function beside({ key }: ArchiveRecord, name: string): string {
  return join(dirname(key), name);
}

/** What a rebuild finds out of an archive is all but what only the ledger knew. */
function asFound({ id, jobId, baseId, pinnedAt, ...found }: ArchiveRecord): object {
  return found;
}

await t.test("a catalogue that agrees with the stores is left as it is", async (t) => {
  const { services, backUp } = await bench(t);
  const made = [await backUp(), await backUp()];
  const { state, tenant, tenantUid, result, warnings } = await rebuilt(services);
  t.match(
    { state, tenant, tenantUid, warnings },
    { state: "succeeded", tenant: "", tenantUid: undefined, warnings: [] },
  );
  t.match(result, { added: 0, known: 2, refreshed: 0, moved: { count: 0 }, lost: { count: 0 } });
  t.strictSame(services.ledger.archives.list({ limit: 10 }), made.reverse());
});

await t.test(
  "a lost catalogue is made again: every tenant's archives, in the order in which they were made",
  async (t) => {
    const { services, tenant, call, backUp, roots } = await bench(t);
    const first = await backUp();
    await tenant("beta", {});
    const ofBeta = await backUp({ tenant: "beta" });
    // A name that sorts before all others, and another place.
    const named = await backUp({ to: join(roots, "deep/below/0-named.tar.zst") });
    t.equal(await call("DELETE", "/api/admin/tenants/beta?confirm=beta"), 200);
    await tenant("beta", {});
    const ofOtherBeta = await backUp({ tenant: "beta" });
    loseCatalogue(services);

    const trial = await rebuilt(services, { dryRun: true });
    t.match(trial.result, { dryRun: true, added: 4 });
    t.ok(services.ledger.rebuilt.isEmpty(), "a dry run changes nothing");

    const { id: jobId, result, warnings } = await rebuilt(services);
    t.match(result, {
      added: 4,
      tenants: [
        { tenant: "acme", uid: first.tenantUid, archives: 2 },
        { tenant: "beta", archives: 1 },
        { tenant: "beta", archives: 1 },
      ],
    });
    t.match(warnings, [{ code: "PINS_UNKNOWN" }]);
    const now = services.ledger.archives.list({ limit: 10 }).reverse();
    t.strictSame(now.map(asFound), [first, ofBeta, named, ofOtherBeta].map(asFound));
    t.strictSame(new Set(now.map((archive) => archive.jobId)), new Set([jobId]));
    t.match(await rebuilt(services), { result: { added: 0, known: 4 }, warnings: [] });
  },
);

await t.test("archives that were unknown take their places among those that were known", async (t) => {
  const { services, backUp } = await bench(t);
  const old = [await backUp(), await backUp()];
  loseCatalogue(services);
  const newer = await backUp();
  await rebuilt(services, { pin: true });
  const now = services.ledger.archives.list({ limit: 10 }).reverse();
  t.strictSame(
    now.map(({ key }) => key),
    [...old, newer].map(({ key }) => key),
  );
  t.strictSame(
    now.map(({ pinnedAt }) => pinnedAt !== undefined),
    [true, true, false],
    "what was added is pinned",
  );
  const next = await backUp();
  t.equal(services.ledger.archives.list({ limit: 1 })[0]?.id, next.id, "what comes later is newer");
});

await t.test("an archive that was moved keeps its record; a copy of it is another archive", async (t) => {
  const { services, backUp, roots } = await bench(t);
  const { id, key } = await backUp();
  services.ledger.archives.setPinned(id, 5);
  mkdirSync(roots);
  const moved = join(roots, "moved.tar.zst");
  copyFileSync(key, moved);
  rmSync(key);
  copyFileSync(moved, join(roots, "second.tar.zst"));
  const { result } = await rebuilt(services);
  t.match(result, { added: 1, moved: { count: 1, first: [{ id, from: key }] }, lost: { count: 0 } });
  t.match(services.ledger.archives.get(id), { location: /moved|second/, pinnedAt: 5, lostAt: undefined });
  t.match((await rebuilt(services)).result, { added: 0, known: 2, moved: { count: 0 } }, "once is enough");
});

await t.test("an archive that is gone is lost until it is found again", async (t) => {
  const { services, backUp, aside } = await bench(t);
  const archive = await backUp();
  renameSync(archive.key, aside);
  const { result, warnings } = await rebuilt(services);
  t.match(result, { lost: { count: 1, first: [{ id: archive.id, location: archive.key }] } });
  t.match(warnings, [{ code: "ARCHIVE_LOST" }]);
  t.type(services.ledger.archives.get(archive.id)?.lostAt, "number");
  t.match((await rebuilt(services)).result, { lost: { count: 0 } }, "it is told once");

  renameSync(aside, archive.key);
  t.match((await rebuilt(services)).result, { refreshed: 1 });
  t.equal(services.ledger.archives.get(archive.id)?.lostAt, undefined);
});

await t.test(
  "one that is known to be lost is recognised in another place, though its own is not looked at",
  async (t) => {
    const { services, backUp, roots, aside } = await bench(t);
    const archive = await backUp();
    mkdirSync(roots);
    renameSync(archive.key, aside);
    await rebuilt(services);
    renameSync(aside, join(roots, "a.tar.zst"));
    t.match((await rebuilt(services, { dest: roots })).result, {
      added: 0,
      moved: { first: [{ id: archive.id }] },
    });
  },
);

await t.test("what an archive of ours was overwritten with takes its place in the catalogue", async (t) => {
  const { services, backUp } = await bench(t);
  const first = await backUp();
  const second = await backUp();
  renameSync(second.key, first.key);
  const { result } = await rebuilt(services);
  t.match(result, { moved: { first: [{ id: second.id, to: first.key }] }, lost: { count: 1 } });
  t.equal(services.ledger.archives.get(first.id)?.state, "deleted");
  t.match(services.ledger.archives.get(second.id), { key: first.key, state: "good" });
});

await t.test("a file that was written anew with the same content is the same archive", async (t) => {
  const { services, backUp } = await bench(t);
  const { id, key, etag } = await backUp();
  writeFileSync(key, readFileSync(key));
  t.match((await rebuilt(services)).result, { added: 0, known: 0, refreshed: 1 });
  t.not(services.ledger.archives.get(id)?.etag, etag);
  t.match((await rebuilt(services)).result, { known: 1, refreshed: 0 });
});

await t.test("what is not ours is told, and never adopted; what is damaged is marked", async (t) => {
  const { services, backUp } = await bench(t);
  const cut = await backUp();
  const flipped = await backUp();
  const overwritten = await backUp({ to: beside(cut, "named.tar.zst") });
  writeFileSync(beside(cut, "notes.txt"), "nothing of ours");
  writeFileSync(beside(cut, "empty"), "");
  writeFileSync(beside(cut, "2026-01-01T00-00-00Z.tar.zst.age"), "age-encryption.org/v1\n");
  writeFileSync(beside(cut, "2026-01-01T00-00-00Z.tar.zst"), "not one of ours any more");
  writeFileSync(overwritten.key, "another");
  truncateSync(cut.key, cut.size - 20);
  const bytes = readFileSync(flipped.key);
  const inIndex = bytes.indexOf(Buffer.from("5b2a4d18", "hex")) + 40;
  bytes[inIndex] = (bytes[inIndex] ?? 0) ^ 0xff;
  writeFileSync(flipped.key, bytes);

  const { result, warnings } = await rebuilt(services);
  t.match(result, { added: 0, known: 0, foreign: { count: 4 }, damaged: { count: 3 }, lost: { count: 1 } });
  t.equal(warnings.filter(({ code }) => code === "ARCHIVE_DAMAGED").length, 3);
  for (const { id } of [cut, flipped]) t.equal(services.ledger.archives.get(id)?.state, "damaged");
  t.type(services.ledger.archives.get(overwritten.id)?.lostAt, "number", "another file stands there");
  t.equal(services.ledger.archives.list({ limit: 10 }).length, 3, "nothing was adopted");
});

await t.test("a place that fails midway says so, and what was found in it stays", async (t) => {
  const { services, backUp, roots } = await bench(t);
  const archives = [await backUp(), await backUp()];
  const elsewhere = await backUp({ to: join(roots, "a.tar.zst") });
  loseCatalogue(services);
  const failure = serializeError(new BackupError("STORE_UNREACHABLE", "Nobody answers."));
  const half = withThreads(services, async (_operation, request, proceed) => {
    const found = (await proceed()) as FindOutcome;
    const { key } = request as { readonly key: string };
    return key.startsWith(roots) ? found : { ...found, archives: found.archives.slice(0, 1), failure };
  });
  const { state, result, warnings } = await rebuilt(half);
  t.match({ state, result }, { state: "succeeded", result: { added: 2 } });
  const places = result?.["places"] as readonly { readonly location: string; readonly problem?: string }[];
  t.match(
    places.filter(({ problem }) => problem !== undefined),
    [{ problem: "Nobody answers." }],
  );
  t.match(warnings, [{ code: "STORE_UNREACHABLE" }, { code: "PINS_UNKNOWN" }]);
  const known = services.ledger.archives.list({ limit: 10 }).map(({ key }) => key);
  t.ok(known.includes(elsewhere.key));

  await rebuilt(services);
  rmSync(archives[1]?.key ?? "");
  t.match(
    (await rebuilt(half)).result,
    { lost: { count: 0 } },
    "what a broken search did not see is not lost",
  );
});

await t.test("a place that cannot be looked at at all is told; where all fail, the job does", async (t) => {
  const { services, backUp, roots } = await bench(t);
  await backUp();
  loseCatalogue(services);
  const failing = (fails: (key: string) => boolean): Services =>
    withThreads(services, (_operation, request, proceed) => {
      if (!fails((request as { readonly key: string }).key)) return proceed();
      throw new BackupError("STORE_DENIED", "Not for you.");
    });
  const some = await rebuilt(failing((key) => key.startsWith(roots)));
  t.match(some, { state: "succeeded", result: { added: 1 }, warnings: [{ code: "STORE_DENIED" }, {}] });
  t.match(await rebuilt(failing(() => true)), { state: "failed", error: { code: "STORE_DENIED" } });
});

await t.test(
  "a destination whose secret is missing does not keep the others from being looked at",
  async (t) => {
    const { services, tenant } = await servicesBench(t, {
      localRoots: [],
      destinations: {
        other: { url: "/srv/elsewhere" },
        half: { url: "s3://bucket", accessKeyId: "only-one-of-two" },
      },
    });
    await tenant("acme");
    await ended(services, backupSubmission(services, { tenant: "acme" }, caller));
    const { result, warnings } = await rebuilt(services);
    t.match(result, { known: 1 });
    t.match(warnings, [{ code: "CREDENTIALS_MISSING" }, { code: "PATH_NOT_ALLOWED" }]);
    t.throws(() => rebuildSubmission(services, { dest: "nowhere" }, caller), { code: "DESTINATION_UNKNOWN" });
    t.throws(() => rebuildSubmission(services, { dest: "half" }, caller), { code: "CREDENTIALS_MISSING" });
    t.match(await rebuilt(services, { dest: "other" }), { state: "failed", request: { dest: "other" } });
  },
);

await t.test("a rebuild that is cancelled changes nothing", async (t) => {
  const { services, backUp } = await bench(t);
  await backUp();
  loseCatalogue(services);
  const cancelling = withThreads(services, (_operation, _request, proceed) => {
    const [job] = services.engine.list({ limit: 1 });
    services.engine.cancel(job?.id ?? "");
    return proceed();
  });
  t.match(await rebuilt(cancelling), { state: "cancelled" });
  t.ok(services.ledger.rebuilt.isEmpty());
});

await t.test("what a backup lists while the stores are looked at is not listed twice", async (t) => {
  const { services, backUp } = await bench(t);
  const first = await backUp();
  loseCatalogue(services);
  const meanwhile = withThreads(services, async (_operation, _request, proceed) => {
    const found = (await proceed()) as FindOutcome;
    if (found.archives.length > 0) services.ledger.archives.add({ ...first, id: "a-backup" });
    return found;
  });
  await rebuilt(meanwhile);
  t.match(services.ledger.archives.list({ all: true, limit: 10 }), [{ id: "a-backup", state: "good" }]);
});
