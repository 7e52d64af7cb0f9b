import { randomBytes } from "node:crypto";
import { GatewayError } from "../errors.js";
import type { SecretReference } from "../plugin/host.js";
import type { SecretResolver } from "./secrets.js";

export interface AdminToken {
  readonly token: string;
  /** True when it was made now, because nothing gives one and the gateway runs with `--dev`. */
  readonly made: boolean;
}

export interface AdminTokenSources {
  readonly env: NodeJS.ProcessEnv;
  /** `gateway.token` of the config. */
  readonly configured: SecretReference | undefined;
  readonly resolveSecret: SecretResolver;
  readonly dev: boolean;
}

/**
 * The admin token: `OPENCLAW_GATEWAY_TOKEN`, else the config's, else with `dev` a new one. Throws `TOKEN_MISSING`, or
 * `CONFIG_INVALID` when the config's reference leads nowhere.
 */
export function adminToken(sources: AdminTokenSources): AdminToken {
  const { env, configured, dev } = sources;
  const fromEnvironment = env["OPENCLAW_GATEWAY_TOKEN"];
  if (fromEnvironment !== undefined && fromEnvironment !== "") return { token: fromEnvironment, made: false };
  if (configured !== undefined && !namesUnsetVariable(configured, env)) {
    return { token: sources.resolveSecret(configured), made: false };
  }
  if (dev) return { token: randomBytes(24).toString("hex"), made: true };
  const variable =
    typeof configured === "object" && "env" in configured ? configured.env : "OPENCLAW_GATEWAY_TOKEN";
  throw new GatewayError("TOKEN_MISSING", `The gateway has no admin token: ${variable} is not set`);
}

/** `token: { env: "NAME" }` stands in many configs for good, whether the variable is set for this start or not. */
function namesUnsetVariable(reference: SecretReference, env: NodeJS.ProcessEnv): boolean {
  if (typeof reference === "string" || !("env" in reference)) return false;
  return (env[reference.env] ?? "") === "";
}
