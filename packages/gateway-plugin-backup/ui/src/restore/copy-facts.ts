/** What becomes of a tenant that comes back under another name, read from the archive itself. */
import type { UiHost } from "@openclaw/ui-kit";
import type { ArchiveChoice } from "../archive/archive-view.js";
import type { EntryLine } from "../archive/entry-tree.js";

const SCHEDULES = "cron/jobs.json";

/** Schedules are text of people and plugins. */
const MOST_SCHEDULE_BYTES = 1024 * 1024;

export interface CopyFacts {
  /** Schedules that are on in the archive, and off in the copy. */
  readonly schedules: number;
  /** Channels whose pairing does not go with a copy. */
  readonly pairAgain: readonly string[];
}

export async function copyFacts(
  { api }: UiHost,
  choice: ArchiveChoice,
  signal: AbortSignal,
): Promise<CopyFacts> {
  const body = { ...choice, patterns: ["channels", SCHEDULES] };
  const channels = new Set<string>();
  let hasSchedules = false;
  for await (const { path = "" } of api.lines<EntryLine>("/api/admin/archives/files", body, signal)) {
    if (path === SCHEDULES) hasSchedules = true;
    const [directory, name = ""] = path.split("/");
    // As the restore itself decides it: WhatsApp is paired with one running session.
    if (directory === "channels" && name.toLowerCase().startsWith("whatsapp")) channels.add(name);
  }
  const schedules = hasSchedules ? await enabledSchedules({ api }, choice, signal) : 0;
  return { schedules, pairAgain: [...channels].sort() };
}

async function enabledSchedules(
  { api }: Pick<UiHost, "api">,
  choice: ArchiveChoice,
  signal: AbortSignal,
): Promise<number> {
  const body = { ...choice, path: SCHEDULES };
  const content = await api.firstBytes("/api/admin/archives/cat", body, MOST_SCHEDULE_BYTES, signal);
  try {
    const { jobs } = JSON.parse(new TextDecoder().decode(content)) as { jobs?: { enabled?: unknown }[] };
    return Array.isArray(jobs) ? jobs.filter(({ enabled }) => enabled !== false).length : 0;
  } catch {
    // What is no list of schedules is switched off as a whole.
    return 0;
  }
}
