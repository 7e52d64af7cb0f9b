import t from "tap";
import { parseIgnoreRules, ruleMatches } from "./ignore-rules.js";
import { rawPath } from "./raw-path.js";

/** Whether the rules leave an entry out, the last that matches deciding, as the walk applies them. */
function ignores(rules: string, path: string, isDirectory = false): boolean {
  const matching = parseIgnoreRules(rawPath(rules).split("\n")).filter((rule) =>
    ruleMatches(rule, rawPath(path), isDirectory, { steps: 0 }),
  );
  return matching.at(-1)?.negated === false;
}

t.test("rules mean what they mean in a .gitignore", (t) => {
  const cases: readonly [rules: string, path: string, ignored: boolean][] = [
    ["*.log", "a.log", true],
    ["*.log", "deep/down/a.log", true],
    ["*.log", "a.log.txt", false],
    ["/a.log", "a.log", true],
    ["/a.log", "deep/a.log", false],
    ["deep/*.log", "deep/a.log", true],
    ["deep/*.log", "x/deep/a.log", false],
    ["deep/*.log", "deep/down/a.log", false],
    ["**/deep/*.log", "x/y/deep/a.log", true],
    ["**/deep/*.log", "deep/a.log", true],
    ["a/**/z", "a/z", true],
    ["a/**/z", "a/b/c/z", true],
    ["a/**", "a", false],
    ["a/**", "a/b/c", true],
    ["a**z", "abcz", true],
    ["a?c", "abc", true],
    ["a?c", "a/c", false],
    ["[a-c]x", "bx", true],
    ["[!a-c]x", "bx", false],
    ["[^a-c]x", "dx", true],
    ["[]-]x", "]x", true],
    ["[a\\]]x", "]x", true],
    ["[a-]x", "-x", true],
    ["\\#x", "#x", true],
    ["#x", "#x", false],
    ["\\!x", "!x", true],
    ["x ", "x", true],
    ["x\\ ", "x ", true],
    ["x\r", "x", true],
    ["*\n!keep", "keep", false],
    ["*\n!keep\nkeep", "keep", true],
    ["\ufeffx", "x", true],
    [".*", ".hidden", true],
    ["*", "ünïcödé", true],
    ["x[", "x[", false],
    ["[a-\\c]", "b", true],
    ["[a-\\", "a", false],
    ["x\\", "x\\", false],
    ["a//b", "a/b", false],
    ["/", "a", false],
    ["", "a", false],
  ];
  for (const [rules, path, ignored] of cases) {
    t.equal(ignores(rules, path), ignored, `${JSON.stringify(rules)} on ${path}`);
  }
  t.equal(ignores("build/", "build"), false, "a slash at the end: directories only");
  t.equal(ignores("build/", "build", true), true);
  t.equal(ignores("build/", "x/build", true), true);
  t.end();
});

t.test("the costliest rules and names take few steps", (t) => {
  const meter = { steps: 0 };
  const names = ["a".repeat(255), `${"a/".repeat(2000)}b`];
  const costly = [
    `${"*a".repeat(120)}*c`,
    `*${"a".repeat(127)}c`,
    `${"**/a/".repeat(400)}c`,
    `**/${"a/".repeat(1000)}c`,
  ];
  for (const rule of parseIgnoreRules(costly)) {
    for (const name of names) t.equal(ruleMatches(rule, rawPath(name), false, meter), false);
  }
  // The longest pattern times the longest path, for the pattern with one star before a long run.
  t.ok(meter.steps > 100_000 && meter.steps < 10_000_000, `${meter.steps} steps`);
  t.end();
});
