/**
 * Follows a job to its end, whatever happens to the connection: by its event stream, by asking for it where the stream
 * breaks or is not to be had, until the gateway has been gone for too long.
 */
import type { Clock } from "../clock.js";
import { CommandError, cliError } from "../errors.js";
import { apiPath, type GatewayClient } from "../client.js";
import { parseEvents } from "../sse.js";
import { isFinished, type JobView } from "../views.js";

export interface FollowOptions {
  readonly clock: Clock;
  /** Ends the following, not the job. */
  readonly signal: AbortSignal;
  /** Called when the connection breaks, once per outage. */
  readonly onLost?: (reason: string) => void;
  /** A stream that says nothing for so long is taken for dead. Default 45 s: three of the gateway's heartbeats. */
  readonly silenceMs?: number;
}

/** The gateway may be restarted under a running job; after this time it counts as gone. */
const GIVE_UP_MS = 60_000;
/** Between two attempts: short first, for a connection that just dropped. */
const BACKOFF_MS = [250, 500, 1000, 2000, 4000] as const;
/** How often the job is asked for where there is no event stream (a proxy that does not pass it on). */
const POLL_MS = 1000;

/**
 * Yields the job's state, again and again; the last one is final. Throws what the gateway answers (the job is not
 * there, the token is wrong) and `GATEWAY_UNREACHABLE`. Ends early, without a final state, when the signal aborts.
 */
export async function* followJob(
  client: GatewayClient,
  id: string,
  options: FollowOptions,
): AsyncGenerator<JobView, void, undefined> {
  const { clock, signal } = options;
  let lastContact = clock.now();
  let attempt = 0;
  let lost = false;
  let streaming = true;

  while (!signal.aborted) {
    try {
      const source = streaming ? streamJob(client, id, options) : pollJob(client, id, options);
      for await (const job of source) {
        lastContact = clock.now();
        attempt = 0;
        lost = false;
        yield job;
        if (isFinished(job.state)) return;
      }
    } catch (error) {
      if (wasAborted(signal)) return;
      if (!(error instanceof CommandError)) throw error;
      if (error.problem.code === "ANSWER_UNEXPECTED" && streaming) {
        streaming = false;
        continue;
      }
      if (error.exitCode !== 6) throw error;
      if (clock.now() - lastContact >= GIVE_UP_MS) throw gone(client, id, error);
      if (!lost) options.onLost?.(error.message);
      lost = true;
    }
    await clock.sleep(BACKOFF_MS[Math.min(attempt, BACKOFF_MS.length - 1)] ?? POLL_MS, signal);
    attempt += 1;
  }
}

/** A function, because the compiler does not know that a signal changes between two looks at it. */
function wasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function* streamJob(
  client: GatewayClient,
  id: string,
  options: FollowOptions,
): AsyncGenerator<JobView> {
  const silence = new Silence(options.silenceMs ?? 45_000);
  try {
    const signal = AbortSignal.any([options.signal, silence.signal]);
    const chunks = await client.stream(apiPath`/api/admin/jobs/${id}/events`, signal);
    for await (const { event, data } of parseEvents(silence.watch(chunks))) {
      if (event === "job") yield JSON.parse(data) as JobView;
    }
  } finally {
    silence.end();
  }
}

async function* pollJob(client: GatewayClient, id: string, options: FollowOptions): AsyncGenerator<JobView> {
  while (!options.signal.aborted) {
    yield (await client.request("GET", apiPath`/api/admin/jobs/${id}`, {
      signal: options.signal,
    })) as JobView;
    await options.clock.sleep(POLL_MS, options.signal);
  }
}

/** Aborts its signal when nothing came for a while: a machine that vanished sends no end of stream. */
class Silence {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(milliseconds: number) {
    this.#timer = setTimeout(() => this.#controller.abort(), milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async *watch(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.#timer.refresh();
      yield chunk;
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

function gone(client: GatewayClient, id: string, cause: CommandError): CommandError {
  return cliError(
    "GATEWAY_UNREACHABLE",
    `The gateway at ${client.url} has been gone for ${GIVE_UP_MS / 1000} s while job ${id} ran (${cause.message})`,
    { hint: `When it is back, \`openclaw jobs show ${id}\` says how the job ended.`, cause },
  );
}
