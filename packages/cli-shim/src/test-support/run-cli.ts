/** Runs the command line inside the test's process, or as a process of its own. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { PassThrough, type Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Clock } from "../clock.js";
import type { Environment } from "../context.js";
import { run } from "../program.js";

export interface CliRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Time that passes only while somebody sleeps. */
export class SleepingClock implements Clock {
  #now = Date.parse("2026-06-03T02:00:00Z");
  readonly sleeps: number[] = [];

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    this.sleeps.push(ms);
    this.#now += ms;
    return Promise.resolve();
  }
}

export interface RunOptions {
  readonly env?: Environment;
  /** Gets a function that does what a SIGINT would. */
  readonly onReady?: (interrupt: () => void) => void;
}

/** In this process: quick, with time that does not pass. */
export async function runHere(args: readonly string[], options: RunOptions = {}): Promise<CliRun> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const output = Promise.all([text(stdout), text(stderr)]);
  const code = await run(args, {
    stdout,
    stderr,
    env: options.env ?? {},
    clock: new SleepingClock(),
    allowReports: () => true,
    onSignal(handler) {
      options.onReady?.(handler);
      return () => undefined;
    },
  });
  stdout.end();
  stderr.end();
  const [out, error] = await output;
  return { code, stdout: out, stderr: error };
}

const BIN = fileURLToPath(new URL("../../bin/openclaw.js", import.meta.url));

/** As users run it, to its end. `started` gets the process. */
export async function runProcess(
  args: readonly string[],
  env: Environment = {},
  started?: (child: ChildProcess) => void,
): Promise<CliRun> {
  const child = startProcess(args, env);
  started?.(child);
  const [code, stdout, stderr] = await Promise.all([exitCode(child), text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}

export function startProcess(
  args: readonly string[],
  env: Environment,
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(process.execPath, [BIN, ...args], {
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Null when a signal ended the process. */
export function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
}
