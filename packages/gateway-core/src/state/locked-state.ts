import { existsSync } from "node:fs";
import { GatewayError } from "../errors.js";
import type { GatewayPaths } from "./directory.js";
import { gatewayPaths, makeStateDirectory } from "./directory.js";
import { acquireStateLock, type StateLock } from "./lock.js";
import { type RestoreSettlement, StateRestores } from "./restore/state-restores.js";

/** A state directory that nobody else uses, and in which no restore is half done. */
export interface LockedState extends StateLock {
  readonly paths: GatewayPaths;
  readonly restores: StateRestores;
  /** What had to be settled. */
  readonly settled: RestoreSettlement | undefined;
}

/**
 * Takes the state directory for this process, making it where it is missing, and settles the restore that was cut off, if
 * any. Whoever writes to the state, or reads it as a whole, begins with this. Throws `STATE_LOCKED`, `STATE_UNUSABLE`,
 * `RESTORE_UNSETTLED`, with nothing held.
 */
export async function lockState(stateDirectory: string): Promise<LockedState> {
  const paths = gatewayPaths(stateDirectory);
  await makeStateDirectory(paths.root);
  const lock = acquireStateLock(paths.lock);
  try {
    const restores = new StateRestores(paths.root);
    const settled = await restores.settle();
    return { paths, restores, settled, release: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * As {@link lockState}, for what only looks: nothing is made, and nothing settled. Throws `RESTORE_UNSETTLED` where that would
 * be needed.
 */
export async function lockStateToRead(stateDirectory: string): Promise<LockedState> {
  const paths = gatewayPaths(stateDirectory);
  const restores = new StateRestores(paths.root);
  // Whoever holds it has made it.
  const lock = existsSync(paths.lock) ? acquireStateLock(paths.lock) : undefined;
  const release = (): void => lock?.release();
  if (!(await restores.isUnsettled())) return { paths, restores, settled: undefined, release };
  release();
  throw new GatewayError("RESTORE_UNSETTLED", `A restore of ${paths.root} was cut off.`, {
    hint: "`openclaw gateway run`, or a restore that is no dry run, settles it.",
  });
}
