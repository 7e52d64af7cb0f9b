/** Whether every tenant is served, and everything in `tenants/` is one. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { DoctorCheck, Finding } from "../plugin/host.js";
import type { GatewayPaths } from "../state/directory.js";
import { isSystemError } from "../system-error.js";
import { isTenantId } from "../tenants/tenant-id.js";
import type { Tenants } from "../tenants/tenants.js";

/** What the check asks of the tenants. */
export type CheckedTenants = Pick<Tenants, "registry" | "altered" | "putRecordRight" | "unanswered">;

export function tenantsCheck(paths: GatewayPaths, tenants: CheckedTenants): DoctorCheck {
  return { name: "tenants", run: () => checkTenants(paths, tenants) };
}

async function checkTenants(paths: GatewayPaths, tenants: CheckedTenants): Promise<readonly Finding[]> {
  const { registry } = tenants;
  const findings = [
    ...registry.broken().map(({ id, reason }): Finding => ({
      severity: "critical",
      tenant: id,
      message: `Tenant ${id} is not served: ${reason}`,
      fix: `Restore the tenant from a backup (\`openclaw tenants restore --from ARCHIVE --force\`), or remove what is left: openclaw tenants delete ${id} --confirm`,
    })),
    ...shared(tenants),
    ...(await altered(tenants)),
    ...(await lost(tenants)),
    ...(await strays(paths)),
  ];
  if (findings.length > 0) return findings;
  return [{ severity: "ok", message: `All ${registry.list().length} tenants are served` }];
}

function shared({ registry }: CheckedTenants): readonly Finding[] {
  return registry.sharedTokens().map(({ refused }): Finding => {
    const one = refused.length === 1;
    return {
      severity: "critical",
      message: `${one ? "Tenant" : "Tenants"} ${refused.join(", ")} ${one ? "has" : "have"} a token that another tenant has or had too, and ${one ? "is" : "are"} not served`,
      fix: refused.map((id) => `openclaw tenants token rotate ${id}`).join(" && "),
      ...(one && refused[0] !== undefined ? { tenant: refused[0] } : {}),
    };
  });
}

async function altered(tenants: CheckedTenants): Promise<readonly Finding[]> {
  return (await tenants.altered()).map(({ id, problem, isMissing }): Finding => {
    if (isMissing === true) {
      return {
        severity: "warning",
        tenant: id,
        message: `tenant.json of tenant ${id} is missing; what the gateway noted of it counts.`,
        fix: `\`openclaw doctor --yes\` writes it again, and so does \`openclaw tenants token rotate ${id}\`.`,
        repair: async () => {
          await tenants.putRecordRight(id);
          return `tenant.json of tenant ${id} says again what counts.`;
        },
      };
    }
    return {
      severity: "warning",
      tenant: id,
      message: `tenant.json of tenant ${id} is not as this gateway wrote it, and is not believed: ${problem}`,
      fix: `If an admin has changed it: openclaw tenants accept ${id}. If not, somebody writes where they should not; openclaw tenants token rotate ${id} puts the file right.`,
    };
  });
}

/** Directories that the gateway itself would have taken note of removing. */
async function lost(tenants: CheckedTenants): Promise<readonly Finding[]> {
  return (await tenants.unanswered()).map(({ id, isSuspended }): Finding => {
    if (isSuspended) {
      return {
        severity: "warning",
        tenant: id,
        message: `Tenant ${id} has no directory: it is being replaced, or a crash has cut that off.`,
        fix: "If no job is at work, start the gateway anew: it settles that before it serves. Leave tenants/.trash and tenants/.staging as they are.",
      };
    }
    return {
      severity: "critical",
      tenant: id,
      message: `The directory of tenant ${id} is gone, and the gateway has not removed it.`,
      fix: `Restore the tenant: \`openclaw tenants backups ${id}\` lists its archives, \`openclaw tenants restore --from ARCHIVE\` brings it back. If it was removed on purpose: openclaw tenants delete ${id} --confirm`,
    };
  });
}

/** What stands among the tenants and is none: nobody serves it, and no tenant's backup holds it. */
async function strays({ tenants }: GatewayPaths): Promise<readonly Finding[]> {
  const names = await readdir(tenants).catch((error: unknown) => {
    if (isSystemError(error, "ENOENT")) return [];
    throw error;
  });
  return names
    .filter((name) => !isTenantId(name) && ![".staging", ".trash", "lost+found"].includes(name))
    .map((name) => ({
      severity: "warning",
      message: `${path.join(tenants, name)} is no tenant's: an id is 1 to 32 of a-z, 0-9, '_' and '-'. It is not served, and in no tenant's backup.`,
      fix: "Move it out of tenants/, or rename it to the id that it is to have.",
    }));
}
