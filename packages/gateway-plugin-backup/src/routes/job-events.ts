/** A job's progress as server-sent events (HTML Living Standard, section 9.2). */
import { PassThrough } from "node:stream";
import type { FastifyReply } from "fastify";
import type { JobEngine } from "../jobs/engine.js";
import { isTerminal, type JobRecord } from "../jobs/types.js";
import type { JobView } from "./schemas.js";

/** Proxies close connections that are silent for a minute or less; a comment line keeps them open. */
const HEARTBEAT_MS = 15_000;

/**
 * Answers with the job's present state, then with each change, and ends after its last state. A client that reads too
 * slowly is skipped over: the next event it gets is the newest.
 *
 * @param view Asked for each event that is sent.
 */
export function streamJob(
  engine: JobEngine,
  job: JobRecord,
  reply: FastifyReply,
  view: (job: JobRecord) => JobView,
): FastifyReply {
  const stream = new PassThrough();
  const heartbeat = setInterval(() => stream.write(": still here\n\n"), HEARTBEAT_MS).unref();
  const unsubscribe = engine.subscribe(job.id, (state) => {
    const ended = isTerminal(state.state);
    if (stream.writableNeedDrain && !ended) return;
    stream.write(`event: job\ndata: ${JSON.stringify(view(state))}\n\n`);
    if (ended) stream.end();
  });
  stream.on("close", () => {
    clearInterval(heartbeat);
    unsubscribe();
  });
  return reply
    .type("text/event-stream; charset=utf-8")
    .header("cache-control", "no-store")
    .header("x-accel-buffering", "no")
    .send(stream);
}
