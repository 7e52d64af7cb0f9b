/** The undo job: gives back what a restore replaced, or empties the slot that it filled. */
import type { TenantRecord } from "@openclaw/gateway-core";
import type { TrashRecord } from "./ledger/trash.js";
import { returningRecord, type ReturningRecord } from "./restored-record.js";
import type { Caller, Services } from "./services.js";
import { undoPaths } from "./restore-paths.js";
import { undoUntil } from "./undo-until.js";
import { swapTenant } from "./swap-tenant.js";
import type { JobContext, JobOutcome, JobSubmission } from "./types.js";

/** Throws `JOB_NOT_FOUND`, or `UNDO_NOT_POSSIBLE` with the reason. */
export function undoSubmission(services: Services, jobId: string, caller: Caller): JobSubmission {
  const find = (): TrashRecord =>
    services.trash.undoable(jobId, (tenant) => services.host.tenants.get(tenant)?.uid);
  const { tenant } = find();
  return {
    type: "undo",
    tenant,
    ...caller,
    request: { undoes: jobId },
    run: async (context) => {
      try {
        const undone = find();
        return services.ledger.swaps.get(jobId)?.kind === "paths"
          ? await undoPaths(services, undone, context)
          : await undo(services, undone, context);
      } finally {
        services.tokenReservations.release(context.jobId);
      }
    },
  };
}

async function undo(services: Services, undone: TrashRecord, context: JobContext): Promise<JobOutcome> {
  const { clock } = services.host;
  const startedAt = clock.now();
  const { tenant, tree, replacedUid, jobId: undoes } = undone;
  const returning = await readRecord(services, undone, context);
  let result = {};
  let newToken: string | undefined;
  await swapTenant(services, context, async (current) => {
    const identity = returning && (await identify(services, undone, { returning, current }, context));
    newToken = identity?.newToken;
    result = {
      tenant,
      undid: undoes,
      undo: context.jobId,
      undoUntil: undoUntil(services),
      present: tree !== undefined,
      ...(identity === undefined ? {} : { token: identity.token }),
      durationMs: clock.now() - startedAt,
    };
    return { staged: tree, installedUid: replacedUid, undoes, result };
  });
  if (newToken !== undefined) context.secret(newToken);
  return { result };
}

/** The record in the tree that goes back; undefined where the undo empties the slot, or what was replaced had none. */
async function readRecord(
  { host, threads }: Services,
  { tree }: TrashRecord,
  { signal }: JobContext,
): Promise<TenantRecord | undefined> {
  if (tree === undefined) return undefined;
  const { tenantJson } = await threads.run("record", { tree }, { signal });
  try {
    return tenantJson === undefined ? undefined : host.tenants.parseRecord(JSON.parse(tenantJson));
  } catch {
    // A broken tenant was replaced: it comes back as broken as it was.
    return undefined;
  }
}

interface Identities {
  readonly returning: TenantRecord;
  readonly current: TenantRecord | undefined;
}

/** Decides with which token the tenant comes back, and writes it into the tree if it is not the one that stands there. */
async function identify(
  { host, ledger, threads, tokenReservations }: Services,
  { tenant, tree, jobId }: TrashRecord,
  { returning, current }: Identities,
  { jobId: ownJobId, signal }: JobContext,
): Promise<ReturningRecord> {
  const keepsToken = ledger.jobs.get(jobId)?.result?.["token"] === "kept";
  const identity = returningRecord({ tenant, returning, current, keepsToken }, host.tenants, (sha256) =>
    tokenReservations.isTaken(sha256, tenant),
  );
  const { record } = identity;
  tokenReservations.reserve(ownJobId, record.tokenSha256, tenant);
  if (tree !== undefined && record.tokenSha256 !== returning.tokenSha256) {
    // Should the swap fail after this, the tree keeps a token that is valid for nobody else: the next undo decides anew.
    const tenantJson = `${JSON.stringify(record, null, 2)}\n`;
    await threads.run("stage", { tree, tenantJson, disableSchedules: false }, { signal });
  }
  return identity;
}
