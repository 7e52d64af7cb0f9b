import { ApiError, type UiHost } from "@openclaw/ui-kit";
import { apiRoot, isOver, type JobView } from "./job-view.js";

/** A gateway that starts again takes a second or two. */
const RETRY_MS = 1000;

/**
 * A job's states, its present one first, until its last. Each connection begins with the job as it is then: after the gateway
 * was gone, nothing that counts is missed. Yields undefined when the connection is lost, before it is tried again.
 *
 * Rejects with an `ApiError` where trying again would not help, such as for a job that is not there. Ends when `signal` is aborted.
 */
export async function* followJob(
  host: UiHost,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<JobView | undefined, void, void> {
  while (!signal.aborted) {
    try {
      for await (const job of host.api.events<JobView>(eventsOf(host, id), signal)) {
        yield job;
        if (isOver(job)) return;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    yield undefined;
    await delay(RETRY_MS, signal);
  }
}

function eventsOf(host: UiHost, id: string): string {
  return `${apiRoot(host)}/jobs/${encodeURIComponent(id)}/events`;
}

/** A connection that broke is a TypeError of `fetch`; a gateway that starts or stops answers 503. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
