import t from "tap";
import { jsonLines, lines } from "./json-lines.js";

/** A stream that arrives in these pieces. */
function streamOf(pieces: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const queue = [...pieces];
  return new ReadableStream({
    pull: (controller) => {
      const piece = queue.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
    },
  });
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

t.test("lines are put together from whatever pieces arrive", async (t) => {
  t.same(await all(lines(streamOf(["a\nb", "b\n", "\nc"]))), ["a", "bb", "", "c"]);
  t.same(await all(lines(streamOf(["a\n"]))), ["a"]);
  t.same(await all(lines(streamOf([]))), []);
  const umlaut = new TextEncoder().encode("ä\n");
  t.same(await all(lines(streamOf([umlaut.slice(0, 1), umlaut.slice(1)]))), ["ä"]);
});

t.test("each line is a value; empty ones are none", async (t) => {
  t.same(await all(jsonLines(streamOf(['{"a":1}\n\n{"a"', ":2}\n"]))), [{ a: 1 }, { a: 2 }]);
  await t.rejects(all(jsonLines(streamOf(["{}\nno\n"]))), SyntaxError);
});

t.test("who stops reading ends the stream", async (t) => {
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      controller.enqueue(new TextEncoder().encode("1\n"));
    },
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const value of jsonLines<number>(endless)) {
    t.equal(value, 1);
    break;
  }
  t.ok(cancelled);
});
