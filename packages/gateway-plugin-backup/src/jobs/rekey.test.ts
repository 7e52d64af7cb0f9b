import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { encryptTo } from "../archive/age/encrypt.js";
import { keyPair } from "../archive/testing/key-pair.js";
import { tarOf } from "../archive/testing/tar-builder.js";
import { DEFAULT_LIMITS } from "../archive/format.js";
import { BackupError } from "../errors.js";
import { CALLER, sealedBench, type SealedBench } from "../test-support/sealed-bench.js";
import { ended, withThreads } from "../test-support/services-bench.js";
import { showArchive } from "./archive-parts.js";
import { settleCompletions } from "./completions.js";
import { rekeySubmission, type RekeyRequest } from "./rekey.js";
import { pinArchive } from "./remove-archive.js";
import type { JobRecord } from "./types.js";

const never = new AbortController().signal;

async function rekeyed(
  { services }: Pick<SealedBench, "services">,
  request: RekeyRequest,
): Promise<JobRecord> {
  return ended(services, await rekeySubmission(services, request, CALLER));
}

t.test("an archive is encrypted anew in its place, and the old key opens it no more", async (t) => {
  const bench = await sealedBench(t, {}, { "workspace/b.md": "b" });
  const { services, key, record, time } = bench;
  const old = await bench.sealed();
  pinArchive(services, old.id, true);
  const pinnedAt = record(old.id).pinnedAt;
  const next = await keyPair();
  time.advance(3_600_000);
  const job = await rekeyed(bench, {
    archive: old.id,
    decrypt: { identity: key.identity },
    recipients: [next.recipient],
  });
  t.match(job, {
    type: "rekey",
    tenant: "acme",
    state: "succeeded",
    request: { archive: old.id, recipients: [next.recipient], decrypt: { with: "identity" } },
    result: { from: old.location, location: old.location, encryption: "age" },
  });
  const archive = record(job.result?.["archiveId"]);
  t.match(archive, {
    location: old.location,
    indexSha256: old.indexSha256,
    createdAt: old.createdAt,
    totals: old.totals,
    state: "good",
    pinnedAt,
  });
  t.not(archive.objectSha256, old.objectSha256);
  t.equal(record(old.id).state, "deleted");
  const shown = (identity: string): Promise<unknown> =>
    showArchive(services, { archive: archive.id, decrypt: { identity } });
  t.match(await shown(next.identity), { known: { id: archive.id } });
  await t.rejects(shown(key.identity), { code: "AGE_KEY_WRONG" });
  t.strictSame(services.ledger.completions.ofEndedJobs(), []);
});

t.test("an archive is encrypted anew beside the old one, which stays", async (t) => {
  const bench = await sealedBench(t);
  const { services, key, backUp, record } = bench;
  const plain = record((await backUp()).result?.["archiveId"]);
  const to = join(plain.key, "../sealed.age");
  const beside = { archive: plain.id, to, recipients: [key.recipient] };
  const job = await rekeyed(bench, beside);
  t.match(job, { state: "succeeded", result: { from: plain.location, location: to } });
  t.match(record(job.result?.["archiveId"]), { encryption: "age", key: to, tenantUid: plain.tenantUid });
  t.match(record(plain.id), { state: "good", encryption: undefined });
  t.match(await rekeyed(bench, beside), { state: "failed", error: { code: "ARCHIVE_EXISTS" } });
  t.match(await rekeyed(bench, { ...beside, overwrite: true }), { state: "succeeded" });
  const piped = await rekeyed(bench, {
    archive: to,
    to: `${to}.piped`,
    pipe: "swap",
    decrypt: { identity: key.identity },
  });
  t.match(record(piped.result?.["archiveId"]), { encryption: "pipe" });
  t.match(await showArchive(services, { archive: `${to}.piped`, decrypt: { pipe: "swap" } }), {
    found: { header: { tenant: "acme" } },
  });
});

t.test("an archive that the catalogue does not know stays unknown to it", async (t) => {
  const bench = await sealedBench(t);
  const { services, key } = bench;
  const archive = await bench.sealed();
  const copy = join(archive.key, "../copy.age");
  copyFileSync(archive.key, copy);
  const next = await keyPair();
  const request = { archive: copy, decrypt: { identity: key.identity }, recipients: [next.recipient] };
  const job = await rekeyed(bench, request);
  t.match(job, { state: "succeeded", tenant: "acme", result: { archiveId: undefined, location: copy } });
  t.match(await showArchive(services, { archive: copy, decrypt: { identity: next.identity } }), {
    known: undefined,
  });
  t.equal(services.ledger.archives.list({ limit: 9 }).length, 1);
});

t.test("what another tool has encrypted is nobody's, and is not encrypted anew", async (t) => {
  const bench = await sealedBench(t);
  const { key, record } = bench;
  const file = join(record((await bench.backUp()).result?.["archiveId"]).key, "../theirs.age");
  const encryption = await encryptTo([key.recipient]);
  const theirs = encryption.update(tarOf({ name: "notes/a", content: "a" }));
  writeFileSync(file, Buffer.concat([encryption.header, ...theirs, encryption.final()]));
  const request = { archive: file, decrypt: { identity: key.identity }, recipients: [key.recipient] };
  const job = await rekeyed(bench, request);
  t.match(job, { tenant: "", state: "failed", error: { code: "ARCHIVE_WITHOUT_INDEX" } });
});

t.test("what cannot be opened, or is another archive, is left as it is", async (t) => {
  const bench = await sealedBench(t);
  const { key } = bench;
  const [archive, other] = [await bench.sealed(), await bench.sealed()];
  const stranger = await keyPair();
  const recipients = [stranger.recipient];
  const decrypt = { identity: key.identity };
  const before = readFileSync(archive.key);
  t.match(await rekeyed(bench, { archive: archive.id, recipients }), {
    error: { code: "ARCHIVE_ENCRYPTED" },
  });
  t.match(
    await rekeyed(bench, { archive: archive.id, recipients, decrypt: { identity: stranger.identity } }),
    {
      error: { code: "AGE_KEY_WRONG" },
    },
  );
  t.match(await rekeyed(bench, { archive: archive.id, pipe: "fail", decrypt }), {
    error: { code: "PIPE_FAILED" },
  });
  await t.rejects(rekeyed(bench, { archive: archive.id, decrypt }), {
    code: "REQUEST_INVALID",
    message: /Nothing says whom/,
  });
  t.ok(readFileSync(archive.key).equals(before));

  const cut = Buffer.from(before);
  cut.writeUInt8(cut.readUInt8(400) ^ 1, 400);
  writeFileSync(archive.key, cut);
  t.match(await rekeyed(bench, { archive: archive.id, recipients, decrypt }), {
    error: { code: "ARCHIVE_DAMAGED" },
  });
  t.ok(readFileSync(archive.key).equals(cut));
  copyFileSync(other.key, archive.key);
  t.match(await rekeyed(bench, { archive: archive.id, recipients, decrypt }), {
    error: { code: "ARCHIVE_DAMAGED", message: /is not the archive that was stored there/ },
  });
  t.equal(bench.record(archive.id).state, "good");
});

t.test("an archive whose job lost sight of it is found by its bytes, and keeps its pin", async (t) => {
  const bench = await sealedBench(t);
  const { services, key, record } = bench;
  const old = await bench.sealed();
  pinArchive(services, old.id, true);
  const next = await keyPair();
  // The thread's answer gets lost when all is done.
  const deaf = withThreads(services, async (operation, _request, proceed) => {
    const answer = await proceed();
    if (operation !== "rekey") return answer;
    throw new BackupError("JOB_THREAD_FAILED", "The thread is gone.");
  });
  const request = {
    archive: old.id,
    decrypt: { identity: key.identity },
    recipients: [next.recipient],
  };
  const failed = await ended(deaf, await rekeySubmission(deaf, request, CALLER));
  t.match(failed, { state: "failed", error: { code: "JOB_THREAD_FAILED" } });
  await settleCompletions(services, never);
  const [found] = services.ledger.archives.list({ tenant: "acme", limit: 1 });
  t.match(found, { encryption: "age", location: old.location, pinnedAt: Number });
  t.match(services.ledger.jobs.get(failed.id), { state: "succeeded" });
  t.match(await showArchive(services, { archive: found?.id ?? "", decrypt: { identity: next.identity } }), {
    found: { header: { tenant: "acme" } },
  });
  t.equal(record(old.id).state, "deleted");

  // Another file in its place is not the archive.
  const { signal } = new AbortController();
  const settle = {
    store: { kind: "local", roots: [services.host.paths.backups] },
    key: old.key,
    mark: undefined,
    size: readFileSync(old.key).length,
    limits: DEFAULT_LIMITS,
    indexSha256: old.indexSha256,
    sealedSha256: "0".repeat(64),
  } as const;
  t.match(await services.threads.run("settle", settle, { signal }), { found: "nothing" });
});
