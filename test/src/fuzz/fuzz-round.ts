/** A round of `pnpm fuzz`: seed, milliseconds, and the directory for inputs that fail. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fuzz } from "./campaign.js";

const [seed = "0", milliseconds = "0", directory = "."] = process.argv.slice(2);
const outcomes = await fuzz({
  seed: Number(seed),
  milliseconds: Number(milliseconds),
  onInput: (input) => writeFileSync(join(directory, "current"), input),
});
for (const { target, runs, failure } of outcomes) {
  console.log(`  ${target}: ${runs} runs${failure === undefined ? "" : ", FAILED"}`);
  if (failure === undefined) continue;
  const file = join(directory, `${target.replaceAll(/\W+/g, "-")}-${seed}`);
  writeFileSync(file, failure.input);
  console.log(`${failure.report}\nThe smallest input that fails is saved as ${file}`);
}
process.exitCode = outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0;
