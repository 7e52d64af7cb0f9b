/** `openclaw jobs list | show | follow | cancel`. */
import { Option, type Command } from "commander";
import { apiPath, query } from "../client.js";
import type { Context } from "../context.js";
import { failureOf, report, watchJob } from "../jobs/wait.js";
import { formatDuration, formatTime } from "../output/format.js";
import { jobSummary, warningLines } from "../output/summaries.js";
import { formatFacts, formatTable } from "../output/table.js";
import type { JobState, JobView } from "../views.js";
import { addExamples } from "./options.js";

const STATES: readonly JobState[] = ["queued", "running", "succeeded", "failed", "cancelled", "interrupted"];

export function addJobCommands(program: Command, context: Context): void {
  const jobs = program
    .command("jobs")
    .summary("see, follow and cancel jobs")
    .description(
      "See, follow and cancel the gateway's jobs. They go on in the gateway, whoever waits for them.",
    );
  addList(jobs, context);
  addShow(jobs, context);
  addFollow(jobs, context);
  addCancel(jobs, context);
}

function addList(jobs: Command, context: Context): void {
  const command = jobs
    .command("list")
    .summary("list jobs")
    .description("List jobs, the newest first.")
    .option("--tenant <id>", "only this tenant's")
    .addOption(new Option("--state <state>", "only those in this state").choices(STATES));
  addExamples(command, ["openclaw jobs list --state running", "openclaw jobs list --tenant acme"]);
  context.action(command, async (flags: { readonly tenant?: string; readonly state?: string }) => {
    const path = `/api/admin/jobs${query({ tenant: flags.tenant, state: flags.state })}`;
    const list = (await context.client().request("GET", path)) as { readonly jobs: readonly JobView[] };
    context.output.result(list, () => {
      if (list.jobs.length === 0) return ["no jobs"];
      return formatTable(list.jobs, [
        { title: "ID", cell: ({ id }) => id },
        { title: "TYPE", cell: ({ type }) => type },
        { title: "TENANT", cell: ({ tenant }) => tenant ?? "" },
        { title: "STATE", cell: ({ state }) => state },
        { title: "BY", cell: ({ trigger }) => trigger },
        { title: "CREATED", cell: ({ createdAt }) => formatTime(createdAt) },
        { title: "TOOK", align: "right", cell: (job) => took(job) ?? "" },
        { title: "ERROR", cell: ({ error }) => error?.code ?? "" },
      ]);
    });
    return undefined;
  });
}

function addShow(jobs: Command, context: Context): void {
  const command = jobs
    .command("show <id>")
    .summary("show one job")
    .description(
      "Show one job: what was asked for, how far it is, how it ended. Exits with 0 whatever the job did.",
    );
  addExamples(command, ["openclaw jobs show <id>"]);
  context.action(command, async (id: string) => {
    const job = (await context.client().request("GET", apiPath`/api/admin/jobs/${id}`)) as JobView;
    context.output.result(job, () => showJob(job));
    return undefined;
  });
}

function addFollow(jobs: Command, context: Context): void {
  const command = jobs
    .command("follow <id>")
    .summary("wait for a job")
    .description(
      "Wait for a job and exit as it ends: with 0 when it succeeded. With --json, each change is one line of JSON; " +
        "the last is the job as it ended.",
    );
  addExamples(command, ["openclaw jobs follow <id>"]);
  context.action(command, async (id: string) => {
    const job = await watchJob(context, id, (update) => context.output.item(update));
    if (context.output.json) return failureOf(job)?.exitCode;
    return report(context, job, jobSummary);
  });
}

function addCancel(jobs: Command, context: Context): void {
  const command = jobs
    .command("cancel <id>")
    .summary("stop a job")
    .description(
      "Ask a job to stop. What it has not finished is taken away again; `jobs follow` tells when it has ended.",
    );
  addExamples(command, ["openclaw jobs cancel <id>"]);
  context.action(command, async (id: string) => {
    const job = (await context.client().request("POST", apiPath`/api/admin/jobs/${id}/cancel`)) as JobView;
    context.output.result(job, () => [
      job.state === "cancelled"
        ? `job ${id} was cancelled`
        : `job ${id} is asked to stop; it is ${job.state}`,
    ]);
    return undefined;
  });
}

function showJob(job: JobView): string[] {
  const { error, progress } = job;
  const lines = formatFacts([
    ["id", job.id],
    ["type", job.type],
    ["tenant", job.tenant],
    ["state", job.state],
    ["phase", job.state === "running" ? progress?.phase : undefined],
    ["started by", `${job.actor} (${job.trigger})`],
    ["created", formatTime(job.createdAt)],
    ["took", took(job)],
    ["request", job.request === undefined ? undefined : JSON.stringify(job.request)],
    ["error", error === undefined ? undefined : `${error.message} (${error.code})`],
    ["hint", error?.hint],
  ]);
  lines.push(...logLines(job));
  if (job.state === "succeeded") lines.push("", ...jobSummary(job));
  return [...lines, ...warningLines(job)];
}

/** When each of its phases began. */
function logLines({ log = [] }: JobView): string[] {
  if (log.length === 0) return [];
  const lines = log.map(({ at, phase, message }) =>
    [formatTime(at), phase, message ?? ""].join("  ").trimEnd(),
  );
  return ["", "log", ...lines.map((line) => `  ${line}`)];
}

function took(job: JobView): string | undefined {
  if (job.startedAt === undefined || job.finishedAt === undefined) return undefined;
  return formatDuration(Date.parse(job.finishedAt) - Date.parse(job.startedAt));
}
