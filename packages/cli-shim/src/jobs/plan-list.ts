/** Prints the complete list of a dry run, entry by entry, as it comes. */
import { apiPath } from "../client.js";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { formatBytes, plural } from "../output/format.js";
import { explanations } from "../output/plan.js";
import { splitLines } from "./split-lines.js";

/** A line of the gateway's list. */
interface PlanLine {
  readonly kind: "include" | "leave-out" | "end";
  readonly path?: string;
  /** Base64 of a path that is not UTF-8. */
  readonly path64?: string;
  readonly type?: string;
  readonly size?: number;
  readonly reason?: string;
  readonly rule?: string;
  readonly entries?: number;
  readonly bytes?: number;
  readonly complete?: boolean;
}

/** With `--json` the gateway's own lines, else a line an entry. Throws `LIST_INCOMPLETE` when the last one is missing. */
export async function printPlan(context: Context, jobId: string): Promise<void> {
  const path = apiPath`/api/admin/jobs/${jobId}/plan`;
  const { signal } = new AbortController();
  const chunks = await context.client().stream(path, signal, "application/jsonl");
  let complete = false;
  for await (const text of splitLines(chunks)) {
    const line = JSON.parse(text) as PlanLine;
    if (line.kind === "end") complete = line.complete === true;
    if (line.kind !== "end" || context.output.json) context.output.line(text, () => describe(line));
  }
  if (!complete) {
    throw cliError(
      "LIST_INCOMPLETE",
      `The list of job ${jobId} is not complete: it was cut off, or is too long`,
      {
        hint: "The figures of the dry run are complete; `openclaw jobs show` has them.",
      },
    );
  }
}

/** `+ sessions/a.jsonl  1.00 kB`, `- workspace/x.log  5 B  excluded by the config's glob **\/*.log`. */
function describe(line: PlanLine): string {
  const path = line.path ?? Buffer.from(line.path64 ?? "", "base64").toString("latin1");
  const name = `${path === "" ? "." : path}${line.type === "directory" ? "/" : ""}`;
  if (line.kind === "include")
    return `+ ${name}${line.type === "file" ? `  ${formatBytes(line.size ?? 0)}` : ""}`;
  const { reason = "", rule, entries = 1, bytes = 0 } = line;
  const count = entries > 1 ? `${plural(entries, "entry", "entries")}, ` : "";
  const why = `${explanations[reason] ?? reason}${rule === undefined ? "" : ` ${rule}`}`;
  return `- ${name}  ${count}${formatBytes(bytes)}  ${why}`;
}
