import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { BackupError } from "../errors.js";
import { skippableFrame } from "./frames.js";
import { decodeSeekTable, encodeSeekTable, seekTableBytes } from "./seek-table.js";
import type { FrameSize } from "./seek-table.js";

const damaged = { code: "ARCHIVE_DAMAGED", exitCode: 7 };
const frameSizes = fc.array(
  fc.record(
    { stored: fc.integer({ min: 8, max: 0xffff_ffff }), raw: fc.nat({ max: 0xffff_ffff }) },
    { noNullPrototype: true },
  ),
  { maxLength: 50 },
);
const sum = (frames: readonly FrameSize[]): number =>
  frames.reduce((total, frame) => total + frame.stored, 0);

t.test("a table has the public layout", (t) => {
  t.equal(
    encodeSeekTable([
      { stored: 100, raw: 4096 },
      { stored: 40, raw: 0 },
    ]).toString("hex"),
    "5e2a4d18" +
      "19000000" +
      "64000000" +
      "00100000" +
      "28000000" +
      "00000000" +
      "02000000" +
      "00" +
      "b1ea928f",
  );
  t.end();
});

t.test("frame sizes survive, from exactly the table's bytes or more", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(frameSizes, fc.uint8Array({ maxLength: 30 }), (frames, before) => {
        const table = encodeSeekTable(frames);
        assert.equal(table.length, seekTableBytes(frames.length));
        const objectSize = sum(frames) + table.length;
        const expected = { frames, tableBytes: table.length, descriptor: 0 };
        assert.deepEqual(decodeSeekTable(table, objectSize), expected);
        assert.deepEqual(decodeSeekTable(Buffer.concat([before, table]), objectSize), expected);
      }),
    ),
  );
  t.end();
});

t.test("a tail that is too short says how many bytes it takes", (t) => {
  const frames = Array.from({ length: 40 }, () => ({ stored: 100, raw: 50 }));
  const table = encodeSeekTable(frames);
  t.strictSame(decodeSeekTable(table.subarray(-5), 4000 + table.length), { needBytes: 9 });
  t.strictSame(decodeSeekTable(table.subarray(-100), 4000 + table.length), { needBytes: table.length });
  t.end();
});

t.test("an object without a seek table has none", (t) => {
  t.equal(decodeSeekTable(Buffer.from("just some other file's last bytes"), 1000), undefined);
  t.equal(decodeSeekTable(Buffer.alloc(0), 0), undefined);
  t.equal(decodeSeekTable(Buffer.from("short"), 5), undefined);
  t.end();
});

t.test("a table of another tool, with checksums, is read as well", (t) => {
  const payload = Buffer.from("64000000" + "00100000" + "deadbeef" + "01000000" + "80" + "b1ea928f", "hex");
  const table = skippableFrame(0x184d2a5e, payload);
  t.strictSame(decodeSeekTable(table, 100 + table.length), {
    frames: [{ stored: 100, raw: 4096 }],
    tableBytes: table.length,
    descriptor: 0x80,
  });
  t.end();
});

t.test("a table that is not true of the object is damaged", (t) => {
  const frames = [
    { stored: 100, raw: 4096 },
    { stored: 40, raw: 0 },
  ];
  const table = encodeSeekTable(frames);
  const size = 140 + table.length;
  t.throws(() => decodeSeekTable(table, size + 1), damaged, "bytes that no frame accounts for");
  t.throws(() => decodeSeekTable(table, size - 1), damaged, "an object that is cut off at its start");
  const tiny = encodeSeekTable([{ stored: 3, raw: 3 }]);
  t.throws(() => decodeSeekTable(tiny, 3 + tiny.length), damaged, "a frame smaller than any frame");
  t.end();
});

t.test("more frames than the object can hold or any archive has are refused before they are read", (t) => {
  const footer = (count: number): Buffer => {
    const bytes = Buffer.from("0000000000b1ea928f", "hex");
    bytes.writeUInt32LE(count, 0);
    return bytes;
  };
  t.throws(() => decodeSeekTable(footer(1000), 500), damaged);
  t.throws(() => decodeSeekTable(footer(0xffff_ffff), 2 ** 40), { code: "LIMIT_EXCEEDED" });
  t.throws(() => encodeSeekTable(new Array<FrameSize>(2 ** 23 + 1)), {
    code: "LIMIT_EXCEEDED",
    message: "The archive has 8388609 frames; at most 8388608 are supported.",
  });
  t.end();
});

t.test("a flipped bit is damage, or no table, but never other frames", (t) => {
  const frames = [
    { stored: 1000, raw: 4096 },
    { stored: 400, raw: 100 },
    { stored: 40, raw: 0 },
  ];
  const object = Buffer.concat([Buffer.alloc(sum(frames)), encodeSeekTable(frames)]);
  for (let bit = sum(frames) * 8; bit < object.length * 8; bit++) {
    const flipped = Buffer.from(object);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    let table;
    try {
      table = decodeSeekTable(flipped, flipped.length);
    } catch (error) {
      assert.ok(error instanceof BackupError && error.code === "ARCHIVE_DAMAGED");
      continue;
    }
    if (table === undefined) {
      assert.ok(bit >> 3 >= object.length - 4, "only the footer's magic decides whether there is a table");
      continue;
    }
    // Raw sizes are not checked here: the index says them as well, and so do the frames themselves.
    assert.ok("frames" in table && table.frames.every(({ stored }, i) => stored === frames[i]?.stored));
  }
  t.pass("every bit was flipped");
  t.end();
});
