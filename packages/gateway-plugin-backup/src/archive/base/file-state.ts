import type { BigIntStats } from "node:fs";
import type { RawPath } from "../raw-path.js";
import { companionsIn } from "../sqlite/database-files.js";
import { isCandidate } from "../sqlite/protocol.js";
import { stateOf } from "./facts.js";

/**
 * The state of a file of the walk, as {@link stateOf} tells it: of one that could be a database together with what stands
 * beside it. `stats` are to be taken before the file is read.
 */
export function stateIn(
  { directory, name }: { readonly directory: { readonly handle: number }; readonly name: RawPath },
  stats: BigIntStats,
  now: number,
): Uint8Array | undefined {
  const beside = isCandidate(name, stats) ? companionsIn(directory.handle, name) : {};
  return stateOf({ main: stats, ...beside }, now);
}
