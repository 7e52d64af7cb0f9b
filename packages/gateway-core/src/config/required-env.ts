import { GatewayError } from "../errors.js";

/**
 * Refuses to go on where the environment lacks, or has empty, what `OPENCLAW_REQUIRED_ENV` names (variables, separated by
 * spaces). Whoever sets a gateway up says there what it must not start without: a missing `S3_BUCKET` would only mean that
 * backups go to the state directory. Throws `ENVIRONMENT_INCOMPLETE` with all names that are missing, and no value.
 */
export function checkRequiredEnvironment(env: NodeJS.ProcessEnv): void {
  const required = (env["OPENCLAW_REQUIRED_ENV"] ?? "").split(/\s+/).filter((name) => name !== "");
  const missing = required.filter((name) => (env[name] ?? "") === "");
  if (missing.length === 0) return;
  throw new GatewayError(
    "ENVIRONMENT_INCOMPLETE",
    `${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} not set, and OPENCLAW_REQUIRED_ENV names ${missing.length === 1 ? "it" : "them"}`,
  );
}
