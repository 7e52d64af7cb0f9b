import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { entryLine, LineError, parseLine } from "./index-lines.js";
import { directoryEntry, fileEntry, symlinkEntry } from "./testing/arbitraries.js";

const line = fc
  .tuple(fc.oneof(fileEntry, directoryEntry, symlinkEntry), fc.nat(), fc.nat())
  .map(([entry, segment, offset]) => entryLine({ ...entry, segment, offset }));

/** Lines as they are written, and such as differ from one in little. */
const similarLine = fc.oneof(
  line,
  fc
    .tuple(
      line,
      fc.nat(),
      fc.constantFrom("", "0", "9", "-", " ", "f", '"', "\\", ",", "é", "\x7f", "\u2028"),
    )
    .map(([text, place, put]) => {
      const at = place % text.length;
      return text.slice(0, at) + put + text.slice(at + 1);
    }),
);

function outcome(text: string): unknown {
  try {
    return parseLine(text);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    return error.message;
  }
}

t.test("a plain line and one with a member that nobody knows are judged alike", (t) => {
  const unknown = (text: string) => text.replace(/\}$/, ',"later":1}');
  fc.assert(
    fc.property(similarLine, (text) => {
      assert.deepEqual(outcome(text), outcome(unknown(text)));
    }),
    { numRuns: 2000 },
  );
  const plain = '{"kind":"entry","path":"tenants/acme/a","type":"file","mode":420,"size":1,"mtime":"5"';
  for (const rest of [
    ',"segment":0,"offset":0}',
    `,"sha256":"${"a".repeat(64)}","segment":0,"offset":0}`,
    `,"sha256":"${"a".repeat(64)}","segment":0,"offset":9007199254740993}`,
  ])
    for (const text of [plain, plain.replace("file", "directory"), plain.replace("420", "512")])
      t.strictSame(outcome(text + rest), outcome(unknown(text + rest)), text + rest);
  t.end();
});
