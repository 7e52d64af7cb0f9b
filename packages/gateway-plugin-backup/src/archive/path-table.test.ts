import fc from "fast-check";
import t from "tap";
import { parentPath } from "./entry-name.js";
import { hashKey, keyedHash } from "./keyed-hash.js";
import { NumberColumn } from "./number-column.js";
import { PathTable } from "./path-table.js";
import { rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { component } from "./testing/arbitraries.js";

/** Few names, so that paths meet, and those that differ in little. */
const name = fc.oneof(
  fc
    .constantFrom("a", "b", "ab", "", "a.", "\0", "\xff", "\xfe", "aaaa", "aaab", "aaaaa")
    .map((text) => text as RawPath),
  component,
);
const path = fc.array(name, { minLength: 1, maxLength: 6 }).map((parts) => parts.join("/") as RawPath);

/** What a table is held against: numbers in order, parents first. */
function addTo(numbers: Map<RawPath, number>, added: RawPath): number {
  const parts = added.split("/");
  for (let length = 1; length <= parts.length; length++) {
    const prefix = parts.slice(0, length).join("/") as RawPath;
    if (!numbers.has(prefix)) numbers.set(prefix, numbers.size);
  }
  return numbers.get(added) ?? Number.NaN;
}

t.test("a table knows the paths that were added and their parents, and no others", (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, fc.boolean()), { maxLength: 60 }), (steps) => {
      const table = new PathTable();
      const numbers = new Map<RawPath, number>();
      for (const [path, adds] of steps)
        if (adds) t.equal(table.add(path), addTo(numbers, path));
        else t.equal(table.find(path), numbers.get(path));
      t.equal(table.size, numbers.size);
      for (const [path, number] of numbers) {
        t.equal(table.find(path), number);
        t.equal(table.path(number), path);
        t.equal(table.parent(number), path.includes("/") ? numbers.get(parentPath(path)) : undefined);
      }
    }),
  );
  t.end();
});

t.test("a hundred thousand paths, in one directory and in many", (t) => {
  const table = new PathTable();
  const paths = Array.from({ length: 100_000 }, (_, i) =>
    rawPath(i % 2 === 0 ? `tenants/acme/one/${i}` : `tenants/acme/many/${i % 1000}/${i}`),
  );
  const numbers = paths.map((path) => table.add(path));
  t.equal(table.size, 100_000 + 500 + 4);
  t.equal(new Set(numbers).size, paths.length);
  t.ok(paths.every((path, i) => table.find(path) === numbers[i] && table.path(numbers[i] ?? 0) === path));
  t.ok(paths.every((path) => table.find(rawPath(`${path}x`)) === undefined));
  t.end();
});

t.test("a component over 255 bytes is not there, and cannot be added", (t) => {
  const table = new PathTable();
  const longest = rawPath("x".repeat(255));
  t.equal(table.add(longest), 0);
  t.equal(table.path(0), longest);
  t.equal(table.find(rawPath(`${longest}x`)), undefined);
  t.throws(() => table.add(rawPath(`a/${longest}x`)), RangeError);
  t.end();
});

t.test("a parent that was looked for in vain is found once it is there", (t) => {
  const table = new PathTable();
  t.equal(table.find(rawPath("a/b")), undefined);
  table.add(rawPath("a/b"));
  t.equal(table.find(rawPath("a/b")), 1);
  t.end();
});

t.test("with another key, other names fall together", (t) => {
  const names = Array.from({ length: 4096 }, (_, i) => {
    const bytes = Buffer.alloc(12);
    bytes.write(String(i));
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  });
  const fallTogether = (key: number) => {
    const bits = hashKey(Buffer.alloc(8, key));
    const hashes = names.map((name, i) => keyedHash(bits, 7, name, String(i).length) & 0xff);
    return { together: names.filter((_, i) => hashes[i] === hashes[0]), count: new Set(hashes).size };
  };
  const [one, two] = [fallTogether(1), fallTogether(2)];
  t.equal(one.count, 256);
  t.equal(two.count, 256);
  // By chance one of sixteen, and one of those again: 16 of 4096 fall with the first, one of them under both keys.
  t.ok(one.together.length < 64);
  t.ok(one.together.filter((name) => two.together.includes(name)).length < 16);
  t.end();
});

t.test("a column holds 0 until something else is set, and has 2^32 places", (t) => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat({ max: 100_000 }), fc.maxSafeNat())), (settings) => {
      const column = new NumberColumn();
      const map = new Map<number, number>();
      for (const [index, value] of settings) {
        t.equal(column.get(index), map.get(index) ?? 0);
        column.set(index, value);
        map.set(index, value);
      }
      for (const [index, value] of map) t.equal(column.get(index), value);
    }),
  );
  const bytes = new NumberColumn(Uint8Array);
  bytes.set(2 ** 32 - 1, 255);
  t.equal(bytes.get(2 ** 32 - 1), 255);
  t.throws(() => {
    bytes.set(2 ** 32, 1);
  }, RangeError);
  t.end();
});
