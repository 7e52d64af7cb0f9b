/** The whole program on a tiny tenant. */
import { hasProgram, run } from "@openclaw/test/support";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import type { Results } from "./results/results.js";

const BENCH = fileURLToPath(new URL("./bench.js", import.meta.url));

function bench(directory: string, ...args: readonly string[]): ReturnType<typeof run> {
  const temporary = join(directory, "tmp");
  mkdirSync(temporary, { recursive: true });
  return run(process.execPath, [BENCH, ...args], {
    env: { ...process.env, TMPDIR: temporary, NODE_V8_COVERAGE: "" },
  });
}

t.test("a scenario is measured, reported, and leaves nothing behind", async (t) => {
  const directory = t.testdir();
  const out = join(directory, "out");
  const flags = ["--size", "20MB", "--files", "200", "--rounds", "1", "--settle", "0", "--out", out];
  const { code, stdout, stderr } = await bench(directory, "first-local", ...flags);
  t.equal(code, 0, stdout + stderr);
  const results = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as Results;
  const { runs = [] } = results.scenarios["first-local"] ?? {};
  const ours = runs.find(({ tool }) => tool === "this project")?.values;
  t.ok((ours?.ms ?? 0) > 0 && (ours?.peakBytes ?? 0) > 20e6 && (ours?.storedBytes ?? 0) > 5e6);
  if (await hasProgram("zstd")) {
    const tar = runs.find(({ tool }) => tool === "tar | zstd")?.values;
    t.ok(
      Math.abs((tar?.storedBytes ?? 0) / (ours?.storedBytes ?? 1) - 1) < 0.2,
      "both stored about the same",
    );
  }
  const report = readFileSync(join(out, "RESULTS.md"), "utf8");
  t.match(report, "## First backup to local disk");
  t.match(report, "![First backup to local disk: time](plots/first-local-time.svg)");
  t.notMatch(report, directory);
  t.ok(existsSync(join(out, "plots/first-local-time.svg")));
  t.same(readdirSync(join(directory, "tmp")), []);
});

t.test("the scenarios are listed, and one that is unknown is named", async (t) => {
  const list = await bench(t.testdir(), "--list");
  t.equal(list.code, 0);
  t.match(list.stdout, /^thirty-days +Days of a tenant's life/m);
  const unknown = await bench(t.testdir(), "no-such");
  t.equal(unknown.code, 1);
  t.match(unknown.stderr, "there is no scenario no-such");
  const nothing = await bench(t.testdir(), "--report", "--out", join(t.testdirName, "empty"));
  t.match(nothing.stderr, "nothing was measured yet");
});
