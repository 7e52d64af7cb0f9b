/** The registry of what the gateway itself can find wrong, running or not; its plugins add theirs. */
import type { Clock, DoctorCheck, Finding } from "../plugin/host.js";
import type { GatewayPaths } from "../state/directory.js";
import { clockCheck } from "./clock-check.js";
import { configCheck, type ConfigCheckOptions } from "./config-check.js";
import { permissionsCheck } from "./permissions-check.js";
import { spaceCheck } from "./space-check.js";
import { tenantsCheck, type CheckedTenants } from "./tenants-check.js";
import { volumeCheck } from "./volume-check.js";

/** A token of fewer characters can be guessed or typed; `openssl rand -hex 32` makes 64. */
const MIN_ADMIN_TOKEN_CHARACTERS = 24;

export interface CoreParts {
  readonly paths: GatewayPaths;
  readonly tenants: CheckedTenants;
  readonly clock: Clock;
  readonly config: Omit<ConfigCheckOptions, "file">;
}

/** In the order in which repairs are made: what others depend on comes first. */
export function coreDoctorChecks({ paths, tenants, clock, config }: CoreParts): readonly DoctorCheck[] {
  return [
    configCheck({ ...config, file: paths.config }),
    permissionsCheck(paths),
    tenantsCheck(paths, tenants),
    clockCheck(paths.config, clock),
    spaceCheck(paths.root),
    volumeCheck(paths),
  ];
}

/** @param length Characters of the token that admins show. */
export function adminTokenCheck(length: number): DoctorCheck {
  return { name: "admin-token", run: () => Promise.resolve([judgeLength(length)]) };
}

function judgeLength(length: number): Finding {
  if (length >= MIN_ADMIN_TOKEN_CHARACTERS)
    return { severity: "ok", message: "The admin token is long enough" };
  return {
    severity: "warning",
    message: `The admin token has ${length} characters: it could be guessed`,
    fix: "Set OPENCLAW_GATEWAY_TOKEN to what `openssl rand -hex 32` prints, and restart the gateway.",
  };
}
