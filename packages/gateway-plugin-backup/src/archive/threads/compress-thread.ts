/** Hashes and compresses one segment after the other. */
import { hash } from "node:crypto";
import { workerData } from "node:worker_threads";
import { PieceSet } from "../base/piece-set.js";
import { hashContents } from "../entry-batch.js";
import { FrameCompressor } from "../zstd.js";
import type { CompressStart, FromCompressor, ToCompressor } from "./messages.js";
import { ownPort } from "./own-port.js";
import { lowerThreadPriority } from "./priority.js";

lowerThreadPriority();
const port = ownPort();
const { level, knownPieces } = workerData as CompressStart;
const known = new PieceSet(knownPieces);
const compressor = new FrameCompressor(level);

port.on("message", ({ kind, buffer, raw, entries, sha256, output }: ToCompressor) => {
  const bytes = new Uint8Array(buffer, 0, raw);
  hashContents(entries, bytes);
  const digest = sha256 === undefined ? hash("sha256", bytes, "buffer") : Buffer.from(sha256);
  const isKnown = kind === "piece" && known.has(digest);
  const stored = isKnown ? undefined : compressor.compressInto(new Uint8Array(output), bytes);
  const done: FromCompressor = { buffer, entries, output, stored, sha256: digest.toString("hex") };
  port.postMessage(done, [buffer, entries.buffer, output]);
});
