/** What can happen to a body on its way: streams that the fault proxy puts between client and server. */
import { Transform } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";

/** Inverts the byte at this offset; a body that ends before is not changed. */
export function corruptAt(offset: number): Transform {
  let position = 0;
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      const at = offset - position;
      position += chunk.length;
      // A copy: the chunk's memory is not ours.
      const passed = Buffer.from(chunk);
      if (at >= 0 && at < chunk.length) passed.writeUInt8(passed.readUInt8(at) ^ 0xff, at);
      done(null, passed);
    },
  });
}

/** Lets so many bytes through, and never ends; `onFull` is called when there are no more to come. */
export function onlyFirst(count: number, onFull: () => void): Transform {
  let left = count;
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      const part = chunk.subarray(0, left);
      left -= part.length;
      if (left === 0) onFull();
      done(null, part);
    },
    flush: () => undefined,
  });
}

/** As a line of this speed would let it through. */
export function slowed(bytesPerSecond: number): Transform {
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      void delay((chunk.length / bytesPerSecond) * 1000).then(() => done(null, chunk));
    },
  });
}
