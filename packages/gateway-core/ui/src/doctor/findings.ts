/** What the doctor has found; see `GET /api/admin/doctor`. */
export interface Finding {
  readonly check: string;
  readonly severity: Severity;
  readonly message: string;
  readonly fix?: string;
  readonly tenant?: string;
}

export type Severity = "ok" | "info" | "warning" | "critical";

interface Meaning {
  readonly severity: Severity;
  readonly word: string;
  /** Class of its badge. */
  readonly kind: "good" | "warning" | "bad" | "";
}

/** The worst first. */
export const SEVERITIES: readonly Meaning[] = [
  { severity: "critical", word: "Critical", kind: "bad" },
  { severity: "warning", word: "Warning", kind: "warning" },
  { severity: "info", word: "Note", kind: "" },
  { severity: "ok", word: "Good", kind: "good" },
];

/** The worst first; of one severity in the doctor's order. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  return SEVERITIES.flatMap((one) => findings.filter(({ severity }) => severity === one.severity));
}

/** `2 critical, 1 warning`; empty when there is nothing to do. */
export function summary(findings: readonly Finding[]): string {
  return (["critical", "warning"] as const)
    .map((severity) => ({ severity, length: findings.filter((one) => one.severity === severity).length }))
    .filter(({ length }) => length > 0)
    .map(({ severity, length }) => `${length} ${severity}${severity === "warning" && length > 1 ? "s" : ""}`)
    .join(", ");
}
