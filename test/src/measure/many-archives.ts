/** A state directory like that of a gateway with many tenants and years of backups, written straight into its ledger. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createGateway } from "@openclaw/gateway-core";
import { backupPlugin } from "@openclaw/gateway-plugin-backup";
import Database from "better-sqlite3";

const DAY_MS = 86_400_000;

/** @param directory An empty state directory. `archives`: of all tenants together. */
export async function writeManyArchives(
  directory: string,
  {
    tenants,
    archives,
    token,
  }: { readonly tenants: number; readonly archives: number; readonly token: string },
): Promise<void> {
  const made = Array.from({ length: tenants }, (_, i) => writeTenant(directory, i));
  const gateway = await createGateway({
    stateDir: directory,
    port: 0,
    plugins: [backupPlugin()],
    logLevel: "silent",
    env: { OPENCLAW_GATEWAY_TOKEN: token },
  });
  const headers = { authorization: `Bearer ${token}` };
  for (const { id } of made) {
    const payload = { name: "nightly", schedule: "0 3 * * *", job: "backup", parameters: {} };
    const url = `/api/admin/tenants/${id}/cron`;
    const answer = await gateway.app.inject({ method: "POST", url, headers, payload });
    if (answer.statusCode !== 201) throw new Error(answer.body);
  }
  await gateway.close({ graceMs: 0 });
  fillLedger(join(directory, "backup", "ledger.sqlite"), made, Math.ceil(archives / tenants));
}

interface Tenant {
  readonly id: string;
  readonly uid: string;
}

function writeTenant(directory: string, i: number): Tenant {
  const id = `tenant-${String(i).padStart(4, "0")}`;
  const uid = randomBytes(16).toString("hex");
  mkdirSync(join(directory, "tenants", id, "cron"), { recursive: true, mode: 0o700 });
  const record = {
    ...{ id, uid, createdAt: "2026-01-01T00:00:00.000Z", quotas: {}, labels: {} },
    tokenSha256: createHash("sha256").update(id).digest("hex"),
  };
  writeFileSync(join(directory, "tenants", id, "tenant.json"), JSON.stringify(record), { mode: 0o600 });
  return { id, uid };
}

/** A backup a day; every 37th tenant's fail since three days. */
function fillLedger(file: string, tenants: readonly Tenant[], days: number): void {
  const database = new Database(file);
  const insertJob = database.prepare(
    `INSERT INTO jobs (id, type, tenant, tenant_uid, trigger, actor, request_json, state, created_at, started_at,
       finished_at, result_json, error_json)
     VALUES (@id, 'backup', @tenant, @uid, 'cron', 'admin', '{}', @state, @at, @at, @at + 3000, @result, @error)`,
  );
  const insertArchive = database.prepare(
    `INSERT INTO archives (id, job_id, tenant, tenant_uid, location, store_kind, endpoint, bucket, key, size, etag,
       index_sha256, format_version, created_at, totals_json, state, checked_at, verified_at)
     VALUES ('a' || @id, @id, @tenant, @uid, @key, 'local', '', '', @key, @size, '${"e".repeat(32)}',
       '${"f".repeat(64)}', 1, @at, @totals, 'good', @at, @verified)`,
  );
  const now = Date.now();
  let jobs = 0;
  database.transaction(() => {
    for (let day = days; day > 0; day -= 1) {
      for (const [i, { id: tenant, uid }] of tenants.entries()) {
        jobs += 1;
        const id = `j${String(jobs).padStart(17, "0")}`;
        const at = now - day * DAY_MS + DAY_MS - 7_200_000 + i;
        const size = Math.round(5e7 * (1 + (i % 17)) * (1 + 0.01 * (days - day)));
        const key = join("/archives", tenant, `${id}.tar.zst`);
        const failed = i % 37 === 0 && day < 4;
        const error = JSON.stringify({ code: "STORE_UNREACHABLE", message: "The store does not answer." });
        insertJob.run({
          ...{ id, tenant, uid, at, state: failed ? "failed" : "succeeded" },
          ...{ result: failed ? null : JSON.stringify({ size }), error: failed ? error : null },
        });
        if (failed) continue;
        const totals = { files: 2000, directories: 90, symlinks: 10, contentBytes: 2 * size };
        insertArchive.run({
          ...{ id, tenant, uid, key, size, at, verified: day % 7 === 0 ? at + 50_000 : null },
          totals: JSON.stringify({ entries: 2100, ...totals, segments: 55, tarBytes: 2 * size }),
        });
      }
    }
  })();
  database.close();
}
