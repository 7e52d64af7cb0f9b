/** What people read of the audit log. */
import type { AuditLineView, AuditVerificationView } from "../views.js";
import { formatCount, formatTime, plural } from "./format.js";
import { formatTable } from "./table.js";

export function auditLines(lines: readonly AuditLineView[]): string[] {
  if (lines.length === 0) return ["no lines"];
  return formatTable(lines, [
    { title: "SEQ", align: "right", cell: ({ seq }) => String(seq) },
    { title: "TIME", cell: ({ time }) => formatTime(time) },
    { title: "ACTOR", cell: ({ actor }) => actor },
    { title: "FROM", cell: ({ from }) => from ?? "" },
    { title: "ACTION", cell: ({ action }) => action },
    { title: "TENANT", cell: ({ tenant }) => tenant ?? "" },
    { title: "RESULT", cell: ({ result, code }) => (code === undefined ? result : `${result} ${code}`) },
    { title: "DETAILS", cell: ({ details = {} }) => detailsText(details) },
  ]);
}

function detailsText(details: Readonly<Record<string, unknown>>): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(" ");
}

export function verificationLines(found: AuditVerificationView): string[] {
  const { ok, files, lines, torn, first, head, noted, faults, faultCount } = found;
  const result = faults.map(({ file, line, problem }) => `damaged: ${placeText(file, line)} ${problem}`);
  if (faultCount > faults.length) result.push(`… and ${formatCount(faultCount - faults.length)} more places`);
  const counted = `${plural(lines, "line")} in ${plural(files, "file")}`;
  result.push(
    ok
      ? `${counted}: the log is what the gateway has written`
      : `${counted}: the log is NOT what the gateway has written`,
  );
  if (first !== undefined && first.seq > 1)
    result.push(`lines before ${first.seq} (${formatTime(first.time)}) were pruned, as the log itself says`);
  if (torn > 0)
    result.push(`${plural(torn, "line")} cut off by a crash, each noted by the start that followed`);
  if (noted === "found") result.push("the noted line is there");
  if (noted === "pruned") result.push("the noted line is older than what is kept: it says nothing");
  return [...result, `head: ${head.seq}:${head.hash}`];
}

function placeText(file: string, line: number): string {
  return line === 0 ? `${file}:` : `${file}, line ${line},`;
}
