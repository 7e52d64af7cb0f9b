import t from "tap";
import type { ArchiveRecord } from "../ledger/archives.js";
import { inOrder, reconcile } from "./reconcile.js";

const columns = { storeKind: "local", endpoint: "", bucket: "" } as const;

t.test("what a store would not give is neither lost nor damaged", (t) => {
  const unusable = [{ key: "/b/a.tar.zst", kind: "unread", reason: "denied" }] as const;
  const found = { archives: [], known: [], unusable, moreUnusable: 0, objects: 1 };
  const changes = reconcile([{ columns, start: "", prefix: "/b/", records: [], found }], []);
  t.match(changes, {
    unread: [{ location: "/b/a.tar.zst", reason: "denied" }],
    added: [],
    lost: [],
    damaged: [],
    foreign: [],
  });
  t.end();
});

const record = {
  ...columns,
  id: "a1",
  tenant: "acme",
  tenantUid: "u1",
  key: "/b/a.tar.zst",
  location: "/b/a.tar.zst",
  indexSha256: "11",
} as ArchiveRecord; // what the function looks at
const nothing = { archives: [], known: [], unusable: [], moreUnusable: 0, objects: 1 };

t.test("one that was lost and is in its place again is seen again", (t) => {
  for (const [lostAt, again] of [
    [undefined, 0],
    [1, 1],
  ] as const) {
    const records = [{ ...record, ...(lostAt === undefined ? {} : { lostAt }) }];
    const found = { ...nothing, known: [record.key] };
    const changes = reconcile([{ columns, start: "", prefix: "/b/", records, found }], []);
    t.equal(changes.seenAgain.length, again);
    t.match(changes, { lost: [], added: [], moved: [] });
  }
  t.end();
});

t.test("what is damaged is told with the tenant, and with the id that the catalogue has for it", (t) => {
  const automatic = "/b/tenants/beta/2026-03-07T02-00-00Z.tar.zst";
  const unusable = [record.key, automatic, "/b/named"].map(
    (key) => ({ key, kind: "damaged", reason: "" }) as const,
  );
  const found = { ...nothing, unusable };
  const { damaged } = reconcile([{ columns, start: "", prefix: "/b/", records: [record], found }], []);
  t.strictSame(damaged, [
    { location: record.key, reason: "", tenant: "acme", id: "a1" },
    { location: automatic, reason: "", tenant: "beta" },
    { location: "/b/named", reason: "" },
  ]);
  t.end();
});

t.test("archives of one moment are added in the order of their places", (t) => {
  const archives = ["/b/2", "/b/1"].map((key) => ({
    ...{
      key,
      size: 1,
      etag: "",
      tenant: "acme",
      uid: "u1",
      createdAt: 1,
      indexSha256: key,
      formatVersion: 1,
    },
    totals: record.totals,
  }));
  const found = { ...nothing, archives };
  const { added } = reconcile([{ columns, start: "", prefix: "/b/", records: [], found }], []);
  t.strictSame(
    added.map(({ location }) => location),
    ["/b/1", "/b/2"],
  );
  t.end();
});

t.test("archives that were found stand before the first that was made after them", (t) => {
  const at = (id: string, createdAt: number) => ({ id, createdAt });
  const merged = inOrder([at("h3", 3), at("h1", 1), at("h5", 5)], [at("f2", 2), at("f4", 4), at("f6", 6)]);
  t.strictSame(
    merged.map(({ id }) => id),
    ["f2", "h3", "h1", "f4", "h5", "f6"],
  );
  t.end();
});
