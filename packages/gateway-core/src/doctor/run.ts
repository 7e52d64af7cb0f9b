/** Runs the registered checks, and the repairs that their findings offer. */
import type { DoctorCheck, Finding, Severity } from "../plugin/host.js";
import { withTimeLimit } from "../plugin/hook-bus.js";
import { errorText } from "../system-error.js";

/** A finding with the check that made it. */
export interface DoctorFinding extends Omit<Finding, "repair"> {
  readonly check: string;
  /** `openclaw doctor --yes` can put it right. */
  readonly repairable: boolean;
}

export interface DoctorReport {
  readonly findings: readonly DoctorFinding[];
  readonly worst: Severity;
}

/** What came of one repair. */
export interface Repair {
  readonly check: string;
  readonly tenant?: string;
  /** The message of the finding. */
  readonly finding: string;
  readonly ok: boolean;
  /** What was done, or why it could not be; one sentence. */
  readonly outcome: string;
}

export interface RepairReport extends DoctorReport {
  readonly repairs: readonly Repair[];
}

/** From best to worst. */
const SEVERITIES: readonly Severity[] = ["ok", "info", "warning", "critical"];

/** A check that asks a store may wait for the network; one that hangs must not hide what the others found. */
const CHECK_TIMEOUT_MS = 20_000;

/** A repair can bring to light what another one has to do: a config that is good again lets its plugins be looked at. */
const MAX_ROUNDS = 5;

interface Found {
  readonly check: string;
  readonly finding: Finding;
}

/** Those whose answer comes at once. */
export function quick(checks: Iterable<DoctorCheck>): readonly DoctorCheck[] {
  return [...checks].filter(({ takesTime }) => takesTime !== true);
}

/** Runs all checks at once. A check that fails is a finding itself. */
export async function runDoctor(checks: Iterable<DoctorCheck>): Promise<DoctorReport> {
  return reportOf(await runChecks(checks));
}

/**
 * Repairs what offers a repair, in the order of the checks, then looks again, until there is nothing left that was not
 * tried. What the last look found is the report.
 *
 * @param checks Asked for anew for each look: repairs may change which checks there are.
 */
export async function repairAll(checks: () => Promise<Iterable<DoctorCheck>>): Promise<RepairReport> {
  const repairs: Repair[] = [];
  const tried = new Set<string>();
  for (let round = 1; ; round++) {
    const found = await runChecks(await checks());
    const open = found.filter((one) => one.finding.repair !== undefined && !tried.has(keyOf(one)));
    if (open.length === 0 || round > MAX_ROUNDS) return { ...reportOf(found), repairs };
    for (const one of open) {
      tried.add(keyOf(one));
      repairs.push(await repair(one));
    }
  }
}

async function repair({ check, finding }: Found): Promise<Repair> {
  const { message, tenant } = finding;
  const about = { check, finding: message, ...(tenant === undefined ? {} : { tenant }) };
  try {
    return { ...about, ok: true, outcome: (await finding.repair?.()) ?? "" };
  } catch (error) {
    return { ...about, ok: false, outcome: `It could not be repaired: ${errorText(error)}` };
  }
}

async function runChecks(checks: Iterable<DoctorCheck>): Promise<readonly Found[]> {
  return (await Promise.all([...checks].map(runCheck))).flat();
}

async function runCheck(check: DoctorCheck): Promise<readonly Found[]> {
  const { name } = check;
  try {
    const findings = await withTimeLimit(() => check.run(), CHECK_TIMEOUT_MS);
    return findings.map((finding) => ({ check: name, finding }));
  } catch (error) {
    const message = `The check failed: ${errorText(error)}`;
    return [{ check: name, finding: { severity: "critical", message, fix: FAILED_FIX } }];
  }
}

const FAILED_FIX = "Put right what the message names, and run `openclaw doctor` again.";

function reportOf(found: readonly Found[]): DoctorReport {
  const worst = Math.max(0, ...found.map(({ finding }) => SEVERITIES.indexOf(finding.severity)));
  return {
    findings: found.map(({ check, finding: { repair, ...finding } }) => ({
      check,
      ...finding,
      repairable: repair !== undefined,
    })),
    worst: SEVERITIES[worst] ?? "ok",
  };
}

function keyOf({ check, finding }: Found): string {
  return JSON.stringify([check, finding.tenant, finding.message]);
}
