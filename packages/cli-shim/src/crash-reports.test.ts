import t from "tap";
import { crashText, withoutReports, type DiagnosticReports } from "./crash-reports.js";

const asked = (more: Partial<DiagnosticReports>): DiagnosticReports => ({
  reportOnFatalError: false,
  reportOnSignal: false,
  reportOnUncaughtException: false,
  ...more,
});

t.test("reports are off; a gateway has those that were asked for, without the environment", (t) => {
  const reports = asked({ reportOnFatalError: true, excludeEnv: false });
  const allow = withoutReports(reports);
  t.strictSame(reports, asked({ excludeEnv: false }));
  t.equal(allow(), true);
  t.strictSame(reports, asked({ reportOnFatalError: true, excludeEnv: true }));
  t.end();
});

t.test("where Node cannot leave the environment out, they stay off", (t) => {
  const reports = asked({ reportOnSignal: true });
  t.equal(withoutReports(reports)(), false);
  t.strictSame(reports, asked({}));
  t.equal(withoutReports(asked({}))(), true, "nobody asked");
  t.end();
});

t.test("a crash tells the error and its causes, and none of their fields", (t) => {
  const cause = Object.assign(new TypeError("inner"), { headers: { authorization: "marked" } });
  const error = Object.assign(new Error("outer", { cause }), { request: { key: "marked" } });
  const text = crashText(error);
  t.match(text, /^Error: outer\n\s+at [^]*\ncaused by TypeError: inner\n\s+at /);
  t.notMatch(text, /marked/);
  t.equal(crashText({ key: "marked" }), "[object Object]");
  t.equal(crashText("a text"), "'a text'");
  const circle = new Error("round");
  circle.cause = circle;
  t.match(crashText(circle), /^Error: round/);
  t.end();
});
