import t from "tap";
import { attack } from "./attack.js";
import { foreignCases } from "./foreign/index.js";

t.test("every hostile archive of another tool's format is refused, and leaves nothing behind", (t) =>
  attack(t, foreignCases),
);
