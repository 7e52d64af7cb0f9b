/** Brings the machine to the same state before each measured run. */
import { mustRun } from "@openclaw/test/support";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const LOOK_MS = 250;
/** A store that removes what was deleted keeps a core busy; a machine at rest does not use a tenth of its time. */
const QUIET = 0.1;

/**
 * Writes out what is dirty (`sync`) and waits until the processors have nothing to do, `patienceMs` at most: the store still
 * removes objects in the background when a run before has left some.
 */
export async function settle(patienceMs: number): Promise<void> {
  await mustRun("sync", []);
  const deadline = Date.now() + patienceMs;
  while (Date.now() < deadline) {
    const before = processorTimes();
    await delay(LOOK_MS);
    const after = processorTimes();
    if (after.busy - before.busy <= QUIET * (after.all - before.all)) return;
  }
}

/** The first line of /proc/stat: user nice system idle iowait irq softirq steal. */
function processorTimes(): { readonly busy: number; readonly all: number } {
  const line = readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  const times = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = times.reduce((sum, time) => sum + time, 0);
  const [idle = 0, iowait = 0] = times.slice(3, 5);
  return { busy: all - idle - iowait, all };
}
