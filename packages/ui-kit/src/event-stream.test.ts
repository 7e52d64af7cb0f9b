import t from "tap";
import { eventData } from "./event-stream.js";

async function dataOf(text: string): Promise<unknown[]> {
  const found: unknown[] = [];
  const body = new Response(text).body;
  if (body === null) throw new Error("no body");
  for await (const value of eventData(body)) found.push(value);
  return found;
}

t.test("each event's data is a value", async (t) => {
  t.same(await dataOf('event: job\nid: 1\ndata: {"a":1}\n\ndata:{"a":2}\n\n'), [{ a: 1 }, { a: 2 }]);
  t.same(await dataOf('data: {"a":1}\r\n\r\n'), [{ a: 1 }]);
  t.same(await dataOf('data: {"a":\ndata: 1}\n\n'), [{ a: 1 }]);
});

t.test("comments, and what has no data, are none", async (t) => {
  t.same(await dataOf(": still here\n\nevent: end\n\n"), []);
});

t.test("an event that was cut off is none", async (t) => {
  t.same(await dataOf('data: 1\n\ndata: {"a"'), [1]);
});
