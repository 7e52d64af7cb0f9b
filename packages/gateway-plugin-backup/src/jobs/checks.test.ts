import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { BackupError } from "../errors.js";
import { ended, servicesBench, withThreads, type ServicesBench } from "../test-support/services-bench.js";
import { backupSubmission } from "./backup.js";
import { chooseBase } from "./bases.js";
import type { CheckRequest } from "./check-targets.js";
import { drillSubmission, type DrillRequest } from "./drill.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { Services } from "./services.js";
import type { JobRecord, JsonObject } from "./types.js";
import { verifySubmission, type VerifyRequest } from "./verify.js";

const caller = { actor: "admin", trigger: "api" } as const;
const DAY_MS = 24 * 3_600_000;

interface Bench extends ServicesBench {
  /** Backs acme up, a minute later than before. */
  readonly backUp: () => Promise<ArchiveRecord>;
  readonly record: (archive: ArchiveRecord) => ArchiveRecord;
  readonly verify: (request?: Partial<VerifyRequest>, services?: Services) => Promise<JobRecord>;
  readonly drill: (request?: Partial<DrillRequest>, services?: Services) => Promise<JobRecord>;
}

async function bench(t: Test, files: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const made = await servicesBench(t);
  const { services, tenant, time } = made;
  await tenant("acme", { "sessions/a.jsonl": "{}\n", ...files });
  const record = ({ id }: Pick<ArchiveRecord, "id">): ArchiveRecord => {
    const found = services.ledger.archives.get(id);
    if (found === undefined) throw new Error(`Archive ${id} is not in the catalogue.`);
    return found;
  };
  return {
    ...made,
    record,
    backUp: async () => {
      time.advance(60_000);
      const { result } = await ended(services, backupSubmission(services, { tenant: "acme" }, caller));
      return record({ id: String(result?.["archiveId"]) });
    },
    verify: async (request = {}, used = services) =>
      ended(used, await verifySubmission(used, { archive: "acme", ...request }, caller)),
    drill: async (request = {}, used = services) =>
      ended(used, await drillSubmission(used, { archive: "acme", ...request }, caller)),
  };
}

/** What a job says of each archive, whether it succeeded or not. */
function archivesOf({ result, error }: JobRecord): readonly JsonObject[] {
  return (result ?? error?.details ?? {})["archives"] as readonly JsonObject[];
}

function damage({ key }: ArchiveRecord): void {
  const bytes = readFileSync(key);
  bytes.writeUInt8(bytes.readUInt8(20) ^ 0xff, 20);
  writeFileSync(key, bytes);
}

t.test("a good archive is noted as verified, with all its bytes' hash, and figures", async (t) => {
  const { services, backUp, record, verify, time } = await bench(t);
  const archive = await backUp();
  time.advance(DAY_MS);
  const job = await verify({ archive: archive.id });
  t.match(job, {
    type: "verify",
    tenant: "acme",
    state: "succeeded",
    request: { archive: archive.id, level: "full" },
    result: {
      level: "full",
      archives: [{ archiveId: archive.id, outcome: "good", notChecked: [], hadIndex: true }],
    },
  });
  t.ok(Number(job.result?.["bytesRead"]) >= archive.size);
  const { verifiedAt, objectSha256, state } = record(archive);
  t.equal(state, "good");
  t.equal(verifiedAt, time.now());
  t.match(objectSha256, /^[0-9a-f]{64}$/);
  t.match(services.ledger.checks.ofArchive(archive.id), [
    {
      kind: "full",
      jobId: job.id,
      outcome: "good",
      checkedAt: time.now(),
      goodAt: time.now(),
      bytesRead: Number,
    },
  ]);
});

t.test("the newest archive of a tenant is checked, or all", async (t) => {
  const { backUp, verify } = await bench(t);
  const [old, newest] = [await backUp(), await backUp()];
  const ids = async (all: boolean): Promise<unknown[]> =>
    archivesOf(await verify({ level: "quick", all })).map(({ archiveId }) => archiveId);
  t.strictSame(await ids(false), [newest.id]);
  t.strictSame(await ids(true), [newest.id, old.id]);
});

t.test(
  "a damaged archive is marked, no backup builds on it, and a good full verification takes the mark off",
  async (t) => {
    const { services, backUp, record, verify, time } = await bench(t, { "workspace/a": "x".repeat(10_000) });
    const archive = await backUp();
    const good = readFileSync(archive.key);
    damage(archive);
    time.advance(1000);
    const job = await verify();
    t.match(job, {
      state: "failed",
      error: {
        code: "ARCHIVE_DAMAGED",
        details: { level: "full", archives: [{ outcome: "damaged", archiveId: archive.id }] },
      },
    });
    t.match(record(archive), {
      state: "damaged",
      damagedAt: time.now(),
      damage: { code: "ARCHIVE_DAMAGED" },
    });
    t.match(services.ledger.checks.get(archive.id, "full"), {
      outcome: "damaged",
      problem: { code: "ARCHIVE_DAMAGED" },
    });
    const target = services.destinations.target(undefined, "acme", time.now());
    const { tenantUid } = archive;
    t.match(await chooseBase(services, { tenant: "acme", tenantUid, target }), {
      fullReason: /no earlier archive/,
    });

    writeFileSync(archive.key, good);
    t.match(await verify({ level: "quick" }), { state: "succeeded", warnings: [{ code: "WRITTEN_ANEW" }] });
    t.equal(record(archive).state, "damaged", "its content was not looked at");
    t.match(await verify(), { state: "succeeded", warnings: [] });
    t.match(record(archive), {
      state: "good",
      damagedAt: undefined,
      damage: undefined,
      verifiedAt: time.now(),
    });
    t.match(await verify({ level: "quick" }), { warnings: [] }, "the new ETag is known now");
  },
);

t.test(
  "of several archives the damaged ones are named, and the others are checked all the same",
  async (t) => {
    const { backUp, record, verify } = await bench(t);
    const archives = [await backUp(), await backUp(), await backUp(), await backUp()];
    const [first, second, third, fourth] = archives;
    if (first === undefined || second === undefined || third === undefined || fourth === undefined) return;
    damage(second);
    damage(third);
    rmSync(fourth.key);
    const job = await verify({ all: true });
    t.match(job.error, { code: "ARCHIVE_DAMAGED", message: /And 2 more of 4 archives of tenant acme/ });
    t.strictSame(
      archivesOf(job).map(({ outcome }) => outcome),
      ["lost", "damaged", "damaged", "good"],
    );
    t.ok(record(first).verifiedAt);
    t.ok(record(fourth).lostAt);
  },
);

t.test("a store that cannot be reached marks nothing", async (t) => {
  const { services, backUp, record, verify } = await bench(t);
  const archive = await backUp();
  const unreachable = withThreads(services, () => {
    throw new BackupError("STORE_UNREACHABLE", "The store did not answer.");
  });
  const job = await verify({}, unreachable);
  t.match(job, { state: "failed", error: { code: "STORE_UNREACHABLE" } });
  t.match(archivesOf(job), [{ outcome: "unknown", code: "STORE_UNREACHABLE" }]);
  t.strictSame(record(archive), archive);
  t.strictSame(services.ledger.checks.ofArchive(archive.id), []);
});

t.test("limits of the config that refuse an archive say nothing of it", async (t) => {
  const { services, backUp, record, verify } = await bench(t);
  const archive = await backUp();
  const strict = {
    ...services,
    config: { ...services.config, limits: { ...services.config.limits, entries: 1 } },
  };
  t.match(await verify({}, strict), { state: "failed", error: { code: "LIMIT_EXCEEDED" } });
  t.equal(record(archive).state, "good");
});

t.test("damage that is not there when the archive is read again was not in the store", async (t) => {
  const { services, backUp, record, verify } = await bench(t);
  const archive = await backUp();
  let reads = 0;
  const flaky = withThreads(services, (_operation, _request, proceed) => {
    if (++reads === 1) throw new BackupError("ARCHIVE_DAMAGED", "A bit was flipped on the way.");
    return proceed();
  });
  t.match(await verify({}, flaky), {
    state: "succeeded",
    warnings: [{ code: "READ_TWICE", message: /on the way/ }],
  });
  t.match(record(archive), { state: "good", verifiedAt: Number });
});

t.test(
  "an archive whose place another has taken is lost, as one that is gone, and found when it is back",
  async (t) => {
    const { backUp, record, verify } = await bench(t);
    const [old, newest] = [await backUp(), await backUp()];
    renameSync(old.key, `${old.key}.aside`);
    copyFileSync(newest.key, old.key);
    t.match(await verify({ archive: old.id }), {
      error: { code: "ARCHIVE_DAMAGED", details: { rule: "index hash" } },
    });
    t.match(record(old), { state: "good", lostAt: Number });
    rmSync(old.key);
    t.match(await verify({ archive: old.id }), { error: { code: "ARCHIVE_NOT_FOUND" } });
    t.ok(record(old).lostAt);
    renameSync(`${old.key}.aside`, old.key);
    t.match(await verify({ archive: old.id, level: "quick" }), { state: "succeeded" });
    t.equal(record(old).lostAt, undefined);
  },
);

t.test("an archive that is removed while it is its turn is missed by nobody", async (t) => {
  const { services, backUp, verify, record } = await bench(t);
  const [old, newest] = [await backUp(), await backUp()];
  const removing = withThreads(services, (_operation, request, proceed) => {
    if ((request as { key: string }).key !== old.key) return proceed();
    services.ledger.archives.endRemoval(old.id);
    throw new BackupError("ARCHIVE_NOT_FOUND", "It is gone.");
  });
  const job = await verify({ all: true }, removing);
  t.match(job, { state: "succeeded" });
  t.match(archivesOf(job), [{ outcome: "good" }, { outcome: "removed" }]);
  services.ledger.archives.beginRemoval(newest.id, 1);
  t.equal(record(newest).removingAt, 1);
  await t.rejects(verify(), { code: "ARCHIVE_NOT_FOUND" });
  await t.rejects(verify({ archive: newest.id }), { code: "ARCHIVE_NOT_FOUND" });
});

t.test("samples go on where the last ended, with a day's share for each day that has passed", async (t) => {
  const { services, backUp, verify, time } = await bench(t);
  const archive = await backUp();
  const asked: { readonly share: number; readonly after?: string }[] = [];
  const watched = withThreads(services, (_operation, request, proceed) => {
    asked.push((request as { sample: { share: number; after?: string } }).sample);
    return proceed();
  });
  for (const days of [0, 0.5, 10, 1000]) {
    time.advance(days * DAY_MS);
    t.match(await verify({ level: "sample" }, watched), { state: "succeeded" });
  }
  t.strictSame(
    asked.map(({ share }) => Number(share.toFixed(6))),
    [0.003, 0.003, 0.03, 1],
  );
  t.equal(asked[0]?.after, undefined);
  t.match(asked[1]?.after, /^[0-9a-f]{64}:\d{8}$/);
  t.match(services.ledger.checks.get(archive.id, "sample"), { outcome: "good", sampledTo: String });
  damage(archive);
  time.advance(1000 * DAY_MS);
  await verify({ level: "sample" }, watched);
  t.match(services.ledger.checks.get(archive.id, "sample"), {
    outcome: "damaged",
    sampledTo: asked[3]?.after && String,
  });
});

t.test("an archive that the catalogue does not know is checked, and nothing is noted", async (t) => {
  const { services, backUp, verify, drill } = await bench(t);
  const archive = await backUp();
  const copy = join(archive.key, "../copy.tar.zst");
  copyFileSync(archive.key, copy);
  t.match(await verify({ archive: copy }), {
    tenant: "acme",
    state: "succeeded",
    result: { archives: [{ location: copy }] },
  });
  t.match(await drill({ archive: copy }), { tenant: "acme", state: "succeeded" });
  damage({ ...archive, key: copy });
  t.match(await verify({ archive: copy }), { state: "failed", error: { code: "ARCHIVE_DAMAGED" } });
  t.strictSame(services.ledger.checks.ofTenant("acme", archive.tenantUid), []);
  writeFileSync(copy, "nothing that could be an archive");
  await t.rejects(verify({ archive: copy }), { code: "ARCHIVE_UNKNOWN_FORMAT" });
});

t.test("a plain tar whose tenant nobody knows is checked under a given name", async (t) => {
  const { backUp, verify } = await bench(t);
  const { key } = await backUp();
  const tar = join(key, "../other.tar");
  // An empty file "a" in a directory of its own: 512 bytes of header, and two blocks of zeros.
  const header = Buffer.alloc(1536);
  header.write("dir/a", 0);
  header.write("0000644\0", 100);
  header.write("00000000000\0", 124);
  header.write("00000000000\0", 136);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  writeFileSync(tar, header);
  await t.rejects(verify({ archive: tar }), { code: "TENANT_AMBIGUOUS" });
  t.match(await verify({ archive: tar, as: "other" }), { tenant: "other", state: "succeeded" });
});

t.test("what names no archive is refused at once", async (t) => {
  const { services, tenant, backUp } = await bench(t);
  await tenant("empty");
  const { id } = await backUp();
  const refused = async (request: CheckRequest, code: string): Promise<void> => {
    await t.rejects(verifySubmission(services, request, caller), { code });
  };
  await refused({ archive: "nobody" }, "TENANT_NOT_FOUND");
  await refused({ archive: "empty" }, "ARCHIVE_NOT_FOUND");
  await refused({ archive: id, all: true }, "REQUEST_INVALID");
  await refused({ archive: "/elsewhere/a.tar.zst" }, "PATH_NOT_ALLOWED");
});

t.test("verifications share the tenant with a backup, and equal ones join", async (t) => {
  const { services, backUp } = await bench(t);
  await backUp();
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const waiting = withThreads(services, async (operation, _request, proceed) => {
    if (operation === "backup") await held;
    return proceed();
  });
  const backup = ended(services, backupSubmission(waiting, { tenant: "acme" }, caller));
  const submission = await verifySubmission(services, { archive: "acme" }, caller);
  const verifying = ended(services, submission);
  t.equal(services.start(submission).joined, true);
  t.match(await verifying, { state: "succeeded" });
  release();
  t.match(await backup, { state: "succeeded" });
});

t.test(
  "a drill notes what a full verification does, and how long the restore took; its directory is gone",
  async (t) => {
    const { services, backUp, record, drill, time } = await bench(t);
    const archive = await backUp();
    time.advance(1000);
    const job = await drill();
    t.match(job, {
      type: "drill",
      state: "succeeded",
      result: { archives: [{ outcome: "good", problems: 0, restoreMs: Number }] },
    });
    t.match(record(archive), { verifiedAt: time.now(), objectSha256: String });
    t.match(services.ledger.checks.ofTenant("acme", archive.tenantUid), [
      { kind: "drill", outcome: "good", restoreMs: Number, archiveId: archive.id },
    ]);
    t.strictSame(readdirSync(services.host.paths.staging), []);
    t.strictSame(services.ledger.leftovers.ofEndedJobs(), []);
  },
);

t.test(
  "a drill fails on what was of no use before the backup, and the archive stays a good one",
  async (t) => {
    const { services, backUp, record, drill } = await bench(t, {
      "cron/jobs.json": '{"jobs":[',
      "sessions/torn.jsonl": '{}\n{"a',
      "usage/x.json": "",
    });
    const archive = await backUp();
    const job = await drill();
    t.match(job, {
      state: "failed",
      error: {
        code: "DRILL_FAILED",
        message: /What .* restores is not all of use\. (cron|usage).*is not JSON\. And 1 more\.$/,
        details: { rule: "JSON_WRONG", archives: [{ outcome: "failed", problems: 2, warnings: 1 }] },
      },
    });
    t.match(record(archive), { state: "good", verifiedAt: Number });
    t.match(services.ledger.checks.get(archive.id, "drill"), {
      outcome: "failed",
      problem: { code: "DRILL_FAILED" },
    });
  },
);

t.test("a drill that finds one thing names it alone", async (t) => {
  const { backUp, drill } = await bench(t, { "usage/x.json": "" });
  await backUp();
  t.match(await drill(), { error: { code: "DRILL_FAILED", message: /usage\/x\.json: [^.]*is not JSON\.$/ } });
});

t.test("a drill finds a record that no restore would take", async (t) => {
  const { services, backUp, record, drill } = await bench(t);
  const archive = await backUp();
  const altered = withThreads(services, async (operation, _request, proceed) => {
    const outcome = (await proceed()) as object;
    return operation === "drill" ? { ...outcome, tenantJson: "{}" } : outcome;
  });
  t.match(await drill({}, altered), {
    state: "failed",
    error: { code: "ARCHIVE_DAMAGED", details: { entry: "tenant.json" } },
  });
  t.equal(record(archive).state, "damaged");
});

t.test("a plain archive's drill cannot say whether anything is missing", async (t) => {
  const { services, backUp, drill } = await bench(t);
  await backUp();
  const plain = withThreads(services, async (_operation, _request, proceed) => ({
    ...((await proceed()) as object),
    hadIndex: false,
  }));
  const [archive] = archivesOf(await drill({}, plain));
  t.match(archive, { notChecked: ["whether anything is missing"] });
});

t.test("a drill that is cancelled leaves nothing behind, and marks nothing", async (t) => {
  const { services, backUp, record } = await bench(t);
  const archive = await backUp();
  const submission = await drillSubmission(services, { archive: "acme" }, caller);
  const job = ended(services, {
    ...submission,
    run: (context) =>
      submission.run({
        ...context,
        progress: (progress) => {
          context.progress(progress);
          services.engine.cancel(context.jobId);
        },
      }),
  });
  t.match(await job, { state: "cancelled", error: { code: "JOB_CANCELLED" } });
  t.strictSame(record(archive), archive);
  t.strictSame(readdirSync(services.host.paths.staging), []);
});

t.test("a scratch directory that cannot be removed stays noted, for the next try", async (t) => {
  const { services, backUp, drill } = await bench(t);
  await backUp();
  const { staging } = services.host.paths;
  const blocked = withThreads(services, async (_operation, _request, proceed) => {
    const outcome = await proceed();
    renameSync(staging, `${staging}.aside`);
    writeFileSync(staging, "");
    return outcome;
  });
  const job = await drill({}, blocked);
  t.match(job, { state: "succeeded" });
  // What the end of a job tries once more goes on behind it.
  await services.engine.drain();
  t.match(services.ledger.leftovers.ofEndedJobs(), [
    { jobId: job.id, leftover: { kind: "directory", path: join(staging, job.id) } },
  ]);
});
