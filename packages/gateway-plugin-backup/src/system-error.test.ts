import t from "tap";
import { messageOf, systemReason } from "./system-error.js";
import { systemError } from "./test-support/system-calls.js";

t.test("whatever was thrown has a message", (t) => {
  t.equal(messageOf(new TypeError("no such thing")), "no such thing");
  t.equal(messageOf("thrown as it is"), "thrown as it is");
  t.equal(messageOf(undefined), "undefined");
  t.end();
});

t.test("of a system's error people are told the reason, not the call", (t) => {
  t.equal(systemReason(systemError("EACCES", "open '/proc/self/fd/20/a, b'")), "EACCES: permission denied");
  t.end();
});
