/** What may stand in the parameters of a schedule: what the job type takes, dates to fill in, and nothing secret. */
import { GatewayError } from "../errors.js";
import type { JobType } from "../plugin/host.js";
import { faultText, schemaCheck } from "../schema/check.js";
import { dateTextProblem, fillDates } from "./date-text.js";
import type { Zone } from "./zone.js";

/** A URL with a user or a password in it. */
const CREDENTIALS_IN_URL = /\/\/[^/@\s]+@/;

/** Names that credentials go by. */
const CREDENTIAL_NAME = /secret|password|passphrase|credential|token|api_?key|access_?key|private_?key/i;

type Parameters = Readonly<Record<string, unknown>>;

/**
 * Checks parameters as they would be stored. Throws `REQUEST_INVALID` naming the parameter. Schedules are read by many
 * (they travel in backups), so credentials are refused; they come from named destinations and the environment.
 */
export function checkStoredParameters(type: JobType, parameters: Parameters): void {
  checkParameters(type, parameters);
  for (const [path, value] of textsOf(parameters, "parameters")) {
    const problem = dateTextProblem(value);
    if (problem !== undefined) {
      throw invalid(`${path} cannot be scheduled: ${problem}`);
    }
    if (CREDENTIAL_NAME.test(path) || CREDENTIALS_IN_URL.test(value)) {
      throw invalid(`${path} holds credentials: a schedule cannot have them`, {
        hint: "Name a destination of the gateway's config, dest:NAME; its credentials stay with the gateway.",
      });
    }
  }
}

/** The parameters for a run at `instant`, with dates filled in and defaults. Throws `REQUEST_INVALID`. */
export function parametersAt(type: JobType, parameters: Parameters, instant: number, zone: Zone): unknown {
  return checkParameters(type, filled(parameters, instant, zone));
}

/** A copy with the type's defaults. Throws `REQUEST_INVALID`. */
export function checkParameters(type: JobType, parameters: unknown): unknown {
  const checked = schemaCheck(type.parameters)(structuredClone(parameters));
  if (checked.ok) return checked.value;
  throw invalid(faultText(checked.fault, "parameters"), {
    details: { in: "parameters", path: checked.fault.path },
  });
}

function* textsOf(value: unknown, path: string): Generator<[path: string, text: string]> {
  if (typeof value === "string") yield [path, value];
  else if (typeof value === "object" && value !== null) {
    for (const [key, one] of Object.entries(value)) yield* textsOf(one, `${path}.${key}`);
  }
}

function filled(value: unknown, instant: number, zone: Zone): unknown {
  if (typeof value === "string") return fillDates(value, instant, zone);
  if (Array.isArray(value)) return value.map((one: unknown) => filled(one, instant, zone));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one, instant, zone)]));
}

function invalid(message: string, options: ConstructorParameters<typeof GatewayError>[2] = {}): GatewayError {
  return new GatewayError("REQUEST_INVALID", message, options);
}
