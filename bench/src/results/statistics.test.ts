import t from "tap";
import type { Run } from "./results.js";
import { mean, medianOf, summarise, valuesOf } from "./statistics.js";

const runs: Run[] = [
  { tool: "a", step: "s", round: 2, values: { ms: 30 } },
  { tool: "a", step: "s", round: 1, values: { ms: 10, requests: 4 } },
  { tool: "a", step: "s", round: 3, values: { ms: 20 } },
  { tool: "b", step: "s", round: 1, values: { ms: 99 } },
  { tool: "a", step: "other", round: 1, values: { ms: 77 } },
];

t.test("the median of odd, even and no rounds", (t) => {
  t.same(summarise([3, 1, 2]), { median: 2, least: 1, most: 3, rounds: 3 });
  t.same(summarise([4, 1, 2, 3]), { median: 2.5, least: 1, most: 4, rounds: 4 });
  t.equal(summarise([]), undefined);
  t.equal(mean([1, 2, 6]), 3);
  t.equal(mean([]), undefined);
  t.end();
});

t.test("runs are selected by tool, step and round", (t) => {
  t.same(valuesOf(runs, { tool: "a", step: "s" }, "ms"), [10, 30, 20]);
  t.same(valuesOf(runs, { tool: "a", step: "s", rounds: { from: 2, to: 3 } }, "ms"), [30, 20]);
  t.same(valuesOf(runs, { tool: "a", step: "s" }, "requests"), [4]);
  t.equal(medianOf(runs, { tool: "a", step: "s" }, "ms"), 20);
  t.equal(medianOf(runs, { tool: "c", step: "s" }, "ms"), undefined);
  t.end();
});
