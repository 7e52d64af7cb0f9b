import t from "tap";
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

t.test("archives that were found stand before the first that was made after them", (t) => {
  const at = (id: string, createdAt: number) => ({ id, createdAt });
  const merged = inOrder([at("h3", 3), at("h1", 1), at("h5", 5)], [at("f2", 2), at("f4", 4), at("f6", 6)]);
  t.strictSame(
    merged.map(({ id }) => id),
    ["f2", "h3", "h1", "f4", "h5", "f6"],
  );
  t.end();
});
