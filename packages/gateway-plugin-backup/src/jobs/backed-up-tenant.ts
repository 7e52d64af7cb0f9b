import { archiveLimits } from "../config.js";
import type { Services } from "./services.js";
import type { BackedUpTenant } from "./thread/protocol.js";

/** What a backup or its dry run reads, and by which rules. */
export function backedUpTenant(
  { host, config }: Pick<Services, "host" | "config">,
  request: { readonly tenant: string; readonly allowUnreadable?: boolean },
): BackedUpTenant {
  return {
    directory: host.tenants.directory(request.tenant),
    tenant: request.tenant,
    limits: archiveLimits(config),
    exclude: config.exclude,
    allowUnreadable: request.allowUnreadable ?? false,
  };
}
