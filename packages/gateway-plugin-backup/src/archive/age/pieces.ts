/** Cuts a stream of bytes into pieces of `size`, of which only the last may be shorter. They are valid until the next one. */
export async function* inPieces(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Buffer, void, undefined> {
  const begun = Buffer.allocUnsafeSlow(size);
  let begunBytes = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let position = 0; position < bytes.length;) {
      const end = Math.min(position + size - begunBytes, bytes.length);
      if (end - position === size) {
        yield bytes.subarray(position, end);
      } else {
        begunBytes += bytes.copy(begun, begunBytes, position, end);
        if (begunBytes === size) {
          yield begun;
          begunBytes = 0;
        }
      }
      position = end;
    }
  }
  if (begunBytes > 0) yield begun.subarray(0, begunBytes);
}
