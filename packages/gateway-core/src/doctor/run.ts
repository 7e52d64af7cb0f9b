import type { DoctorCheck, Finding, Severity } from "../plugin/host.js";
import { withTimeLimit } from "../plugin/hook-bus.js";
import { errorText } from "../system-error.js";

/** A finding with the check that made it. */
export interface DoctorFinding extends Finding {
  readonly check: string;
}

export interface DoctorReport {
  readonly findings: readonly DoctorFinding[];
  readonly worst: Severity;
}

/** From best to worst. */
const SEVERITIES: readonly Severity[] = ["ok", "info", "warning", "critical"];

/** A check that asks a store may wait for the network; one that hangs must not hide what the others found. */
const CHECK_TIMEOUT_MS = 20_000;

/** Runs all checks at once. A check that fails is a finding itself. */
export async function runDoctor(checks: Iterable<DoctorCheck>): Promise<DoctorReport> {
  const findings = (await Promise.all([...checks].map(runCheck))).flat();
  const worst = Math.max(0, ...findings.map((finding) => SEVERITIES.indexOf(finding.severity)));
  return { findings, worst: SEVERITIES[worst] ?? "ok" };
}

async function runCheck(check: DoctorCheck): Promise<readonly DoctorFinding[]> {
  try {
    const findings = await withTimeLimit(() => check.run(), CHECK_TIMEOUT_MS);
    return findings.map((finding) => ({ check: check.name, ...finding }));
  } catch (error) {
    return [{ check: check.name, severity: "critical", message: `The check failed: ${errorText(error)}` }];
  }
}
