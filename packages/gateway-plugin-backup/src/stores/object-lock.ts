/** Object lock, as S3 has it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */

export type LockMode = "governance" | "compliance";

export interface WantedLock {
  readonly mode: LockMode;
  /** Milliseconds since the epoch, by the store's clock. */
  readonly until: number;
}

/** What keeps an object from being removed. Serializable. */
export interface ObjectLock extends Partial<WantedLock> {
  /** Stays until somebody takes it off. */
  readonly legalHold: boolean;
}

/** Why an object cannot be removed at this time, for people; undefined when it can. */
export function whyLocked(lock: ObjectLock | undefined, now: number): string | undefined {
  if (lock === undefined) return undefined;
  if (lock.legalHold) return "locked by a legal hold";
  if (lock.until === undefined || lock.until <= now) return undefined;
  return `locked until ${new Date(lock.until).toISOString()}`;
}
