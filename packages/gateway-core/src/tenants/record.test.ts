import t from "tap";
import { newTenantRecord, parseTenantRecord } from "./record.js";

const record = newTenantRecord("acme", "a".repeat(64), { now: () => Date.UTC(2026, 5, 3, 2) });

t.test("a new record has a random uid and the time it was made", (t) => {
  t.match(record, {
    id: "acme",
    uid: /^[0-9a-f]{32}$/,
    createdAt: "2026-06-03T02:00:00.000Z",
    quotas: {},
    labels: {},
  });
  t.not(newTenantRecord("acme", "a".repeat(64), { now: () => 0 }).uid, record.uid);
  t.end();
});

t.test("a record survives being written and read", (t) => {
  const full = { ...record, quotas: { bytes: 10, entries: 2 }, labels: { "team/name": "ä" } };
  t.same(parseTenantRecord(JSON.parse(JSON.stringify(full))), full);
  t.end();
});

t.test("a hostile record is refused by its first offending field", (t) => {
  for (const [change, field] of [
    [{ id: "../up" }, "id"],
    [{ uid: "A".repeat(32) }, "uid"],
    [{ createdAt: "yesterday" }, "createdAt"],
    [{ createdAt: "2026-13-45T02:00:00Z" }, "createdAt"],
    [{ tokenSha256: "" }, "tokenSha256"],
    [{ tokenSha256: undefined }, "tokenSha256"],
    [{ quotas: { bytes: -1 } }, "quotas.bytes"],
    [{ quotas: { bytes: 1e300 } }, "quotas.bytes"],
    [{ quotas: { files: 1 } }, "quotas.files"],
    [{ labels: { a: 1 } }, "labels.a"],
    [{ labels: JSON.parse('{"__proto__": "x"}') as unknown }, "labels.__proto__"],
    [{ labels: { long: "x".repeat(257) } }, "labels.long"],
    [{ admin: true }, "admin"],
  ] as const) {
    t.throws(
      () => parseTenantRecord(JSON.parse(JSON.stringify({ ...record, ...change }))),
      { code: "TENANT_RECORD_INVALID", exitCode: 7, details: { field } },
      JSON.stringify(change),
    );
  }
  for (const nothing of [null, undefined, [], "text", 1]) {
    t.throws(() => parseTenantRecord(nothing), { code: "TENANT_RECORD_INVALID" });
  }
  t.end();
});
