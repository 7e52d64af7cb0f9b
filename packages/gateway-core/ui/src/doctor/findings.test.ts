import t from "tap";
import { summary, worstFirst, type Finding, type Severity } from "./findings.js";

const finding = (check: string, severity: Severity): Finding => ({ check, severity, message: "…" });

t.test("the worst comes first, and the sum says what there is to do", (t) => {
  const findings = [
    finding("a", "ok"),
    finding("b", "warning"),
    finding("c", "info"),
    finding("d", "critical"),
    finding("e", "warning"),
  ];
  t.equal(
    worstFirst(findings)
      .map(({ check }) => check)
      .join(""),
    "dbeca",
  );
  t.equal(summary(findings), "1 critical, 2 warnings");
  t.equal(summary([finding("b", "warning")]), "1 warning");
  t.equal(summary([finding("a", "ok"), finding("c", "info")]), "");
  t.end();
});
