/** `openclaw audit list | verify`. */
import { InvalidArgumentError, Option, type Command } from "commander";
import { query } from "../client.js";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { auditLines, verificationLines } from "../output/audit.js";
import type { AuditLineView, AuditPageView, AuditVerificationView } from "../views.js";
import { addExamples, integerOption } from "./options.js";

/** Most lines that the gateway gives at once. */
const PAGE = 1000;

/** The table of exit codes: unsafe or damaged. */
const DAMAGED = 7;

interface ListFlags {
  readonly tenant?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly since?: string;
  readonly until?: string;
  readonly failed?: true;
  readonly limit: number;
}

export function addAuditCommands(program: Command, context: Context): void {
  const audit = program
    .command("audit")
    .summary("see who did what, and check that the record is whole")
    .description(
      "The gateway's audit log: who did what, from where, on which tenant, and what came of it. Lines are chained by " +
        "their hashes; docs/audit.md says what that shows and what not.",
    );
  addList(audit, context);
  addVerify(audit, context);
}

function addList(audit: Command, context: Context): void {
  const moment = "a time (2026-03-07T02:00Z), a day (2026-03-07, UTC), or how long ago (90m, 12h, 7d)";
  const command = audit
    .command("list")
    .summary("list what was done")
    .description("List lines of the audit log, the newest first. Lines of deleted tenants stay.")
    .option("--tenant <id>", "only about this tenant")
    .option("--actor <who>", "only by: admin, tenant:<id>, schedule, gateway or anonymous")
    .option("--action <text>", "only actions that hold this text, such as DELETE, job.restore or /token")
    .option("--since <when>", `only from then on: ${moment}`)
    .option("--until <when>", "only before then")
    .option("--failed", "only what was refused, or failed")
    .addOption(integerOption("--limit <n>", "at most so many lines").default(100));
  addExamples(command, [
    "openclaw audit list --tenant acme --since 7d",
    "openclaw audit list --failed --actor anonymous",
    "openclaw audit list --action 'DELETE /api/admin/tenants' --json",
  ]);
  context.action(command, async (flags: ListFlags) => {
    const { tenant, actor, action, failed } = flags;
    const filter = {
      ...{ tenant, actor, action },
      since: momentOf("--since", flags.since, context),
      until: momentOf("--until", flags.until, context),
      failed: failed === true ? "true" : undefined,
    };
    const lines: AuditLineView[] = [];
    let before: number | undefined;
    do {
      const limit = Math.min(PAGE, flags.limit - lines.length);
      const values = {
        ...filter,
        limit: String(limit),
        before: before === undefined ? before : String(before),
      };
      const page = (await context
        .client()
        .request("GET", `/api/admin/audit${query(values)}`)) as AuditPageView;
      lines.push(...page.lines);
      before = page.next;
    } while (before !== undefined && lines.length < flags.limit);
    const more = before === undefined ? {} : { next: before };
    context.output.result({ lines, ...more }, () => auditLines(lines));
    return undefined;
  });
}

function addVerify(audit: Command, context: Context): void {
  const command = audit
    .command("verify")
    .summary("check that nothing was changed or taken away")
    .description(
      "Check the whole audit log, and print where it stands (SEQ:HASH). Kept elsewhere, that line is the proof of all " +
        "before it: with --noted, a log whose end was taken away, or that was written anew, is found, too. Exits with 7 " +
        "when the log is not what the gateway has written.",
    )
    .addOption(
      new Option("--noted <SEQ:HASH>", "what an earlier `audit verify` printed").argParser((text) => {
        if (/^\d{1,15}:[0-9a-f]{64}$/.test(text)) return text;
        throw new InvalidArgumentError("It is a number, a colon, and 64 hex digits.");
      }),
    );
  addExamples(command, ["openclaw audit verify", "openclaw audit verify --noted 5120:9f86d081…"]);
  context.action(command, async (flags: { readonly noted?: string }) => {
    const path = `/api/admin/audit/verify${query({ noted: flags.noted })}`;
    const found = (await context.client().request("GET", path)) as AuditVerificationView;
    context.output.result(found, () => verificationLines(found));
    return found.ok ? 0 : DAMAGED;
  });
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** RFC 3339. */
function momentOf(flag: string, text: string | undefined, { clock }: Context): string | undefined {
  if (text === undefined) return undefined;
  const [, count = "", unit = ""] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ago = UNITS_MS[unit];
  const time = ago === undefined ? Date.parse(text) : clock.now() - Number(count) * ago;
  // Other forms mean something else in each time zone.
  const isClear = ago !== undefined || /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(text);
  if (isClear && !Number.isNaN(time)) return new Date(time).toISOString();
  throw cliError("USAGE", `${flag} '${text}' is no time`, {
    hint: "Times are written as in 2026-03-07T02:00Z or 2026-03-07; 90m, 12h and 7d count back from now.",
  });
}
