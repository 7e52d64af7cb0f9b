import t from "tap";
import { dayStart, resultKind } from "./audit-line.js";

t.test("results are good, bad, or neither", (t) => {
  for (const result of ["failed", "refused", "interrupted", "cancelled", "404", "500"]) {
    t.equal(resultKind(result), "bad", result);
  }
  for (const result of ["succeeded", "200", "202"]) t.equal(resultKind(result), "good", result);
  for (const result of ["started", "stopped", "304", "4040"]) t.equal(resultKind(result), "", result);
  t.end();
});

t.test("a day begins where the reader is", (t) => {
  t.equal(dayStart("2026-03-07"), new Date(2026, 2, 7).toISOString());
  t.equal(dayStart("2026-03-31", 1), new Date(2026, 3, 1).toISOString());
  t.equal(dayStart(""), undefined);
  t.equal(dayStart("yesterday"), undefined);
  t.end();
});
