/** Runs a program to its end and collects what it says. */
import { spawn } from "node:child_process";
import type { SpawnOptions } from "node:child_process";

export interface RunResult {
  /** Exit code; 128 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions extends Pick<SpawnOptions, "cwd" | "env"> {
  /** Given on standard input; without it, that is empty. */
  readonly input?: string;
}

/** Rejects only when the program cannot be started. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program that ends without reading its input is its own business.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({
        code: code ?? 128,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
  });
}

/** As {@link run}, for programs that must succeed: gives standard output, throws with standard error. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await run(program, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${program} ${args.join(" ")} ended with ${result.code}: ${result.stderr || result.stdout}`,
    );
  }
  return result.stdout;
}

/** True when a program of this name stands in PATH. */
export async function hasProgram(name: string): Promise<boolean> {
  return (await run("sh", ["-c", `command -v -- "$1"`, "sh", name])).code === 0;
}
