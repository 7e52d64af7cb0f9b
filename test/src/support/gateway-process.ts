/** `openclaw gateway run` as a process of its own, as an operator starts it. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment, OPENCLAW } from "./processes.js";

export interface GatewayProcessOptions {
  /** Made if it is missing; an empty home directory is made beside it. */
  readonly stateDirectory: string;
  readonly adminToken: string;
  /** Default: a free one. */
  readonly port?: number;
  /** More flags of `gateway run`. */
  readonly flags?: readonly string[];
  /** More environment, for example S3_*. */
  readonly env?: NodeJS.ProcessEnv;
  /** A program to run instead of the command, that prints the gateway's URL in the same way. */
  readonly script?: string;
  /** Called when the process exists, long before it answers, with what kills it. */
  readonly onSpawned?: (kill: () => void) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const START_TIMEOUT_MS = 60_000;
/** What `openclaw gateway run` prints once it listens. */
const PRINTED_URL = /^gateway at (https?:\/\/127\.0\.0\.1:\d+)/m;

export class GatewayProcess {
  readonly url: string;
  readonly adminToken: string;
  readonly stateDirectory: string;
  readonly home: string;
  readonly #child: ChildProcess;
  readonly #output: string[];
  readonly #exit: Promise<Exit>;

  private constructor(
    started: Pick<GatewayProcess, "url" | "adminToken" | "stateDirectory" | "home">,
    child: ChildProcess,
    output: string[],
    exit: Promise<Exit>,
  ) {
    this.url = started.url;
    this.adminToken = started.adminToken;
    this.stateDirectory = started.stateDirectory;
    this.home = started.home;
    this.#child = child;
    this.#output = output;
    this.#exit = exit;
  }

  /** Resolves when the gateway has printed its URL and answers; rejects, with its output, when it ends before. */
  static async start(options: GatewayProcessOptions): Promise<GatewayProcess> {
    const home = `${options.stateDirectory}-home`;
    mkdirSync(home, { recursive: true });
    const port = options.port ?? 0;
    const program =
      options.script === undefined
        ? [OPENCLAW, "gateway", "run", "--port", String(port), ...(options.flags ?? [])]
        : [options.script];
    const child = spawn(process.execPath, program, {
      env: cleanEnvironment(home, {
        OPENCLAW_STATE_DIR: options.stateDirectory,
        OPENCLAW_GATEWAY_TOKEN: options.adminToken,
        ...(options.script === undefined ? {} : { OPENCLAW_TEST_PORT: String(port) }),
        ...options.env,
      }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    options.onSpawned?.(() => void child.kill("SIGKILL"));
    const output: string[] = [];
    const exit = new Promise<Exit>((resolve) => {
      child.on("close", (code, signal) => {
        resolve({ code, signal });
      });
    });
    // A test that is cut off takes its gateway along.
    const killAtExit = () => child.kill("SIGKILL");
    process.once("exit", killAtExit);
    void exit.then(() => process.off("exit", killAtExit));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => output.push(text));
    }
    const ended = exit.then(({ code, signal }) => {
      throw new Error(`the gateway ended with ${code ?? signal ?? "?"} while starting:\n${output.join("")}`);
    });
    // Awaited below by the race only; later exits are not its business.
    ended.catch(() => undefined);
    let url: string;
    try {
      url = await Promise.race([ended, untilReady(() => PRINTED_URL.exec(output.join(""))?.[1])]);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
    const { adminToken, stateDirectory } = options;
    return new GatewayProcess({ url, adminToken, stateDirectory, home }, child, output, exit);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the gateway has no pid");
    return this.#child.pid;
  }

  /** All that it has printed so far. */
  get output(): string {
    return this.#output.join("");
  }

  get exit(): Promise<Exit> {
    return this.#exit;
  }

  get tenantsDirectory(): string {
    return join(this.stateDirectory, "tenants");
  }

  tenantDirectory(id: string): string {
    return join(this.tenantsDirectory, id);
  }

  /** As Ctrl-C or a service manager does; gives the exit. Fine when it has ended. */
  async stop(): Promise<Exit> {
    this.#child.kill("SIGTERM");
    return this.#exit;
  }

  /** As a power cut does. */
  async kill(): Promise<Exit> {
    this.#child.kill("SIGKILL");
    return this.#exit;
  }
}

/** @param printed The URL, once the gateway has printed it. */
async function untilReady(printed: () => string | undefined): Promise<string> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    const url = printed();
    if (url !== undefined) {
      // Its certificate is nobody's that this process trusts; it prints its URL once it listens.
      if (url.startsWith("https:")) return url;
      const answer = await fetch(`${url}/healthz`).catch(() => undefined);
      if (answer?.ok === true) return url;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`the gateway did not answer within ${START_TIMEOUT_MS / 1000} s: ${printed() ?? "no URL"}`);
}
