/** Bytes through a program. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BackupError } from "../../errors.js";
import type { PipeCommand } from "./encryption.js";

export interface PipeRun {
  readonly command: PipeCommand;
  /** Made if need be; the program gets an empty directory of its own in it. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/** The end of what a program said on stderr, for the error. */
const STDERR_BYTES = 2048;

/**
 * What the program gives for `input`. It is killed when the consumer wants no more, and when the signal is aborted.
 * Throws what `input` throws; PIPE_FAILED when the program does not start, does not end with 0, or ends before it has
 * taken all of its input; and the signal's reason.
 */
export async function* throughPipe(
  input: AsyncIterable<Uint8Array>,
  { command, directory, signal }: PipeRun,
): AsyncGenerator<Uint8Array, void, void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const cwd = mkdtempSync(join(directory, "pipe-"));
  const child = spawn(command.program, command.args, { cwd, env: {}, stdio: "pipe" });
  const kill = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });
  const ended = endOf(child);
  const said = stderrOf(child);
  const feeding = feed(child, input);
  try {
    for await (const chunk of child.stdout) yield chunk as Uint8Array;
    const { fault, isWhole } = await feeding;
    const end = await ended;
    signal.throwIfAborted();
    if (fault !== undefined) throw fault.reason;
    if (end !== undefined) throw pipeFailed(command, end, said());
    if (!isWhole) throw pipeFailed(command, "ended before it had read all that it was given", said());
  } finally {
    kill();
    await ended;
    signal.removeEventListener("abort", kill);
    rmSync(cwd, { recursive: true, force: true });
  }
}

interface Feeding {
  /** What the input threw. */
  readonly fault: { readonly reason: unknown } | undefined;
  /** False where the program stopped reading. */
  readonly isWhole: boolean;
}

/** Never rejects. A fault of the input ends the program. */
async function feed(
  child: ChildProcessWithoutNullStreams,
  input: AsyncIterable<Uint8Array>,
): Promise<Feeding> {
  // The error of a write comes to its callback, too.
  child.stdin.on("error", () => undefined);
  const write = (chunk: Uint8Array): Promise<boolean> =>
    new Promise((resolve) => child.stdin.write(chunk, (error) => resolve(error == null)));
  try {
    // The memory of a chunk is the input's again when the next is asked for.
    for await (const chunk of input) if (!(await write(chunk))) return { fault: undefined, isWhole: false };
    child.stdin.end();
    return { fault: undefined, isWhole: true };
  } catch (error) {
    child.kill("SIGKILL");
    return { fault: { reason: error }, isWhole: false };
  }
}

/** Resolves when the program has ended and its output is closed: with how, as a clause, or undefined for 0. */
function endOf(child: ChildProcessWithoutNullStreams): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`could not be run: ${error.message}`));
    child.once("close", (code, signal) =>
      resolve(
        code === 0 ? undefined : code === null ? `was ended by ${String(signal)}` : `ended with ${code}`,
      ),
    );
  });
}

function stderrOf(child: ChildProcessWithoutNullStreams): () => string {
  let tail = Buffer.alloc(0);
  child.stderr.on("data", (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-STDERR_BYTES);
  });
  return () => tail.toString("utf8").trim();
}

function pipeFailed({ name, program }: PipeCommand, how: string, said: string): BackupError {
  const words = said === "" ? "It said nothing." : `It said: ${said}`;
  return new BackupError("PIPE_FAILED", `${name} (${program}) ${how}. ${words}`, {
    details: { program: name, stderr: said },
  });
}
