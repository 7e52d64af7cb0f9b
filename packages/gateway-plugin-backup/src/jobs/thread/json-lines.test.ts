import { MessageChannel } from "node:worker_threads";
import t from "tap";
import { JsonLines } from "./json-lines.js";
import { Output } from "./output.js";

t.test("a long list is sent in several batches, each of whole lines", async (t) => {
  const { port1: reader, port2: writer } = new MessageChannel();
  const lines = new JsonLines(new Output(writer, new AbortController().signal));
  const batches: string[] = [];
  reader.on("message", ({ bytes }: { readonly bytes: Uint8Array }) => {
    batches.push(Buffer.from(bytes).toString());
    reader.postMessage("taken");
  });
  const documents = Array.from({ length: 3000 }, (_, number) => ({ number, name: "x".repeat(50) }));
  for (const document of documents) await lines.add(document);
  await lines.end();
  t.ok(batches.length > 1, `${batches.length} batches`);
  t.ok(batches.every((batch) => batch.endsWith("}\n")));
  t.same(
    batches
      .join("")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown),
    documents,
  );
});
