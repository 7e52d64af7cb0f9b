import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { failingCalls } from "./faults.js";

t.test("any call of a backup may fail", (t) =>
  agentMatrix(t, {
    title: "failing calls of a backup",
    scenario: "backup",
    plan: failingCalls,
    minimum: 92,
  }),
);
