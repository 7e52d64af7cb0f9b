/** The `openclaw` command as a process of its own, against one gateway. */
import type { GatewayProcess } from "./gateway-process.js";
import { cleanEnvironment, OPENCLAW } from "./processes.js";
import { run } from "./run.js";
import type { RunResult } from "./run.js";

export interface CliOptions {
  readonly env?: NodeJS.ProcessEnv;
}

export class Cli {
  readonly #environment: NodeJS.ProcessEnv;

  constructor(gateway: Pick<GatewayProcess, "url" | "adminToken" | "home">) {
    this.#environment = cleanEnvironment(gateway.home, {
      OPENCLAW_GATEWAY_URL: gateway.url,
      OPENCLAW_GATEWAY_TOKEN: gateway.adminToken,
    });
  }

  /** Runs `openclaw ARGS…`. */
  run(args: readonly string[], options: CliOptions = {}): Promise<RunResult> {
    return run(process.execPath, [OPENCLAW, ...args], { env: { ...this.#environment, ...options.env } });
  }

  /** As {@link run}; throws unless it ends with 0. Gives standard output. */
  async ok(args: readonly string[], options: CliOptions = {}): Promise<string> {
    const result = await this.run(args, options);
    if (result.code !== 0) {
      throw new Error(
        `openclaw ${args.join(" ")} ended with ${result.code}:\n${result.stdout}${result.stderr}`,
      );
    }
    return result.stdout;
  }

  /** As {@link ok} with `--json`: the one document that it prints. */
  async json(args: readonly string[], options: CliOptions = {}): Promise<unknown> {
    const document: unknown = JSON.parse(await this.ok([...args, "--json"], options));
    return document;
  }

  /** Runs a line of shell in which `openclaw` is the command. */
  shell(line: string, options: CliOptions = {}): Promise<RunResult> {
    const command = `openclaw() { "${process.execPath}" "${OPENCLAW}" "$@"; }\n${line}`;
    return run("sh", ["-c", command], { env: { ...this.#environment, ...options.env } });
  }
}
