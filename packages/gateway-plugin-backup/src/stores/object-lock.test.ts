import t from "tap";
import { LocalStore } from "./local/local-store.js";
import { whyLocked } from "./object-lock.js";

t.test("a lock says why an object cannot be removed, as long as it holds", (t) => {
  const until = Date.UTC(2027, 0, 1);
  t.equal(whyLocked(undefined, 0), undefined);
  t.equal(
    whyLocked({ mode: "governance", until, legalHold: false }, until - 1),
    "locked until 2027-01-01T00:00:00.000Z",
  );
  t.equal(whyLocked({ mode: "governance", until, legalHold: false }, until), undefined);
  t.equal(whyLocked({ mode: "governance", until, legalHold: true }, until), "locked by a legal hold");
  t.equal(whyLocked({ legalHold: false }, 0), undefined);
  t.end();
});

t.test("a file is not locked", async (t) => {
  const key = `${t.testdir({ a: "a" })}/a`;
  const store = new LocalStore({ kind: "local", roots: [t.testdirName] });
  const object = { key, size: 1, etag: "e", modifiedAt: new Date(0) };
  await t.rejects(store.lock(object), { code: "UNSUPPORTED", message: /files are not locked/ });
});
