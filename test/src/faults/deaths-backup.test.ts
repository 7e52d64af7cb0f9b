import t from "tap";
import { agentMatrix } from "./agent-matrix.js";
import { deaths } from "./faults.js";

t.test("a backup may die at any point", (t) =>
  agentMatrix(t, { title: "deaths in a backup", scenario: "backup", plan: deaths, minimum: 60 }),
);
