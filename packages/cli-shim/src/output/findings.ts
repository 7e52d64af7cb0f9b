/** What the doctor found, as people read it. */
import type { DoctorView, FindingView, RepairView } from "../views.js";
import { formatCount } from "./format.js";

/** The worst first. */
const SEVERITIES = ["critical", "warning", "info", "ok"] as const satisfies FindingView["severity"][];

const WIDTH = "critical".length;

/** The worst first; of one severity in the doctor's order. */
export function worstFirst(findings: readonly FindingView[]): FindingView[] {
  return SEVERITIES.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
}

export function findingLines({ severity, check, tenant, message, fix }: FindingView): string[] {
  const line = `${severity.padEnd(WIDTH)}  ${subjectOf({ check, tenant })}: ${message}`;
  return fix === undefined ? [line] : [line, `${" ".repeat(WIDTH)}  → ${fix}`];
}

/** All that was found and done, what was done first. */
export function doctorLines({ findings, repairs = [] }: DoctorView): string[] {
  const canRepair = findings.filter(({ repairable }) => repairable === true).length;
  return [
    ...repairs.flatMap(repairLines),
    ...(repairs.length === 0 ? [] : [""]),
    ...worstFirst(findings).flatMap(findingLines),
    tally(findings),
    ...(canRepair === 0
      ? []
      : [`\`openclaw doctor --yes\` repairs ${formatCount(canRepair)} of them, and loses nothing`]),
  ];
}

/** `1 critical, 2 to look at, 20 ok`. */
export function tally(findings: readonly FindingView[]): string {
  const count = (severity: FindingView["severity"]): number =>
    findings.filter((finding) => finding.severity === severity).length;
  return `${formatCount(count("critical"))} critical, ${formatCount(count("warning"))} to look at, ${formatCount(count("ok"))} ok`;
}

function repairLines({ check, tenant, finding, ok, outcome }: RepairView): string[] {
  const word = (ok ? "repaired" : "failed").padEnd(WIDTH);
  return [`${word}  ${subjectOf({ check, tenant })}: ${finding}`, `${" ".repeat(WIDTH)}  → ${outcome}`];
}

function subjectOf({
  check,
  tenant,
}: {
  readonly check: string;
  readonly tenant: string | undefined;
}): string {
  return tenant === undefined ? check : `${check}, ${tenant}`;
}
