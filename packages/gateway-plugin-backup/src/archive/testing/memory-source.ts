import type { ArchiveSource } from "../source.js";

/** An object in memory, given in chunks of `chunkBytes`. */
export function memorySource(bytes: Uint8Array, chunkBytes = 64 * 1024): ArchiveSource {
  return {
    size: bytes.length,
    describe: "memory:test",
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous, this source is not
    async *read(start, end) {
      for (let position = start; position < end; position += chunkBytes)
        yield bytes.subarray(position, Math.min(position + chunkBytes, end));
    },
  };
}
