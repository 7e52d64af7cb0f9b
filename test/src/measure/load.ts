/** A steady load of `whoami` calls, and how long each took. */
import { Agent, request } from "node:http";

export interface Latencies {
  readonly requests: number;
  /** Answers other than 200, and calls without one. */
  readonly failures: number;
  /** Milliseconds from the moment a call was due, so that a stall counts for every call that it delays. */
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

const PER_SECOND = 200;

/** Calls 200 times a second until `until` settles; waits for the last answers. */
export async function steadyLoad(url: string, token: string, until: Promise<unknown>): Promise<Latencies> {
  const agent = new Agent({ keepAlive: true });
  const took: number[] = [];
  let failures = 0;
  const end = new AbortController();
  const stop = () => {
    end.abort();
  };
  void until.then(stop, stop);
  const calls: Promise<void>[] = [];
  const began = performance.now();
  for (let n = 0; ; n++) {
    const due = began + (n * 1000) / PER_SECOND;
    const early = due - performance.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    if (end.signal.aborted) break;
    calls.push(
      whoami(agent, url, token).then((ok) => {
        took.push(performance.now() - due);
        if (!ok) failures++;
      }),
    );
  }
  await Promise.all(calls);
  agent.destroy();
  took.sort((a, b) => a - b);
  const quantile = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return { requests: took.length, failures, p50: quantile(0.5), p99: quantile(0.99), worst: quantile(1) };
}

function whoami(agent: Agent, url: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request(`${url}/api/tenant/whoami`, {
      agent,
      headers: { authorization: `Bearer ${token}` },
    });
    call.on("response", (answer) => {
      answer.resume();
      answer.on("end", () => {
        resolve(answer.statusCode === 200);
      });
    });
    call.on("error", () => {
      resolve(false);
    });
    call.end();
  });
}
