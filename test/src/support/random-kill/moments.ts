/**
 * When a gateway is killed: after a random time, most often near the end of what it does, where things are made final;
 * or just when something that can be seen from outside has happened: a commit to the ledger, a rename of a tenant's
 * directory or of an archive, a request to the store or its answer. Those hit steps that are too short for the clock.
 */
import type { FaultProxy } from "@openclaw/gateway-plugin-backup/testing";
import { watch } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { SeededRandom } from "../seeded.js";

export interface Moment {
  readonly name: string;
  /** When it begins to wait: before the request is sent, or when the gateway has accepted it. */
  readonly from: "request" | "acceptance";
  /** Resolves when it has come, or when `over` is aborted. */
  readonly reached: (over: AbortSignal) => Promise<void>;
}

export interface Watched {
  readonly stateDirectory: string;
  /** Directories of archives. */
  readonly directories: readonly string[];
  readonly proxy: FaultProxy | undefined;
}

/** @param durationMs How long the operation takes, from its acceptance on, when it is left alone. */
export function chooseMoment(random: SeededRandom, durationMs: number, watched: Watched): Moment {
  const { stateDirectory, directories, proxy } = watched;
  const kind = random.next();
  const then = random.next() < 0.5 ? 0 : random.integer(1, 10);
  if (kind < 0.05) return afterTime(durationMs * random.next(), "request");
  if (kind < 0.25) return afterTime(durationMs * random.next(), "acceptance");
  if (kind < 0.45) return afterTime(durationMs * (1 - 0.3 * random.next() ** 2), "acceptance");
  if (kind < 0.65) {
    const nth = random.integer(1, 8);
    const isLedger = (file: string): boolean => file === "ledger.sqlite-wal";
    return after(then, `write ${nth} to the ledger`, nth, [join(stateDirectory, "backup")], isLedger);
  }
  if (kind < 0.8 || proxy === undefined) {
    const nth = random.integer(1, 4);
    const tenants = join(stateDirectory, "tenants");
    const all = [tenants, join(tenants, ".trash"), join(tenants, ".staging"), ...directories];
    return after(then, `change ${nth} in a directory`, nth, all, () => true);
  }
  return afterRequest(random, then, proxy);
}

function afterTime(ms: number, from: Moment["from"]): Moment {
  return { name: `${Math.round(ms)} ms after its ${from}`, from, reached: (over) => wait(ms, over) };
}

function after(
  thenMs: number,
  name: string,
  nth: number,
  directories: readonly string[],
  counts: (file: string) => boolean,
): Moment {
  return {
    name: `${thenMs} ms after ${name}`,
    from: "request",
    reached: async (over) => {
      let left = nth;
      await new Promise<void>((resolve) => {
        const watchers = directories.map((directory) =>
          watch(directory, (_event, file) => {
            if (counts(file ?? "") && --left === 0) resolve();
          }),
        );
        const end = (): void => {
          for (const watcher of watchers) watcher.close();
          resolve();
        };
        if (over.aborted) end();
        else over.addEventListener("abort", end, { once: true });
      });
      await wait(thenMs, over);
    },
  };
}

const REQUESTS = [
  "CompleteMultipartUpload",
  "UploadPart",
  "CreateMultipartUpload",
  "PutObject",
  "DeleteObject",
  "HeadObject",
  "GetObject",
] as const;

function afterRequest(random: SeededRandom, thenMs: number, proxy: FaultProxy): Moment {
  const operation = random.pick(REQUESTS);
  const stage = random.pick(["seen", "answered"] as const);
  return {
    name: `${thenMs} ms after a ${operation} was ${stage}`,
    from: "request",
    reached: async (over) => {
      const before = proxy[stage].length;
      const come = proxy.until(
        () => over.aborted || proxy[stage].slice(before).some((request) => request.operation === operation),
      );
      await Promise.race([come, aborted(over)]);
      await wait(thenMs, over);
    },
  };
}

async function wait(ms: number, over: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: over }).catch(() => undefined);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
