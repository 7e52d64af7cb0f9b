import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { openStore } from "../../stores/open.js";
import type { CreateOptions, ObjectInfo, Store, Upload } from "../../stores/store.js";
import { CallLog, FailingStore, type PlannedFailure } from "../../test-support/failing-store.js";
import type { OperationContext } from "./operation-context.js";
import { readManifest, removeManifest, removeObjects, writeManifest } from "./set-objects.js";

interface Bench {
  readonly store: { readonly kind: "local"; readonly roots: readonly string[] };
  readonly key: string;
  readonly log: CallLog;
  readonly context: (wrap?: (store: Store) => Store) => OperationContext;
}

function bench(t: Test, planned?: PlannedFailure): Bench {
  const directory = t.testdir();
  const log = new CallLog(planned);
  return {
    store: { kind: "local", roots: [directory] },
    key: join(directory, "set/backup.json"),
    log,
    context: (wrap = (store) => new FailingStore(store, log)) => ({
      signal: new AbortController().signal,
      openStore: (settings) => wrap(openStore(settings)),
      progress: () => undefined,
      leftover: () => Promise.resolve(),
      gone: () => undefined,
      completing: () => Promise.resolve(),
    }),
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A store that says what `head` found is something else. */
class OtherStore extends FailingStore {
  readonly #change: (object: ObjectInfo | undefined) => ObjectInfo | undefined;

  constructor(store: Store, change: (object: ObjectInfo | undefined) => ObjectInfo | undefined) {
    super(store, new CallLog());
    this.#change = change;
  }

  override async head(key: string): Promise<ObjectInfo | undefined> {
    return this.#change(await super.head(key));
  }
}

/** A store that announces what an upload might leave, and that it is gone. */
class AnnouncingStore extends FailingStore {
  override async create(key: string, options: CreateOptions): Promise<Upload> {
    await options.onLeftover({ kind: "begun", key });
    options.onGone?.({ kind: "begun", key });
    return super.create(key, options);
  }
}

await t.test("what a write may leave behind is told of", async (t) => {
  const { store, key, context } = bench(t);
  const told: string[] = [];
  const announcing = {
    ...context((real) => new AnnouncingStore(real, new CallLog())),
    leftover: () => Promise.resolve(void told.push("leftover")),
    gone: () => void told.push("gone"),
  };
  await writeManifest({ store, key, text: "one", overwrite: false }, announcing);
  t.strictSame(told.slice(0, 2), ["leftover", "gone"]);
});

await t.test("a manifest is written, read, replaced, and removed", async (t) => {
  const { store, key, context } = bench(t);
  t.equal(await readManifest({ store, key }, context()), undefined);
  t.match(await writeManifest({ store, key, text: "one", overwrite: false }, context()), {
    text: "one",
    size: 3,
  });
  await t.rejects(writeManifest({ store, key, text: "two", overwrite: false }, context()), {
    code: "ARCHIVE_EXISTS",
  });
  await writeManifest({ store, key, text: "two", overwrite: true }, context());
  t.match(await readManifest({ store, key }, context()), { text: "two" });
  t.notOk(await removeManifest({ store, key, sha256: sha256("one") }, context()), "it is another");
  t.ok(existsSync(key));
  t.ok(await removeManifest({ store, key, sha256: sha256("two") }, context()));
  t.notOk(existsSync(key));
  t.ok(await removeManifest({ store, key, sha256: sha256("two") }, context()), "it is gone already");
});

await t.test("an object that is far too large is not read", async (t) => {
  const { store, key, context } = bench(t);
  mkdirSync(join(key, ".."), { recursive: true });
  writeFileSync(key, Buffer.alloc(65 * 1024));
  await t.rejects(readManifest({ store, key }, context()), {
    code: "ARCHIVE_DAMAGED",
    message: /66560 bytes/,
  });
});

await t.test("a write that fails leaves nothing", async (t) => {
  const { store, key, context, log } = bench(t, { call: "write", nth: 1 });
  await t.rejects(writeManifest({ store, key, text: "one", overwrite: false }, context()), {
    code: "STORE_FAILED",
  });
  t.strictSame(log.givenUp, ["abort"]);
  t.notOk(existsSync(key));
});

await t.test("what the store does not give back was not stored", async (t) => {
  const { store, key, context } = bench(t);
  const forgetful = context((real) => new OtherStore(real, () => undefined));
  await t.rejects(writeManifest({ store, key, text: "one", overwrite: false }, forgetful), {
    code: "ARCHIVE_DAMAGED",
    message: /gives back something else/,
  });
  let looks = 0;
  const vanishing = context((real) => new OtherStore(real, (object) => (++looks > 1 ? undefined : object)));
  t.ok(await removeManifest({ store, key, sha256: sha256("one") }, vanishing));
});

await t.test("of objects that are removed by name it is told what became of each", async (t) => {
  const { store, key, context } = bench(t);
  await writeManifest({ store, key, text: "one", overwrite: false }, context());
  const until = Date.now() + 60_000;
  const locked = context(
    (real) =>
      new OtherStore(
        real,
        (object) => object && { ...object, lock: { mode: "governance", until, legalHold: false } },
      ),
  );
  t.match(await removeObjects({ store, keys: [key] }, locked), [{ outcome: "locked", reason: /locked/ }]);
  const replaced = context(
    (real) => new OtherStore(real, (object) => object && { ...object, etag: "other" }),
  );
  t.match(await removeObjects({ store, keys: [key] }, replaced), [{ outcome: "other" }]);
  const down = new CallLog({ call: "removeIfSame", nth: 1 });
  const failing = context((real) => new FailingStore(real, down));
  t.match(await removeObjects({ store, keys: [key] }, failing), [
    { outcome: "failed", error: { code: "STORE_FAILED" } },
  ]);
  t.match(await removeObjects({ store, keys: [key, `${key}.x`] }, context()), [
    { outcome: "removed" },
    { outcome: "gone" },
  ]);
});
