import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { displayPath, joinRaw, rawPath, rawPathBytes, rawPathFromBytes, rawPathText } from "./raw-path.js";

const bytes = fc.uint8Array({ maxLength: 60 });

t.test("any bytes survive the way through a raw path", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(bytes, (name) => {
        assert.deepEqual(rawPathBytes(rawPathFromBytes(name)), Buffer.from(name));
      }),
    ),
  );
  t.end();
});

t.test("any text survives, and has the bytes of its UTF-8", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), (text) => {
        assert.equal(rawPathText(rawPath(text)), text);
        assert.deepEqual(rawPathBytes(rawPath(text)), Buffer.from(text, "utf8"));
      }),
    ),
  );
  t.end();
});

t.test("bytes have a text exactly when they are UTF-8", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(bytes, (name) => {
        const text = rawPathText(rawPathFromBytes(name));
        assert.equal(text !== undefined, Buffer.from(Buffer.from(name).toString("utf8")).equals(name));
      }),
    ),
  );
  t.end();
});

t.test("a byte order mark is part of a name like any other character", (t) => {
  t.equal(rawPathText(rawPath("\ufeffa")), "\ufeffa");
  t.end();
});

t.test("raw paths sort as their bytes do", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const [left, right] = [rawPathFromBytes(a), rawPathFromBytes(b)];
        assert.equal(left < right ? -1 : left > right ? 1 : 0, Buffer.compare(a, b));
      }),
    ),
  );
  t.end();
});

t.test("what is shown of a path holds no control characters", (t) => {
  t.equal(displayPath(rawPath("a\nb\x1b[31m\x7f\u0085é😀")), "a\\x0ab\\x1b[31m\\x7f\\x85é😀");
  t.equal(displayPath(rawPathFromBytes(Buffer.from([0x61, 0xff, 0x80, 0x0a]))), "a\\xff\\x80\\x0a");
  t.equal(displayPath(rawPath("txt.\u202eexe\u2028")), "txt.\\u202eexe\\u2028");
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(bytes, (name) => {
        assert.doesNotMatch(displayPath(rawPathFromBytes(name)), /\p{Cc}/u);
      }),
    ),
  );
  t.end();
});

t.test("names join under a directory, and stand alone under none", (t) => {
  t.equal(joinRaw(rawPath("a/b"), rawPath("c")), "a/b/c");
  t.equal(joinRaw(rawPath(""), rawPath("c")), "c");
  t.end();
});
