/** `openclaw status`: one screen, the worst first. */
import type { Command } from "commander";
import type { Context } from "../context.js";
import { backupLines } from "../output/backup-status.js";
import { findingLines, tally, worstFirst } from "../output/findings.js";
import { formatCount, formatDuration, formatTime } from "../output/format.js";
import { sectionLines } from "../output/section.js";
import { formatFacts } from "../output/table.js";
import type { BackupStatusView, DoctorView, StatusView } from "../views.js";
import { quickLook } from "./doctor.js";
import { addExamples } from "./options.js";

/** More would push the tenants off the screen; `openclaw doctor` has them all. */
const SHOWN_FINDINGS = 5;

export function addStatusCommand(program: Command, context: Context): void {
  const command = program
    .command("status")
    .summary("show the gateway's state, the worst first")
    .description(
      "Show how the gateway, its tenants and its backups do, on one screen, the worst first. `openclaw doctor` says " +
        "more, also while no gateway runs.",
    );
  addExamples(command, ["openclaw status", "openclaw status --json"]);
  context.action(command, async () => {
    const [status, doctor] = (await Promise.all([
      context.client().request("GET", "/api/admin/status"),
      quickLook(context),
    ])) as [StatusView, DoctorView];
    context.output.result({ ...status, doctor }, () => statusLines(status, doctor));
    return undefined;
  });
}

function statusLines(status: StatusView, doctor: DoctorView): string[] {
  const { backup, ...others } = status.sections;
  return [
    ...formatFacts([
      ["version", status.version],
      ["started", formatTime(status.startedAt)],
      ["uptime", formatDuration(status.uptimeSeconds * 1000)],
      ["tenants", formatCount(status.tenants.count)],
      ["doctor", tally(doctor.findings)],
    ]),
    ...status.warnings.map((warning) => `warning: ${warning}`),
    ...(status.failures ?? []).map(
      ({ section, message }) => `warning: ${section} cannot be shown: ${message}`,
    ),
    ...worst(doctor),
    ...(backup === undefined ? [] : ["", ...backupLines(backup as BackupStatusView)]),
    ...Object.entries(others).flatMap(([name, section]) => ["", `${name}:`, ...sectionLines(section)]),
  ];
}

/** What has to be done, as far as there is room. */
function worst({ findings }: DoctorView): string[] {
  const bad = worstFirst(findings).filter(
    ({ severity }) => severity === "critical" || severity === "warning",
  );
  if (bad.length === 0) return [];
  const more = bad.length - SHOWN_FINDINGS;
  return [
    "",
    ...bad.slice(0, SHOWN_FINDINGS).flatMap(findingLines),
    ...(more > 0 ? [`… and ${formatCount(more)} more; \`openclaw doctor\` lists all`] : []),
  ];
}
