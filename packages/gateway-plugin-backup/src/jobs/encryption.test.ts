import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { keyPair } from "../archive/testing/key-pair.js";
import { CALLER, sealedBench, type SealedBench } from "../test-support/sealed-bench.js";
import { ended } from "../test-support/services-bench.js";
import { diffArchive, listFiles, readArchivedFile, showArchive } from "./archive-parts.js";
import { backup, backupSubmission } from "./backup.js";
import { drillSubmission } from "./drill.js";
import type { ArchiveRecord } from "./ledger/archives.js";
import type { DecryptOptions } from "./opening.js";
import { rebuildSubmission } from "./rebuild/rebuild.js";
import { removeArchives } from "./removal.js";
import { restorePathsSubmission } from "./restore-paths.js";
import { restoreSubmission, type RestoreRequest } from "./restore.js";
import { checkConfiguredRecipients } from "./configured-recipients.js";
import type { Streamed } from "./thread/output.js";
import type { JobRecord, JsonObject } from "./types.js";
import { verifySubmission, type VerifyRequest } from "./verify.js";

const AGE = "age-encryption.org/v1\n";

async function restored(
  { services }: Pick<SealedBench, "services">,
  request: RestoreRequest,
): Promise<JobRecord> {
  return ended(services, await restoreSubmission(services, request, CALLER));
}

async function text({ body }: Streamed): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}

function isAge({ key }: ArchiveRecord): boolean {
  return readFileSync(key).toString("latin1", 0, AGE.length) === AGE;
}

function checked({ result, error }: JobRecord): JsonObject | undefined {
  const archives = (result ?? error?.details ?? {})["archives"] as readonly JsonObject[] | undefined;
  return archives?.[0];
}

t.test("an encrypted archive is restored with its key alone, and says nothing without it", async (t) => {
  const bench = await sealedBench(t, {}, { "sessions/a.jsonl": "{}\n", "workspace/b.md": "b" });
  const { services, key, directory } = bench;
  const archive = await bench.sealed();
  t.match(archive.key, /\.tar\.zst\.age$/);
  t.ok(isAge(archive));
  t.match(archive, { encryption: "age", objectSha256: /^[0-9a-f]{64}$/ });
  t.equal(archive.size, readFileSync(archive.key).length);

  const from = archive.id;
  const decrypt = { identity: `# mine\n${key.identity}\n` };
  t.match(await restored(bench, { from, as: "copy", decrypt }), { state: "succeeded" });
  t.equal(readFileSync(join(directory("copy"), "workspace/b.md"), "utf8"), "b");
  await t.rejects(restored(bench, { from, force: true }), { code: "ARCHIVE_ENCRYPTED", exitCode: 7 });
  const other = await keyPair();
  await t.rejects(restored(bench, { from, force: true, decrypt: { identity: other.identity } }), {
    code: "AGE_KEY_WRONG",
    exitCode: 7,
  });
  t.match(await restored(bench, { from, as: "other", decrypt: { identity: other.identity } }), {
    state: "failed",
    error: { code: "AGE_KEY_WRONG" },
  });
  await t.rejects(restored(bench, { from, decrypt: { ...decrypt, passphrase: "x" } }), {
    code: "REQUEST_INVALID",
  });
  await t.rejects(restored(bench, { from, decrypt: { identity: "AGE-SECRET" } }), {
    code: "IDENTITY_INVALID",
  });
  const jobs = JSON.stringify(services.ledger.jobs.list({ limit: 100 }));
  t.notMatch(jobs, key.identity);
  t.match(jobs, '"decrypt":{"with":"identity"}');
});

t.test("an archive is looked into with its key", async (t) => {
  const bench = await sealedBench(t, {}, { "workspace/b.md": "first" });
  const { services, key, directory } = bench;
  const archive = await bench.sealed();
  const decrypt = { identity: key.identity };
  const choice = { archive: archive.id, decrypt };
  t.match(await showArchive(services, choice), {
    found: { header: { tenant: "acme" }, size: archive.size, indexSha256: archive.indexSha256 },
    known: { id: archive.id },
  });
  await t.rejects(showArchive(services, { archive: archive.id }), { code: "ARCHIVE_ENCRYPTED" });
  t.match(await text(await listFiles(services, choice, [])), /workspace\/b\.md/);
  t.equal(
    await text(await readArchivedFile(services, { ...choice, path: "workspace/b.md", skip: 1 })),
    "irst",
  );

  writeFileSync(join(directory("acme"), "workspace/b.md"), "second");
  t.match(await text(await diffArchive(services, choice)), /"changed"/);
  // The other one is of the time before archives were encrypted.
  const plain = await bench.backUp();
  const other = String(plain.result?.["archiveId"]);
  t.match(await text(await diffArchive(services, { ...choice, with: other })), /"changed"/);

  const paths = { from: archive.id, paths: ["workspace"], force: true, decrypt };
  t.match(await ended(services, await restorePathsSubmission(services, paths, CALLER)), {
    state: "succeeded",
  });
  t.equal(readFileSync(join(directory("acme"), "workspace/b.md"), "utf8"), "first");
});

t.test("a key for an archive that is not encrypted is an error, not a shrug", async (t) => {
  const bench = await sealedBench(t);
  const { result } = await bench.backUp();
  const decrypt = { identity: bench.key.identity };
  await t.rejects(restored(bench, { from: String(result?.["archiveId"]), force: true, decrypt }), {
    code: "ARCHIVE_NOT_ENCRYPTED",
    exitCode: 7,
    hint: /leave the key out/,
  });
});

t.test("a destination's recipients encrypt what comes there, and a request's own go first", async (t) => {
  const key = await keyPair();
  const place = t.testdirName;
  const config = {
    localRoots: [place],
    destinations: { vault: { url: join(place, "vault"), recipients: [key.recipient] } },
  };
  const bench = await sealedBench(t, config);
  const { services, backUp, record } = bench;
  const byName = record((await backUp({ to: "dest:vault" })).result?.["archiveId"]);
  t.match(byName, { encryption: "age", key: /\.tar\.zst\.age$/ });
  const byPath = record((await backUp({ to: join(place, "vault/by-hand") })).result?.["archiveId"]);
  t.match(byPath, { encryption: "age", key: /by-hand$/ });
  t.ok(isAge(byPath));
  const own = record(
    (await backUp({ to: "dest:vault", recipients: [bench.key.recipient] })).result?.["archiveId"],
  );
  const decrypt = { identity: bench.key.identity };
  t.match(await showArchive(services, { archive: own.id, decrypt }), { location: own.location });
  t.match(await backUp(), { result: { encryption: undefined } });
});

t.test("an upload that was begun before its destination had recipients is not gone on with", async (t) => {
  const key = await keyPair();
  const place = t.testdirName;
  const bench = await sealedBench(t, {
    localRoots: [place],
    destinations: { vault: { url: join(place, "vault"), recipients: [key.recipient] } },
    defaultDestination: "vault",
  });
  const { services, time } = bench;
  const request = { tenant: "acme" };
  const target = services.destinations.target(undefined, "acme", time.now());
  const resume = { kind: "multipart", key: target.key, uploadId: "of another day" } as const;
  const resumed = { target, namedAt: time.now(), resume };
  const submission = backupSubmission(services, request, CALLER);
  const job = await ended(services, {
    ...submission,
    run: (context) => backup(services, request, context, resumed),
  });
  t.match(job, { state: "succeeded", result: { encryption: "age", key: /\.age$/, mode: "full" } });
});

t.test("a recipient of the config that is none stops the start, and is named with its destination", (t) => {
  const destinations = { plain: { url: "/y" }, vault: { url: "/x", recipients: ["age1x"] } };
  t.throws(() => checkConfiguredRecipients({ destinations }), {
    code: "RECIPIENT_INVALID",
    message: /^plugins\.backup\.destinations\.vault\.recipients: /,
  });
  t.end();
});

t.test("what cannot be encrypted is refused at once", async (t) => {
  const { services, key } = await sealedBench(t);
  for (const [request, code] of [
    [{ recipients: ["age1x"] }, "RECIPIENT_INVALID"],
    [{ pipe: "swap -x" }, "PIPE_NOT_ALLOWED"],
    [{ pipe: "swap", recipients: [key.recipient] }, "REQUEST_INVALID"],
  ] as const)
    t.throws(() => backupSubmission(services, { tenant: "acme", ...request }, CALLER), { code });
});

t.test("a program encrypts and decrypts; what it fails at leaves nothing", async (t) => {
  const bench = await sealedBench(t, {}, { "workspace/b.md": "through a program" });
  const { services, record, backUp, directory } = bench;
  const job = await backUp({ pipe: "swap" });
  const archive = record(job.result?.["archiveId"]);
  t.match(archive, { encryption: "pipe", key: /\.tar\.zst\.piped$/ });
  t.match(job.request, { pipe: "swap" });
  t.match(await restored(bench, { from: archive.id, as: "copy", decrypt: { pipe: "swap" } }), {
    state: "succeeded",
    request: { decrypt: { with: "swap" } },
  });
  t.equal(readFileSync(join(directory("copy"), "workspace/b.md"), "utf8"), "through a program");
  const choice = { archive: archive.id, decrypt: { pipe: "swap" } };
  t.equal(
    await text(await readArchivedFile(services, { ...choice, path: "workspace/b.md", skip: 0 })),
    "through a program",
  );
  t.strictSame(readdirSync(join(services.host.paths.backup, "tmp")), []);
  // Whose it is, is asked of the program, which is then ended; the second time without a name of it in the catalogue.
  t.match(await restored(bench, { from: archive.id, force: true, decrypt: { pipe: "swap" } }), {
    state: "succeeded",
    tenant: "acme",
  });
  const small = join(services.host.paths.backups, "small");
  writeFileSync(small, Buffer.from([0x80]));
  for (const pipe of ["swap", "gzip"] as const)
    await t.rejects(restored(bench, { from: small, decrypt: { pipe } }), {
      code: pipe === "gzip" ? "ARCHIVE_DAMAGED" : "ARCHIVE_UNKNOWN_FORMAT",
    });
  await t.rejects(restored(bench, { from: archive.id, decrypt: { pipe: "fail" } }), {
    code: "PIPE_FAILED",
    message: /ended with 2\. It said: no key/,
  });

  const before = readdirSync(join(archive.key, ".."));
  t.match(await backUp({ pipe: "fail" }), {
    state: "failed",
    error: { code: "PIPE_FAILED", message: /no key/ },
  });
  t.strictSame(readdirSync(join(archive.key, "..")), before);
});

t.test("every encrypted backup is full, and none is the base of another", async (t) => {
  const bench = await sealedBench(t);
  const { services, backUp } = bench;
  await backUp();
  t.match(await backUp({ recipients: [bench.key.recipient] }), {
    result: { mode: "full", fullReason: "what is encrypted is sent in full", encryption: "age" },
  });
  const { tenant, tenantUid, storeKind, endpoint, bucket } = await bench.sealed();
  const bases = services.ledger.archives.goodIn({ tenant, tenantUid, storeKind, endpoint, bucket });
  t.match(bases, [{ encryption: undefined }]);
  t.equal(bases.length, 1);
  t.equal(readdirSync(join(services.host.paths.backup, "facts")).length, 1);
});

t.test("without a key an encrypted archive's bytes are verified, with one what they say", async (t) => {
  const bench = await sealedBench(t);
  const { services, key, record } = bench;
  const archive = await bench.sealed();
  const verify = async (request: Partial<VerifyRequest> = {}): Promise<JobRecord> =>
    ended(services, await verifySubmission(services, { archive: "acme", ...request }, CALLER));
  const decrypt: DecryptOptions = { identity: key.identity };
  for (const level of ["quick", "sample"] as const)
    t.match(checked(await verify({ level })), {
      outcome: "good",
      bytesRead: 0,
      notChecked: ["anything but its size: it is encrypted, and no key was given"],
    });
  t.match(checked(await verify()), {
    outcome: "good",
    bytesRead: archive.size,
    notChecked: ["what its bytes say: it is encrypted, and no key was given"],
  });
  t.type(record(archive.id).verifiedAt, "number");
  t.match(checked(await verify({ decrypt })), { outcome: "good", notChecked: [] });
  t.match(checked(await verify({ decrypt, level: "sample" })), { outcome: "good" });
  t.equal(record(archive.id).objectSha256, archive.objectSha256);

  const drill = async (request: object): Promise<JobRecord> =>
    ended(services, await drillSubmission(services, { archive: archive.id, ...request }, CALLER));
  t.match(checked(await drill({ decrypt })), { outcome: "good" });
  t.match(await drill({}), { state: "failed", error: { code: "ARCHIVE_ENCRYPTED" } });
  t.match(await drill({ decrypt: { identity: (await keyPair()).identity } }), {
    state: "failed",
    error: { code: "AGE_KEY_WRONG" },
  });
  t.equal(record(archive.id).state, "good");

  // What the catalogue does not know is asked for its tenant.
  const elsewhere = join(archive.key, "../elsewhere.age");
  copyFileSync(archive.key, elsewhere);
  t.match(await verify({ archive: elsewhere, decrypt }), { state: "succeeded", tenant: "acme" });

  const bytes = readFileSync(archive.key);
  writeFileSync(archive.key, Buffer.from(bytes).fill(0, bytes.length - 5));
  t.match(await verify({ level: "quick" }), { state: "succeeded" });
  t.match(await verify(), { state: "failed", error: { code: "ARCHIVE_DAMAGED" } });
  t.equal(record(archive.id).state, "damaged");
  writeFileSync(archive.key, bytes.subarray(1));
  t.match(await verify({ level: "quick" }), {
    error: { code: "ARCHIVE_DAMAGED", message: /bytes instead of/ },
  });
});

t.test("an encrypted archive is removed when it is provably the one that was stored", async (t) => {
  const bench = await sealedBench(t);
  const { services, record } = bench;
  const archives = [await bench.sealed(), await bench.sealed(), await bench.sealed()] as const;
  const [, moved, other] = archives;
  for (const { key } of [moved, other]) {
    copyFileSync(key, `${key}.copy`);
    renameSync(`${key}.copy`, key);
  }
  writeFileSync(other.key, readFileSync(other.key).reverse());
  const { signal } = new AbortController();
  const removals = await removeArchives(
    services,
    { kind: "local", roots: [services.host.paths.backups] },
    archives,
    signal,
  );
  t.match(removals, [
    { outcome: "removed" },
    { outcome: "removed" },
    { outcome: "other", reason: "its bytes are others" },
  ]);
  t.match(
    archives.map(({ id }) => record(id).state),
    ["deleted", "deleted", "good"],
  );
});

t.test("a rebuild knows an encrypted archive by its bytes, wherever its file came from", async (t) => {
  const bench = await sealedBench(t);
  const { services, record } = bench;
  const [same, other] = [await bench.sealed(), await bench.sealed()];
  for (const { key } of [same, other]) {
    copyFileSync(key, `${key}.copy`);
    renameSync(`${key}.copy`, key);
  }
  writeFileSync(other.key, readFileSync(other.key).reverse());
  const job = await ended(services, rebuildSubmission(services, {}, CALLER));
  t.match(job, {
    state: "succeeded",
    result: { added: 0, refreshed: 1, foreign: { count: 1 }, lost: { count: 1 } },
  });
  t.not(record(same.id).etag, same.etag);
  t.type(record(other.id).lostAt, "number");
});
