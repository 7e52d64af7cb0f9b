import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import t from "tap";
import { createLogger } from "../http/logger.js";
import { WriteQueue } from "./write-queue.js";

t.test("a file that changes while it waits is written once, one file at a time", async (t) => {
  const queue = new WriteQueue(createLogger("silent"));
  const written: string[] = [];
  let atOnce = 0;
  const write = (name: string) => async (): Promise<void> => {
    atOnce += 1;
    t.equal(atOnce, 1);
    await Promise.resolve();
    written.push(name);
    atOnce -= 1;
  };
  queue.add("a", write("a"));
  queue.add("b", write("b"));
  queue.add("a", write("a again"));
  await queue.settled();
  t.same(written, ["a", "b"]);
  queue.add("a", write("a later"));
  await queue.close();
  t.same(written.slice(2), ["a later"]);
  queue.add("a", write("too late"));
  await queue.settled();
  t.equal(written.length, 3, "nothing is written once it is closed");
});

t.test("a write that fails is logged, and the others are written", async (t) => {
  const log = new PassThrough();
  const queue = new WriteQueue(createLogger("error", log));
  let written = false;
  queue.add("a", () => Promise.reject(new Error("no space left")));
  queue.add("b", () => {
    written = true;
    return Promise.resolve();
  });
  await queue.settled();
  log.end();
  t.match(await text(log), /"file":"a","error":"no space left".*could not be written/);
  t.ok(written);
});
