import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import t from "tap";
import binding from "zstd-napi/binding.js";
import { BackupError } from "../errors.js";
import { MAX_FRAME_RAW_BYTES } from "./format.js";
import { skippableFrame } from "./frames.js";
import { decompressFrame, frameBeginning, FrameCompressor, frameSize } from "./zstd.js";

const damaged = { code: "ARCHIVE_DAMAGED", exitCode: 7 };
const compressor = new FrameCompressor(3);

t.test("content survives, at every level, with one compressor for many frames", (t) => {
  for (const level of [1, 3, 19]) {
    const reused = new FrameCompressor(level);
    t.doesNotThrow(() =>
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 5000, size: "max" }), (raw) => {
          assert.deepEqual(decompressFrame(reused.compress(raw), raw.length), Buffer.from(raw));
        }),
        { numRuns: 30 },
      ),
    );
  }
  t.end();
});

t.test("equal content gives equal frames, whatever was compressed before", (t) => {
  const raw = Buffer.from("the same bytes ".repeat(1000));
  const first = compressor.compress(raw);
  compressor.compress(Buffer.alloc(100_000, 1));
  t.strictSame(compressor.compress(raw), first);
  t.strictSame(new FrameCompressor(3).compress(raw), first);
  t.end();
});

t.test("a result can be transferred: its memory is its own", (t) => {
  const frame = compressor.compress(Buffer.from("x"));
  t.equal(frame.buffer.byteLength, frame.length);
  t.equal(decompressFrame(frame, 1).buffer.byteLength, 1);
  t.end();
});

t.test("zstd itself reads the frames and finds size and checksum in them", (t) => {
  const raw = Buffer.from("some text ".repeat(500));
  const frame = compressor.compress(raw);
  const zstd = spawnSync("zstd", ["-dc"], { input: Buffer.concat([frame, frame]) });
  if (zstd.error !== undefined) {
    t.comment("zstd is not installed: skipped");
    return;
  }
  t.strictSame(zstd.stdout, Buffer.concat([raw, raw]));
  t.strictSame(frameSize(frame), { stored: frame.length, raw: raw.length });
  t.end();
});

const content = Buffer.from("content ".repeat(100));
const frame = compressor.compress(content);
const refuses = (stored: Uint8Array, rawSize = content.length): boolean => {
  try {
    decompressFrame(stored, rawSize);
    return false;
  } catch (error) {
    return error instanceof BackupError && error.code === "ARCHIVE_DAMAGED";
  }
};

t.test("a frame is refused when bytes follow it", (t) => {
  t.ok(refuses(Buffer.concat([frame, Buffer.of(0)])));
  t.ok(refuses(Buffer.concat([frame, frame])));
  t.ok(refuses(Buffer.concat([frame, compressor.compress(Buffer.alloc(0))])));
  t.end();
});

t.test("a frame is refused when it is cut off, at any byte", (t) => {
  t.ok(
    Array.from({ length: frame.length }, (_, length) => refuses(frame.subarray(0, length))).every(Boolean),
  );
  t.end();
});

t.test("a frame is refused when it has another size than was announced", (t) => {
  t.ok(refuses(frame, content.length - 1));
  t.ok(refuses(frame, content.length + 1));
  t.ok(refuses(frame, 0));
  t.end();
});

t.test("a frame is refused when it is skippable", (t) => {
  t.ok(refuses(skippableFrame(0x184d2a50, content)));
  t.ok(refuses(skippableFrame(0x184d2a50, content), 0));
  t.end();
});

t.test("a frame is refused when it tells no content size, or has no checksum", (t) => {
  t.notOk(refuses(frameWith({ contentSizeFlag: 1, checksumFlag: 1 }, content)));
  t.ok(refuses(frameWith({ contentSizeFlag: 0, checksumFlag: 1 }, content)));
  t.ok(refuses(frameWith({ contentSizeFlag: 1, checksumFlag: 0 }, content)));
  t.end();
});

t.test("a frame is refused when it names a dictionary, sets unused bits or needs a large window", (t) => {
  const header = (descriptor: number, fields: string): Buffer =>
    Buffer.concat([
      Buffer.from("28b52ffd", "hex"),
      Buffer.of(descriptor),
      Buffer.from(fields, "hex"),
      Buffer.alloc(12),
    ]);
  const message = (stored: Buffer): string => {
    try {
      frameSize(stored);
      return "accepted";
    } catch (error) {
      return String(error);
    }
  };
  t.match(message(header(0b0010_0101, "0101")), /names a dictionary/);
  t.match(message(header(0b0011_0100, "01")), /a bit set that means nothing/);
  t.match(message(header(0b0000_0100, "69")), /a window of 9437184 bytes/, "9 MiB");
  t.notMatch(message(header(0b0000_0100, "68")), /window/, "8 MiB");
  t.end();
});

t.test("the beginning of a frame is had without the rest of it", (t) => {
  t.equal(frameBeginning(frame, 7).toString(), "content");
  t.equal(frameBeginning(frame.subarray(0, -4), 7).toString(), "content", "its checksum is missing");
  t.throws(() => frameBeginning(Buffer.from("no frame, but long enough"), 7), damaged);
  t.end();
});

t.test("a flipped bit is damage, except where it means nothing", (t) => {
  let survived = 0;
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const flipped = Buffer.from(frame);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    if (refuses(flipped)) continue;
    assert.deepEqual(decompressFrame(flipped, content.length), content);
    survived++;
  }
  t.ok(survived <= 2, `${survived} bits without meaning`);
  t.end();
});

t.test("a frame that claims gigabytes is refused by its claim, not after allocating them", (t) => {
  // Frame header: content size in 8 bytes (2 TiB), checksum, no single segment, a window of 2 GiB; then one RLE block.
  const bomb = Buffer.from(
    "28b52ffd" + "c4" + "a8" + "0000000000020000" + "030000" + "00" + "00000000",
    "hex",
  );
  t.throws(() => decompressFrame(bomb, 4096), damaged);
  t.throws(() => decompressFrame(bomb, 2 ** 41), damaged);
  t.throws(() => decompressFrame(bomb, MAX_FRAME_RAW_BYTES + 1), damaged);
  t.end();
});

t.test("a frame that holds more or less than it claims is refused", (t) => {
  // A single segment with a size of one byte; an RLE block of zeros, the last one; the low half of their XXH64.
  const zeros = (claimed: number, held: number): Buffer => {
    const block = Buffer.alloc(4);
    block.writeUIntLE((held << 3) | (1 << 1) | 1, 0, 3);
    const checksum = compressor.compress(Buffer.alloc(held)).subarray(-4);
    return Buffer.concat([Buffer.from("28b52ffd" + "24", "hex"), Buffer.of(claimed), block, checksum]);
  };
  t.strictSame(decompressFrame(zeros(100, 100), 100), Buffer.alloc(100));
  t.throws(() => decompressFrame(zeros(100, 100_000), 100), damaged);
  t.throws(() => decompressFrame(zeros(200, 100), 200), damaged);
  t.end();
});

function frameWith(flags: { contentSizeFlag: 0 | 1; checksumFlag: 0 | 1 }, raw: Buffer): Buffer {
  const context = new binding.CCtx();
  context.setParameter(binding.CParameter.contentSizeFlag, flags.contentSizeFlag);
  context.setParameter(binding.CParameter.checksumFlag, flags.checksumFlag);
  const frame = Buffer.alloc(binding.compressBound(raw.length));
  return frame.subarray(0, context.compress2(frame, raw));
}
