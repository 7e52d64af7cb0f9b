/** The prune job, as the engine gets it. */
import { BackupError } from "../errors.js";
import { publicOptions } from "./public-request.js";
import type { S3Options } from "./destinations.js";
import { Prune, type PruneOptions } from "./prune-run.js";
import { destinationOf } from "./destination-of.js";
import {
  applicablePolicy,
  configuredPolicy,
  findPolicy,
  hasRules,
  type CheckedPolicy,
  type RetentionPolicy,
} from "./retention/policy.js";
import type { Caller, Services } from "./services.js";
import type { JobSubmission } from "./types.js";

/** The rules are those of the policy; without one, the configured policies apply, each to what lies at its destination. */
export interface PruneRequest extends RetentionPolicy {
  readonly tenant: string;
  /** Only the archives in this place. */
  readonly to?: string;
  /** Archives whose names a person chose count, too. */
  readonly includeNamed?: boolean;
  /** Only say what would be removed. */
  readonly dryRun?: boolean;
  /** Remove at once, not by way of the trash. */
  readonly now?: boolean;
  readonly s3?: S3Options;
}

/**
 * Describes the prune to the engine. Throws at once what can be known at once: `TENANT_NOT_FOUND`, `REQUEST_INVALID` for
 * an empty policy, `LOCATION_INVALID`, `DESTINATION_UNKNOWN`.
 *
 * Only a tenant that stands in its slot is pruned: its archives are all that is left of a deleted one.
 */
export function pruneSubmission(services: Services, request: PruneRequest, caller: Caller): JobSubmission {
  const { tenant, to, s3, includeNamed = false, dryRun = false, now = false, ...requested } = request;
  const { config } = services;
  standingUid(services, tenant);
  const policy = requestedPolicy(services, tenant, requested);
  const place = to === undefined ? undefined : services.destinations.within(to, tenant, s3);
  return {
    type: "prune",
    tenant,
    ...caller,
    request: {
      tenant,
      ...(policy === undefined ? {} : { policy }),
      ...(to === undefined ? {} : { to }),
      ...(includeNamed ? { includeNamed } : {}),
      ...(dryRun ? { dryRun } : {}),
      ...(now ? { now } : {}),
      ...publicOptions(s3),
    },
    run: (context) => {
      // Looked up again: while the job waited, a restore may have put another tenant into the slot.
      const tenantUid = standingUid(services, tenant);
      const policyFor: PruneOptions["policyFor"] = (archive) =>
        policy ??
        findPolicy(
          requested,
          configuredPolicy(config, tenant, destinationOf(config.destinations, archive)?.name),
        );
      const options = { tenant, tenantUid, policyFor, place, includeNamed, dryRun, now, s3: s3 ?? {} };
      return new Prune(services, options, context).run();
    },
  };
}

/**
 * The request's own policy; undefined where the configured ones apply. Throws `REQUEST_INVALID` where neither says anything
 * of this tenant.
 */
export function requestedPolicy(
  { config }: Pick<Services, "config">,
  tenant: string,
  requested: RetentionPolicy,
): CheckedPolicy | undefined {
  if (hasRules(requested)) return applicablePolicy(requested, config.retention);
  const ofDestinations = Object.keys(config.destinations).map((name) =>
    configuredPolicy(config, tenant, name),
  );
  if (ofDestinations.every((policy) => findPolicy(requested, policy) === undefined))
    applicablePolicy(requested, configuredPolicy(config, tenant, undefined));
  return undefined;
}

function standingUid({ host }: Services, tenant: string): string {
  host.tenants.directory(tenant); // what is no id at all gets an error of its own
  const record = host.tenants.get(tenant);
  if (record !== undefined) return record.uid;
  throw new BackupError("TENANT_NOT_FOUND", `There is no tenant '${tenant}' on this gateway.`, {
    hint: "The archives of a deleted tenant are not pruned; `openclaw backups rm ARCHIVE` removes one of them.",
  });
}
