import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { deaths } from "./faults.js";

t.test("a restore that replaces a tenant may die at any point", (t) =>
  agentMatrix(t, {
    title: "deaths in a forced restore",
    scenario: "forced restore",
    plan: deaths,
    minimum: 36,
  }),
);
