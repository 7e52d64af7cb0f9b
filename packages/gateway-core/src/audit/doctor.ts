import type { DoctorCheck, Finding } from "../plugin/host.js";
import type { AuditLog } from "./audit-log.js";
import type { ChainFault } from "./chain.js";
import { verifyNewest } from "./verify.js";

/** Whether the audit log is written, and holds, in its newest file, what was written. */
export function auditCheck(audit: AuditLog): DoctorCheck {
  return {
    name: "audit-log",
    run: async () => {
      const findings = healthFindings(audit);
      const [fault] = await audit.read(verifyNewest);
      if (fault !== undefined) findings.push(tamperFinding(fault));
      if (findings.length > 0) return findings;
      return [{ severity: "ok", message: "The audit log is written, and its newest file is whole" }];
    },
  };
}

export function tamperFinding({ file, line, problem }: ChainFault): Finding {
  return {
    severity: "critical",
    message: `The audit log was tampered with, or is damaged: ${file}, line ${line}, ${problem}`,
    fix: "`openclaw audit verify` checks all of it. Keep the files as they are, and compare them with copies elsewhere.",
  };
}

function healthFindings(audit: AuditLog): Finding[] {
  const { problem, waiting, lost } = audit.health;
  const findings: Finding[] = [];
  if (problem !== undefined) {
    findings.push({
      severity: "critical",
      message: `The audit log cannot be written (${problem}); ${waiting} lines wait in memory`,
      fix: `Make room on the file system of ${audit.directory}, or make it writable; the lines are written then.`,
    });
  }
  if (lost > 0) {
    findings.push({
      severity: "critical",
      message: `The audit log lacks ${lost} lines: it could not be written for too long`,
      fix: "They are lost; make room, and see that the gateway's log goes elsewhere as well.",
    });
  }
  return findings;
}
