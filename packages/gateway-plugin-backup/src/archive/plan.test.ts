import t from "tap";
import { Plan } from "./plan.js";
import { rawPath } from "./raw-path.js";

const directory = (path: string): Parameters<Plan["include"]>[0] => ({
  path: rawPath(path),
  type: "directory",
  size: 0,
});
const file = (path: string, size: number): Parameters<Plan["include"]>[0] => ({
  path: rawPath(path),
  type: "file",
  size,
});

t.test("a directory is as large as all that it holds, however deep", (t) => {
  const plan = new Plan(undefined);
  for (const entry of [
    directory(""),
    file("own", 1),
    directory("a"),
    file("a/f", 10),
    directory("a/b"),
    directory("a/b/c"),
    file("a/b/c/f", 100),
    directory("a-b"),
    file("a-b/f", 1000),
    file("z", 2),
  ])
    plan.include(entry);
  const { largestDirectories, topLevel } = plan.finish();
  t.strictSame(largestDirectories, [
    { path: "a-b", size: 1000 },
    { path: "a", size: 110 },
    { path: "a/b/c", size: 100 },
    { path: "a/b", size: 100 },
  ]);
  t.strictSame(topLevel, [
    { path: "a-b", files: 1, bytes: 1000 },
    { path: "a", files: 2, bytes: 110 },
    { path: ".", files: 2, bytes: 3 },
  ]);
  t.end();
});

t.test("what more than a hundred rules leave out is told by its reason alone", (t) => {
  const plan = new Plan(undefined);
  for (let rule = 1; rule <= 150; rule++)
    plan.leaveOut({
      path: rawPath(`workspace/${rule}`),
      type: "file",
      reason: "backupignore",
      rule: `workspace/.backupignore:${rule}`,
      entries: 1,
      bytes: rule,
    });
  const { leftOut } = plan.finish();
  t.equal(leftOut.length, 101);
  const [rest] = leftOut;
  t.match(rest, { reason: "backupignore", rule: undefined, paths: 50, entries: 50 });
  t.equal(rest?.bytes, (101 + 150) * 25);
  t.equal(rest?.examples.length, 10);
  t.end();
});
