/** A gateway with a tenant whose archives have a history, for tests of retention. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { Test } from "tap";
import { testGateway, type TestGateway } from "./gateway.js";

export const BACKUPS = "/api/admin/tenants/acme/backups";
export const PRUNE = "/api/admin/tenants/acme/prune";

const DAY_MS = 86_400_000;

/** What is removed is removed at once, unless `config` says otherwise. */
export async function withAcme(t: Test, config: object = {}): Promise<TestGateway> {
  const host = await testGateway(t, { trashHours: 0, ...config });
  await host.tenant("acme", { "sessions/a.jsonl": "{}\n" });
  return host;
}

/** The gateway's own ledger, for what no route does. */
export function withLedger<T>({ stateDir }: TestGateway, work: (ledger: Database.Database) => T): T {
  const ledger = new Database(join(stateDir, "backup/ledger.sqlite"), { timeout: 5000 });
  try {
    return work(ledger);
  } finally {
    ledger.close();
  }
}

/** Backs acme up once for each day, the oldest first, and dates the archives accordingly; gives their ids. */
export async function history(
  host: TestGateway,
  days: readonly number[],
  body: object = {},
): Promise<string[]> {
  const ids: string[] = [];
  for (const daysAgo of days) {
    const { result } = await host.job(BACKUPS, body);
    const id = String(result?.["archiveId"]);
    withLedger(host, (ledger) =>
      ledger
        .prepare("UPDATE archives SET created_at = created_at - ? WHERE id = ?")
        .run(daysAgo * DAY_MS, id),
    );
    ids.push(id);
  }
  return ids;
}

/** The same on the local disk, and quicker: one backup, and copies of it with automatic names. */
export async function copiedHistory(
  host: TestGateway,
  days: readonly number[],
  to?: string,
): Promise<string[]> {
  const { result } = await host.job(BACKUPS, to === undefined ? {} : { to });
  const first = String(result?.["archiveId"]);
  const file = String(result?.["location"]);
  return withLedger(host, (ledger) =>
    days.map((daysAgo, number) => {
      const id = number === 0 ? first : `${first}-${number}`;
      if (number > 0) {
        const copy = file.replace(/[^/]+$/, `2000-01-01T00-00-0${number}Z.tar.zst`);
        copyFileSync(file, copy);
        ledger
          .prepare(
            `INSERT INTO archives (id, job_id, tenant, tenant_uid, location, store_kind, endpoint, bucket, key, size,
               etag, index_sha256, format_version, created_at, totals_json, state)
             SELECT @id, job_id, tenant, tenant_uid, @copy, store_kind, endpoint, bucket, @copy, size,
               etag, index_sha256, format_version, created_at, totals_json, state FROM archives WHERE id = @first`,
          )
          .run({ id, copy, first });
      }
      const date = Date.now() - daysAgo * DAY_MS;
      ledger.prepare("UPDATE archives SET created_at = ? WHERE id = ?").run(date, id);
      return id;
    }),
  );
}

/** The catalogue, as the route lists it. */
export async function listed(host: TestGateway, query = ""): Promise<Record<string, unknown>[]> {
  const { body } = await host.call("GET", `/api/admin/backups${query}`);
  return body["archives"] as Record<string, unknown>[];
}

export async function locationOf(host: TestGateway, id: string | undefined): Promise<string> {
  return String((await listed(host, "?all=true")).find((archive) => archive["id"] === id)?.["location"]);
}

/** Removes an archive by hand: the job as it ended, or the refusal. */
export async function removeJob(
  host: TestGateway,
  id: string | undefined,
  query = "",
): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await host.call("DELETE", `/api/admin/backups/${id ?? ""}${query}`);
  if (status !== 202) return body;
  const { id: jobId } = body["job"] as { id: string };
  await host.gateway.app.inject({ url: `/api/admin/jobs/${jobId}/events`, headers: host.headers });
  return (await host.call("GET", `/api/admin/jobs/${jobId}`)).body;
}
