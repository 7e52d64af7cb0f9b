import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { readSkippableFrame, skippableFrame, skippableHeader } from "./frames.js";
import { INDEX_FRAME_MAGIC, SEEK_TABLE_FRAME_MAGIC } from "./format.js";

const damaged = { code: "ARCHIVE_DAMAGED", exitCode: 7 };

t.test("a skippable frame has the public layout", (t) => {
  t.equal(skippableFrame(0x184d2a5b, Buffer.from("abc")).toString("hex"), "5b2a4d1803000000616263");
  t.end();
});

t.test("a payload survives", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array(), (payload) => {
        const frame = skippableFrame(INDEX_FRAME_MAGIC, payload);
        assert.deepEqual(readSkippableFrame(frame, INDEX_FRAME_MAGIC), Buffer.from(payload));
      }),
    ),
  );
  t.end();
});

t.test("a frame that is another one, cut off, or followed by something is damaged", (t) => {
  const frame = skippableFrame(INDEX_FRAME_MAGIC, Buffer.from("payload"));
  t.throws(() => readSkippableFrame(frame, SEEK_TABLE_FRAME_MAGIC), damaged);
  for (let length = 0; length < frame.length; length++)
    t.throws(() => readSkippableFrame(frame.subarray(0, length), INDEX_FRAME_MAGIC), damaged);
  t.throws(() => readSkippableFrame(Buffer.concat([frame, Buffer.of(0)]), INDEX_FRAME_MAGIC), damaged);
  t.end();
});

t.test("a payload of 4 GiB is refused before it is built", (t) => {
  t.equal(skippableHeader(INDEX_FRAME_MAGIC, 2 ** 32 - 1).toString("hex"), "5b2a4d18ffffffff");
  t.throws(() => skippableHeader(INDEX_FRAME_MAGIC, 2 ** 32), { code: "LIMIT_EXCEEDED" });
  t.end();
});
