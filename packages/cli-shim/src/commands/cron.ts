/** `openclaw cron add | list | show | run | runs | approve | enable | disable | rm`. */
import { Option, type Command } from "commander";
import { apiPath, query } from "../client.js";
import type { Context } from "../context.js";
import { cliError } from "../errors.js";
import { finishJob } from "../jobs/wait.js";
import { runsTable, scheduleFacts, schedulesTable, whose } from "../output/schedules.js";
import { jobSummary } from "../output/summaries.js";
import type { JobView, ScheduleRunView, ScheduleView } from "../views.js";
import { addExamples, addWaitFlags, type WaitFlags } from "./options.js";

export function addCronCommands(program: Command, context: Context): void {
  const cron = program
    .command("cron")
    .summary("run jobs by themselves, at their times")
    .description(
      "Run jobs by themselves, at their times. A schedule belongs to a tenant, and goes with it into backups, or to the " +
        "gateway. It runs in the gateway; a system's cron or a CronJob may as well call `openclaw tenants backup` itself.",
    );
  addAdd(cron, context);
  addList(cron, context);
  addShow(cron, context);
  addRun(cron, context);
  addRuns(cron, context);
  addApprove(cron, context);
  addSwitch(cron, context, "enable", "switch a schedule on");
  addSwitch(cron, context, "disable", "switch a schedule off");
  addRemove(cron, context);
}

interface OwnerFlags {
  readonly gateway?: true;
}

const GATEWAY_FLAG = ["--gateway", "the gateway's own schedules, not a tenant's"] as const;

interface AddFlags extends OwnerFlags {
  readonly schedule: string;
  readonly name: string;
  readonly cmd?: string;
  readonly job?: string;
  readonly params?: string;
  readonly tz?: string;
  readonly jitter?: string;
  readonly overlap?: string;
  readonly missed?: string;
  readonly grace?: string;
}

function addAdd(cron: Command, context: Context): void {
  const command = cron
    .command("add [tenant]")
    .summary("add a schedule")
    .description(
      "Add a schedule. What it runs is a command of openclaw (--cmd) or a job by its name (--job). No shell is run: " +
        "`$(date +%F)` and its like are filled in by the gateway at each run, and whatever else needs a shell is refused. " +
        "Credentials come from the gateway's destinations, never from a schedule.",
    )
    .option(...GATEWAY_FLAG)
    .requiredOption(
      "--schedule <times>",
      "five or six fields, @hourly, @daily, @weekly, @monthly, @yearly, or one of these with -random: a time of its own",
    )
    .requiredOption("--name <name>", "what the schedule is called")
    .option("--cmd <command>", "what it runs, as it would be typed")
    .option("--job <type>", "what it runs, by the name of a job type")
    .option("--params <json>", "with --job: the job's parameters")
    .option("--tz <zone>", "time zone of the schedule and its dates, such as Europe/Berlin; default Etc/UTC")
    .option("--jitter <duration>", "put each run off by a random time up to this: 90s, 10m, 2h")
    .addOption(
      new Option(
        "--overlap <policy>",
        "when the run before has not ended: leave the run out (default), wait for that, or start it",
      ).choices(["skip", "wait", "allow"]),
    )
    .addOption(
      new Option(
        "--missed <policy>",
        "when the gateway was down: make up for it with one run (default), or do not",
      ).choices(["run", "skip"]),
    )
    .option("--grace <duration>", "make up only for what was missed no longer ago than this; default 31d");
  addExamples(command, [
    String.raw`openclaw cron add acme --schedule "0 3 * * *" --name nightly-backup --cmd "openclaw tenants backup acme --to s3://my-bucket/acme/\$(date +%F).tar.zst"`,
    'openclaw cron add acme --schedule @daily-random --name nightly-backup --job backup --params \'{"to":"dest:offsite/"}\'',
    'openclaw cron add acme --schedule "30 2 * * *" --tz Europe/Berlin --jitter 20m --name prune --cmd "openclaw backups prune acme --keep-daily 7"',
  ]);
  context.action(command, async (tenant: string | undefined, flags: AddFlags) => {
    const { gateway, params, ...schedule } = flags;
    const path = ownerPath(tenant, flags);
    if (params !== undefined && flags.job === undefined) throw cliError("USAGE", "--params goes with --job");
    const body = { ...schedule, ...(params === undefined ? {} : { parameters: parseParameters(params) }) };
    const added = (await context.client().request("POST", path, { body })) as ScheduleView;
    context.output.result(added, () => [
      `${whose(added)}: schedule ${added.name} was added`,
      ...added.nextRuns.slice(0, 1).map(({ words }) => `it runs ${words}`),
    ]);
    return undefined;
  });
}

function addList(cron: Command, context: Context): void {
  const command = cron
    .command("list [tenant]")
    .summary("list schedules")
    .description("List all schedules, or those of one tenant, or with --gateway the gateway's own.")
    .option(...GATEWAY_FLAG);
  addExamples(command, ["openclaw cron list", "openclaw cron list acme", "openclaw cron list --gateway"]);
  context.action(command, async (tenant: string | undefined, flags: OwnerFlags) => {
    const all = tenant === undefined && flags.gateway === undefined;
    const path = all ? "/api/admin/cron" : ownerPath(tenant, flags);
    const list = (await context.client().request("GET", path)) as {
      readonly schedules: readonly ScheduleView[];
    };
    context.output.result(list, () => schedulesTable(list.schedules));
    return undefined;
  });
}

function addShow(cron: Command, context: Context): void {
  addOne(cron, context, "show", "show a schedule and its next runs", async (path) => {
    const schedule = (await context.client().request("GET", path)) as ScheduleView;
    context.output.result(schedule, () => scheduleFacts(schedule));
    return undefined;
  });
}

function addRun(cron: Command, context: Context): void {
  const command = oneCommand(cron, "run", "run a schedule now");
  addWaitFlags(command);
  context.action(
    command,
    async (first: string, second: string | undefined, flags: OwnerFlags & WaitFlags) => {
      const { path } = oneSchedule(first, second, flags);
      const run = (await context.client().request("POST", `${path}/run`)) as ScheduleRunView;
      const job = (await context
        .client()
        .request("GET", apiPath`/api/admin/jobs/${run.jobId ?? ""}`)) as JobView;
      return finishJob(context, job, { wait: flags.wait !== false, summary: jobSummary });
    },
  );
}

function addRuns(cron: Command, context: Context): void {
  addOne(cron, context, "runs", "list the last runs of a schedule, the newest first", async (path, name) => {
    const list = (await context.client().request("GET", `${path}/runs`)) as {
      readonly runs: readonly ScheduleRunView[];
    };
    context.output.result(list, () => runsTable(list.runs, `${name} has not run yet`));
    return undefined;
  });
}

function addApprove(cron: Command, context: Context): void {
  const summary = "let a tenant's schedule run, as it stands, with an admin's rights";
  const command = oneCommand(cron, "approve", summary).option(
    "--hash <hash>",
    "only if it is still the one with this hash, as `openclaw cron show` showed it",
  );
  context.action(
    command,
    async (first: string, second: string | undefined, flags: OwnerFlags & { readonly hash?: string }) => {
      const { path } = oneSchedule(first, second, flags);
      const { hash } = flags;
      const answer = await context.client().request("POST", `${path}/approve${query({ hash })}`);
      const schedule = answer as ScheduleView;
      context.output.result(schedule, () => [`${whose(schedule)}: schedule ${schedule.name} is approved`]);
      return undefined;
    },
  );
}

function addSwitch(cron: Command, context: Context, action: "enable" | "disable", summary: string): void {
  addOne(cron, context, action, summary, async (path) => {
    const schedule = (await context.client().request("POST", `${path}/${action}`)) as ScheduleView;
    context.output.result(schedule, () => [
      `${whose(schedule)}: schedule ${schedule.name} is ${schedule.enabled ? "on" : "off"}`,
      ...schedule.nextRuns.slice(0, 1).map(({ words }) => `it runs ${words}`),
    ]);
    return undefined;
  });
}

function addRemove(cron: Command, context: Context): void {
  addOne(cron, context, "rm", "remove a schedule", async (path, name) => {
    const answer = await context.client().request("DELETE", path);
    context.output.result(answer, () => [`schedule ${name} was removed`]);
    return undefined;
  });
}

/** A command about one schedule: `<tenant> <name>`, or `--gateway <name>`. */
function addOne(
  cron: Command,
  context: Context,
  verb: string,
  summary: string,
  work: (path: string, name: string) => Promise<undefined>,
): void {
  context.action(
    oneCommand(cron, verb, summary),
    async (first: string, second: string | undefined, flags: OwnerFlags) => {
      const { path, name } = oneSchedule(first, second, flags);
      return work(path, name);
    },
  );
}

function oneCommand(cron: Command, verb: string, summary: string): Command {
  const command = cron
    .command(`${verb} <tenant> [name]`)
    .summary(summary)
    .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
    .usage("<tenant> <name> | --gateway <name>")
    .option(...GATEWAY_FLAG);
  return addExamples(command, [`openclaw cron ${verb} acme nightly-backup`]);
}

function oneSchedule(
  first: string,
  second: string | undefined,
  flags: OwnerFlags,
): { readonly path: string; readonly name: string } {
  const [tenant, name] = flags.gateway === true ? [second, first] : [first, second];
  if (name === undefined) {
    throw cliError("USAGE", "A tenant and the name of its schedule are needed", {
      hint: "`openclaw cron list` shows them; a schedule of the gateway is `--gateway <name>`.",
    });
  }
  return { path: ownerPath(tenant, flags) + apiPath`/${name}`, name };
}

function ownerPath(tenant: string | undefined, { gateway }: OwnerFlags): string {
  if ((tenant === undefined) !== (gateway === true)) {
    throw cliError("USAGE", "Either a tenant or --gateway is needed, and not both");
  }
  return tenant === undefined ? "/api/admin/gateway/cron" : apiPath`/api/admin/tenants/${tenant}/cron`;
}

function parseParameters(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw cliError("USAGE", "--params is not JSON", {
      hint: 'Quote it for the shell: --params \'{"to":"dest:offsite/"}\'.',
    });
  }
}
