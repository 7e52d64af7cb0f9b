/**
 * A gateway in this process that nobody can reach: for commands that work on the state directory while the gateway is down.
 * It takes the state lock, settles what a crash has left, and runs no schedule. Commands talk to it as they talk to any.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { Gateway } from "@openclaw/gateway-core";
import { GatewayClient, type Fetch } from "./client.js";
import type { Context } from "./context.js";
import { cliError, CommandError } from "./errors.js";

/**
 * Runs `work` with a client of such a gateway, which has ended when this resolves. Throws `STATE_LOCKED` while a gateway runs
 * on the state directory, `CONFIG_INVALID`, and `NOT_FOUND` where there is no state.
 */
export async function withOfflineGateway<T>(
  context: Context,
  work: (client: GatewayClient) => Promise<T>,
): Promise<T> {
  const [{ createGateway, defaultStateDirectory }, { backupPlugin }] = await Promise.all([
    import("@openclaw/gateway-core"),
    import("@openclaw/gateway-plugin-backup"),
  ]);
  const stateDir = defaultStateDirectory(context.env);
  // It would be made, and an empty one be taken for the gateway's.
  if (!existsSync(join(stateDir, "tenants")))
    throw cliError("STATE_MISSING", `${stateDir} is no gateway's state directory`);
  const token = randomBytes(32).toString("hex");
  const gateway = await createGateway({
    plugins: [backupPlugin()],
    stateDir,
    env: { ...context.env, OPENCLAW_GATEWAY_TOKEN: token },
    logDestination: { write: (line) => void context.log.write(line) },
    logLevel: "warn",
    ticker: () => () => undefined,
  });
  try {
    const env = { OPENCLAW_GATEWAY_URL: "http://offline.invalid", OPENCLAW_GATEWAY_TOKEN: token };
    return await work(new GatewayClient(env, injecting(gateway.app)));
  } catch (error) {
    throw wasInterrupted(error) ? interrupted() : error;
  } finally {
    await gateway.close({ graceMs: 0 });
  }
}

function wasInterrupted(error: unknown): boolean {
  return error instanceof CommandError && error.problem.code === "WAIT_INTERRUPTED";
}

/** There is no gateway in which the job could go on. */
function interrupted(): CommandError {
  return cliError("WAIT_INTERRUPTED", "The job was cut off", {
    hint: "What it had stored is taken away by the next start of the gateway, or by the next such command.",
  });
}

type App = Gateway["app"];

/** Calls the routes without a connection. */
function injecting(app: App): Fetch {
  return async (url, { method, headers, body }) => {
    const { pathname, search } = new URL(url);
    const answer = await app.inject({
      method,
      url: pathname + search,
      headers,
      ...(body === undefined ? {} : { payload: body }),
      payloadAsStream: true,
    });
    const stream = Readable.toWeb(answer.stream()) as ReadableStream<Uint8Array>;
    const fields = Object.entries(answer.headers).map(([name, value]): [string, string] => [
      name,
      String(value),
    ]);
    return new Response(answer.statusCode === 204 ? null : stream, {
      status: answer.statusCode,
      headers: fields,
    });
  };
}
