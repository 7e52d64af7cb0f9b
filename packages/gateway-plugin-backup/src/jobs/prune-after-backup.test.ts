import t from "tap";
import { BackupError } from "../errors.js";
import { ended, servicesBench } from "../test-support/services-bench.js";
import { backupSubmission } from "./backup.js";
import { gatewayBackupSubmission } from "./gateway/backup.js";
import { pruneAfterBackups } from "./prune-after-backup.js";
import type { JobSubmission } from "./types.js";

const caller = { actor: "admin", trigger: "cron" } as const;

t.test("a prune that cannot be started is a line of the log, and the backup stands", async (t) => {
  const { services, tenant } = await servicesBench(t, { pruneAfterBackup: true, retention: { keepLast: 1 } });
  await tenant("acme");
  const refused: JobSubmission[] = [];
  const start = (submission: JobSubmission): never => {
    refused.push(submission);
    throw new BackupError("SHUTTING_DOWN", "The gateway is stopping.");
  };
  pruneAfterBackups({ ...services, start });
  t.match(await ended(services, backupSubmission(services, { tenant: "acme" }, caller)), {
    state: "succeeded",
  });
  t.match(refused, [
    { type: "prune", tenant: "acme", trigger: "cron", request: { to: /\/tenants\/acme\/$/ } },
  ]);
});

t.test("after a backup of the whole gateway the sets beside it are pruned", async (t) => {
  const { services } = await servicesBench(t, { pruneAfterBackup: true, retention: { keepLast: 1 } });
  const asked: JobSubmission[] = [];
  const start = (submission: JobSubmission): never => {
    asked.push(submission);
    throw new BackupError("SHUTTING_DOWN", "The gateway is stopping.");
  };
  pruneAfterBackups({ ...services, start });
  t.match(await ended(services, gatewayBackupSubmission(services, {}, caller)), { state: "succeeded" });
  t.match(asked, [
    { type: "gateway-prune", trigger: "cron", request: { to: `${services.host.paths.backups}/` } },
  ]);
  await ended(services, {
    ...caller,
    type: "rebuild",
    tenant: "",
    request: {},
    run: () => Promise.resolve({ result: { archiveId: "a1" } }),
  });
  await ended(services, {
    ...caller,
    type: "check",
    tenant: "",
    request: {},
    run: () => Promise.reject(new Error("no")),
  });
  for (const result of [{}, { archiveId: "a1" }])
    await ended(services, {
      ...caller,
      type: "check",
      tenant: "",
      request: {},
      run: () => Promise.resolve({ result }),
    });
  t.equal(asked.length, 1);
});
