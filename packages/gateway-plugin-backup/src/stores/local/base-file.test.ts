import { appendFileSync, realpathSync, renameSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { readAll, rejectsWith, testBytes } from "../conformance.js";
import type { CopyBase, Upload } from "../store.js";
import { LocalStore } from "./local-store.js";

const SIZE = 3_000_000;
const bytes = testBytes(SIZE);

interface Bench {
  readonly it: LocalStore;
  readonly root: string;
  readonly base: CopyBase;
  readonly begin: (base?: CopyBase) => Promise<Upload>;
}

async function bench(t: Test): Promise<Bench> {
  const root = realpathSync(t.testdir({ store: {} }));
  const it = new LocalStore({ kind: "local", roots: [join(root, "store")] });
  const key = join(root, "store", "base");
  writeFileSync(key, bytes);
  const found = await it.head(key);
  const fetch = (): AsyncIterable<Uint8Array> => it.read(key);
  const base = { key, size: SIZE, etag: found?.etag ?? "", fetch };
  const begin = async (used: CopyBase = base): Promise<Upload> => {
    const upload = await it.create(join(root, "store", "new"), {
      overwrite: false,
      onLeftover: () => Promise.resolve(),
      base: used,
    });
    t.teardown(() => upload.abort());
    return upload;
  };
  return { it, root, base, begin };
}

const reasonOf = async (t: Test, promise: Promise<unknown>): Promise<unknown> =>
  (await rejectsWith(t, promise, "BASE_UNUSABLE")).details?.["reason"];

t.test("a base that is written to while it is copied is noticed", async (t) => {
  const { base, begin } = await bench(t);
  const upload = await begin();
  await upload.copy({ start: 0, end: SIZE });
  appendFileSync(base.key, "more");
  t.equal(await reasonOf(t, upload.complete()), "the base is not what it was");
});

t.test("a base that is cut while it is copied is noticed at once", async (t) => {
  const { base, begin } = await bench(t);
  const upload = await begin();
  await upload.copy({ start: 0, end: 10 });
  truncateSync(base.key, 1000);
  t.equal(await reasonOf(t, upload.copy({ start: 10, end: 2000 })), "the base is not what it was");
});

t.test("a base whose name another file takes is copied as it was", async (t) => {
  const { it, root, base, begin } = await bench(t);
  const upload = await begin();
  await upload.copy({ start: 0, end: 1_000_000 });
  writeFileSync(`${base.key}.2`, "another");
  renameSync(`${base.key}.2`, base.key);
  await upload.copy({ start: 1_000_000, end: SIZE });
  t.match(await upload.complete(), { size: SIZE, copiedBytes: SIZE, fetchedBytes: 0, sentBytes: 0 });
  t.ok((await readAll(it, join(root, "store", "new"))).equals(bytes));
});

t.test("a base that may not be read, or is no file, is of no use", async (t) => {
  const { root, base, begin } = await bench(t);
  writeFileSync(join(root, "outside"), bytes);
  for (const key of [join(root, "outside"), join(root, "store")]) {
    const upload = await begin({ ...base, key });
    const error = await rejectsWith(t, upload.copy({ start: 0, end: 1 }), "BASE_UNUSABLE");
    t.match(error.details, { reason: "the base cannot be read" });
    t.match(error.message, key);
  }
});
