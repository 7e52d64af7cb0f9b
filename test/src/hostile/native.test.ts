import t from "tap";
import { attack } from "./attack.js";
import { nativeCases } from "./native/index.js";

t.test("every hostile archive with our index is refused, and leaves nothing behind", (t) =>
  attack(t, nativeCases),
);
