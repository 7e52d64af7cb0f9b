import path from "node:path";
import { linesBackwards, placeBefore } from "./files.js";
import { decodeLine, type AuditLine } from "./line.js";
import type { Snapshot } from "./writer.js";

/** What a line must have; what is absent says nothing. */
export interface AuditFilter {
  /** Milliseconds since the epoch, inclusive. */
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
  readonly tenant?: string;
  readonly actor?: string;
  /** What the action holds. */
  readonly action?: string;
  readonly result?: string;
  /** Only what was refused, or failed. */
  readonly failed?: boolean;
}

export interface ListOptions {
  readonly limit: number;
  /** Only lines with a lower number. */
  readonly before?: number;
}

export interface AuditPage {
  /** The newest first. */
  readonly lines: readonly AuditLine[];
  /** `before` of the page that follows; absent: there is none. */
  readonly next?: number;
}

/** Bytes of the log that are looked through for one page: some ten thousand lines. */
const MAX_SCANNED_BYTES = 8 * 1024 * 1024;

/** The log is in the order of its numbers. Times are, too, but for a clock that was set back: by less than this. */
const CLOCK_SLACK_MS = 86_400_000;

/** Lines that pass, the newest first. What is no line is left out: {@link verifyLog} tells of it. */
export async function listLines(
  { directory, files }: Snapshot,
  filter: AuditFilter,
  { limit, before = Infinity }: ListOptions,
): Promise<AuditPage> {
  const found: AuditLine[] = [];
  let scanned = 0;
  for (const file of files.toReversed()) {
    if (file.firstSeq >= before) continue;
    const name = path.join(directory, file.name);
    const end = before === Infinity ? file.size : await placeBefore(name, file.size, before);
    for await (const some of linesBackwards(name, end)) {
      for (const bytes of some) {
        scanned += bytes.length;
        const line = decodeLine(bytes)?.line;
        if (line === undefined || line.seq >= before) continue;
        if (filter.since !== undefined && Date.parse(line.time) < filter.since - CLOCK_SLACK_MS) {
          return { lines: found };
        }
        if (passes(line, filter)) found.push(line);
        if (found.length === limit || scanned >= MAX_SCANNED_BYTES) {
          return { lines: found, ...(line.seq > 1 ? { next: line.seq } : {}) };
        }
      }
    }
  }
  return { lines: found };
}

function passes(line: AuditLine, filter: AuditFilter): boolean {
  const time = Date.parse(line.time);
  return (
    (filter.since === undefined || time >= filter.since) &&
    (filter.until === undefined || time < filter.until) &&
    (filter.tenant === undefined || line.tenant === filter.tenant) &&
    (filter.actor === undefined || line.actor === filter.actor) &&
    (filter.action === undefined || line.action.includes(filter.action)) &&
    (filter.result === undefined || line.result === filter.result) &&
    (filter.failed !== true || hasFailed(line))
  );
}

const FAILURES: ReadonlySet<string> = new Set(["failed", "refused", "interrupted", "cancelled"]);

/** Statuses of HTTP from 400 on, and the words of jobs and schedules. */
function hasFailed({ result }: AuditLine): boolean {
  return FAILURES.has(result) || /^[45]\d\d$/.test(result);
}
