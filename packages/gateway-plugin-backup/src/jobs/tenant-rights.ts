/** What tenants may have done by themselves, without an admin: by `tenants` and `destinations.NAME.tenants` of the config. */
import picomatch from "picomatch";
import { parseSize, type BackupConfig } from "../config.js";

/** The parts of the config by which a tenant's rights go; nothing in a tenant's directory adds to them. */
export type RightsConfig = Pick<BackupConfig, "tenants" | "destinations" | "defaultDestination">;

/** What an admin allows one tenant. */
export interface TenantRights {
  readonly selfBackup: boolean;
  readonly selfRestore: boolean;
  readonly quotas: TenantQuotas;
}

/** Of what a tenant starts by itself. */
export interface TenantQuotas {
  /** Backups that begin within 24 hours. */
  readonly backupsPerDay: number;
  /** Bytes of its archives, with which another backup still begins. Absent: any. */
  readonly storedBytes?: number;
  /** Jobs that wait or run at one time. */
  readonly concurrentJobs: number;
}

/** Parameters of a backup that say nothing of where it goes, and take nothing that others need. */
const OWN_PARAMETERS: readonly string[] = ["to", "rehash", "allowUnreadable", "dryRun"];

export function rightsOf({ tenants }: Pick<BackupConfig, "tenants">, tenant: string): TenantRights {
  const own = Object.hasOwn(tenants.perTenant, tenant) ? tenants.perTenant[tenant] : undefined;
  const { storedBytes, ...quotas } = { ...tenants.quotas, ...own?.quotas };
  return {
    selfBackup: own?.selfBackup ?? tenants.selfBackup,
    selfRestore: own?.selfRestore ?? tenants.selfRestore,
    quotas: { ...quotas, ...(storedBytes === undefined ? {} : { storedBytes: parseSize(storedBytes) }) },
  };
}

/** Whether a destination of the config is one that the tenant may use by itself. */
export function isGranted({ destinations }: RightsConfig, tenant: string, name: string): boolean {
  const granted = Object.hasOwn(destinations, name) ? destinations[name]?.tenants : undefined;
  return granted !== undefined && picomatch.isMatch(tenant, granted);
}

/** Where the tenant may back itself up to. */
export function grantedDestinations(
  config: RightsConfig,
  tenant: string,
): {
  /** Whether it may name none. */
  readonly defaultDestination: boolean;
  readonly destinations: string[];
} {
  const { defaultDestination } = config;
  return {
    defaultDestination: defaultDestination === undefined || isGranted(config, tenant, defaultDestination),
    destinations: Object.keys(config.destinations).filter((name) => isGranted(config, tenant, name)),
  };
}

/**
 * Why the tenant may not have this backup by itself, as a clause; undefined: it may. A tenant names a destination and
 * nothing of the path in it: what lies there is sorted by tenants, and each keeps to its own part.
 *
 * @param parameters As they stand in a schedule, checked against the job type's schema, dates not filled in.
 */
export function backupRefusal(
  config: RightsConfig,
  tenant: string,
  parameters: { readonly to?: string },
): string | undefined {
  if (!rightsOf(config, tenant).selfBackup) {
    return "it starts no backups by itself here (plugins.backup.tenants.selfBackup)";
  }
  const foreign = Object.keys(parameters).find((name) => !OWN_PARAMETERS.includes(name));
  if (foreign !== undefined) return `it may not choose ${foreign}`;
  const { to } = parameters;
  const name = to === undefined ? config.defaultDestination : /^dest:([^/]+)\/?$/.exec(to)?.[1];
  if (name === undefined) {
    // Without a destination of the config, the default is the gateway's own place.
    return to === undefined ? undefined : `it may name a destination only, as in dest:NAME, and not '${to}'`;
  }
  if (isGranted(config, tenant, name)) return undefined;
  return `the destination '${name}' is not granted to it (plugins.backup.destinations.NAME.tenants)`;
}
