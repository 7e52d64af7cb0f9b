import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { deaths } from "./faults.js";

t.test("a restore may die at any point", (t) =>
  agentMatrix(t, { title: "deaths in a restore", scenario: "restore", plan: deaths, minimum: 56 }),
);
