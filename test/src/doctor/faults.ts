/** Faults that people meet, each with what the doctor is to say of it. */
import { createServer } from "node:http";
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import type { PlantedState } from "./state.js";

export interface Fault {
  readonly name: string;
  /** May give what takes it away again: a function. */
  plant(state: PlantedState): unknown;
  readonly check: string;
  readonly severity: "info" | "warning" | "critical";
  readonly message: RegExp;
  readonly fix: RegExp;
  /** What `--yes` says that it did; absent: it must leave the fault alone. */
  readonly repaired?: RegExp;
  /** Paths that the repair may remove, because they were never in use. */
  readonly removes?: RegExp;
  readonly needsRoot?: true;
}

const DAY_MS = 86_400_000;
const ago = (days: number): number => Date.now() - days * DAY_MS;

export const FAULTS: readonly Fault[] = [
  {
    name: "a config that is not JSON5",
    plant: (state) => state.write("openclaw.json", "{ gateway: { port: } }"),
    check: "config",
    severity: "critical",
    message: /openclaw\.json is not JSON5/,
    fix: /openclaw doctor --yes.*openclaw\.json\.bak/,
    repaired: /kept as .*openclaw\.json\.bak/,
  },
  {
    name: "a config with a key that nobody knows, beside a copy from before",
    plant: (state) => {
      state.write("openclaw.json.bak", "the one before");
      state.configure({ gateway: { prot: 1 } });
    },
    check: "config",
    severity: "critical",
    message: /gateway\.prot is unknown/,
    fix: /Correct the file/,
    repaired: /kept as .*openclaw\.json\.bak\.2/,
  },
  {
    name: "a default destination that there is not",
    plant: (state) => state.configure({ backup: { defaultDestination: "offsite" } }),
    check: "backup-config",
    severity: "critical",
    message: /no destination 'offsite'/,
    fix: /plugins\.backup/,
  },
  {
    name: "a secret whose file is gone",
    plant: (state) =>
      state.configure({
        backup: {
          destinations: {
            offsite: { url: "s3://bucket/", accessKeyId: "a", secretAccessKey: { file: "/nowhere/secret" } },
          },
        },
      }),
    check: "config",
    severity: "warning",
    message: /plugins\.backup\.destinations\.offsite\.secretAccessKey refers to the file \/nowhere\/secret/,
    fix: /Put the secret there/,
  },
  {
    name: "a secret that the environment lacks",
    plant: (state) => state.configure({ gateway: { metricsToken: { env: "METRICS_TOKEN_OF_NOBODY" } } }),
    check: "config",
    severity: "info",
    message: /METRICS_TOKEN_OF_NOBODY/,
    fix: /Set METRICS_TOKEN_OF_NOBODY/,
  },
  {
    name: "a state directory and tenants that everybody may read",
    plant: (state) => {
      chmodSync(state.state, 0o755);
      chmodSync(state.path("tenants/acme"), 0o755);
    },
    check: "permissions",
    severity: "warning",
    message: /mode 755.*tenants\/acme/,
    fix: /chmod 700 /,
    repaired: /2 got mode 700/,
  },
  {
    name: "a config that everybody may read",
    plant: (state) => chmodSync(state.path("openclaw.json"), 0o644),
    check: "permissions",
    severity: "warning",
    message: /openclaw\.json \(mode 644\)/,
    fix: /chmod 600 /,
    repaired: /1 got mode 600/,
  },
  {
    name: "a signing key that everybody may read",
    plant: (state) => chmodSync(state.path("backup/keys/signing-key.pem"), 0o644),
    check: "permissions",
    severity: "warning",
    message: /signing-key\.pem \(mode 644\)/,
    fix: /chmod 600/,
    repaired: /1 got mode 600/,
  },
  {
    name: "files of another user",
    needsRoot: true,
    plant: (state) => chownSync(state.path("tenants/acme"), 12_345, 12_345),
    check: "permissions",
    severity: "critical",
    message: /tenants\/acme \(user 12345\)/,
    fix: /^chown -hR 0:0 /,
  },
  {
    name: "a tenant.json that is gone, of a tenant that the gateway knows",
    plant: (state) => unlinkSync(state.path("tenants/acme/tenant.json")),
    check: "tenants",
    severity: "warning",
    message: /tenant\.json of tenant acme is missing/,
    fix: /openclaw doctor --yes/,
    repaired: /says again what counts/,
  },
  {
    name: "a tenant that came without a record",
    plant: (state) => mkdirSync(state.path("tenants/newcomer"), { mode: 0o700 }),
    check: "tenants",
    severity: "critical",
    message: /Tenant newcomer is not served: tenant\.json is missing/,
    fix: /openclaw tenants delete newcomer --confirm/,
  },
  {
    name: "a record that somebody has altered",
    plant: (state) => {
      const record = JSON.parse(state.read("tenants/acme/tenant.json")) as object;
      state.write("tenants/acme/tenant.json", JSON.stringify({ ...record, quotas: { bytes: 1e15 } }));
    },
    check: "tenants",
    severity: "warning",
    message: /not believed: it says something else of quotas/,
    fix: /openclaw tenants accept acme/,
  },
  {
    name: "two tenants with one token",
    plant: (state) => {
      type Note = { readonly record: { readonly tokenSha256: string } };
      const { record } = JSON.parse(state.read("tenant-records/acme.json")) as Note;
      const other = JSON.parse(state.read("tenant-records/beta.json")) as Note;
      const shared = { ...other, record: { ...other.record, tokenSha256: record.tokenSha256 } };
      state.write("tenant-records/beta.json", JSON.stringify(shared));
      state.write("tenants/beta/tenant.json", JSON.stringify(shared.record));
    },
    check: "tenants",
    severity: "critical",
    message: /Tenants acme, beta have a token that another tenant has/,
    fix: /token rotate acme && openclaw tenants token rotate beta/,
  },
  {
    name: "a tenant's directory that is gone",
    plant: (state) => rmSync(state.path("tenants/acme"), { recursive: true }),
    check: "tenants",
    severity: "critical",
    message: /directory of tenant acme is gone/,
    fix: /openclaw tenants restore --from ARCHIVE/,
  },
  {
    name: "a note about a tenant that cannot be read",
    plant: (state) => state.write("tenant-records/acme.json", "garbage"),
    check: "tenants",
    severity: "critical",
    message: /Tenant acme is not served: .*tenant-records\/acme\.json cannot be read/,
    fix: /--force/,
  },
  {
    name: "a directory among the tenants that is none",
    plant: (state) => mkdirSync(state.path("tenants/Old Tenants"), { mode: 0o700 }),
    check: "tenants",
    severity: "warning",
    message: /Old Tenants is no tenant's/,
    fix: /Move it out of tenants\//,
  },
  {
    name: "what a crash left of the gateway's own",
    plant: (state) => {
      state.write(".gateway-0123456789abcdef", "half a conf");
      mkdirSync(state.path("tenants/.trash/deleted-0123456789abcdef/workspace"), {
        recursive: true,
        mode: 0o700,
      });
      writeFileSync(state.path("tenants/.trash/deleted-0123456789abcdef/workspace/x"), "deleted");
    },
    check: "leftovers",
    severity: "info",
    message: /1 half-written files and 1 trees/,
    fix: /openclaw doctor --yes/,
    repaired: /1 files and 1 trees were removed/,
    removes: /\.gateway-0123456789abcdef|deleted-0123456789abcdef/,
  },
  {
    name: "a restore that a crash cut off",
    plant: (state) =>
      void mkdirSync(state.path("tenants/.staging/j-cut-off/tree"), { recursive: true, mode: 0o700 }),
    check: "backup-cut-off",
    severity: "warning",
    message: /Jobs were cut off: j-cut-off/,
    fix: /Start the gateway/,
  },
  {
    name: "a restore of the whole gateway of which nobody knows how far it came",
    plant: (state) => {
      mkdirSync(state.path(".restore"), { mode: 0o700 });
      state.write(".restore/journal.json", "{");
    },
    check: "gateway-restore",
    severity: "critical",
    message: /A restore of .* was cut off/,
    fix: /openclaw gateway run/,
  },
  {
    name: "trash that the ledger does not know",
    plant: (state) => {
      mkdirSync(state.path("tenants/.trash/j-of-nobody/tree"), { recursive: true, mode: 0o700 });
      writeFileSync(state.path("tenants/.trash/j-of-nobody/tree/tenant.json"), "{}");
    },
    check: "backup-leftovers",
    severity: "warning",
    message: /\.trash\/j-of-nobody holds what a restore replaced/,
    fix: /Take from it what is to be kept/,
  },
  {
    name: "a ledger that is no database any more",
    plant: (state) => state.write("backup/ledger.sqlite", "garbage ".repeat(4096)),
    check: "backup-ledger",
    severity: "critical",
    message: /ledger\.sqlite is damaged: file is not a database/,
    fix: /openclaw doctor --yes/,
    repaired: /kept as .*ledger\.sqlite\.damaged-.*; a new one has the 0 archives/,
  },
  {
    name: "a ledger with a page of garbage",
    plant: (state) => {
      const file = state.path("backup/ledger.sqlite");
      const garbage = Buffer.alloc(4096, 0xa5);
      const handle = openSync(file, "r+");
      // The last page is one of the last table's, or of an index.
      writeSync(handle, garbage, 0, garbage.length, Math.floor(statSync(file).size / 4096) * 4096 - 4096);
      closeSync(handle);
    },
    check: "backup-ledger",
    severity: "critical",
    message: /ledger\.sqlite is damaged/,
    fix: /openclaw doctor --yes/,
    repaired: /a new one has the 2 archives and \d+ jobs that could be read/,
  },
  {
    name: "a ledger that is gone",
    plant: (state) => {
      for (const name of readdirSync(state.path("backup")))
        if (name.startsWith("ledger.sqlite")) unlinkSync(state.path("backup", name));
    },
    check: "backup-ledger",
    severity: "warning",
    message: /There is no ledger/,
    fix: /backups rebuild --pin/,
  },
  {
    name: "a ledger of a newer gateway",
    plant: (state) =>
      state.ledger("INSERT INTO schema_migrations (number, name) VALUES (9999, '9999-later.sql')"),
    check: "backup-ledger",
    severity: "critical",
    message: /schema version 9999/,
    fix: /newer/,
  },
  {
    name: "schedules that are not JSON",
    plant: (state) => state.write("tenants/acme/cron/jobs.json", "{"),
    check: "schedules",
    severity: "critical",
    message: /tenants\/acme\/cron\/jobs\.json is damaged/,
    fix: /openclaw cron add/,
  },
  {
    name: "a schedule of a job that nobody offers",
    plant: (state) => {
      const file = JSON.parse(state.read("tenants/acme/cron/jobs.json")) as { jobs: object[] };
      const [job] = file.jobs;
      state.write(
        "tenants/acme/cron/jobs.json",
        JSON.stringify({ ...file, jobs: [{ ...job, job: "transmogrify" }] }),
      );
    },
    check: "schedules",
    severity: "warning",
    message: /No plugin offers transmogrify jobs/,
    fix: /openclaw cron show acme nightly/,
  },
  {
    name: "a schedule that makes no sense",
    plant: (state) => {
      const file = JSON.parse(state.read("tenants/acme/cron/jobs.json")) as { jobs: object[] };
      const [job] = file.jobs;
      state.write(
        "tenants/acme/cron/jobs.json",
        JSON.stringify({ ...file, jobs: [{ ...job, schedule: "61 * * * *" }] }),
      );
    },
    check: "schedules",
    severity: "info",
    message: /nightly of .*acme makes no sense/,
    fix: /openclaw cron rm acme nightly/,
  },
  {
    name: "a destination in whose place a file stands",
    plant: (state) => {
      writeFileSync(`${state.archives}/offsite`, "");
      state.configure({
        backup: {
          destinations: { offsite: { url: `${state.archives}/offsite` } },
          defaultDestination: "offsite",
        },
      });
    },
    check: "backup-stores",
    severity: "critical",
    message: /archives\/offsite is no directory/,
    fix: /Move .* away/,
  },
  {
    name: "a destination outside of the local roots",
    plant: (state) =>
      state.configure({ backup: { destinations: { offsite: { url: `${state.directory}/elsewhere` } } } }),
    check: "backup-stores",
    severity: "warning",
    message: /Destination offsite cannot be used/,
    fix: /check-destination dest:offsite\//,
  },
  {
    name: "a store that does not answer",
    plant: (state) =>
      state.configure({
        backup: {
          destinations: {
            offsite: {
              url: "s3://bucket/",
              endpoint: "http://127.0.0.1:1",
              accessKeyId: "key",
              secretAccessKey: "secret",
            },
          },
        },
      }),
    check: "backup-stores",
    severity: "warning",
    message: /Destination offsite (cannot be used \(STORE_UNREACHABLE\)|has not answered)/,
    fix: /check-destination dest:offsite\//,
  },
  {
    name: "a clock that was set back",
    plant: (state) => state.ledger(`UPDATE jobs SET created_at = ${ago(-30)}`),
    check: "backup-clock",
    severity: "critical",
    message: /the clock was set back, or was wrong then/,
    fix: /Set the machine's clock/,
  },
  {
    name: "a config from the future",
    plant: (state) => utimesSync(state.path("openclaw.json"), ago(-2) / 1000, ago(-2) / 1000),
    check: "clock",
    severity: "critical",
    message: /openclaw\.json was written at .*: one of them is wrong/,
    fix: /Set the machine's clock/,
  },
  {
    name: "no room for the next restore",
    plant: (state) =>
      state.ledger(
        "UPDATE archives SET totals_json = json_set(totals_json, '$.contentBytes', 9000000000000000) WHERE tenant = 'acme'",
      ),
    check: "backup-space",
    severity: "warning",
    message: /A restore of tenant acme would need 9000000000000000 bytes/,
    fix: /Make room/,
  },
  {
    name: "a backup that is overdue",
    plant: (state) =>
      state.ledger(
        `UPDATE archives SET created_at = ${ago(9)} WHERE tenant = 'acme'`,
        `INSERT OR REPLACE INTO alert_expectations SELECT tenant_uid, 'nightly', ${ago(9)}, ${DAY_MS} FROM archives WHERE tenant = 'acme'`,
      ),
    check: "backup-age",
    severity: "critical",
    message: /newest backup of tenant acme was taken .* 9 days ago\. It is overdue/,
    fix: /openclaw tenants backup acme/,
  },
  {
    name: "backups that nobody has verified for long",
    plant: (state) => state.ledger(`UPDATE archives SET verified_at = ${ago(40)} WHERE tenant = 'acme'`),
    check: "backup-verified",
    severity: "warning",
    message: /tenant acme was last verified at .* 40 days ago/,
    fix: /openclaw backups verify acme/,
  },
  {
    name: "an archive that was found damaged",
    plant: (state) =>
      state.ledger(
        `UPDATE archives SET state = 'damaged', damaged_at = ${ago(1)}, damage_json = '{"code":"ARCHIVE_DAMAGED","message":"x"}' WHERE tenant = 'acme'`,
      ),
    check: "backup-age",
    severity: "warning",
    message: /of tenant acme is damaged/,
    fix: /openclaw backups rm/,
  },
  {
    name: "archives of a tenant that is not there",
    plant: (state) => state.ledger("UPDATE archives SET tenant = 'departed' WHERE tenant = 'beta'"),
    check: "backup-tenants",
    severity: "info",
    message: /not on this gateway: departed/,
    fix: /openclaw tenants restore --from ARCHIVE/,
  },
  {
    name: "a lock that is none",
    plant: (state) => state.write("gateway.lock", "garbage ".repeat(4096)),
    check: "lock",
    severity: "critical",
    message: /No gateway can start: .*gateway\.lock/,
    fix: /openclaw doctor --yes/,
    repaired: /kept as .*gateway\.lock\.bak/,
  },
  {
    name: "a line of the audit log that somebody has changed",
    plant: (state) => {
      const [name = ""] = readdirSync(state.path("audit"));
      state.write(`audit/${name}`, state.read(`audit/${name}`).replace('"admin"', '"nobody"'));
    },
    check: "audit-log",
    severity: "critical",
    message: /tampered with.*was changed/,
    fix: /openclaw audit verify/,
  },
  {
    name: "a port that another program has",
    plant: async (state) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const address = server.address();
      state.configure({ gateway: { port: typeof address === "object" ? address?.port : 0 } });
      return () => new Promise<void>((resolve) => server.close(() => resolve()));
    },
    check: "port",
    severity: "critical",
    message: /is in use, by another program/,
    fix: /--port/,
  },
  {
    name: "a certificate that is gone",
    plant: (state) => state.configure({ gateway: { tls: { cert: "tls.crt", key: "tls.key" } } }),
    check: "network",
    severity: "critical",
    message: /gateway\.tls\.cert: .*tls\.crt cannot be read/,
    fix: /two PEM files/,
  },
  {
    name: "an address for everybody, without TLS",
    plant: (state) => state.configure({ gateway: { bind: "0.0.0.0" } }),
    check: "network",
    severity: "warning",
    message: /listens on 0\.0\.0\.0 without TLS/,
    fix: /gateway\.tls/,
  },
  {
    name: "a token that can be guessed",
    plant: (state) => void (state.env["OPENCLAW_GATEWAY_TOKEN"] = "hunter2"),
    check: "admin-token",
    severity: "warning",
    message: /has 7 characters/,
    fix: /openssl rand -hex 32/,
  },
  {
    name: "no token anywhere",
    plant: (state) => void (state.env["OPENCLAW_GATEWAY_TOKEN"] = ""),
    check: "admin-token",
    severity: "info",
    message: /Neither the config nor this environment has an admin token/,
    fix: /OPENCLAW_GATEWAY_TOKEN/,
  },
  {
    name: "a channel whose secret is gone",
    plant: (state) =>
      state.configure({
        backup: {
          notify: [
            {
              name: "pager",
              kind: "webhook",
              url: "https://hooks.example.org/backups",
              secret: { file: "/nowhere/secret" },
            },
          ],
        },
      }),
    check: "backup-alerts",
    severity: "critical",
    message: /Channel pager cannot be used/,
    fix: /plugins\.backup\.notify/,
  },
  {
    name: "a workspace whose volume is not mounted",
    plant: (state) => state.configure({ gateway: { workspaceDir: `${state.directory}/not-mounted` } }),
    check: "workspace",
    severity: "critical",
    message: /volume .*not-mounted cannot be used/,
    fix: /OPENCLAW_WORKSPACE_DIR/,
  },
  {
    name: "a checklist that a restore has left",
    plant: (state) => {
      const expected = { tenants: 2, files: 1, bytes: 1 };
      const times = { createdAt: "2026-06-03T02:00:00Z", restoredAt: "2026-06-04T02:00:00Z" };
      state.write(
        "backup/post-restore.json",
        JSON.stringify({ job: "r-1", from: "a set", ...times, expected }),
      );
    },
    check: "post-restore",
    severity: "warning",
    message: /was not gone through yet/,
    fix: /openclaw gateway checklist/,
  },
];
