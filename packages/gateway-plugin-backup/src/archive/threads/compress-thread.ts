/** Hashes and compresses one segment after the other. */
import { hash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";
import { FrameCompressor } from "../zstd.js";
import type { CompressStart, FromCompressor, ToCompressor } from "./messages.js";
import { lowerThreadPriority } from "./priority.js";

lowerThreadPriority();
const port = parentPort;
if (port === null) throw new Error("To be started as a worker thread.");
const { level } = workerData as CompressStart;
const compressor = new FrameCompressor(level);

port.on("message", ({ buffer, raw }: ToCompressor) => {
  const bytes = new Uint8Array(buffer, 0, raw);
  const sha256 = hash("sha256", bytes);
  const frame = transferable(compressor.compress(bytes));
  const done: FromCompressor = { buffer, frame, sha256 };
  port.postMessage(done, [buffer, frame]);
});

function transferable(bytes: Buffer): ArrayBuffer {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) return buffer;
  return Uint8Array.from(bytes).buffer;
}
