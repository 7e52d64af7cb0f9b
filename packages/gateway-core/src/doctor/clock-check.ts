import { stat } from "node:fs/promises";
import type { Clock, DoctorCheck } from "../plugin/host.js";
import { isSystemError } from "../system-error.js";

/** No gateway of this version has run before: a machine without a clock of its own starts in 1970 or at its image's date. */
const NOT_BEFORE = Date.UTC(2025, 0, 1);

/** Two machines that share a volume may differ by minutes, and nothing suffers. */
const TOLERANCE_MS = 15 * 60_000;

/** Whether the clock can be right: schedules, retention and signatures of S3 requests go by it. */
export function clockCheck(config: string, clock: Clock): DoctorCheck {
  return {
    name: "clock",
    run: async () => {
      const now = clock.now();
      const written = await writtenAt(config);
      const says = `The clock says ${new Date(now).toISOString()}`;
      const fix =
        "Set the machine's clock, and have it kept right (chrony, systemd-timesyncd), before a schedule runs or something is pruned.";
      if (now < NOT_BEFORE) return [{ severity: "critical", message: `${says}, which cannot be.`, fix }];
      if (written !== undefined && written > now + TOLERANCE_MS) {
        const message = `${says}, and ${config} was written at ${new Date(written).toISOString()}: one of them is wrong.`;
        return [{ severity: "critical", message, fix }];
      }
      return [{ severity: "ok", message: `${says}.` }];
    },
  };
}

async function writtenAt(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR", "EACCES")) return undefined;
    throw error;
  }
}
