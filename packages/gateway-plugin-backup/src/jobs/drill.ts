/** The drill job: an archive is restored into a scratch directory, what is there is looked at, and it is removed. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { BackupError } from "../errors.js";
import { checkAll, type CheckFound } from "./check-run.js";
import { archiveToCheck, checkTargets, type CheckRequest, type CheckTarget } from "./check-targets.js";
import { makeDirectory } from "./make-directory.js";
import { removeTree } from "./remove-tree.js";
import { archivedRecord } from "./restore.js";
import { withoutSecrets } from "./public-request.js";
import type { Caller, Services } from "./services.js";
import type { DrillOutcome } from "./thread/protocol.js";
import { NO_TENANT, type JobContext, type JobLeftover, type JobSubmission } from "./types.js";

export type DrillRequest = Omit<CheckRequest, "all">;

/** Describes the drill to the engine. Rejects at once with what `checkTargets` rejects with. */
export async function drillSubmission(
  services: Services,
  request: DrillRequest,
  caller: Caller,
): Promise<JobSubmission> {
  const { tenant, list } = await checkTargets(services, request);
  return {
    type: "drill",
    tenant,
    ...caller,
    request: withoutSecrets(request),
    joinKey: createHash("sha256").update(JSON.stringify(request)).digest("hex"),
    run: (context) =>
      checkAll(
        services,
        {
          kind: "drill",
          tenant,
          check: (target, announced) => drillOne(services, request, target, announced),
        },
        list(),
        context,
      ),
  };
}

async function drillOne(
  services: Services,
  request: DrillRequest,
  target: CheckTarget,
  context: JobContext,
): Promise<CheckFound> {
  const { host, threads } = services;
  const { signal, tenant } = context;
  const owner = tenant === NO_TENANT ? "the gateway" : `tenant ${tenant}`;
  const checked = await archiveToCheck(services, target, request);
  const outcome = await inScratch(services, context, (directory) =>
    threads.run(
      "drill",
      { ...checked, directory, subject: `The drill of ${owner}` },
      { signal, onProgress: (progress) => context.progress(progress) },
    ),
  );
  const { size, etag, hadIndex, bytesRead, restoreMs, objectSha256, totals, report, notChecked } = outcome;
  // A restore would stop here. Of the gateway's own archives there is none.
  archivedRecord(host, outcome.tenantJson, target.source.location);
  const { findings, counts, databases, json } = report;
  for (const { severity: _, ...finding } of findings) context.warn(finding);
  const failure = failureOf(target, outcome);
  return {
    object: { size, etag, hadIndex, bytesRead },
    figures: {
      restoreMs,
      totals,
      databases,
      json,
      signedBy: await services.signatures.signer(outcome.signedBy),
      problems: counts.problem,
      warnings: counts.warning,
      findings,
      notChecked: hadIndex ? notChecked : [...notChecked, "whether anything is missing"],
    },
    restoreMs,
    objectSha256,
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Runs `work` with a directory that is gone afterwards, even after a crash; no tenant's slot, and on the tenants' file system. */
async function inScratch<T>(
  { host }: Services,
  { jobId, leftovers }: JobContext,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const path = join(host.paths.staging, jobId);
  const leftover: JobLeftover = { kind: "directory", path };
  leftovers.add(leftover);
  await makeDirectory(path);
  try {
    return await work(path);
  } finally {
    await removeTree(path).then(
      () => leftovers.remove(leftover),
      // It stays noted, and is tried again when the job has ended.
      () => undefined,
    );
  }
}

function failureOf({ source }: CheckTarget, { report }: DrillOutcome): BackupError | undefined {
  const first = report.findings.find(({ severity }) => severity === "problem");
  if (first === undefined) return undefined;
  const { path, message } = first;
  const more = report.counts.problem - 1;
  const others = more === 0 ? "" : ` And ${more} more.`;
  const where = `${source.location} restores is not all of use. ${path}: ${message}${others}`;
  return new BackupError("DRILL_FAILED", `What ${where}`, { details: { path, rule: first.code } });
}
