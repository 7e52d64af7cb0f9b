import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";

export interface Race {
  /** Ends the racer; resolves with how often it replaced something by a link. */
  stop(): Promise<number>;
}

/**
 * Starts a process that replaces each of `places`, in every directory below `root`, by a link to the same path below
 * `outside`, again and again.
 */
export async function startRacer(
  t: Test,
  root: string,
  places: readonly string[],
  outside: string,
): Promise<Race> {
  const program = fileURLToPath(new URL("./link-racer.js", import.meta.url));
  // Without the flags of a test's process, which are tap's.
  const child = fork(program, [root, JSON.stringify(places), outside], { execArgv: [] });
  t.teardown(() => child.kill("SIGKILL"));
  await once(child, "message");
  return {
    stop: async () => {
      const answer = once(child, "message");
      child.send("stop");
      const [swaps] = (await answer) as [number];
      return swaps;
    },
  };
}
