import { stat } from "node:fs/promises";
import type { DoctorCheck, Finding } from "../plugin/host.js";
import type { AuditLog } from "./audit-log.js";
import { verifyNewest } from "./verify.js";

/** Whether the audit log is written, is the gateway's alone, and holds, in its newest file, what was written. */
export function auditCheck(audit: AuditLog): DoctorCheck {
  return {
    name: "audit-log",
    run: async () => {
      const findings = [...healthFindings(audit), ...(await modeFindings(audit.directory))];
      const [fault] = await audit.read(verifyNewest);
      if (fault !== undefined) {
        findings.push({
          severity: "critical",
          message: `The audit log was tampered with, or is damaged: ${fault.file}, line ${fault.line}, ${fault.problem}`,
          fix: "`openclaw audit verify` checks all of it. Keep the files as they are, and compare them with copies elsewhere.",
        });
      }
      if (findings.length > 0) return findings;
      return [{ severity: "ok", message: "The audit log is written, and its newest file is whole" }];
    },
  };
}

function healthFindings(audit: AuditLog): readonly Finding[] {
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
    });
  }
  return findings;
}

async function modeFindings(directory: string): Promise<readonly Finding[]> {
  const mode = (await stat(directory)).mode & 0o777;
  if ((mode & 0o077) === 0) return [];
  return [
    {
      severity: "warning",
      message: `${directory} is open to other users of this machine (mode ${mode.toString(8)})`,
      fix: `chmod 700 ${directory}`,
    },
  ];
}
