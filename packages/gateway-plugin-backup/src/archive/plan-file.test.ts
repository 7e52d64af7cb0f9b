import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { PlanFile } from "./plan-file.js";
import { rawPath } from "./raw-path.js";
import { stagingDirectory } from "./testing/staging.js";

/** The lines of a list of so many entries that may have so many bytes. */
function listOf(file: string, entries: number, maxBytes?: number): string[] {
  const list = new PlanFile(file, maxBytes);
  for (let i = 0; i < entries; i++) list.include({ path: rawPath(`f${i}`), type: "file", size: i });
  list.end();
  list.close();
  return readFileSync(file, "utf8").trimEnd().split("\n");
}

t.test("a long list is complete", (t) => {
  const lines = listOf(join(stagingDirectory(t), "plan"), 5000);
  t.equal(lines.length, 5001);
  t.equal(lines[4999], '{"kind":"include","path":"f4999","type":"file","size":4999}');
  t.equal(lines[5000], '{"kind":"end","complete":true}');
  t.end();
});

t.test(
  "a list that passes its limit ends soon after it, with whole lines, and says that it is not complete",
  (t) => {
    const lines = listOf(join(stagingDirectory(t), "plan"), 50_000, 100_000);
    t.ok(lines.length > 1000 && lines.length < 5000, `${lines.length} lines`);
    t.match(lines.at(-2), /^\{"kind":"include",.*\}$/);
    t.equal(lines.at(-1), '{"kind":"end","complete":false}');
    t.end();
  },
);
