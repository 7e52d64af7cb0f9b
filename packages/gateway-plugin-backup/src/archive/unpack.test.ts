import { gzipSync } from "node:zlib";
import t from "tap";
import { BackupError } from "../errors.js";
import { skippableFrame } from "./frames.js";
import { extractInProcess } from "./testing/extract-in-process.js";
import { extracted, refusal } from "./testing/foreign.js";
import { stagingDirectory } from "./testing/staging.js";
import { tarOf, type TarPart, tarPart } from "./testing/tar-builder.js";
import { readTree } from "./testing/tree.js";
import { FrameCompressor } from "./zstd.js";

const file: TarPart = { name: "tenants/acme/a.txt", content: "hello" };

t.test("compressed tars are read frame after frame and member after member", async (t) => {
  const tar = Buffer.concat([tarOf({ ...file, content: "x".repeat(5000) }), Buffer.alloc(10_240)]);
  const parts = [tar.subarray(0, 700), tar.subarray(700, 701), tar.subarray(701)];
  const compressor = new FrameCompressor(3);
  const frames = parts.map((part) => compressor.compress(part));
  const zstd = Buffer.concat([skippableFrame(0x184d2a50, Buffer.from("first")), ...frames]);
  const gzip = Buffer.concat(parts.map((part) => gzipSync(part)));
  for (const chunkBytes of [1, 17, 512, 100_000]) {
    t.match(await extractInProcess(zstd, undefined, { chunkBytes }), { totals: { contentBytes: 5000 } });
    t.match(await extractInProcess(gzip, undefined, { chunkBytes }), { totals: { contentBytes: 5000 } });
  }
});

t.test("a compressed tar that was cut off, or goes on, is refused", async (t) => {
  const tar = tarOf(file);
  for (const packed of [new FrameCompressor(3).compress(tar), gzipSync(tar)]) {
    for (let length = 1; length < packed.length; length++)
      t.equal((await refusal(packed.subarray(0, length))).exitCode, 7, `${length} bytes`);
    for (const chunkBytes of [1, packed.length, packed.length + 1, 100_000])
      for (const trailer of ["garbage", "\x1f", "\x1f\x8b", "(", "\0x", "\0\0\0\0\x1f\x8b"])
        t.equal(
          (await refusal(Buffer.concat([packed, Buffer.from(trailer, "latin1")]), { chunkBytes })).code,
          "ARCHIVE_DAMAGED",
          `${JSON.stringify(trailer)} in chunks of ${chunkBytes}`,
        );
  }
});

t.test("gzip may be padded with zeros, as tapes are; zstd may not", async (t) => {
  const tar = tarOf(file);
  for (const padding of [1, 511, 100_000])
    for (const chunkBytes of [1, 13, 64 * 1024]) {
      if (padding > 1000 && chunkBytes < 100) continue;
      const padded = Buffer.concat([gzipSync(tar), Buffer.alloc(padding)]);
      t.match(await extractInProcess(padded, undefined, { chunkBytes }), { totals: { contentBytes: 5 } });
    }
  const padded = Buffer.concat([new FrameCompressor(3).compress(tar), Buffer.alloc(512)]);
  t.equal((await refusal(padded)).code, "ARCHIVE_DAMAGED");
});

t.test("no flipped byte of a compressed tar leads to a wrong tree", async (t) => {
  const tar = tarOf({ ...file, content: "some content that is hashed by the frame's checksum" });
  const expected = await extracted(t, tar);
  for (const packed of [new FrameCompressor(3).compress(tar), gzipSync(tar)])
    for (let position = 0; position < packed.length; position++) {
      const flipped = Buffer.from(packed);
      flipped[position] = (flipped[position] ?? 0) ^ 0x41;
      const into = stagingDirectory(t);
      const outcome = await extractInProcess(flipped, into).catch((error: unknown) => error);
      if (outcome instanceof BackupError) t.equal(outcome.exitCode, 7);
      else t.match(readTree(into)["a.txt"], expected["a.txt"] ?? {}, `byte ${position}`);
    }
});

t.test("a frame that needs a window over 128 MiB is refused, with a way out", async (t) => {
  // Window_Descriptor 0x90: 2^28 bytes; then a raw block of one byte, which is not the last.
  const frame = Buffer.from("28b52ffd" + "00" + "90" + "080000" + "00", "hex");
  t.match(await refusal(frame), {
    code: "LIMIT_EXCEEDED",
    details: { rule: "zstd window" },
    hint: /zstd -d --long=31/,
  });
});

t.test("a bomb is refused by its ratio while it is unpacked", async (t) => {
  const zeros = Buffer.alloc(4 * 1024 * 1024);
  const frame = new FrameCompressor(19).compress(zeros);
  const head = new FrameCompressor(3).compress(tarPart({ name: "tenants/acme/zeros", size: 2 ** 33 - 1 }));
  const bomb = Buffer.concat([head, ...Array.from({ length: 400 }, () => frame)]);
  t.match(await refusal(bomb), { code: "LIMIT_EXCEEDED", details: { rule: "ratio" } });
});
