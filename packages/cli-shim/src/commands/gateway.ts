/** `openclaw gateway run`: the command that is the gateway, instead of calling it. */
import type { LogLevel } from "@openclaw/gateway-core";
import { Option, type Command } from "commander";
import type { Context } from "../context.js";
import { addGatewayChecklist } from "./gateway-checklist.js";
import { addExamples, integerOption } from "./options.js";

interface RunFlags {
  readonly dev?: true;
  readonly port?: number;
  readonly bind?: string;
  readonly logLevel?: LogLevel;
}

const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const satisfies LogLevel[];

/** Returns the `gateway` group, for the commands that other modules add to it. */
export function addGatewayCommands(program: Command, context: Context): Command {
  const gateway = program
    .command("gateway")
    .summary("run the gateway, back it up as a whole, and restore it")
    .description("Run the gateway itself, and work with backups of all of it.");
  addGatewayChecklist(gateway, context);
  const command = gateway
    .command("run")
    .summary("run the gateway in the foreground")
    .description(
      "Run a gateway in the foreground. It reads openclaw.json in its state directory, and makes the directory where " +
        "there is none. The first SIGINT or SIGTERM lets running requests and jobs end, a second one stops them; no " +
        "job is lost either way. Its log goes to stderr.",
    )
    .option("--dev", "without a configured admin token, make one and print it")
    .addOption(
      integerOption("--port <n>", "port to listen on; 0 takes a free one (default: config, else 18789)"),
    )
    .option("--bind <address>", "address to listen on (default: config, else 127.0.0.1)")
    .addOption(
      new Option("--log-level <level>", "least important lines of the log (default: info)").choices(
        LOG_LEVELS,
      ),
    );
  addExamples(command, [
    "openclaw gateway run --dev",
    "OPENCLAW_STATE_DIR=/var/lib/openclaw OPENCLAW_GATEWAY_TOKEN=… openclaw gateway run --bind 0.0.0.0",
  ]);
  context.action(command, async (flags: RunFlags) => {
    // So that `ps` tells a gateway from the commands that call it.
    process.title = "openclaw gateway run";
    if (!context.allowReports()) {
      context.output.note(
        "Node's diagnostic reports stay off: before Node 22.13 they hold the environment, and with it secrets",
      );
    }
    await runGateway(context, flags);
    return undefined;
  });
  return gateway;
}

async function runGateway(context: Context, flags: RunFlags): Promise<void> {
  // Loaded here: no other command needs the server and its native modules.
  const [{ createGateway }, { backupPlugin }] = await Promise.all([
    import("@openclaw/gateway-core"),
    import("@openclaw/gateway-plugin-backup"),
  ]);
  const stop = new StopRequests(context);
  try {
    const gateway = await createGateway({
      plugins: [backupPlugin()],
      env: context.env,
      logDestination: { write: (line) => void context.log.write(line) },
      ...flags,
    });
    try {
      const { url } = await gateway.listen();
      const { stateDir, devToken } = gateway;
      context.output.result({ url, stateDir, ...(devToken === undefined ? {} : { token: devToken }) }, () => [
        `gateway at ${url}, state directory ${stateDir}${devToken === undefined ? "" : `, admin token ${devToken}`}`,
      ]);
      await stop.next();
      context.output.note("stopping: running requests and jobs may end; a second signal stops them now");
    } finally {
      const closed = gateway.close();
      await Promise.race([closed, stop.next()]);
      await gateway.close({ graceMs: 0 });
    }
  } finally {
    stop.release();
  }
}

/** Signals, one after the other. From the third on they have their default action: the process ends at once. */
class StopRequests {
  readonly release: () => void;
  #received = 0;
  #awaited = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(context: Context) {
    this.release = context.onSignal(() => {
      this.#received += 1;
      if (this.#received === 2) this.release();
      this.#waiting.shift()?.();
    });
  }

  /** Resolves with the first signal when called for the first time, with the second one the second time. */
  async next(): Promise<void> {
    this.#awaited += 1;
    if (this.#awaited <= this.#received) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
