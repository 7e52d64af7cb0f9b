import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { failingCalls } from "./faults.js";

t.test("any call of a restore may fail", (t) =>
  agentMatrix(t, {
    title: "failing calls of a restore",
    scenario: "restore",
    plan: failingCalls,
    minimum: 100,
  }),
);
