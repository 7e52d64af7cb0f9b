import t from "tap";
import { DEFAULT_LIMITS, INDEX_FRAME_MAGIC } from "../../archive/format.js";
import { skippableFrame } from "../../archive/frames.js";
import type { WriteSummary } from "../../archive/writer.js";
import { PlainTail } from "./sealing.js";

async function* frames(...given: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const frame of given) yield await Promise.resolve(frame);
}

t.test("an index that is not the one that was written does not pass", async (t) => {
  const index = Buffer.from(skippableFrame(INDEX_FRAME_MAGIC, Buffer.from("no index")));
  for (const behind of [Buffer.alloc(0), Buffer.from("no seek table")]) {
    const tail = new PlainTail();
    const passed: Uint8Array[] = [];
    for await (const frame of tail.watch(frames(Buffer.from("ab"), index, behind))) passed.push(frame);
    t.equal(Buffer.concat(passed).length, 2 + index.length + behind.length);
    const summary = {
      indexSha256: "0".repeat(64),
      storedBytes: 2 + index.length + behind.length,
    } as WriteSummary;
    await t.rejects(tail.check(summary, DEFAULT_LIMITS, "/b/acme"), {
      code: "ARCHIVE_DAMAGED",
      message: /\/b\/acme/,
    });
  }
});

t.test("what is asked for before the tail is missing, not made up", async (t) => {
  const tail = new PlainTail();
  const summary = { indexSha256: "0".repeat(64), storedBytes: 1000 } as WriteSummary;
  await t.rejects(tail.check(summary, DEFAULT_LIMITS, "/b/acme"), { code: "ARCHIVE_DAMAGED" });
});
