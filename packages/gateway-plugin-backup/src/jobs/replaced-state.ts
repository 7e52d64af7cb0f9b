import { toBackupError } from "../errors.js";
import { removeTree } from "./remove-tree.js";
import type { Services } from "./services.js";

const HOUR_MS = 3_600_000;

/**
 * Removes what restores of the whole gateway replaced, when their undo has expired, and what was staged in vain. Never rejects:
 * what cannot be removed now is logged, and tried again the next time.
 */
export async function purgeReplacedState({ host, config }: Pick<Services, "host" | "config">): Promise<void> {
  try {
    const before = host.clock.now() - config.trashHours * HOUR_MS;
    for (const directory of await host.replacedState.forget(before)) await removeTree(directory);
  } catch (error) {
    const { message } = toBackupError(error, "remove what a restore of the gateway has replaced");
    host.log.warn({ problem: message }, "What a restore of the gateway has replaced could not be removed.");
  }
}
