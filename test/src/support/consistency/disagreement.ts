/** What can disagree between a gateway's ledger, its stores and its tenants' directory. */
export type DisagreementKind =
  /** A job that has no end, or an end that does not say what it must. */
  | "job"
  /** The ledger's database is damaged, or its tables contradict each other. */
  | "ledger"
  /** A catalogue entry whose archive is missing, another one, or does not open. */
  | "archive"
  /** An object in a store that the catalogue does not list. */
  | "unlisted"
  /** An unfinished upload: a multipart upload, or a partial file. */
  | "upload"
  /** What a job noted that it has to take away, and has not. */
  | "leftover"
  /** Something in `tenants/.staging`. */
  | "staging"
  /** Something in `backup/tmp`. */
  | "temporary"
  /** `tenants/.trash` and the ledger's trash do not agree one to one. */
  | "trash"
  /** A swap that is not settled. */
  | "swap"
  /** A tenant whose directory is not whole, or that the gateway does not serve. */
  | "tenant";

export interface Disagreement {
  readonly kind: DisagreementKind;
  /** One line that names the job, key, path or tenant. */
  readonly what: string;
}

/** One line a disagreement, for messages; empty where there is none. */
export function describeDisagreements(disagreements: readonly Disagreement[]): string {
  return disagreements.map(({ kind, what }) => `${kind}: ${what}`).join("\n");
}
