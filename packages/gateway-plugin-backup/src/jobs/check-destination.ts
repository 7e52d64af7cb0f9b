/** The check job: finds out what a destination can do, and remembers it. */
import { BackupError } from "../errors.js";
import type { CheckFinding, CheckedThing, StoreCheck } from "../stores/check/report.js";
import { publicOptions } from "./public-request.js";
import { addressOf, type S3Options } from "./destinations.js";
import { placeOf } from "./rebuild/rebuild.js";
import type { Caller, Services } from "./services.js";
import type { UploadLeftover } from "./leftovers.js";
import type { Leftover } from "../stores/store.js";
import { withRates } from "./transfer-rates.js";
import { NO_TENANT, type JobSubmission } from "./types.js";

export interface CheckRequest {
  /** A destination's name, or a location; without it the default destination. */
  readonly dest?: string;
  readonly s3?: S3Options;
}

/** Without these no backup can be made and proved. */
const ESSENTIAL: readonly CheckedThing[] = ["write", "read", "range", "multipart"];

/**
 * Describes the check to the engine. Throws at once `LOCATION_INVALID`, `DESTINATION_UNKNOWN`, `CREDENTIALS_MISSING`. The job
 * fails where the destination cannot be used: with the store's error, or one whose `details.findings` tell what is wrong.
 */
export function checkSubmission(services: Services, request: CheckRequest, caller: Caller): JobSubmission {
  const { dest, s3 } = request;
  const place = placeOf(services, dest, s3);
  return {
    type: "check",
    tenant: NO_TENANT,
    ...caller,
    request: { location: place.location, ...(dest === undefined ? {} : { dest }), ...publicOptions(s3) },
    run: async (context) => {
      const { host, threads, config, knownAbilities } = services;
      const noted = (leftover: Leftover): UploadLeftover => ({
        kind: "upload",
        store: {
          ...addressOf(place.settings),
          ...(s3?.accessKey === undefined || place.settings.kind === "local" ? {} : { requestKeys: true }),
        },
        leftover,
      });
      const startedAt = host.clock.now();
      const found = await threads.run(
        "checkStore",
        { store: withRates(place.settings, {}, config), key: place.key, state: host.paths.root },
        {
          signal: context.signal,
          onProgress: (progress) => context.progress(progress),
          onLeftover: (leftover) => context.leftovers.add(noted(leftover)),
          onGone: (leftover) => context.leftovers.remove(noted(leftover)),
        },
      );
      knownAbilities.learn(place.settings, found.abilities);
      const unusable = found.findings.filter(isUnusable);
      if (unusable.length > 0) throw unusableStore(place.location, unusable, found);
      for (const location of found.leftBehind)
        context.warn({
          code: "LEFT_BEHIND",
          message: `${location} could not be removed; it is tried again.`,
        });
      const { findings, speed, leftBehind } = found;
      return {
        result: {
          location: place.location,
          findings,
          ...(speed === undefined ? {} : { speed }),
          leftBehind,
          durationMs: host.clock.now() - startedAt,
        },
      };
    },
  };
}

function isUnusable({ what, outcome }: CheckFinding): boolean {
  return ESSENTIAL.includes(what) && (outcome === "denied" || outcome === "failed");
}

function unusableStore(
  location: string,
  unusable: readonly CheckFinding[],
  { findings, leftBehind }: StoreCheck,
): BackupError {
  const isDenied = unusable.some(({ outcome }) => outcome === "denied");
  const reasons = unusable.map(({ message, consequence = "" }) => `${message} ${consequence}`.trim());
  return new BackupError(
    isDenied ? "STORE_DENIED" : "STORE_FAILED",
    `${location} cannot be used for backups: ${reasons.join(" ")}`,
    { details: { findings, leftBehind } },
  );
}
