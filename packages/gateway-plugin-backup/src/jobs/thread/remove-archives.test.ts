import { existsSync } from "node:fs";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { BackupError } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import { CallLog, FailingStore } from "../../test-support/failing-store.js";
import { RemovalBench } from "../../test-support/removal-bench.js";
import { lock, remove } from "./remove-archives.js";

type Wrap = (store: Store, abort: AbortController) => Store;

/** Asks a store as `wrap` makes it to remove one archive that stands in it. */
async function removed(t: Test, wrap: Wrap, abort = new AbortController()) {
  const bench = await RemovalBench.make(t);
  const { key, size, etag, indexSha256 } = await bench.add("a1");
  const archives = [{ key, size, etag: `${etag}-other`, indexSha256, damaged: false }];
  const openWrapped = (settings: Parameters<typeof openStore>[0]): Store => wrap(openStore(settings), abort);
  const request = { store: bench.store, limits: DEFAULT_LIMITS, archives };
  const [outcome] = await remove(request, { openStore: openWrapped, signal: abort.signal });
  return { outcome, isThere: existsSync(bench.file("a1")) };
}

/** Fails, as a store does whose job is aborted, while a call is on its way. */
function cutOff(abort: AbortController): never {
  abort.abort();
  throw new BackupError("JOB_CANCELLED", "The job was cancelled.");
}

class AbortedStore extends FailingStore {
  readonly #at: "head" | "removeIfSame";
  readonly #abort: AbortController;

  constructor(store: Store, at: "head" | "removeIfSame", abort: AbortController) {
    super(store, new CallLog());
    this.#at = at;
    this.#abort = abort;
  }

  override head(key: string): Promise<ObjectInfo | undefined> {
    return this.#at === "head" ? cutOff(this.#abort) : super.head(key);
  }

  override removeIfSame(): Promise<boolean> {
    return cutOff(this.#abort);
  }
}

class S3LikeStore extends FailingStore {
  override readonly kind = "s3";
}

t.test("what a stop comes before is not touched", async (t) => {
  const stopped = new AbortController();
  stopped.abort();
  const untouched = { outcome: { outcome: "untouched" }, isThere: true };
  t.match(await removed(t, (store) => store, stopped), untouched);
  t.match(await removed(t, (store, abort) => new AbortedStore(store, "head", abort)), untouched);
});

t.test("of a removal that a stop cuts off it is said that the store had been asked", async (t) => {
  const { outcome } = await removed(t, (store, abort) => new AbortedStore(store, "removeIfSame", abort));
  t.match(outcome, { outcome: "failed", asked: true, error: { code: "JOB_CANCELLED" } });
});

t.test("an object with another ETag is the archive on a disk, and is not in a bucket", async (t) => {
  t.match(await removed(t, (store) => store), { outcome: { outcome: "removed" }, isThere: false });
  t.match(await removed(t, (store) => new S3LikeStore(store, new CallLog())), {
    outcome: { outcome: "other", reason: "its ETag is another one" },
    isThere: true,
  });
});

t.test("what has taken the place of an archive is not locked", async (t) => {
  const bench = await RemovalBench.make(t);
  const { key, etag } = await bench.add("a1");
  const wanted = { mode: "governance", until: 1 } as const;
  const { signal } = new AbortController();
  const request = { store: bench.store, key, wanted };
  await t.rejects(lock({ ...request, etag: "another" }, { openStore, signal }), {
    code: "ARCHIVE_NOT_FOUND",
  });
  await t.rejects(lock({ ...request, etag }, { openStore, signal }), { code: "UNSUPPORTED" });
});
