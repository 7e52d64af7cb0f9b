import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { BackupError, type BackupErrorCode } from "../../errors.js";
import { openStore } from "../../stores/open.js";
import type { Store, TailRead } from "../../stores/store.js";
import { CallLog, FailingStore } from "../../test-support/failing-store.js";
import { RemovalBench } from "../../test-support/removal-bench.js";
import { findArchives, glance } from "./find-archives.js";
import type { OperationContext } from "./operation-context.js";

type Wrap = (store: Store) => Store;

async function search(t: Test, wrap: Wrap, abort = new AbortController()) {
  const bench = await RemovalBench.make(t);
  for (const id of ["a1", "a2", "a3", "a4", "a5", "a6"]) await bench.add(id);
  const unused = (): never => t.fail("not used") as never;
  const context: OperationContext = {
    signal: abort.signal,
    openStore: (settings) => wrap(openStore(settings)),
    progress: () => undefined,
    leftover: unused,
    gone: unused,
    completing: unused,
  };
  const request = { store: bench.store, key: `${bench.directory}/`, limits: DEFAULT_LIMITS, known: [] };
  return findArchives(request, context);
}

/** The end of one file cannot be read. */
class UnreadableStore extends FailingStore {
  readonly #code: BackupErrorCode;
  readonly #file: string;

  constructor(store: Store, code: BackupErrorCode, file = "a3") {
    super(store, new CallLog());
    this.#code = code;
    this.#file = file;
  }

  override readTail(key: string, length: number): Promise<TailRead> {
    if (key.includes(this.#file)) return Promise.reject(new BackupError(this.#code, `No ${key}.`));
    return super.readTail(key, length);
  }
}

await t.test("an object that the store does not give is told; one that has just gone is not", async (t) => {
  const denied = await search(t, (store) => new UnreadableStore(store, "STORE_DENIED"));
  t.equal(denied.archives.length, 5);
  t.match(denied, { objects: 6, unusable: [{ kind: "unread", reason: /^No / }], failure: undefined });
  const gone = await search(t, (store) => new UnreadableStore(store, "ARCHIVE_NOT_FOUND"));
  t.match([gone.archives.length, gone.unusable], [5, []]);
  const newer = await search(t, (store) => new UnreadableStore(store, "ARCHIVE_TOO_NEW"));
  t.match(newer.unusable, [{ kind: "foreign" }]);
});

await t.test("a store that is out of reach is given up, and what was found stays", async (t) => {
  const unreachable = await search(t, (store) => new UnreadableStore(store, "STORE_UNREACHABLE"));
  t.match(unreachable.failure, { code: "STORE_UNREACHABLE" });
  t.ok(unreachable.archives.length < 6);
  const unlisted = await search(t, (store) => new FailingStore(store, new CallLog({ call: "list", nth: 1 })));
  t.match(unlisted, { objects: 0, failure: { code: "STORE_FAILED" } });
});

await t.test("an aborted search rejects", async (t) => {
  const stopped = new AbortController();
  stopped.abort(new BackupError("JOB_CANCELLED", "The job was cancelled."));
  await t.rejects(
    search(t, (store) => store, stopped),
    { code: "JOB_CANCELLED" },
  );
  const later = new AbortController();
  const stopping = (store: Store): Store => {
    const wrapped = new UnreadableStore(store, "JOB_CANCELLED");
    const readTail = wrapped.readTail.bind(wrapped);
    wrapped.readTail = (key, length) => {
      later.abort(new BackupError("JOB_CANCELLED", "The job was cancelled."));
      return readTail(key, length);
    };
    return wrapped;
  };
  await t.rejects(search(t, stopping, later), { code: "JOB_CANCELLED" });
});

class ReplacedStore extends FailingStore {
  override async readTail(key: string, length: number): Promise<TailRead> {
    const { bytes, object } = await super.readTail(key, length);
    return { bytes, object: { ...object, etag: "another" } };
  }
}

await t.test("an object that is replaced while it is looked at is left for the next time", async (t) => {
  const { archives, unusable } = await search(t, (store) => new ReplacedStore(store, new CallLog()));
  t.equal(archives.length, 0);
  t.match(
    unusable,
    Array.from({ length: 6 }, () => ({ kind: "unread" })),
  );
});

await t.test("of very many things that are not ours, only some are listed", async (t) => {
  const root = t.testdir();
  const directory = join(root, "many");
  mkdirSync(directory);
  for (let n = 0; n < 1010; n++) writeFileSync(join(directory, String(n)), "x");
  const store = { kind: "local", roots: [root] } as const;
  const unused = (): never => t.fail("not used") as never;
  const { signal } = new AbortController();
  // Where the catalogue has an archive, what stands there is told in any case.
  const last = readdirSync(directory).at(-1) ?? "";
  const known = [{ key: join(directory, last), size: 5, etag: "another" }];
  const context = {
    signal,
    openStore,
    progress: () => undefined,
    leftover: unused,
    gone: unused,
    completing: unused,
  };
  const request = { store, key: `${directory}/`, limits: DEFAULT_LIMITS, known };
  const { unusable, moreUnusable, objects } = await findArchives(request, context);
  t.strictSame([unusable.length, moreUnusable, objects], [1001, 9, 1010]);
  t.equal(
    (await glance({ store, key: `${directory}/` }, context)).length,
    1000,
    "a glance takes note of a few",
  );
});
