/** What becomes of a tenant that comes back under another name, read from the archive itself. */
import { ApiError, type UiHost } from "@openclaw/ui-kit";
import type { ArchiveChoice } from "../archive/archive-view.js";
import type { EntryLine } from "../archive/entry-tree.js";

/** Schedules are text of people and plugins. */
const MOST_SCHEDULE_BYTES = 1024 * 1024;

export interface CopyFacts {
  /** Schedules that are on in the archive, and off in the copy. */
  readonly schedules: number;
  /** Channels whose pairing does not go with a copy. */
  readonly pairAgain: readonly string[];
}

export async function copyFacts(
  host: UiHost,
  choice: ArchiveChoice,
  signal: AbortSignal,
): Promise<CopyFacts> {
  const [schedules, pairAgain] = await Promise.all([
    enabledSchedules(host, choice, signal),
    channelsToPair(host, choice, signal),
  ]);
  return { schedules, pairAgain };
}

async function enabledSchedules(
  { api }: UiHost,
  choice: ArchiveChoice,
  signal: AbortSignal,
): Promise<number> {
  try {
    const body = { ...choice, path: "cron/jobs.json" };
    const content = await api.firstBytes("/api/admin/archives/cat", body, MOST_SCHEDULE_BYTES, signal);
    const { jobs } = JSON.parse(new TextDecoder().decode(content)) as { jobs?: { enabled?: unknown }[] };
    return Array.isArray(jobs) ? jobs.filter(({ enabled }) => enabled !== false).length : 0;
  } catch (error) {
    // What is no list of schedules is switched off as a whole.
    if (error instanceof SyntaxError || error instanceof TypeError) return 0;
    if (error instanceof ApiError && error.code === "ENTRY_NOT_FOUND") return 0;
    throw error;
  }
}

/** As the restore itself decides it: WhatsApp is paired with one running session. */
async function channelsToPair(
  { api }: UiHost,
  choice: ArchiveChoice,
  signal: AbortSignal,
): Promise<string[]> {
  const names = new Set<string>();
  const body = { ...choice, patterns: ["channels"] };
  for await (const { path = "" } of api.lines<EntryLine>("/api/admin/archives/files", body, signal)) {
    const name = path.split("/")[1];
    if (name?.toLowerCase().startsWith("whatsapp") === true) names.add(name);
  }
  return [...names].sort();
}
