/** What alerts are about. */

/**
 * - `start`, `success`, `warning`, `failure`: of a job, or of a schedule that could not start one. A job that succeeded with
 *   warnings is a success, and a warning as well.
 * - `absence`: a tenant, or the gateway, has had no good backup for longer than its schedules, or the config, allow.
 * - `damaged`: a check has found an archive damaged.
 * - `recovered`: what was told as failure, absence or damage is good again.
 */
export const ALERT_KINDS = [
  "start",
  "success",
  "warning",
  "failure",
  "absence",
  "recovered",
  "damaged",
] as const;

export type AlertKind = (typeof ALERT_KINDS)[number];

/** Something that people may want to hear of. It stands in the ledger and leaves the machine: no secrets. */
export interface AlertEvent {
  readonly kind: AlertKind;
  /** Absent: the gateway itself. */
  readonly tenant?: string;
  /** Type of the job: `backup`, `verify`, … */
  readonly job?: string;
  readonly jobId?: string;
  /** Id in the catalogue, or a location. */
  readonly archive?: string;
  /** Stable error code. */
  readonly code?: string;
  /** One sentence, or a few. */
  readonly message: string;
  /** Tells two troubles of the same tenant and job apart that have nothing to do with each other: a destination, a schedule. */
  readonly subject?: string;
  /** How many warnings a success came with; absent: none. */
  readonly warnings?: number;
}

/** An event as it is sent. */
export interface Alert extends Omit<AlertEvent, "kind"> {
  /** `test`: somebody tries a channel. */
  readonly kind: AlertKind | "test";
  readonly id: string;
  /** Milliseconds since the epoch, like `since`. */
  readonly at: number;
  /** How often it has happened since it was good. */
  readonly count?: number;
  /** When it happened first. */
  readonly since?: number;
}
