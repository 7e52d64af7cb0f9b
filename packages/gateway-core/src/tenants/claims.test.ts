import t from "tap";
import { Claims } from "./claims.js";

t.test("a slot has one holder, and the next one is told who it is", (t) => {
  const claims = new Claims();
  const first = claims.take("acme", "backup 1");
  t.equal(first.ok, true);
  t.same(claims.take("acme", "restore 2"), { ok: false, heldBy: "backup 1" });
  t.equal(claims.take("other", "restore 2").ok, true);
  t.equal(claims.isHeld("acme"), true);
  t.end();
});

t.test("a second release does not free the claim of whoever came next", (t) => {
  const claims = new Claims();
  const first = claims.take("acme", "backup 1");
  if (!first.ok) throw new Error("not taken");
  first.release();
  t.equal(claims.take("acme", "restore 2").ok, true);
  first.release();
  t.same(claims.take("acme", "backup 3"), { ok: false, heldBy: "restore 2" });
  t.end();
});
