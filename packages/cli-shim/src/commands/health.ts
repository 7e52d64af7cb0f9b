/** `openclaw doctor` and `openclaw status`. */
import type { Command } from "commander";
import type { Context } from "../context.js";
import { formatCount, formatDuration, formatTime } from "../output/format.js";
import { formatFacts, formatTable } from "../output/table.js";
import type { FindingView, StatusView } from "../views.js";
import { addExamples } from "./options.js";

export function addHealthCommands(program: Command, context: Context): void {
  addDoctor(program, context);
  addStatus(program, context);
}

function addDoctor(program: Command, context: Context): void {
  const command = program
    .command("doctor")
    .summary("check the gateway and its backups")
    .description("Check the gateway and its backups. Exits with 1 when something critical was found.");
  addExamples(command, ["openclaw doctor", "openclaw doctor --json"]);
  context.action(command, async () => {
    const answer = (await context.client().request("GET", "/api/admin/doctor")) as {
      readonly findings: readonly FindingView[];
    };
    const { findings } = answer;
    context.output.result(answer, () => [...findings.flatMap(findingLines), tally(findings)]);
    return findings.some(({ severity }) => severity === "critical") ? 1 : 0;
  });
}

function findingLines({ severity, check, tenant, message, fix }: FindingView): string[] {
  const subject = tenant === undefined ? check : `${check}, ${tenant}`;
  const line = `${severity.padEnd("critical".length)}  ${subject}: ${message}`;
  return fix === undefined ? [line] : [line, `${" ".repeat("critical".length)}  → ${fix}`];
}

function tally(findings: readonly FindingView[]): string {
  const count = (severity: FindingView["severity"]): number =>
    findings.filter((finding) => finding.severity === severity).length;
  return `${formatCount(count("critical"))} critical, ${formatCount(count("warning"))} to look at, ${formatCount(count("ok"))} ok`;
}

function addStatus(program: Command, context: Context): void {
  const command = program
    .command("status")
    .summary("show the gateway's state")
    .description("Show the gateway's version, uptime, tenants and backups.");
  addExamples(command, ["openclaw status"]);
  context.action(command, async () => {
    const status = (await context.client().request("GET", "/api/admin/status")) as StatusView;
    context.output.result(status, () => [
      ...formatFacts([
        ["version", status.version],
        ["started", formatTime(status.startedAt)],
        ["uptime", formatDuration(status.uptimeSeconds * 1000)],
        ["tenants", formatCount(status.tenants.count)],
      ]),
      ...status.warnings.map((warning) => `warning: ${warning}`),
      ...Object.entries(status.sections).flatMap(([name, section]) => [
        "",
        `${name}:`,
        ...sectionLines(section),
      ]),
    ]);
    return undefined;
  });
}

/** Plugins shape their sections themselves: each value gets a line under its path, each list of records a table. */
function sectionLines(section: unknown): string[] {
  const facts: [string, string][] = [];
  const tables: string[] = [];
  collect(section, "", facts, tables);
  return [...formatFacts(facts), ...tables].map((line) => (line === "" ? "" : `  ${line}`));
}

function collect(value: unknown, path: string, facts: [string, string][], tables: string[]): void {
  if (isRecord(value)) {
    for (const [name, child] of Object.entries(value)) {
      collect(child, path === "" ? name : `${path}.${name}`, facts, tables);
    }
  } else if (Array.isArray(value) && value.length > 0 && value.every(isRecord)) {
    const names = [...new Set(value.flatMap((row) => Object.keys(row)))];
    const columns = names.map((name) => ({ title: name, cell: (row: Row) => formatValue(row[name]) }));
    tables.push("", `${path}:`, ...formatTable(value, columns));
  } else {
    facts.push([path, formatValue(value)]);
  }
}

type Row = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function formatValue(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
