/** What every command works with. Everything of the process comes in through here, so that tests can stand in for it. */
import type { Command } from "commander";
import { GatewayClient } from "./client.js";
import type { Clock } from "./clock.js";
import type { ExitCode } from "./errors.js";
import type { Output, OutputStream } from "./output/output.js";
import { BarProgress, LineProgress, noProgress, type ProgressDisplay } from "./output/progress.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ProcessIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly env: Environment;
  readonly clock: Clock;
  /** Node's diagnostic reports are off until this is called. False: they stay off; see `crash-reports.ts`. */
  allowReports(): boolean;
  /** Calls the handler for each SIGINT and SIGTERM, in the place of their default action, until disposed of. */
  onSignal(handler: () => void): () => void;
}

export class Context {
  readonly output: Output;
  readonly env: Environment;
  readonly clock: Clock;
  /** What the command that ran ended with. */
  exitCode: ExitCode = 0;
  readonly #io: ProcessIo;
  #client: GatewayClient | undefined;

  constructor(io: ProcessIo, output: Output) {
    this.#io = io;
    this.output = output;
    this.env = io.env;
    this.clock = io.clock;
  }

  /** Made on first use: `gateway run` and `--help` need no gateway URL. */
  client(): GatewayClient {
    return this.#client ?? new GatewayClient(this.env);
  }

  /** From here on commands talk to this gateway: one in this process. */
  useClient(client: GatewayClient): void {
    this.#client = client;
  }

  progress(): ProgressDisplay {
    if (this.output.json) return noProgress;
    if (this.#io.stderr.isTTY === true) return new BarProgress(this.#io.stderr, this.clock);
    return new LineProgress((line) => this.output.note(line), this.clock);
  }

  /** Where a gateway in this process logs to: stdout is for results. */
  get log(): OutputStream {
    return this.#io.stderr;
  }

  onSignal(handler: () => void): () => void {
    return this.#io.onSignal(handler);
  }

  /** For `gateway run`, in whose arguments no secret stands; see {@link ProcessIo.allowReports}. */
  allowReports(): boolean {
    return this.#io.allowReports();
  }

  /** Registers what a command does; its exit code becomes the program's. */
  action(command: Command, run: (...args: never[]) => Promise<ExitCode | undefined>): Command {
    return command.action(async (...args: unknown[]) => {
      // Commander passes the arguments and options that the command declares, in that order.
      this.exitCode = (await run(...(args as never[]))) ?? 0;
    });
  }
}
