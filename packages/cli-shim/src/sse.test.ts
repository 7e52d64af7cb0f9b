import fc from "fast-check";
import t from "tap";
import { parseEvents, type ServerSentEvent } from "./sse.js";

async function parse(chunks: readonly Uint8Array[]): Promise<ServerSentEvent[]> {
  async function* source(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield await Promise.resolve(chunk);
  }
  const events: ServerSentEvent[] = [];
  for await (const event of parseEvents(source())) events.push(event);
  return events;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

t.test("an event has a name and data; comments and unknown fields are passed over", async (t) => {
  const events = await parse([bytes(': still here\n\nevent: job\nid: 7\nretry: 10\ndata: {"a":1}\n\n')]);
  t.same(events, [{ event: "job", data: '{"a":1}' }]);
});

t.test("an event without a name is a message, and one without data is none", async (t) => {
  t.same(await parse([bytes("data\n\nevent: job\n\ndata:x\n\n")]), [
    { event: "message", data: "" },
    { event: "message", data: "x" },
  ]);
});

t.test("several data lines are joined, and only one leading space is taken off", async (t) => {
  t.same(await parse([bytes("data: a\ndata:  b\n\n")]), [{ event: "message", data: "a\n b" }]);
});

t.test("an event that the end of the stream cuts off is dropped", async (t) => {
  t.same(await parse([bytes("data: whole\n\ndata: half\n")]), [{ event: "message", data: "whole" }]);
});

t.test("events are the same however the stream is cut and whichever line ends it uses", async (t) => {
  const line = fc.string({ unit: "grapheme" }).map((value) => value.replace(/[\r\n]/g, "") + "ü");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ event: line, data: fc.array(line, { minLength: 1, maxLength: 3 }) })),
      fc.constantFrom("\n", "\r\n", "\r"),
      fc.integer({ min: 1, max: 7 }),
      async (events, newline, size) => {
        const stream = bytes(
          events
            .flatMap(({ event, data }) => [
              `event: ${event}`,
              ...data.map((value) => `data: ${value}`),
              "",
              "",
            ])
            .join(newline) + newline,
        );
        const chunks: Uint8Array[] = [];
        for (let start = 0; start < stream.length; start += size)
          chunks.push(stream.subarray(start, start + size));
        t.same(
          await parse(chunks),
          events.map(({ event, data }) => ({ event, data: data.join("\n") })),
        );
      },
    ),
    { numRuns: 100 },
  );
});
