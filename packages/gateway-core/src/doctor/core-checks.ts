import { stat } from "node:fs/promises";
import type { DoctorCheck, Finding } from "../plugin/host.js";
import type { GatewayPaths } from "../state/directory.js";
import { errorText } from "../system-error.js";
import type { Tenants } from "../tenants/tenants.js";

/** A token of fewer characters can be guessed or typed; `openssl rand -hex 32` makes 64. */
const MIN_ADMIN_TOKEN_CHARACTERS = 24;

/** What the gateway itself can find wrong. */
export function coreDoctorChecks(
  paths: GatewayPaths,
  tenants: Pick<Tenants, "registry" | "altered">,
  adminTokenLength: number,
): readonly DoctorCheck[] {
  return [
    { name: "state-directory", run: () => checkModes(paths) },
    { name: "tenants", run: () => checkTenants(tenants) },
    { name: "admin-token", run: () => Promise.resolve([checkAdminToken(adminTokenLength)]) },
  ];
}

async function checkModes(paths: GatewayPaths): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [path, wanted] of [
    [paths.root, "700"],
    [paths.tenants, "700"],
    [paths.config, "600"],
    [paths.lock, "600"],
  ] as const) {
    try {
      const { mode } = await stat(path);
      if ((mode & 0o077) === 0) continue;
      findings.push({
        severity: "warning",
        message: `${path} is open to other users of this machine (mode ${(mode & 0o777).toString(8)})`,
        fix: `chmod ${wanted} ${path}`,
      });
    } catch (error) {
      findings.push({ severity: "critical", message: `${path} cannot be looked at: ${errorText(error)}` });
    }
  }
  if (findings.length > 0) return findings;
  return [{ severity: "ok", message: `${paths.root} is open to the gateway's user only` }];
}

async function checkTenants(parts: Pick<Tenants, "registry" | "altered">): Promise<readonly Finding[]> {
  const { registry: tenants } = parts;
  const altered = (await parts.altered()).map(({ id, problem }): Finding => ({
    severity: "warning",
    tenant: id,
    message: `tenant.json of tenant ${id} is not as this gateway wrote it, and is not believed: ${problem}`,
    fix: `If an admin has changed it: openclaw tenants accept ${id}. If not, somebody writes where they should not; openclaw tenants token rotate ${id} puts the file right.`,
  }));
  const broken = tenants.broken().map(({ id, reason }): Finding => ({
    severity: "critical",
    tenant: id,
    message: `Tenant ${id} is not served: ${reason}`,
    fix: `Restore the tenant from a backup (--force), or remove what is left: openclaw tenants delete ${id} --confirm`,
  }));
  const shared = tenants.sharedTokens().map(({ refused }): Finding => {
    const one = refused.length === 1;
    return {
      severity: "critical",
      message: `${one ? "Tenant" : "Tenants"} ${refused.join(", ")} ${one ? "has" : "have"} a token that another tenant has or had too, and ${one ? "is" : "are"} not served`,
      fix: refused.map((id) => `openclaw tenants token rotate ${id}`).join(" && "),
      ...(one && refused[0] !== undefined ? { tenant: refused[0] } : {}),
    };
  });
  const findings = [...broken, ...shared, ...altered];
  if (findings.length > 0) return findings;
  return [{ severity: "ok", message: `All ${tenants.list().length} tenants are served` }];
}

function checkAdminToken(length: number): Finding {
  if (length >= MIN_ADMIN_TOKEN_CHARACTERS)
    return { severity: "ok", message: "The admin token is long enough" };
  return {
    severity: "warning",
    message: `The admin token has ${length} characters: it could be guessed`,
    fix: "Set OPENCLAW_GATEWAY_TOKEN to what `openssl rand -hex 32` prints, and restart the gateway.",
  };
}
