import { getPriority } from "node:os";
import t from "tap";
import { lowerThreadPriority } from "./priority.js";
import { aroundCalls, systemError } from "../../test-support/system-calls.js";

t.test("where a thread cannot be told from others, it keeps its priority and works on", (t) => {
  aroundCalls(t, "readlinkSync", () => {
    throw systemError("ENOENT", "readlink");
  });
  const before = getPriority();
  t.doesNotThrow(lowerThreadPriority);
  t.equal(getPriority(), before);
  t.end();
});
