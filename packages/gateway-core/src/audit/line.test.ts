import { execFileSync } from "node:child_process";
import fc from "fast-check";
import t from "tap";
import { decodeLine, encodeLine, GENESIS, MAX_LINE_BYTES, type AuditEntry } from "./line.js";

const optional = fc.option(fc.string(), { nil: undefined });
const entries: fc.Arbitrary<AuditEntry> = fc.record({
  actor: fc.string(),
  from: optional,
  action: fc.string({ unit: "binary", maxLength: 3000 }),
  tenant: optional,
  result: fc.string(),
  code: optional,
  request: optional,
  details: fc.option(
    fc.dictionary(
      fc.string({ unit: "binary", maxLength: 1000 }),
      fc.oneof(fc.string({ unit: "binary", maxLength: 3000 }), fc.integer(), fc.boolean()),
      { maxKeys: 40, noNullPrototype: true },
    ),
    { nil: undefined },
  ),
});

t.test("whatever an entry holds, it is one short line that is read back, and whole", (t) => {
  fc.assert(
    fc.property(entries, (entry) => {
      const { bytes, head } = encodeLine(GENESIS, 0, entry);
      const line = bytes.subarray(0, -1);
      const decoded = decodeLine(line);
      return (
        bytes.at(-1) === 10 &&
        !line.includes(10) &&
        line.length <= MAX_LINE_BYTES &&
        decoded?.intact === true &&
        decoded.line.seq === 1 &&
        decoded.line.hash === head.hash &&
        decoded.line.result === entry.result
      );
    }),
  );
  t.end();
});

t.test("a line is what the documentation says, and its hash can be made by hand", (t) => {
  const details = { job: "j1", dryRun: undefined, count: 3, forced: true };
  const { bytes } = encodeLine({ seq: 41, hash: "ab".repeat(32) }, Date.UTC(2026, 2, 7), {
    actor: "tenant:acme",
    from: "203.0.113.9",
    action: "POST /api/tenant/cron",
    tenant: "acme",
    result: "403",
    code: "FORBIDDEN",
    request: "0b6e",
    details,
  });
  const text = bytes.toString();
  const [body, hash] = text.split(/,"hash":"(.*)"\}\n$/);
  t.equal(
    body,
    '{"seq":42,"time":"2026-03-07T00:00:00.000Z","actor":"tenant:acme","from":"203.0.113.9","action":"POST /api/tenant/cron",' +
      '"tenant":"acme","result":"403","code":"FORBIDDEN","request":"0b6e",' +
      `"details":{"job":"j1","count":3,"forced":true},"prev":"${"ab".repeat(32)}"`,
  );
  const byHand = execFileSync(
    "sh",
    ["-c", String.raw`sed 's/,"hash":"[0-9a-f]*"}$/}/' | tr -d '\n' | sha256sum`],
    {
      input: text,
    },
  );
  t.equal(byHand.toString().slice(0, 64), hash);
  t.end();
});

t.test("long texts are cut, many details are left out", (t) => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, n]));
  const { bytes } = encodeLine(GENESIS, 0, {
    actor: "anonymous",
    action: "a".repeat(1000),
    result: "401",
    details: many,
  });
  const line = decodeLine(bytes.subarray(0, -1))?.line;
  t.equal(line?.action.length, 512);
  t.match(line?.action, /a…$/);
  t.equal(Object.keys(line?.details ?? {}).length, 16);
  t.end();
});

t.test("what is no line is none", (t) => {
  const { bytes } = encodeLine(GENESIS, 0, { actor: "admin", action: "x", result: "200" });
  const good = bytes.subarray(0, -1).toString();
  const decode = (text: string) => decodeLine(Buffer.from(text));
  t.equal(decode(good)?.intact, true);
  t.equal(decode(good.replace('"x"', '"y"'))?.intact, false);
  for (const bad of [
    "",
    "{}",
    good.slice(0, -1),
    good.slice(1),
    `${good} `,
    good.replace('"seq":1', '"seq":"1"'),
    good.replace('"seq":1', '"seq":1e99'),
    good.replace('"actor":"admin"', '"actor":1'),
    good.replace('"prev"', '"from":7,"prev"'),
    good.replace('"prev"', '"details":[],"prev"'),
    good.replace('"prev"', '"details":7,"prev"'),
    good.replace('"prev"', '"details":{"a":{}},"prev"'),
    `[${good.slice(1, -1)}]`,
    `null${good.slice(-75)}`,
    good.replace('"x"', `"${"x".repeat(MAX_LINE_BYTES)}"`),
  ]) {
    t.equal(decode(bad), undefined, bad.slice(0, 100));
  }
  t.end();
});
