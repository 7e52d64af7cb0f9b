import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Test } from "tap";
import t from "tap";
import { createLogger } from "../http/logger.js";
import { Hooks } from "../plugin/hook-bus.js";
import { gatewayPaths, prepareStateDirectory } from "../state/directory.js";
import { TenantLifecycle } from "./lifecycle.js";
import { Tenants } from "./tenants.js";
import { tokenHash } from "./token.js";

async function setUp(t: Test) {
  const paths = gatewayPaths(t.testdir());
  await prepareStateDirectory(paths);
  const log = createLogger("silent");
  const tenants = new Tenants({ paths, hooks: new Hooks(), clock: { now: () => 0 }, log });
  return { paths, tenants, lifecycle: new TenantLifecycle(tenants, log) };
}

t.test("a slot that holds anything is taken", async (t) => {
  const { paths, lifecycle } = await setUp(t);
  await lifecycle.create("acme", { team: "a" });
  await t.rejects(lifecycle.create("acme", {}), { code: "TENANT_EXISTS", exitCode: 4 });
  await mkdir(path.join(paths.tenants, "stray"));
  await t.rejects(lifecycle.create("stray", {}), { code: "TENANT_EXISTS" });
  await t.rejects(lifecycle.create("../up", {}), { code: "TENANT_ID_INVALID" });
});

t.test("a slot that a job works on is neither created nor deleted, and the holder is named", async (t) => {
  const { tenants, lifecycle } = await setUp(t);
  const claim = tenants.claim("acme", "restore 7");
  await t.rejects(lifecycle.create("acme", {}), { code: "TENANT_BUSY", details: { heldBy: "restore 7" } });
  await t.rejects(lifecycle.delete("acme"), { code: "TENANT_BUSY" });
  if (claim.ok) claim.release();
  await lifecycle.create("acme", {});
});

t.test("a rotated token ends the old one, on disk too", async (t) => {
  const { tenants, lifecycle } = await setUp(t);
  const { token: old, record } = await lifecycle.create("acme", { team: "a" });
  const token = await lifecycle.rotateToken("acme");
  t.equal(tenants.registry.authenticate(tokenHash(old)), undefined);
  t.equal(tenants.registry.authenticate(tokenHash(token))?.uid, record.uid);
  const text = await readFile(path.join(tenants.directory("acme"), "tenant.json"), "utf8");
  t.notMatch(text, token, "only the hash is stored");
  t.same(JSON.parse(text), { ...record, tokenSha256: tokenHash(token) });
  await t.rejects(lifecycle.rotateToken("nobody"), { code: "TENANT_NOT_FOUND" });
});

t.test("a rotation that a crash has cut off has not happened", async (t) => {
  const { paths, tenants, lifecycle } = await setUp(t);
  const { record } = await lifecycle.create("acme", {});
  const file = path.join(tenants.directory("acme"), "tenant.json");
  /** Lets so many writes through; then there is no gateway any more. */
  const killAfter = (writes: number): void => {
    const { notes, disk } = tenants;
    const [noted, written] = [notes.write.bind(notes), disk.writeRecord.bind(disk)];
    let left = writes;
    const next = (write: () => Promise<void>): Promise<void> =>
      left-- > 0 ? write() : Promise.reject(new Error("killed"));
    notes.write = (id, note) => next(() => noted(id, note));
    disk.writeRecord = (changed) => next(() => written(changed));
  };
  for (const writes of [0, 1, 2]) {
    killAfter(writes);
    await t.rejects(lifecycle.rotateToken("acme"), { message: "killed" });
    const next = new Tenants({
      paths,
      hooks: new Hooks(),
      clock: { now: () => 0 },
      log: createLogger("silent"),
    });
    await next.load();
    t.same(next.get("acme"), record, `after ${writes} writes the old token counts`);
    t.same(await next.altered(), [], "and nobody is said to have altered the file");
    t.same(JSON.parse(await readFile(file, "utf8")), record);
    killAfter(Infinity);
    Object.assign(tenants, { notes: next.notes, disk: next.disk });
  }
});

t.test("no token is rotated while the tenant is suspended, nor twice at once", async (t) => {
  const { tenants, lifecycle } = await setUp(t);
  await lifecycle.create("acme", {});
  const both = await Promise.allSettled([lifecycle.rotateToken("acme"), lifecycle.rotateToken("acme")]);
  t.match(both, [{ status: "fulfilled" }, { status: "rejected", reason: { code: "TENANT_BUSY" } }]);
  tenants.claim("acme", "restore");
  const suspension = await tenants.suspend("acme", { reason: "restore", timeoutMs: 0 });
  await t.rejects(lifecycle.rotateToken("acme"), { code: "TENANT_SUSPENDED" });
  await suspension.resume();
  await lifecycle.rotateToken("acme");
});

t.test("a deleted tenant is gone at once, and its files soon after", async (t) => {
  const { paths, tenants, lifecycle } = await setUp(t);
  const { token } = await lifecycle.create("acme", {});
  await writeFile(path.join(tenants.directory("acme"), "workspace", "file"), "x");
  await lifecycle.delete("acme");
  t.equal(tenants.registry.authenticate(tokenHash(token)), undefined);
  await lifecycle.settled();
  t.same(await readdir(paths.trash), []);
  await lifecycle.create("acme", {});
});

t.test("a broken tenant can be deleted, one that is not there cannot", async (t) => {
  const { paths, tenants, lifecycle } = await setUp(t);
  await mkdir(path.join(paths.tenants, "broken"));
  await tenants.load();
  await lifecycle.delete("broken");
  t.same(tenants.registry.broken(), []);
  await t.rejects(lifecycle.delete("broken"), { code: "TENANT_NOT_FOUND", exitCode: 3 });
  await lifecycle.create("gone", {});
  await rm(tenants.directory("gone"), { recursive: true });
  await t.rejects(lifecycle.delete("gone"), { code: "TENANT_NOT_FOUND" });
  t.equal(tenants.get("gone"), undefined, "a tenant removed by hand does not live on in memory");
  await lifecycle.settled();
});

t.test("what a crash left of a deletion is removed at the next start; what undo needs stays", async (t) => {
  const { paths, lifecycle } = await setUp(t);
  await mkdir(path.join(paths.trash, "deleted-0123456789abcdef", "workspace"), { recursive: true });
  await mkdir(path.join(paths.trash, "01JOBOFARESTORE"));
  await mkdir(path.join(paths.staging, ".gateway-0123456789abcdef"));
  await lifecycle.removeLeftovers();
  await lifecycle.settled();
  t.same(await readdir(paths.trash), ["01JOBOFARESTORE"]);
  t.same(await readdir(paths.staging), []);
});
