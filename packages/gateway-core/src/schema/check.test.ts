import t from "tap";
import { Type } from "@openclaw/schema";
import { faultText, schemaCheck } from "./check.js";

const schema = Type.Object(
  {
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 80 }),
    mode: Type.Optional(Type.Enum(["fast", "safe"])),
    secret: Type.Optional(
      Type.Union([Type.String(), Type.Object({ env: Type.String() }, { additionalProperties: false })], {
        description: "a string or {env}",
      }),
    ),
    roots: Type.Array(Type.String({ pattern: "^/", description: "an absolute path" }), { default: [] }),
    nested: Type.Object({ a: Type.Boolean({ default: true }) }, { additionalProperties: false, default: {} }),
  },
  { additionalProperties: false },
);

function fault(value: unknown): string {
  const checked = schemaCheck(schema)(value);
  if (checked.ok) throw new Error("expected a fault");
  return faultText(checked.fault, "the value");
}

t.test("defaults are filled in, nested ones too", (t) => {
  t.same(schemaCheck(schema)({}), { ok: true, value: { port: 80, roots: [], nested: { a: true } } });
  t.end();
});

t.test("a fault names the key, what is wrong and what is allowed", (t) => {
  t.equal(fault({ port: 70_000 }), "port must be <= 65535");
  t.equal(fault({ prot: 1 }), "prot is unknown; allowed: port, mode, secret, roots, nested");
  t.equal(fault({ nested: { b: 1 } }), "nested.b is unknown; allowed: a");
  t.equal(fault({ mode: "slow" }), "mode must be one of: fast,safe");
  t.equal(fault({ secret: { env: 1 } }), "secret must be a string or {env}");
  t.equal(fault({ roots: ["/a", "b"] }), "roots[1] must be an absolute path");
  t.equal(fault([]), "the value must be object");
  t.equal(fault(undefined), "the value must be object");
  t.end();
});

t.test("a missing key without a default is named", (t) => {
  const checked = schemaCheck(Type.Object({ a: Type.Object({ b: Type.String() }) }))({ a: {} });
  t.same(checked, { ok: false, fault: { path: "a.b", problem: "is missing" } });
  t.end();
});

t.test("text becomes a number only where conversion is asked for", (t) => {
  t.equal(fault({ port: "81" }), "port must be integer");
  t.match(schemaCheck(schema, { convert: true })({ port: "81" }), { ok: true, value: { port: 81 } });
  t.end();
});

t.test("a key that a closed record does not allow is a fault like any other", (t) => {
  const names = Type.Record(Type.String({ pattern: "^[a-z]+$" }), Type.String(), {
    additionalProperties: false,
  });
  const checked = schemaCheck(Type.Object({ names }))({ names: { A: "x" } });
  t.match(checked, { ok: false, fault: { path: "names.A", problem: "is unknown" } });
  t.end();
});
