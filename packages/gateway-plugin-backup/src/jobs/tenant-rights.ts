/** What tenants may have done by themselves, without an admin: by `tenants` and `destinations.NAME.tenants` of the config. */
import picomatch from "picomatch";
import type { BackupConfig } from "../config.js";

/** Parameters of a backup that say nothing of where it goes, and take nothing that others need. */
const OWN_PARAMETERS: readonly string[] = ["to", "rehash", "allowUnreadable"];

/**
 * Why the tenant may not have this backup by itself, as a clause; undefined: it may. A tenant names a destination and
 * nothing of the path in it: what lies there is sorted by tenants, and each keeps to its own part.
 *
 * @param parameters As they stand in a schedule, checked against the job type's schema, dates not filled in.
 */
export function backupRefusal(
  config: Pick<BackupConfig, "tenants" | "destinations" | "defaultDestination">,
  tenant: string,
  parameters: { readonly to?: string },
): string | undefined {
  if (config.tenants?.selfBackup !== true) {
    return "tenants start no backups by themselves here (plugins.backup.tenants.selfBackup)";
  }
  const foreign = Object.keys(parameters).find((name) => !OWN_PARAMETERS.includes(name));
  if (foreign !== undefined) return `it may not choose ${foreign}`;
  const { to } = parameters;
  const name = to === undefined ? config.defaultDestination : /^dest:([^/]+)\/?$/.exec(to)?.[1];
  if (name === undefined) {
    // Without a destination of the config, the default is the gateway's own place.
    return to === undefined ? undefined : `it may name a destination only, as in dest:NAME, and not '${to}'`;
  }
  const granted = Object.hasOwn(config.destinations, name) ? config.destinations[name]?.tenants : undefined;
  if (granted !== undefined && picomatch.isMatch(tenant, granted)) return undefined;
  return `the destination '${name}' is not granted to it (plugins.backup.destinations.NAME.tenants)`;
}
