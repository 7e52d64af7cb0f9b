/** An alert as receivers see it. See docs/alerts.md: names and meanings are stable. */
import type { Alert } from "./event.js";

/** The JSON document of a webhook. */
export function alertDocument(alert: Alert): object {
  const { id, kind, tenant, job, jobId, archive, code, message, subject, warnings, count, since, at } = alert;
  return {
    type: `backup.${kind}`,
    id,
    timestamp: new Date(at).toISOString(),
    data: {
      ...{ kind, tenant, job, jobId, archive, code, subject, message, warnings, count },
      ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    },
  };
}

/** One line: `failure: backup of acme (STORE_UNREACHABLE)`. */
export function alertTitle({ kind, tenant, job, code }: Alert): string {
  const what = [job ?? "", tenant === undefined ? "" : `of ${tenant}`].filter((word) => word !== "");
  const subject = what.length === 0 ? "the gateway" : what.join(" ");
  return `${kind}: ${subject}${code === undefined ? "" : ` (${code})`}`;
}

/** A few lines of plain text. */
export function alertText(alert: Alert): string {
  const { message, tenant, job, jobId, archive, code, count, since, at } = alert;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["time", new Date(at).toISOString()],
    ["tenant", tenant],
    ["type", job],
    ["job", jobId],
    ["archive", archive],
    ["code", code],
    ["since", since === undefined ? undefined : new Date(since).toISOString()],
    ["times", count === undefined ? undefined : String(count)],
  ];
  const lines = facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(9)}${value}`]));
  return `${[message, "", ...lines].join("\n")}\n`;
}
