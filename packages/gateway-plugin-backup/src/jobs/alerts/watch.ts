/** Makes events of what jobs and schedules do. */
import type { HookEvents } from "@openclaw/gateway-core";
import type { Services } from "../services.js";
import { NO_TENANT, type JobRecord } from "../types.js";
import type { AlertEvent } from "./event.js";

/** Longest list of warnings in one message; the job has them all. */
const WARNINGS_SHOWN = 5;

/** Has people told of what jobs and schedules do, and of silence, from the host's next tick on. */
export function watch({ absence, alerts, channels, host, onEnded, onStarted, outbox }: Services): void {
  // A gateway serves its tenants all the same; the doctor says it, too.
  for (const channel of channels) {
    const problem = channel.problem();
    if (problem !== undefined)
      host.log.error({ channel: channel.name, problem }, "A channel cannot be used.");
  }
  onStarted((job) => {
    const event = startOf(job);
    if (event !== undefined) alerts.raise(event);
  });
  onEnded((job) => {
    for (const event of endOf(job)) alerts.raise(event);
  });
  host.hooks.on("scheduleRun", (run) => {
    const event = scheduleEvent(run);
    if (event !== undefined) alerts.raise(event);
  });
  outbox.forgetOthers();
  host.addTick(async () => {
    try {
      absence.look();
    } finally {
      await outbox.send();
    }
  });
}

/** A job that runs now. Undefined: nobody wants to hear of it, because nothing is done in earnest. */
export function startOf(job: JobRecord): AlertEvent | undefined {
  if (isRehearsal(job)) return undefined;
  return { ...factsOf(job), kind: "start", message: `${nameOf(job)} has begun.` };
}

/** What there is to say of a job that has ended. One that a person has cancelled is neither good nor bad. */
export function endOf(job: JobRecord): readonly AlertEvent[] {
  if (isRehearsal(job) || job.state === "cancelled") return [];
  const facts = factsOf(job);
  const whose = nameOf(job);
  if (job.state !== "succeeded") {
    const reason = job.error === undefined ? "" : `: ${job.error.message}`;
    const code = job.error === undefined ? {} : { code: job.error.code };
    return [{ ...facts, ...code, kind: "failure", message: `${whose} failed${reason}` }];
  }
  const archiveId = job.result?.["archiveId"];
  const location = job.result?.["location"];
  const archive = typeof archiveId === "string" ? { archive: archiveId } : {};
  const where = typeof location === "string" ? `: ${location}` : "";
  const { warnings } = job;
  const success: AlertEvent = {
    ...facts,
    ...archive,
    kind: "success",
    message: `${whose} has succeeded${where}.`,
    ...(warnings.length === 0 ? {} : { warnings: warnings.length }),
  };
  if (warnings.length === 0) return [success];
  const shown = warnings.slice(0, WARNINGS_SHOWN).map(({ message }) => message);
  const more = warnings.length > shown.length ? ` And ${warnings.length - shown.length} more.` : "";
  return [
    success,
    {
      ...facts,
      ...archive,
      kind: "warning",
      message: `${whose} has succeeded with warnings: ${shown.join(" ")}${more}`,
    },
  ];
}

/** What a schedule's time has brought: a job that could not be started fails without ever having been one. */
export function scheduleEvent({
  tenant,
  schedule,
  job,
  run,
}: HookEvents["scheduleRun"]): AlertEvent | undefined {
  const facts = { ...(tenant === undefined ? {} : { tenant }), job, subject: `schedule ${schedule}` };
  const whose = `Schedule ${schedule} of ${tenant === undefined ? "the gateway" : `tenant ${tenant}`}`;
  switch (run.outcome) {
    case "started":
      return { ...facts, kind: "recovered", message: `${whose} starts its jobs again.` };
    case "failed":
    case "refused": {
      const code = run.code === undefined ? {} : { code: run.code };
      const reason = run.reason ?? "it is not known why";
      return { ...facts, ...code, kind: "failure", message: `${whose} could not start its job: ${reason}` };
    }
    case "skipped":
      return undefined;
  }
}

function nameOf({ type, tenant }: JobRecord): string {
  return tenant === NO_TENANT ? `The job ${type} of the gateway` : `The ${type} of tenant ${tenant}`;
}

function isRehearsal({ request }: JobRecord): boolean {
  return request["dryRun"] === true;
}

function factsOf({
  id,
  tenant,
  type,
  request,
}: JobRecord): Pick<AlertEvent, "tenant" | "job" | "jobId" | "subject"> {
  const subject = placeOf(request["to"]);
  const whose = tenant === NO_TENANT ? {} : { tenant };
  return { ...whose, job: type, jobId: id, ...(subject === undefined ? {} : { subject }) };
}

/** Where a job works, without what changes from run to run: one store that fails says nothing of another. */
function placeOf(to: unknown): string | undefined {
  if (typeof to !== "string") return undefined;
  const match = /^(dest:[^/]+|s3:\/\/[^/]+)/.exec(to);
  return match?.[1] ?? (to.slice(0, to.lastIndexOf("/")) || "/");
}
