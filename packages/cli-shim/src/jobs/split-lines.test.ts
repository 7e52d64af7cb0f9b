import t from "tap";
import { splitLines } from "./split-lines.js";

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

t.test("lines come whole, however the stream is cut", async (t) => {
  const lines = ["one", "", "zwei 🦞", "drei"];
  for (const end of ["", "\n"]) {
    const bytes = Buffer.from(lines.join("\n") + end);
    for (let size = 1; size <= bytes.length; size++) {
      t.same(await collect(splitLines(chunksOf(bytes, size))), lines);
    }
  }
});
