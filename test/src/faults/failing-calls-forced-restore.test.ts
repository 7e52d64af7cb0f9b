import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { failingCalls } from "./faults.js";

t.test("any call of a restore that replaces a tenant may fail", (t) =>
  agentMatrix(t, {
    title: "failing calls of a forced restore",
    scenario: "forced restore",
    plan: failingCalls,
    minimum: 72,
  }),
);
