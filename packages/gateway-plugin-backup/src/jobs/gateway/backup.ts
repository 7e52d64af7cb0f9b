/** The job that backs up the whole gateway. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ResolvedObject } from "../destinations.js";
import { withoutSecrets } from "../public-request.js";
import { sealingOf } from "../sealing-of.js";
import type { Caller, Services } from "../services.js";
import { inTemporaryDirectory } from "../temporary-directory.js";
import { NO_TENANT, type JobContext, type JobOutcome, type JobSubmission } from "../types.js";
import { gatewayParts, gatewaySource } from "./gateway-source.js";
import { freePlace } from "./free-place.js";
import { prepareTenants } from "./prepare-tenants.js";
import type { GatewayBackupRequest } from "./request.js";
import { directoryName, type SetKind } from "./set-names.js";
import { sweep } from "./sweep.js";
import { SetWriting } from "./write-set.js";

/**
 * Describes the backup to the engine. Throws at once what can be known at once: `LOCATION_INVALID`, `DESTINATION_UNKNOWN`,
 * `CREDENTIALS_MISSING`, `RECIPIENT_INVALID`, `PIPE_NOT_ALLOWED`, …
 */
export function gatewayBackupSubmission(
  services: Services,
  request: GatewayBackupRequest,
  caller: Caller,
): JobSubmission {
  // Resolved only to be checked: the job does it again, with the time at which it starts.
  const target = targetOf(services, request, services.host.clock.now());
  sealingOf(services, request, target);
  for (const part of gatewayParts(services))
    gatewaySource(services, { part, target, ledgerCopy: "", allowUnreadable: false });
  return {
    type: "gateway-backup",
    tenant: NO_TENANT,
    ...caller,
    request: withoutSecrets(request),
    // A digest, because the options hold keys.
    joinKey: createHash("sha256").update(JSON.stringify(request)).digest("hex"),
    run: (context) => gatewayBackup(services, request, context),
  };
}

function targetOf({ destinations }: Services, request: GatewayBackupRequest, now: number): ResolvedObject {
  const kind = kindOf(request);
  const { to, s3 } = request;
  // The directory of all such sets, whatever `to` ends with.
  const place = kind === "pre-delete" && to !== undefined ? to.replace(/\/*$/, "/") : to;
  return destinations.setDirectory(place, directoryName(kind, now), now, s3);
}

function kindOf({ preDelete }: GatewayBackupRequest): SetKind {
  return preDelete === true ? "pre-delete" : "scheduled";
}

function gatewayBackup(
  services: Services,
  request: GatewayBackupRequest,
  context: JobContext,
): Promise<JobOutcome> {
  const { jobId, signal } = context;
  const waits = { phase: "wait", doneBytes: 0, files: 0, storedBytes: 0 };
  const onWait = (): void =>
    context.progress({ ...waits, message: "waits for a tenant that is being replaced" });
  return services.layout.hold(jobId, { signal, onWait }, async () => {
    const end = await prepareTenants(services, context);
    let succeeded = false;
    try {
      const outcome = await inTemporaryDirectory(services, context, (directory) =>
        backUp(services, request, context, directory),
      );
      succeeded = true;
      return outcome;
    } finally {
      await end(succeeded);
    }
  });
}

async function backUp(
  services: Services,
  request: GatewayBackupRequest,
  context: JobContext,
  temporaryDirectory: string,
): Promise<JobOutcome> {
  const kind = kindOf(request);
  const place = await freePlace(services, context, kind, services.host.clock.now(), (now) =>
    targetOf(services, request, now),
  );
  const writing = new SetWriting(services, context, { request, kind, place, temporaryDirectory });
  const ledgerCopy = join(temporaryDirectory, "ledger.sqlite");
  writing.begin();
  const sources = { target: place.target, ledgerCopy, allowUnreadable: request.allowUnreadable ?? false };
  try {
    // What the copy says of this very set tells a gateway that is restored from it where it came from.
    await services.ledger.copyTo(ledgerCopy);
    for (const part of gatewayParts(services))
      await writing.addPart(part, gatewaySource(services, { ...sources, part }));
    await writing.complete();
  } catch (error) {
    await writing.giveUp();
    throw error;
  }
  await sweep(services, context, { settings: place.target.settings, set: writing.set });
  return writing.outcome();
}
