import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Type } from "@openclaw/schema";
import { BackupError } from "../errors.js";
import { ended, servicesBench, withThreads, type ServicesBench } from "../test-support/services-bench.js";
import { testGateway } from "../test-support/gateway.js";
import { automaticName } from "./archive-name.js";
import { backup, backupSubmission, type ResumedBackup } from "./backup.js";
import type { JobView } from "../routes/schemas.js";
import type { Services } from "./services.js";
import type { JobSubmission } from "./types.js";

const caller = { actor: "admin", trigger: "api" } as const;

async function withAcme(t: Parameters<typeof servicesBench>[0]): Promise<ServicesBench> {
  const bench = await servicesBench(t);
  await bench.tenant("acme", { "sessions/a.jsonl": "{}\n" });
  return bench;
}

/** Takes the automatic names of so many seconds, from now on. */
function takeNames({ services, time }: ServicesBench, seconds: number): void {
  const { backups } = services.host.paths;
  for (let second = 0; second < seconds; second++) {
    const file = automaticName(backups.slice(1), "acme", time.now() + second * 1000);
    mkdirSync(join("/", file, ".."), { recursive: true });
    writeFileSync(join("/", file), "");
  }
}

await t.test("an automatic name that is taken gives way to that of the next second", async (t) => {
  const bench = await withAcme(t);
  takeNames(bench, 2);
  const job = await ended(bench.services, backupSubmission(bench.services, { tenant: "acme" }, caller));
  t.match(job, { state: "succeeded", result: { key: /2026-03-07T00-00-02Z\.tar\.zst$/ } });
});

await t.test("where the names of five seconds are taken, the backup fails and says so", async (t) => {
  const bench = await withAcme(t);
  takeNames(bench, 5);
  const job = await ended(bench.services, backupSubmission(bench.services, { tenant: "acme" }, caller));
  t.match(job, { state: "failed", error: { code: "ARCHIVE_EXISTS", message: /00-00-04Z/ } });
});

await t.test("a name that a person chose is not changed, and no other error is tried again", async (t) => {
  const bench = await withAcme(t);
  const { backups } = bench.services.host.paths;
  const to = join(backups, "mine.tar.zst");
  writeFileSync(to, "");
  const job = await ended(bench.services, backupSubmission(bench.services, { tenant: "acme", to }, caller));
  t.match(job, { state: "failed", error: { code: "ARCHIVE_EXISTS" } });

  let attempts = 0;
  const failing = withThreads(bench.services, () => {
    attempts += 1;
    throw new BackupError("STORE_FAILED", "It does not work.");
  });
  const failed = await ended(bench.services, backupSubmission(failing, { tenant: "acme" }, caller));
  t.match(failed, { state: "failed", error: { code: "STORE_FAILED" } });
  t.equal(attempts, 1);
});

await t.test(
  "an earlier upload that is no good any more is dropped, and all is sent under its name",
  async (t) => {
    const bench = await withAcme(t);
    const { services, time } = bench;
    const namedAt = time.now() - 3_600_000;
    const target = services.destinations.target(undefined, "acme", namedAt);
    const resume = { kind: "multipart", key: target.key, uploadId: "u1", mark: "m1" } as const;
    const resumed: ResumedBackup = { target, namedAt, resume };
    const asked: unknown[] = [];
    const unfit = withThreads(services, (operation, request, proceed) => {
      if (operation === "discard") return undefined;
      if ("resume" in request) {
        asked.push(request.resume);
        throw new BackupError("STORE_FAILED", "One of its parts is gone.");
      }
      return proceed();
    });
    const job = await ended(services, {
      ...backupSubmission(services, { tenant: "acme" }, caller),
      run: (context) => backup(unfit, { tenant: "acme" }, context, resumed),
    });
    t.strictSame(asked, [resume]);
    t.match(job, { state: "succeeded", result: { key: target.key } });
    t.strictSame(services.ledger.leftovers.ofJob(job.id), []);
  },
);

await t.test("a backup whose tenant an undo takes away while it waits says that there is none", async (t) => {
  let onSuspended = (): Promise<void> => Promise.resolve();
  const host = await testGateway(t, {}, undefined, [
    {
      name: "watcher",
      version: "0",
      configSchema: Type.Object({}),
      setup: ({ hooks }) => {
        hooks.on("tenantSuspended", () => onSuspended());
        return Promise.resolve();
      },
    },
  ]);
  await host.tenant("acme");
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  const restore = await host.job("/api/admin/restores", { from: result?.["archiveId"], as: "copy" });
  let url = "";
  onSuspended = async () => {
    const { body } = await host.call("POST", "/api/admin/tenants/copy/backups", {});
    url = `/api/admin/jobs/${(body["job"] as JobView).id}`;
  };
  t.match(await host.job(`/api/admin/restores/${restore.id}/undo`), { state: "succeeded" });
  await host.gateway.app.inject({ url: `${url}/events`, headers: host.headers });
  t.match((await host.call("GET", url)).body, { state: "failed", error: { code: "TENANT_NOT_FOUND" } });
});

/** A backup to one place whose archive is complete, and noted as about to be visible, when its thread reports `failure`. */
function failingLate(services: Services, failure: BackupError): JobSubmission {
  const late = withThreads(services, async (operation, _request, proceed) => {
    const result = await proceed();
    if (operation === "backup") throw failure;
    return result;
  });
  const to = join(services.host.paths.backups, "mine.tar.zst");
  return backupSubmission(late, { tenant: "acme", to, overwrite: true }, caller);
}

await t.test("an archive that had to be removed again takes the one it had overwritten along", async (t) => {
  const { services } = await withAcme(t);
  const to = join(services.host.paths.backups, "mine.tar.zst");
  const first = await ended(services, backupSubmission(services, { tenant: "acme", to }, caller));
  t.match(services.ledger.archives.list({ limit: 10 }), [{ id: first.result?.["archiveId"], state: "good" }]);
  const removed = new BackupError("STORE_FAILED", "It was removed.", { details: { removed: true } });
  t.match(await ended(services, failingLate(services, removed)), { state: "failed" });
  t.strictSame(services.ledger.archives.list({ limit: 10 }), []);
  t.strictSame(services.ledger.completions.ofEndedJobs(), []);
});

await t.test("of an archive that is another's, it is known that it is not ours, and no more", async (t) => {
  const { services } = await withAcme(t);
  const to = join(services.host.paths.backups, "mine.tar.zst");
  await ended(services, backupSubmission(services, { tenant: "acme", to }, caller));
  const taken = new BackupError("ARCHIVE_EXISTS", "Another writer has just made it.");
  t.match(await ended(services, failingLate(services, taken)), { state: "failed" });
  t.strictSame(services.ledger.completions.ofEndedJobs(), []);
  t.match(services.ledger.archives.list({ limit: 10 }), [{ state: "good" }]);
});

await t.test("a failure that leaves open what became of the archive is looked into later", async (t) => {
  const { services } = await withAcme(t);
  const job = await ended(services, failingLate(services, new BackupError("STORE_UNREACHABLE", "Gone.")));
  t.match(services.ledger.completions.ofEndedJobs(), [{ jobId: job.id }]);
});

await t.test("a dry run warns of what the backup will warn of", async (t) => {
  const bench = await withAcme(t);
  symlinkSync("/etc/passwd", join(bench.directory("acme"), "outside"));
  const request = { tenant: "acme", dryRun: true };
  const job = await ended(bench.services, backupSubmission(bench.services, request, caller));
  t.match(job, { state: "succeeded", warnings: [{ code: "LINK_ESCAPES", path: "outside" }] });
});
