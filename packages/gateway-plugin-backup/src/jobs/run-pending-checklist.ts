import type { Services } from "./services.js";
import { messageOf } from "../system-error.js";

/**
 * Has the checklist that a restore of the whole gateway has left pending gone through once, when the gateway serves. Also one
 * that was gone through before: each start may find what the last one did not.
 */
export function runPending({ host, postRestore }: Pick<Services, "host" | "postRestore">): {
  stop(): Promise<void>;
} {
  const stopped = new AbortController();
  let run: Promise<void> | undefined;
  // The first tick comes when the gateway serves. Nothing waits for its end: a large state takes minutes to be counted.
  host.addTick(() => {
    run ??= postRestore.run(stopped.signal).then(
      (note) => {
        const open = note?.items?.filter(({ ok }) => !ok) ?? [];
        if (note !== undefined)
          host.log.info({ from: note.from, open }, "The gateway was restored; this is left to be done.");
      },
      (error: unknown) =>
        host.log.error(
          { problem: messageOf(error) },
          "The checklist of a restore could not be gone through.",
        ),
    );
    return Promise.resolve();
  });
  return {
    stop: async () => {
      stopped.abort();
      await run;
    },
  };
}
