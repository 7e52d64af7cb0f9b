import { GatewayError } from "../errors.js";

/** @param problem Follows "The schedule '…' is not valid:". */
export function invalidSchedule(text: string, problem: string): GatewayError {
  return new GatewayError("SCHEDULE_INVALID", `The schedule '${text}' is not valid: ${problem}`);
}
