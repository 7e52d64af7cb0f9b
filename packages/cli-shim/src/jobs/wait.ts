/** Waits for a job on behalf of a command, and says how it ended. */
import type { Context } from "../context.js";
import { CommandError, cliError, parseExitCode, type ExitCode } from "../errors.js";
import { isFinished, type JobView } from "../views.js";
import { warningLines } from "../output/summaries.js";
import { followJob } from "./follow.js";

export interface WaitOptions {
  /** False: `--no-wait`. */
  readonly wait: boolean;
  /** Lines about a job that succeeded. */
  readonly summary: (job: JobView) => readonly string[];
  /** Prints what a job that succeeded has made beside its result; with `--json` that is printed in the result's place. */
  readonly list?: () => Promise<void>;
}

/** After a command has started `job`: waits unless told not to, reports, and resolves to the exit code. */
export async function finishJob(context: Context, job: JobView, options: WaitOptions): Promise<ExitCode> {
  if (!options.wait) {
    context.output.result(job, () => [
      `job ${job.id} is ${job.state}; \`openclaw jobs follow ${job.id}\` shows how it goes on`,
    ]);
    return 0;
  }
  const last = await watchJob(context, job.id, () => undefined);
  if (last.state === "succeeded" && options.list !== undefined) {
    await options.list();
    if (context.output.json) return 0;
  }
  return report(context, last, options.summary);
}

/**
 * Follows a job with progress on the screen until it has ended. Throws `WAIT_INTERRUPTED` on SIGINT and SIGTERM: that
 * ends the waiting, not the job.
 */
export async function watchJob(
  context: Context,
  id: string,
  onUpdate: (job: JobView) => void,
): Promise<JobView> {
  const interrupt = new AbortController();
  const release = context.onSignal(() => interrupt.abort());
  const progress = context.progress();
  let last: JobView | undefined;
  try {
    const updates = followJob(context.client(), id, {
      clock: context.clock,
      signal: interrupt.signal,
      onLost: (reason) => progress.message(`${reason}; trying again`),
    });
    for await (const job of updates) {
      last = job;
      progress.update(job);
      onUpdate(job);
    }
  } finally {
    progress.stop();
    release();
  }
  if (last === undefined || !isFinished(last.state)) {
    throw cliError("WAIT_INTERRUPTED", `Stopped waiting; job ${id} goes on in the gateway`, {
      hint: `\`openclaw jobs follow ${id}\` waits for it again, \`openclaw jobs cancel ${id}\` stops it.`,
    });
  }
  return last;
}

/** Prints the end of a job: with `--json` the job itself, whether it succeeded or not. */
export function report(
  context: Context,
  job: JobView,
  summary: (job: JobView) => readonly string[],
): ExitCode {
  for (const line of warningLines(job)) context.output.note(line);
  const failure = failureOf(job);
  if (failure === undefined || context.output.json) context.output.result(job, () => summary(job));
  else context.output.error(failure);
  return failure?.exitCode ?? 0;
}

/** Why a finished job did not succeed, as an error of this command; undefined when it did. */
export function failureOf(job: JobView): CommandError | undefined {
  if (job.state === "succeeded") return undefined;
  if (job.error === undefined) return cliError("JOB_FAILED", `Job ${job.id} was ${job.state}`);
  const { code, message, hint, exitCode } = job.error;
  return new CommandError({
    type: "about:blank",
    title: code,
    detail: message,
    code,
    exitCode: parseExitCode(exitCode) ?? 1,
    ...(hint === undefined ? {} : { hint }),
  });
}
