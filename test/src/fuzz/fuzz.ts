/**
 * `pnpm fuzz [minutes] [seed] [directory]`: the fuzz targets, in rounds of a minute, each in a process of its own, so that
 * a crash or a hang ends a round and not the whole. Inputs that fail are saved in the directory.
 */
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROUND_MS = 60_000;
/** Shrinking a failure takes time beyond the round's; what takes longer hangs. */
const GRACE_MS = 120_000;
const HEAP_MB = 512;

const [minutes = "10", firstSeed = String(randomInt(2 ** 31)), directory = ".cache/fuzz"] =
  process.argv.slice(2);
const end = Date.now() + Number(minutes) * 60_000;
if (!(end > Date.now()) || !Number.isInteger(Number(firstSeed))) {
  console.error("usage: pnpm fuzz [minutes] [seed] [directory for inputs that fail]");
  process.exit(2);
}
mkdirSync(directory, { recursive: true });

let failures = 0;
for (let seed = Number(firstSeed); Date.now() < end; seed++) {
  const milliseconds = Math.min(ROUND_MS, end - Date.now());
  console.log(`seed ${seed}`);
  const ended = await round(seed, milliseconds);
  if (ended === 0) continue;
  failures++;
  // A round that found something has saved it; of one that crashed or hung the input at hand remains.
  const current = join(directory, "current");
  const saved = join(directory, `crash-${seed}`);
  if (ended !== 1 && existsSync(current)) renameSync(current, saved);
  console.log(ended === 1 ? `seed ${seed} failed` : `seed ${seed} crashed or hung (${ended}): ${saved}`);
}
console.log(failures === 0 ? "nothing found" : `${failures} rounds failed; the inputs are in ${directory}`);
process.exit(failures === 0 ? 0 : 1);

/** Exit code of the round's process, or the signal that ended it. */
function round(seed: number, milliseconds: number): Promise<number | string> {
  const program = fileURLToPath(new URL("./fuzz-round.js", import.meta.url));
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${HEAP_MB}`, program, String(seed), String(milliseconds), directory],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds + GRACE_MS);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      clearTimeout(timer);
      resolve(code ?? signal ?? "?");
    });
  });
}
