import { spawn } from "node:child_process";
import { once } from "node:events";
import t from "tap";
import { PeakMemory } from "./process-tree.js";

const MEGABYTES = 120;
/** Fills memory, says so, and waits for its input to end. */
const FILL = `globalThis.kept = Buffer.alloc(${MEGABYTES}e6, 1); console.log("full"); process.stdin.resume()`;

t.test("the memory of a process counts, and that of its children", async (t) => {
  const memory = new PeakMemory();
  const child = spawn("sh", ["-c", '"$1" -e "$2"; exit', "sh", process.execPath, FILL], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (child.pid !== undefined) memory.watch(child.pid);
  await once(child.stdout, "data");
  const peak = memory.stop();
  child.stdin.end();
  await once(child, "close");
  t.ok(peak > MEGABYTES * 1e6 && peak < MEGABYTES * 1e6 + 200e6, String(peak));
});

t.test("a process that shares its parent's memory does not count a second time", async (t) => {
  const fill = 'x=$(head -c "$1" /dev/zero | tr "\\\\0" x); (echo full; read y; exit); exit';
  const memory = new PeakMemory();
  const child = spawn("sh", ["-c", fill, "sh", `${MEGABYTES}000000`], { stdio: ["pipe", "pipe", "inherit"] });
  await once(child.stdout, "data");
  if (child.pid !== undefined) memory.watchAnew(child.pid);
  const peak = memory.stop();
  child.stdin.end();
  await once(child, "close");
  t.ok(peak > MEGABYTES * 1e6 && peak < 1.9 * MEGABYTES * 1e6, String(peak));
});

t.test("a process that has ended, or never was, counts nothing", async (t) => {
  const child = spawn("true");
  await once(child, "close");
  const memory = new PeakMemory();
  if (child.pid !== undefined) memory.watchAnew(child.pid);
  t.equal(memory.stop(), 0);
});
