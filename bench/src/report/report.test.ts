import { readFileSync } from "node:fs";
import t from "tap";
import type { Results, Run, Values } from "../results/results.js";
import { OURS } from "../results/results.js";
import { mergeResults, readResults } from "../results/results-file.js";
import { SCENARIOS } from "../scenarios/index.js";
import { FIRST_BACKUP } from "../scenarios/first-backup.js";
import { DURING_BACKUP, IDLE } from "../scenarios/latency.js";
import { DAY, LAST_DAY_RESTORED } from "../scenarios/thirty-days.js";
import { RESTIC, TAR_ZSTD_S3 } from "../tools/shell-tools.js";
import { formatBytes, formatSeconds } from "./format.js";
import { GOALS, judge } from "./goals.js";
import { renderPlots, renderReport } from "./report.js";

const HOME = new URL("../../", import.meta.url);

const machine = {
  processor: "a processor",
  cores: 2,
  memoryBytes: 8e9,
  kernel: "6.1",
  system: "Debian",
  disk: "ext4",
  versions: { restic: "0.14.0" },
};

function results(id: string, runs: readonly Run[]): Results {
  const scenario = {
    id,
    machine,
    date: "2026-01-02T03:04:05Z",
    command: `bench ${id}`,
    settings: "1.00 GB",
    notes: [],
    commands: {},
  };
  return mergeResults(undefined, { ...scenario, runs });
}

function run(tool: string, step: string, values: Values, round = 1): Run {
  return { tool, step, round, values };
}

function verdicts(all: Results): Record<string, boolean> {
  return Object.fromEntries(
    GOALS.flatMap((goal) => {
      const verdict = judge(goal, all);
      return verdict === undefined ? [] : [[goal.text, verdict.met]];
    }),
  );
}

t.test("a ratio to the named rival decides, by medians", (t) => {
  const first = results("first-s3", [
    ...[90, 10, 11].map((ms, n) => run(OURS, FIRST_BACKUP, { ms }, n + 1)),
    ...[14, 15, 13].map((ms, n) => run(TAR_ZSTD_S3, FIRST_BACKUP, { ms }, n + 1)),
    run(RESTIC, FIRST_BACKUP, { ms: 23 }),
  ]);
  t.same(verdicts(first), {
    [`first backup: at least 1.3 times as fast as ${TAR_ZSTD_S3}`]: false,
    "first backup: at least 2 times as fast as restic": true,
  });
  const report = renderReport(first, SCENARIOS);
  t.match(report, "| **not met** ([why](../docs/performance.md#first-s3)) | 1.27 × (at least 1.30 ×) |");
  t.match(report, "| met | 2.09 × (at least 2.00 ×) |");
  t.match(report, "not measured");
  t.match(report, "| first backup | tar \\| zstd \\| aws s3 cp | 14.0 ms (13.0 ms – 15.0 ms) | 1.27 × |");
  t.match(report, "- restic: 0.14.0");
  t.match(report, "Again: `bench first-s3`");
  t.same(
    renderPlots(first, SCENARIOS).map(({ file }) => file),
    ["first-s3-time.svg"],
  );
  t.end();
});

t.test("days are judged by their mean, and the last against the first", (t) => {
  const day = (round: number, values: Values) =>
    run(OURS, DAY, { ms: 1000, changedCompressedBytes: 4e6, sentBytes: 17e6, ...values }, round);
  const days = (values: (round: number) => Values) =>
    results("thirty-days", [
      run(OURS, FIRST_BACKUP, { ms: 5000 }),
      ...[1, 2, 3, 4, 5, 6, 7].map((round) => day(round, values(round))),
      run(OURS, LAST_DAY_RESTORED, { differences: 0 }),
    ]);
  t.same(Object.values(verdicts(days(() => ({})))), [true, true, true, true]);
  t.same(Object.values(verdicts(days((round) => (round > 4 ? { sentBytes: 20e6 } : {})))), [
    false,
    true,
    false,
    true,
  ]);
  t.same(
    renderPlots(
      days(() => ({})),
      SCENARIOS,
    ).map(({ file }) => file),
    ["thirty-days-time.svg", "thirty-days-sent.svg"],
  );
  t.end();
});

t.test("a quiet gateway may become five milliseconds slower, a slow one half as slow again", (t) => {
  const latency = (idle: number, busy: number) =>
    Object.values(
      verdicts(results("latency", [run(OURS, IDLE, { p99: idle }), run(OURS, DURING_BACKUP, { p99: busy })])),
    );
  t.same(latency(1, 5.9), [true]);
  t.same(latency(1, 6.1), [false]);
  t.same(latency(20, 29), [true]);
  t.end();
});

t.test("a partial run keeps the others' results, and the report says which machine made which", (t) => {
  const one = results("first-s3", []);
  const other = results("restore-s3", []).scenarios["restore-s3"];
  if (other === undefined) throw new Error("the result is missing");
  const same = mergeResults(one, other);
  t.same(Object.keys(same.scenarios), ["first-s3", "restore-s3"]);
  const report = renderReport(same, SCENARIOS);
  t.match(report, "## Machine\n\n- a processor, 2 cores, 8.00 GB of memory");
  t.notMatch(report, "on a processor");
  const both = renderReport(
    mergeResults(one, { ...other, machine: { ...machine, cores: 8 }, date: "2026-01-03T00:00:00Z" }),
    SCENARIOS,
  );
  t.match(both, /## Machines\n\n- a processor, 2 cores, (.*\n)+- a processor, 8 cores, /);
  t.match(both, "2026-01-03; 1.00 GB; on a processor, 8 cores. Again: `bench restore-s3`");
  t.end();
});

t.test("every goal belongs to a scenario", (t) => {
  const ids = new Set(SCENARIOS.map(({ id }) => id));
  for (const goal of GOALS) t.ok(ids.has(goal.scenario), goal.scenario);
  t.equal(ids.size, SCENARIOS.length);
  t.end();
});

t.test("the report that is kept is the one of its results, and explains each goal that was missed", (t) => {
  const kept = readResults(new URL("results.json", HOME).pathname);
  if (kept === undefined) throw new Error("no results are kept");
  t.equal(readFileSync(new URL("RESULTS.md", HOME), "utf8"), renderReport(kept, SCENARIOS));
  for (const { file, svg } of renderPlots(kept, SCENARIOS))
    t.equal(readFileSync(new URL(`plots/${file}`, HOME), "utf8"), svg);
  const explanations = readFileSync(new URL("../docs/performance.md", HOME), "utf8");
  for (const goal of GOALS) {
    if (judge(goal, kept)?.met !== false) continue;
    t.ok(explanations.includes(`<a id="${goal.scenario}"></a>`), `${goal.scenario}: ${goal.text}`);
  }
  t.end();
});

t.test("figures keep three digits", (t) => {
  t.equal(formatBytes(0), "0 B");
  t.equal(formatBytes(999), "999 B");
  t.equal(formatBytes(1_234_000), "1.23 MB");
  t.equal(formatBytes(123_400_000), "123 MB");
  t.equal(formatSeconds(99), "99.0 ms");
  t.equal(formatSeconds(1234), "1.23 s");
  t.equal(formatSeconds(81_500), "81.5 s");
  t.end();
});
