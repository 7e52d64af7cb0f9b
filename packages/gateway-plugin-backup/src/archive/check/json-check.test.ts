import fc from "fast-check";
import t from "tap";
import { JsonFileCheck, JsonLinesCheck, type JsonVerdict } from "./json-check.js";

function judged(check: JsonFileCheck | JsonLinesCheck, text: string | Buffer, pieceBytes = 3): JsonVerdict {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += pieceBytes)
    check.write(bytes.subarray(start, start + pieceBytes));
  return check.end();
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const GOOD = [
  "0",
  "-0",
  "12",
  "-1.5e+10",
  "1E5",
  "0.25e-3",
  '""',
  '"\\u00eF\\n\\""',
  "true",
  "false",
  "null",
  "[]",
  "{}",
  " [ ] ",
  '{"a":[1,{"b":null}],"c":"é"}',
  '\t{"a" : 1 ,\r\n"b":[ true , false ]}',
];
const BAD = [
  "",
  " ",
  "01",
  "-",
  "1.",
  ".5",
  "1e",
  "1e+",
  "+1",
  "1 2",
  "tru",
  "trux",
  "nul",
  '"',
  '"\\x"',
  '"\\u12g4"',
  '"a\nb"',
  "[",
  "[1",
  "[1,]",
  "[,1]",
  "]",
  "{",
  '{"a"}',
  '{"a":}',
  '{"a":1,}',
  "{1:2}",
  '{"a":1]',
  "[1}",
  "{]",
  "[}",
  '{"a" 1}',
  "\u0000",
  "é",
  "//",
  "'a'",
  "[1]]",
  '"a"b',
  "1a",
  "--1",
  "{,}",
  "1.e1",
];

t.test("what JSON.parse accepts is JSON, and nothing else is", (t) => {
  for (const text of [...GOOD, ...BAD]) {
    t.equal(isJson(text), GOOD.includes(text), text);
    t.strictSame(judged(new JsonFileCheck(), text), { kind: GOOD.includes(text) ? "good" : "wrong" }, text);
  }
  t.end();
});

t.test("a text that was changed somewhere is judged as JSON.parse judges it", (t) => {
  fc.assert(
    fc.property(
      fc.json(),
      fc.nat(),
      fc.constantFrom(
        "",
        '"',
        "\\",
        ",",
        ":",
        "[",
        "]",
        "{",
        "}",
        "0",
        "-",
        ".",
        "e",
        "u",
        "t",
        " ",
        "\n",
        "\u0001",
      ),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 1, max: 9 }),
      (json, at, inserted, removed, pieceBytes) => {
        const place = at % (json.length + 1);
        // Through bytes and back: half of a surrogate pair is no text.
        const text = Buffer.from(json.slice(0, place) + inserted + json.slice(place + removed)).toString();
        return (judged(new JsonFileCheck(), text, pieceBytes).kind === "good") === isJson(text);
      },
    ),
    { numRuns: 2000 },
  );
  t.end();
});

t.test("brackets that nest without end are wrong", (t) => {
  t.strictSame(judged(new JsonFileCheck(), `${"[".repeat(100_000)}${"]".repeat(100_000)}`, 65_536), {
    kind: "good",
  });
  t.strictSame(judged(new JsonFileCheck(), `${"[".repeat(100_001)}${"]".repeat(100_001)}`, 65_536), {
    kind: "wrong",
  });
  t.end();
});

t.test("each line of a JSONL file is a text of its own", (t) => {
  t.strictSame(judged(new JsonLinesCheck(), '{"a":1}\n\n[2]\r\n"three"\n'), { kind: "good" });
  t.strictSame(judged(new JsonLinesCheck(), ""), { kind: "good" });
  t.strictSame(
    judged(new JsonLinesCheck(), '{"a":1}\n{"b":2}'),
    { kind: "good" },
    "without an end that is all there",
  );
  t.strictSame(judged(new JsonLinesCheck(), '1\n{"a":\n2\n{"b":\n'), { kind: "wrong", line: 2 });
  t.strictSame(
    judged(new JsonLinesCheck(), "1\n2\n{\n"),
    { kind: "wrong", line: 3 },
    "the last line has an end",
  );
  t.strictSame(
    judged(new JsonLinesCheck(), '1\n{\n2\n{"a'),
    { kind: "wrong", line: 2 },
    "the last is not the first",
  );
  t.end();
});

t.test("a JSONL file whose last line was cut off, or filled with zeros by a crash, is torn", (t) => {
  t.strictSame(judged(new JsonLinesCheck(), '{"a":1}\n{"b":'), { kind: "torn", line: 2 });
  t.strictSame(judged(new JsonLinesCheck(), '{"a":1}\n\0\0\0\0'), { kind: "torn", line: 2 });
  t.end();
});
