import type { TenantRecord } from "@openclaw/gateway-core";
import t from "tap";
import { restoredRecord, returningRecord } from "./restored-record.js";
import { TokenReservations } from "./token-reservations.js";

function tenant(id: string, uid: string, token: string): TenantRecord {
  const createdAt = "2026-01-01T00:00:00.000Z";
  return { id, uid, createdAt, tokenSha256: token, quotas: { bytes: 1 }, labels: { from: uid } };
}

const tenants = {
  newRecord: (id: string, sha256: string): TenantRecord => tenant(id, "fresh-uid", sha256),
  newToken: () => ({ token: "tk_new", sha256: "hash-new" }),
};
const free = (): boolean => false;
const taken = (): boolean => true;

await t.test("into an empty slot the archive's token and uid come along", (t) => {
  const archived = tenant("acme", "u1", "hash-archive");
  const input = { tenant: "acme", archived, current: undefined, preferArchiveToken: false };
  t.same(restoredRecord(input, tenants, free), { record: archived, token: "archive" });
  t.end();
});

await t.test("a token that another tenant has is not given out twice", (t) => {
  const archived = tenant("acme", "u1", "hash-archive");
  const input = { tenant: "copy", archived, current: undefined, preferArchiveToken: false };
  const restored = restoredRecord(input, tenants, taken);
  t.match(restored, { token: "new", newToken: "tk_new", record: { id: "copy", tokenSha256: "hash-new" } });
  t.equal(restored.record.uid, "fresh-uid", "another name makes it another tenant");
  t.end();
});

await t.test("a replaced tenant keeps its token and quotas", (t) => {
  const archived = tenant("acme", "u1", "hash-old");
  const current = { ...tenant("acme", "u2", "hash-rotated"), quotas: { bytes: 99 } };
  const restored = restoredRecord(
    { tenant: "acme", archived, current, preferArchiveToken: false },
    tenants,
    free,
  );
  t.match(restored, {
    token: "kept",
    record: { tokenSha256: "hash-rotated", quotas: { bytes: 99 }, uid: "u1" },
  });
  t.end();
});

await t.test("--token archive takes the archive's token, and still the slot's quotas", (t) => {
  const archived = tenant("acme", "u1", "hash-old");
  const current = { ...tenant("acme", "u1", "hash-rotated"), quotas: { bytes: 99 } };
  const restored = restoredRecord(
    { tenant: "acme", archived, current, preferArchiveToken: true },
    tenants,
    free,
  );
  t.match(restored, { token: "archive", record: { tokenSha256: "hash-old", quotas: { bytes: 99 } } });
  t.end();
});

await t.test(
  "an archive without tenant.json gets a new token, or keeps the replaced tenant's record",
  (t) => {
    const none = { tenant: "acme", archived: undefined, preferArchiveToken: false };
    t.match(restoredRecord({ ...none, current: undefined }, tenants, free), {
      token: "new",
      record: { uid: "fresh-uid" },
    });
    const current = tenant("acme", "u1", "hash-now");
    t.same(restoredRecord({ ...none, current, preferArchiveToken: true }, tenants, free), {
      token: "kept",
      record: current,
    });
    t.end();
  },
);

await t.test("two restores of one archive under different names do not share its token", (t) => {
  const reservations = new TokenReservations({ findByTokenHash: () => undefined });
  t.equal(reservations.isTaken("h", "a"), false);
  reservations.reserve("job1", "h", "a");
  t.equal(reservations.isTaken("h", "a"), false);
  t.equal(reservations.isTaken("h", "b"), true);
  reservations.release("job1");
  t.equal(reservations.isTaken("h", "b"), false);
  t.equal(new TokenReservations({ findByTokenHash: () => tenant("c", "u", "h") }).isTaken("h", "b"), true);
  t.end();
});

await t.test("an undo leaves the token and quotas alone that the restore had left alone", (t) => {
  const returning = tenant("acme", "u1", "hash-then");
  const current = { ...tenant("acme", "u2", "hash-now"), quotas: { bytes: 5 } };
  const input = { tenant: "acme", returning, current, keepsToken: true };
  t.same(returningRecord(input, tenants, taken), {
    record: { ...returning, tokenSha256: "hash-now", quotas: { bytes: 5 } },
    token: "kept",
  });
  const intoEmptySlot = { ...input, current: undefined };
  t.same(returningRecord(intoEmptySlot, tenants, free), { record: returning, token: "earlier" });
  t.end();
});

await t.test("an undo gives back the earlier token, unless another tenant has it", (t) => {
  const returning = tenant("acme", "u1", "hash-then");
  const current = tenant("acme", "u1", "hash-archive");
  const input = { tenant: "acme", returning, current, keepsToken: false };
  t.same(returningRecord(input, tenants, free), { record: returning, token: "earlier" });
  t.same(returningRecord(input, tenants, taken), {
    record: { ...returning, tokenSha256: "hash-new" },
    token: "new",
    newToken: "tk_new",
  });
  t.end();
});

await t.test("a tenant that restores itself keeps the labels that it has now", (t) => {
  const archived = tenant("acme", "u1", "hash-old");
  const current = { ...tenant("acme", "u1", "hash-now"), labels: { plan: "free" } };
  const labels = (keepsLabels: boolean, there: TenantRecord | undefined) => {
    const input = { tenant: "acme", archived, current: there, preferArchiveToken: false, keepsLabels };
    return restoredRecord(input, tenants, free).record.labels;
  };
  t.same(labels(true, current), { plan: "free" });
  t.same(labels(false, current), { from: "u1" });
  t.same(labels(true, undefined), { from: "u1" });
  t.end();
});
