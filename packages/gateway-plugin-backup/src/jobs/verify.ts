/** The verify job: archives are read, quickly, in samples, or whole. */
import { createHash } from "node:crypto";
import { checkAll, type CheckFound } from "./check-run.js";
import { archiveToCheck, checkTargets, type CheckRequest, type CheckTarget } from "./check-targets.js";
import { withoutSecrets } from "./public-request.js";
import type { Caller, Services } from "./services.js";
import type { JobContext, JobSubmission } from "./types.js";

export type VerifyLevel = "quick" | "sample" | "full";

export interface VerifyRequest extends CheckRequest {
  /** `full` without it. */
  readonly level?: VerifyLevel;
}

const DAY_MS = 24 * 3_600_000;

/** Describes the verification to the engine. Rejects at once with what `checkTargets` rejects with. */
export async function verifySubmission(
  services: Services,
  request: VerifyRequest,
  caller: Caller,
): Promise<JobSubmission> {
  const { level = "full" } = request;
  const { tenant, list } = await checkTargets(services, request);
  return {
    type: "verify",
    tenant,
    ...caller,
    request: { ...withoutSecrets(request), level },
    joinKey: createHash("sha256")
      .update(JSON.stringify({ ...request, level }))
      .digest("hex"),
    run: (context) =>
      checkAll(
        services,
        {
          kind: level,
          tenant,
          check: (target, announced) => verifyOne(services, { ...request, level }, target, announced),
        },
        list(),
        context,
      ),
  };
}

async function verifyOne(
  services: Services,
  request: VerifyRequest & Required<Pick<VerifyRequest, "level">>,
  target: CheckTarget,
  context: JobContext,
): Promise<CheckFound> {
  const { signal } = context;
  const outcome = await services.threads.run(
    "verify",
    {
      ...(await archiveToCheck(services, target, request)),
      level: request.level,
      sample: nextSample(services, target),
    },
    { signal, onProgress: (progress) => context.progress(progress) },
  );
  const { size, etag, hadIndex, bytesRead, segments, segmentsChecked, notChecked, ...more } = outcome;
  const { signedBy, ...found } = more;
  return {
    object: { size, etag, hadIndex, bytesRead },
    figures: { segments, segmentsChecked, signedBy: await services.signatures.signer(signedBy), notChecked },
    ...found,
  };
}

/** A day's share for each day since the last sample, at least one: whoever samples but once a week has seen all in a year, too. */
function nextSample(
  { ledger, config, host }: Services,
  { known }: CheckTarget,
): { readonly share: number; readonly after?: string } {
  const last = known && ledger.checks.get(known.id, "sample");
  const days = last?.goodAt === undefined ? 1 : Math.max((host.clock.now() - last.goodAt) / DAY_MS, 1);
  const share = Math.min((days * config.verify.samplePercentPerDay) / 100, 1);
  return { share, ...(last?.sampledTo === undefined ? {} : { after: last.sampledTo }) };
}
