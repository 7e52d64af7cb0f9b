/** Hashes and compresses one segment after the other. */
import { hash } from "node:crypto";
import { workerData } from "node:worker_threads";
import { FrameCompressor } from "../zstd.js";
import type { CompressStart, FromCompressor, ToCompressor } from "./messages.js";
import { ownPort } from "./own-port.js";
import { lowerThreadPriority } from "./priority.js";

lowerThreadPriority();
const port = ownPort();
const { level } = workerData as CompressStart;
const compressor = new FrameCompressor(level);

port.on("message", ({ buffer, raw, output }: ToCompressor) => {
  const bytes = new Uint8Array(buffer, 0, raw);
  const sha256 = hash("sha256", bytes);
  const stored = compressor.compressInto(new Uint8Array(output), bytes);
  const done: FromCompressor = { buffer, output, stored, sha256 };
  port.postMessage(done, [buffer, output]);
});
