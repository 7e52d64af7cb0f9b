import { timestampName } from "../archive-name.js";
import { BackupError } from "../../errors.js";
import type { ResolvedObject } from "../destinations.js";
import type { Services } from "../services.js";
import type { JobContext } from "../types.js";
import type { SetKind } from "./set-names.js";

/** Where a set goes. */
export interface SetPlace {
  /** The directory; its key ends with a slash. */
  readonly target: ResolvedObject;
  /** The time that its name tells, in milliseconds since the epoch. */
  readonly namedAt: number;
}

const NAME_ATTEMPTS = 5;

/**
 * The first place where nothing of another set stands: an automatic name that is taken is tried again with the next second.
 * Throws `ARCHIVE_EXISTS`, and what the store throws.
 */
export async function freePlace(
  { threads }: Pick<Services, "threads">,
  { signal }: Pick<JobContext, "signal">,
  kind: SetKind,
  startedAt: number,
  targetAt: (now: number) => ResolvedObject,
): Promise<SetPlace> {
  for (let second = 0; ; second++) {
    const namedAt = startedAt + second * 1000;
    const target = targetAt(namedAt);
    const { settings: store, key } = target;
    const objects = await threads.run("list", { store, key }, { signal });
    const start = kind === "pre-delete" ? key + timestampName(namedAt) : key;
    if (!objects.some((object) => object.key.startsWith(start))) return { target, namedAt };
    if (target.isAutomatic && second + 1 < NAME_ATTEMPTS) continue;
    throw new BackupError("ARCHIVE_EXISTS", `There are objects in ${target.location} already.`, {
      hint: "Choose another place for the set, or end --to with a slash: then it gets a name of its own.",
    });
  }
}
