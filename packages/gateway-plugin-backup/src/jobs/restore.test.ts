import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { TAR_ENDING, tarPart } from "../archive/testing/tar-builder.js";
import { ended, servicesBench, withThreads, type ServicesBench } from "../test-support/services-bench.js";
import { backupSubmission } from "./backup.js";
import { restoreSubmission, type RestoreRequest } from "./restore.js";
import type { Services } from "./services.js";
import type { JobProgress, JobRecord } from "./types.js";

const caller = { actor: "admin", trigger: "api" } as const;

async function restored(services: Services, request: RestoreRequest): Promise<JobRecord> {
  return ended(services, await restoreSubmission(services, request, caller));
}

/** Backs a tenant up and gives the archive's file. */
async function archiveOf({ services }: ServicesBench, tenant: string): Promise<string> {
  const { result } = await ended(services, backupSubmission(services, { tenant }, caller));
  return String(result?.["key"]);
}

async function withAcme(t: Test): Promise<ServicesBench> {
  const bench = await servicesBench(t);
  await bench.tenant("acme", { "sessions/a.jsonl": "one\n" });
  return bench;
}

await t.test("another tool's archive needs a name, and comes back with a token of its own", async (t) => {
  const bench = await servicesBench(t);
  const { services } = bench;
  const from = join(services.host.paths.backups, "foreign.tar");
  const content = tarPart({ name: "data/a.txt", content: "text" });
  writeFileSync(from, Buffer.concat([content, TAR_ENDING]));
  await t.rejects(restoreSubmission(services, { from }, caller), {
    code: "TENANT_AMBIGUOUS",
    message: /foreign\.tar does not say/,
    hint: /--as/,
  });
  const progress: JobProgress[] = [];
  const submission = await restoreSubmission(services, { from, as: "beta" }, caller);
  const job = await ended(services, {
    ...submission,
    run: (context) => submission.run({ ...context, progress: (reported) => void progress.push(reported) }),
  });
  t.match(job, {
    state: "succeeded",
    result: { tenant: "beta", hadIndex: false, token: "new", archivedAs: undefined, totals: { files: 1 } },
    warnings: [{ code: "NO_INDEX" }],
  });
  t.equal(readFileSync(join(bench.directory("beta"), "a.txt"), "utf8"), "text");
  const extracting = progress.filter(({ phase }) => phase === "extract");
  const size = content.length + TAR_ENDING.length;
  t.match(extracting.at(-1), { doneBytes: size, totalBytes: size, storedBytes: size });
});

await t.test("what a backup had warned of, a restore of it warns of", async (t) => {
  const bench = await withAcme(t);
  symlinkSync("/etc/passwd", join(bench.directory("acme"), "outside"));
  const from = await archiveOf(bench, "acme");
  const job = await restored(bench.services, { from, force: true });
  t.match(job, { state: "succeeded", warnings: [{ code: "LINK_ESCAPES", path: "outside" }] });
});

await t.test("an archive that another tenant's replaces under the restore is not restored", async (t) => {
  const bench = await withAcme(t);
  await bench.tenant("beta");
  const [from, other] = [await archiveOf(bench, "acme"), await archiveOf(bench, "beta")];
  const services = withThreads(bench.services, (operation, _request, proceed) => {
    if (operation === "extract") copyFileSync(other, from);
    return proceed();
  });
  t.match(await restored(services, { from, force: true }), {
    state: "failed",
    error: { code: "ARCHIVE_DAMAGED", message: /was replaced while it was being restored/ },
  });
  t.equal(readFileSync(join(bench.directory("acme"), "sessions/a.jsonl"), "utf8"), "one\n");
});

await t.test("a token that is rotated while its tenant is being restored stays valid", async (t) => {
  const bench = await withAcme(t);
  const from = await archiveOf(bench, "acme");
  const { tenants } = bench.services.host;
  const before = tenants.get("acme")?.tokenSha256;
  let rotated: string | undefined;
  const services = withThreads(bench.services, async (operation, _request, proceed) => {
    const result = await proceed();
    if (operation === "stage" && rotated === undefined) {
      await bench.call("POST", "/api/admin/tenants/acme/token", {});
      rotated = tenants.get("acme")?.tokenSha256;
    }
    return result;
  });
  t.match(await restored(services, { from, force: true }), { state: "succeeded", result: { token: "kept" } });
  t.not(rotated, before);
  t.equal(tenants.get("acme")?.tokenSha256, rotated);
});

await t.test("a slot that cannot be looked at is not taken for empty", async (t) => {
  const bench = await withAcme(t);
  const from = await archiveOf(bench, "acme");
  symlinkSync("beta", bench.directory("beta"));
  await t.rejects(restoreSubmission(bench.services, { from, as: "beta" }, caller), {
    code: "IO_FAILED",
    message: /look at .*beta/,
  });
});
