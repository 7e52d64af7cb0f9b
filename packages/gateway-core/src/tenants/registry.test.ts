import t from "tap";
import type { TenantRecord } from "../plugin/host.js";
import { newTenantRecord } from "./record.js";
import { TenantRegistry } from "./registry.js";

const hash = (digit: string): string => digit.repeat(64);
const tenant = (id: string, digit: string): TenantRecord =>
  newTenantRecord(id, hash(digit), { now: () => 0 });

t.test("a tenant is found by the hash of its token", (t) => {
  const registry = new TenantRegistry();
  registry.load([tenant("b", "b"), tenant("a", "a")], []);
  t.equal(registry.authenticate(hash("a"))?.id, "a");
  t.equal(registry.authenticate(hash("c")), undefined);
  t.same(
    registry.list().map(({ id }) => id),
    ["a", "b"],
  );
  t.same(registry.sharedTokens(), []);
  t.end();
});

t.test("tenants that share a token at start are all refused, until each has another", (t) => {
  const registry = new TenantRegistry();
  registry.load([tenant("a", "1"), tenant("b", "1"), tenant("c", "3")], []);
  t.equal(registry.authenticate(hash("1")), undefined);
  t.equal(registry.authenticate(hash("3"))?.id, "c");
  t.same(registry.sharedTokens(), [{ refused: ["a", "b"] }]);
  t.equal(registry.findByTokenHash(hash("1"))?.id, "a", "a restore must still see that the hash is taken");

  registry.put(tenant("a", "2"));
  t.equal(registry.authenticate(hash("2"))?.id, "a");
  t.equal(registry.authenticate(hash("1")), undefined, "whose it was is still not known");
  registry.put(tenant("b", "1"));
  t.equal(registry.authenticate(hash("1")), undefined, "not even when its record is read again");
  t.same(registry.sharedTokens(), [{ refused: ["b"] }]);
  registry.put(tenant("b", "4"));
  t.same(registry.sharedTokens(), []);
  t.end();
});

t.test("a duplicate that comes later never replaces the one that is served", (t) => {
  const registry = new TenantRegistry();
  registry.load([tenant("a", "1")], []);
  registry.put(tenant("b", "1"));
  t.equal(registry.authenticate(hash("1"))?.id, "a");
  t.same(registry.sharedTokens(), [{ refused: ["b"] }]);
  registry.remove("b");
  t.equal(registry.authenticate(hash("1"))?.id, "a", "removing the duplicate takes nothing from the other");
  t.end();
});

t.test("a record put in place of another ends the old token", (t) => {
  const registry = new TenantRegistry();
  registry.load([tenant("a", "1")], [{ id: "x", reason: "broken" }]);
  registry.put(tenant("a", "2"));
  t.equal(registry.authenticate(hash("1")), undefined);
  registry.put(tenant("x", "3"));
  t.same(registry.broken(), []);
  registry.putBroken({ id: "a", reason: "gone bad" });
  t.equal(registry.authenticate(hash("2")), undefined);
  t.equal(registry.get("a"), undefined);
  t.same(registry.broken(), [{ id: "a", reason: "gone bad" }]);
  t.end();
});
