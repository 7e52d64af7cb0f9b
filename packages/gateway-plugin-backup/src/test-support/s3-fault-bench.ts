import type { Test } from "tap";
import type { StoreAbilities, Store } from "../stores/store.js";
import { S3Store } from "../stores/s3/s3-store.js";
import { startFaultProxy, type FaultProxy } from "./fault-proxy.js";
import type { S3ForTests } from "./s3-for-tests.js";

/** A store behind a fault proxy, in a bucket of its own, for which time passes only in its own sleeps. */
export interface S3FaultBench {
  readonly it: Store;
  readonly proxy: FaultProxy;
  readonly bucket: string;
  /** The same bucket without the proxy. */
  readonly direct: Store;
  /** Milliseconds that were slept, in order. */
  readonly slept: number[];
}

export async function s3FaultBench(
  t: Test,
  s3: S3ForTests,
  abilities: StoreAbilities = { put: true, complete: false },
): Promise<S3FaultBench> {
  const proxy = await startFaultProxy(t, s3.endpoint);
  const bucket = await s3.newBucket();
  const slept: number[] = [];
  let now = 0;
  const timing = {
    now: () => now,
    sleep: (milliseconds: number) => {
      slept.push(milliseconds);
      now += milliseconds;
      return Promise.resolve();
    },
    random: () => 0.5,
  };
  const settings = { ...s3.settings(bucket), abilities };
  const timeouts = { connectMs: 1000, idleMs: 1000 };
  const it = new S3Store({ ...settings, endpoint: proxy.endpoint }, { timing, timeouts });
  const direct = new S3Store(settings);
  t.teardown(() => {
    it.close();
    direct.close();
  });
  return { it, proxy, bucket, direct, slept };
}
