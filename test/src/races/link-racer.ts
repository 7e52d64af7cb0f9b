/**
 * Replaces directories and files by links and puts them back, as fast as it can, until it is told to stop: what a hostile
 * process does between the check of a path and its use. Started by `racing.ts` with two arguments, the places and the
 * directory outside; tells how often it managed.
 */
import { readdirSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";

/** Swaps between two looks at the mailbox. */
const BATCH = 200;
const ASIDE = ".aside";

const [root = "", paths = "[]", outside = ""] = process.argv.slice(2);
const places = JSON.parse(paths) as string[];
let swaps = 0;
let turn = 0;

process.on("message", () => {
  process.send?.(swaps, () => process.exit(0));
});
process.on("disconnect", () => process.exit(0));
process.send?.("started");
race();

function race(): void {
  for (let n = 0; n < BATCH; n++) {
    const place = places[turn++ % places.length] ?? "";
    for (const tree of trees()) swap(join(root, tree, place), join(outside, place));
  }
  setImmediate(race);
}

/** The trees come and go: each extraction has one of its own. */
function trees(): string[] {
  return readdirSync(root);
}

/** Whatever of it does not work out, because the place is not there (yet), is left. */
function swap(place: string, target: string): void {
  if (!attempt(() => renameSync(place, place + ASIDE))) return;
  if (attempt(() => symlinkSync(target, place))) {
    swaps++;
    attempt(() => unlinkSync(place));
  }
  attempt(() => renameSync(place + ASIDE, place));
}

function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch {
    return false;
  }
}
