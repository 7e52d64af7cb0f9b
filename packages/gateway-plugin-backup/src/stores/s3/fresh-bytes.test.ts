import { randomBytes } from "node:crypto";
import fc from "fast-check";
import t from "tap";
import { FreshBytes } from "./fresh-bytes.js";
import { PartBuffers } from "./part-buffers.js";

t.test("parts hold the bytes in order, though each chunk's memory is used again", (t) => {
  const steps = fc.array(fc.record({ add: fc.nat(200), takes: fc.array(fc.nat(150), { maxLength: 3 }) }));
  const isWhole = fc.property(steps, (steps) => {
    const fresh = new FreshBytes();
    const buffers = new PartBuffers();
    const given: Buffer[] = [];
    const taken: Buffer[] = [];
    let waiting = 0;
    for (const { add, takes } of steps) {
      const chunk = randomBytes(add);
      given.push(Buffer.from(chunk));
      fresh.add(chunk);
      waiting += add;
      for (const wanted of takes) {
        const part = buffers.take(200);
        const bytes = Math.min(wanted, waiting);
        fresh.moveTo(part, bytes);
        waiting -= bytes;
        taken.push(Buffer.from(part.bytes));
        buffers.giveBack(part);
      }
      fresh.keep();
      chunk.fill(0);
    }
    const all = Buffer.concat(given);
    return Buffer.concat(taken).equals(all.subarray(0, all.length - waiting));
  });
  t.doesNotThrow(() => fc.assert(isWhole));
  t.end();
});
