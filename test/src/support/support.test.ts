import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { temporaryDirectory } from "./bed.js";
import { readSeekTable } from "./seek-table-reader.js";
import { generateTenant } from "./tenant-generator.js";
import { diffTrees, standardDiff } from "./tree-diff.js";

const scale = { seed: 7, files: 120, bytes: 8_000_000 };

t.test("the same seed gives the same tenant, modes and times included", async (t) => {
  const [left, right] = twoDirectories(temporaryDirectory(t));
  const generated = generateTenant(left, scale);
  generateTenant(right, scale);
  t.equal(generated.files, scale.files);
  t.ok(Math.abs(generated.bytes / scale.bytes - 1) < 0.05, `${generated.bytes} bytes`);
  t.same(withoutRootTime(diffTrees(left, right)), []);
  t.same(await standardDiff(left, right), []);
});

t.test("every kind of difference between two trees is found", (t) => {
  const [left, right] = twoDirectories(temporaryDirectory(t));
  for (const side of [left, right]) {
    const isRight = side === right;
    for (const name of ["same", "content", "mode", "time"]) writeFileSync(join(side, name), "1234");
    writeFileSync(join(side, "size"), isRight ? "12345" : "1234");
    writeFileSync(join(side, "content"), isRight ? "1235" : "1234");
    writeFileSync(join(side, "mode"), "1234", { mode: 0o600 });
    writeFileSync(join(side, isRight ? "new" : "gone"), "");
    symlinkSync(isRight ? "a" : "b", join(side, "link"));
    if (isRight) mkdirSync(join(side, "type"));
    else writeFileSync(join(side, "type"), "");
  }
  rmSync(join(right, "mode"));
  writeFileSync(join(right, "mode"), "1234", { mode: 0o640 });
  for (const side of [left, right]) {
    for (const name of ["same", "content", "size", "mode"]) utimesSync(join(side, name), 1e9, 1e9);
    utimesSync(join(side, "time"), 1e9, side === left ? 1e9 : 1e9 + 0.00001);
  }
  t.same(
    withoutRootTime(diffTrees(left, right)).map(({ path, aspect }) => `${path} ${aspect}`),
    [
      "content content",
      "gone only-left",
      "link target",
      "mode mode",
      "new only-right",
      "size size",
      "time mtime",
      "type type",
    ],
  );
  t.end();
});

t.test("the seek table of the format's specification is read, with and without checksums", (t) => {
  const frame = Buffer.from("any frame");
  const plain = Buffer.concat([frame, seekTable([[frame.length, 100]])]);
  t.same(readSeekTable(plain), [{ offset: 0, compressedSize: 9, decompressedSize: 100 }]);
  const checked = Buffer.concat([frame, seekTable([[frame.length, 100, 0xcafe]], 0x80)]);
  t.same(readSeekTable(checked), [{ offset: 0, compressedSize: 9, decompressedSize: 100, checksum: 0xcafe }]);
  t.throws(() => readSeekTable(Buffer.concat([frame, seekTable([[8, 100]])])), /frames come to 8 bytes/);
  t.throws(() => readSeekTable(Buffer.concat([frame, seekTable([[9, 100]], 0x04)])), /reserved bits/);
  t.throws(() => readSeekTable(plain.subarray(0, -1)), /magic number/);
  t.end();
});

function seekTable(entries: readonly (readonly number[])[], descriptor = 0): Buffer {
  const numbers = entries.flat();
  const table = Buffer.alloc(8 + numbers.length * 4 + 9);
  table.writeUInt32LE(0x184d2a5e, 0);
  table.writeUInt32LE(table.length - 8, 4);
  numbers.forEach((value, n) => table.writeUInt32LE(value, 8 + n * 4));
  table.writeUInt32LE(entries.length, table.length - 9);
  table.writeUInt8(descriptor, table.length - 5);
  table.writeUInt32LE(0x8f92eab1, table.length - 4);
  return table;
}

function twoDirectories(parent: string): [string, string] {
  const directories: [string, string] = [join(parent, "left"), join(parent, "right")];
  for (const directory of directories) mkdirSync(directory);
  return directories;
}

function withoutRootTime<T extends { path: string }>(differences: T[]): T[] {
  return differences.filter(({ path }) => path !== "");
}
