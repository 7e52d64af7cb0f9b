/**
 * Attacks on a real gateway: each hostile archive is restored, is refused with the entry and the rule named, and leaves
 * nothing behind, in the gateway's state or beside it.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { ADMIN_TOKEN, Bed } from "../support/bed.js";
import type { HostileCase } from "./case.js";
import { snapshot } from "./snapshot.js";

/** Small, so that bombs need not be large. */
const LIMITS = { entries: 3_000, bytes: "128MiB", ratio: 1000 };
/** Of the whole gateway above its idle state: a zstd window of 128 MiB, and what threads and their heaps take. */
const MEMORY_GROWTH_MAX = 500 * 1024 * 1024;

interface RefusedJob {
  readonly state: string;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly exitCode: number;
    readonly details?: { readonly rule?: string; readonly entry?: string };
  };
}

/** Restores every case as `victim`, on one gateway. */
export async function attack(t: Test, cases: readonly HostileCase[]): Promise<void> {
  const { bed, outside } = await besieged(t);
  const before = lookAround(bed);
  const idle = peakMemory(bed);
  for (const one of cases) {
    await t.test(`${one.id}: ${one.title}`, async (t) => {
      const archive = await deliver(bed, one, outside);
      const job = await restore(bed, archive);
      checkRefusal(t, one, job, outside);
      t.strictSame(lookAround(bed), before, "nothing changed in the gateway's state or beside it");
      t.strictSame(readdirSync(join(bed.gateway.tenantsDirectory, ".staging")), [], "staging is empty");
    });
  }
  t.match(await bed.get("/api/admin/tenants"), { tenants: [{ id: "bystander" }] });
  const growth = peakMemory(bed) - idle;
  t.ok(growth < MEMORY_GROWTH_MAX, `the gateway's memory grew by ${Math.round(growth / 1024 ** 2)} MiB`);
}

/** A gateway with a tenant that must not be touched, and beside it a directory with files that attacks aim at. */
export async function besieged(t: Test): Promise<{ readonly bed: Bed; readonly outside: string }> {
  const bed = await Bed.start(t, { backup: { limits: LIMITS } });
  await bed.createTenant("bystander");
  writeFileSync(join(bed.gateway.tenantDirectory("bystander"), "secret"), "of a bystander");
  const outside = join(bed.directory, "outside");
  mkdirSync(join(outside, "directory"), { recursive: true });
  for (const path of ["file", "directory/file"])
    writeFileSync(join(outside, path), "before", { mode: 0o600 });
  return { bed, outside };
}

/** Puts the archive where the gateway may read it; gives its path. */
export async function deliver(bed: Bed, one: HostileCase, outside: string): Promise<string> {
  const path = join(bed.archives, one.id);
  writeFileSync(path, await one.archive(outside));
  return path;
}

/** All that an archive could change: the bed without the archives, and without what notes the jobs: the ledger, the audit log. */
function lookAround(bed: Bed): string[] {
  return snapshot(bed.directory, {
    without: new Set([
      "archives",
      "state/audit",
      ...["", "-wal", "-shm"].map((suffix) => `state/backup/ledger.sqlite${suffix}`),
    ]),
    busy: new Set(["state/tenants/.staging"]),
  });
}

/** Starts the restore as victim, and gives the job as it ended. */
async function restore(bed: Bed, from: string): Promise<RefusedJob> {
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
  const answer = await fetch(`${bed.gateway.url}/api/admin/restores`, {
    method: "POST",
    headers,
    body: JSON.stringify({ from, as: "victim" }),
  });
  const accepted = await answer.text();
  if (answer.status !== 202) throw new Error(`the restore was not accepted: ${accepted}`);
  const { job } = JSON.parse(accepted) as { job: { id: string } };
  const events = await fetch(`${bed.gateway.url}/api/admin/jobs/${job.id}/events`, { headers });
  const last = (await events.text()).trimEnd().split("\ndata: ").at(-1) ?? "";
  return JSON.parse(last) as RefusedJob;
}

function checkRefusal(
  t: Test,
  { expected }: HostileCase,
  { state, error }: RefusedJob,
  outside: string,
): void {
  t.equal(state, "failed");
  const { code, rule } = expected;
  const entry = expected.entry?.replace("{outside}", outside);
  t.match(error, { code, exitCode: 7, details: { rule } });
  t.equal(error?.details?.entry, entry);
  if (entry !== undefined) t.ok(error?.message.includes(entry), `${error?.message} names ${entry}`);
  t.notMatch(error?.message, /[\p{Cc}\u202a-\u202e]/u, "no control characters");
  t.ok((error?.message.length ?? 0) < 1500, "no message is longer than a person reads");
}

/** The most memory that the gateway had so far: VmHWM of proc(5). */
function peakMemory(bed: Bed): number {
  const status = readFileSync(`/proc/${bed.gateway.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
