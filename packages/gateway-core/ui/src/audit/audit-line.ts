/** A line of the audit log as the gateway's route gives it; see docs/audit.md. */
export interface AuditLine {
  readonly seq: number;
  readonly time: string;
  readonly actor: string;
  readonly from?: string;
  readonly action: string;
  readonly tenant?: string;
  /** HTTP status of a request, or how a job ended. */
  readonly result: string;
  readonly code?: string;
  readonly request?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly hash: string;
}

export interface AuditPage {
  readonly lines: readonly AuditLine[];
  /** `before` of the page that follows. */
  readonly next?: number;
}

export interface Verified {
  readonly ok: boolean;
  readonly files: number;
  readonly lines: number;
  readonly torn: number;
  readonly first?: { readonly seq: number; readonly time: string };
  readonly head: { readonly seq: number; readonly hash: string };
  readonly faultCount: number;
  readonly faults: readonly {
    readonly file: string;
    readonly line: number;
    readonly seq?: number;
    readonly problem: string;
  }[];
}

const BAD = /^(?:failed|refused|interrupted|cancelled|[45]\d\d)$/;
const GOOD = /^(?:succeeded|2\d\d)$/;

/** Class of the badge that a result stands in. */
export function resultKind(result: string): "good" | "bad" | "" {
  return BAD.test(result) ? "bad" : GOOD.test(result) ? "good" : "";
}

/** What a day's field of a form means, in the browser's zone: its first moment, or that of the day after. */
export function dayStart(day: string, offsetDays = 0): string | undefined {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (year === undefined) return undefined;
  return new Date(Number(year), Number(month) - 1, Number(date) + offsetDays).toISOString();
}
