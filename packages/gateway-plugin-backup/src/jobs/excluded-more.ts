/**
 * A tenant's `.backupignore`, or a glob of the config over a tree that grows, can come to leave out what nobody meant to
 * lose. What is left out is compared with the tenant's previous good archive, and a jump is a warning.
 */
import type { TenantRecord } from "@openclaw/gateway-core";
import type { Excluded, LeftOutTotals } from "../archive/left-out.js";
import type { Ledger } from "./ledger/ledger.js";
import type { JobContext } from "./types.js";

/** A jump is more than twice as much as before, and so much more that it matters. */
const FACTOR = 2;
const MORE_ENTRIES = 100;
const MORE_BYTES = 10 * 1024 ** 2;

const sources = [
  { key: "config", name: "The config's exclude globs leave" },
  { key: "backupignore", name: "The tenant's .backupignore files leave" },
] as const satisfies readonly { readonly key: keyof Excluded; readonly name: string }[];

/** Warns in the job and in the log. Without a previous archive, or without its figures, there is nothing to compare. */
export function warnOfMoreExcluded(
  ledger: Pick<Ledger, "archives" | "jobs">,
  { id, uid }: TenantRecord,
  excluded: Excluded,
  context: Pick<JobContext, "warn" | "log">,
): void {
  const previous = ledger.archives.newest(id, uid);
  const result = previous === undefined ? undefined : ledger.jobs.get(previous.jobId)?.result;
  for (const { key, name } of sources) {
    const before = totalsIn(result?.["excluded"], key);
    const now = excluded[key];
    if (before === undefined || !isJump(before, now)) continue;
    const message =
      `${name} out far more than in the previous archive: ${now.entries} entries, ${now.bytes} bytes; ` +
      `before: ${before.entries} entries, ${before.bytes} bytes.`;
    context.warn({ code: "EXCLUDED_MORE", message });
    context.log.warn(
      { source: key, before, now, previous: previous?.id },
      "A backup leaves out far more than before.",
    );
  }
}

/** Whether so much more is left out now that somebody should look. */
export function isJump(before: LeftOutTotals, now: LeftOutTotals): boolean {
  return (
    (now.entries > FACTOR * before.entries && now.entries - before.entries >= MORE_ENTRIES) ||
    (now.bytes > FACTOR * before.bytes && now.bytes - before.bytes >= MORE_BYTES)
  );
}

/** From a result in the ledger, which an earlier version may have written. */
function totalsIn(excluded: unknown, key: string): LeftOutTotals | undefined {
  const totals = (excluded as Readonly<Record<string, Partial<LeftOutTotals>>> | undefined)?.[key];
  const { entries, bytes } = totals ?? {};
  return entries === undefined || bytes === undefined ? undefined : { entries, bytes };
}
