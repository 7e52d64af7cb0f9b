import assert from "node:assert/strict";
import { hash } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { EntryBatch, hashContents, readEntries } from "./entry-batch.js";
import type { EntryFlag, EntryRecord } from "./format.js";
import type { RawPath } from "./raw-path.js";

const name = fc
  .uint8Array({ minLength: 1, maxLength: 300 })
  .map((bytes) => Buffer.from(bytes).toString("latin1") as RawPath);
const common = {
  path: name,
  mode: fc.integer({ min: 0, max: 0o777 }),
  // Beyond what 64 bits of nanoseconds can say.
  mtimeNs: fc.bigInt({ min: -(2n ** 92n), max: 2n ** 92n }),
  segment: fc.nat(),
  offset: fc.nat(),
  flags: fc.subarray<EntryFlag>(["database", "truncated", "changed"]),
};
const PLAIN = { noNullPrototype: true };
const entry = fc.oneof(
  fc.record(
    {
      ...common,
      type: fc.constant("file" as const),
      size: fc.maxSafeNat(),
      sha256: fc
        .uint8Array({ minLength: 32, maxLength: 32 })
        .map((bytes) => Buffer.from(bytes).toString("hex")),
    },
    PLAIN,
  ),
  fc.record({ ...common, type: fc.constant("directory" as const), size: fc.constant(0) }, PLAIN),
  fc.record({ ...common, type: fc.constant("symlink" as const), size: fc.constant(0), target: name }, PLAIN),
);

function add(batch: EntryBatch, { sha256, flags, segment, offset, ...entry }: EntryRecord): void {
  const known = sha256 === undefined ? {} : { sha256: Buffer.from(sha256, "hex") };
  batch.add(entry, { segment, offset, content: 0 }, { ...known, flags });
}

t.test("entries are what they were, batch after batch", (t) => {
  const batch = new EntryBatch();
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      for (const record of entries) add(batch, record);
      assert.deepStrictEqual([...readEntries(batch.take())], entries);
    }),
  );
  t.end();
});

t.test("a pack of thousands of entries", (t) => {
  const batch = new EntryBatch();
  const entries = Array.from({ length: 5000 }, (_, offset): EntryRecord => {
    const path = `tenants/acme/${"n".repeat(offset % 200)}` as RawPath;
    return { path, type: "directory", mode: 0o700, size: 0, mtimeNs: 1n, segment: 7, offset, flags: [] };
  });
  for (const record of entries) add(batch, record);
  t.strictSame([...readEntries(batch.take())], entries);
  t.end();
});

t.test("contents are hashed where they stand, and a hash that is there is left alone", (t) => {
  const raw = Buffer.from("..abc...defg");
  const facts = { type: "file", mode: 0o600, mtimeNs: 0n } as const;
  const batch = new EntryBatch();
  const place = { segment: 0, offset: 0 };
  batch.add({ ...facts, path: "a" as RawPath, size: 3 }, { ...place, content: 2 }, { flags: [] });
  const sha256 = Buffer.alloc(32, 0xab);
  batch.add({ ...facts, path: "b" as RawPath, size: 3 }, { ...place, content: 2 }, { flags: [], sha256 });
  batch.add(
    { ...facts, path: "c" as RawPath, type: "directory", size: 0 },
    { ...place, content: 4 },
    { flags: [] },
  );
  batch.add({ ...facts, path: "d" as RawPath, size: 4 }, { ...place, content: 8 }, { flags: [] });
  const bytes = batch.take();
  hashContents(bytes, raw);
  t.strictSame(
    [...readEntries(bytes)].map(({ sha256 }) => sha256),
    [hash("sha256", "abc"), "ab".repeat(32), undefined, hash("sha256", "defg")],
  );
  t.end();
});
