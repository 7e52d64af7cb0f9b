import { lstatSync, readdirSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { toBackupError } from "../../errors.js";
import { systemCode } from "../../system-error.js";
import type { OperationContext } from "./operation-context.js";
import type { MeasureOperation, MeasureOutcome } from "./protocol.js";

const SLASH = Buffer.from("/");

/** Entries between two looks at whether the job is cancelled, which only the event loop can tell. */
const ENTRIES_PER_TURN = 4096;

/** What went away meanwhile, and what a mode of the archive keeps from its owner: not counted. */
const UNCOUNTED: readonly (string | undefined)[] = ["ENOENT", "EACCES"];

/** Counts what stands in a tree, following no link. Throws IO_FAILED, and the signal's reason. */
export async function measure(
  { tree, except }: MeasureOperation,
  { signal }: Pick<OperationContext, "signal">,
): Promise<MeasureOutcome> {
  const left = new Set(except.map((path) => `${tree}/${path}`));
  const waiting: Buffer[] = [Buffer.from(tree)];
  const sum = { files: 0, bytes: 0 };
  let entries = 0;
  for (let directory = waiting.pop(); directory !== undefined; directory = waiting.pop()) {
    for (const { path, stats } of entriesIn(directory)) {
      if (left.has(path.toString())) continue;
      if (stats.isDirectory()) waiting.push(path);
      if (stats.isFile()) {
        sum.files++;
        sum.bytes += stats.size;
      }
      if (++entries % ENTRIES_PER_TURN === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
    }
  }
  return sum;
}

function* entriesIn(directory: Buffer): Generator<{ readonly path: Buffer; readonly stats: Stats }> {
  try {
    for (const name of readdirSync(directory, { encoding: "buffer" })) {
      const path = Buffer.concat([directory, SLASH, name]);
      yield { path, stats: lstatSync(path) };
    }
  } catch (error) {
    if (!UNCOUNTED.includes(systemCode(error)))
      throw toBackupError(error, `look into ${directory.toString()}`);
  }
}
