import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Test } from "tap";
import t from "tap";
import { gatewayPaths, prepareStateDirectory } from "../state/directory.js";
import { TenantDisk } from "./disk.js";
import { newTenantRecord } from "./record.js";

const record = (id: string) => newTenantRecord(id, "a".repeat(64), { now: () => 0 });

async function disk(t: Test) {
  const paths = gatewayPaths(t.testdir());
  await prepareStateDirectory(paths);
  return { paths, disk: new TenantDisk(paths) };
}

t.test("a new tenant has its standard directories, for the owner only", async (t) => {
  const { paths, disk: tenants } = await disk(t);
  await tenants.create(record("acme"));
  const directory = tenants.directory("acme");
  t.same((await readdir(directory)).sort(), [
    "channels",
    "credentials",
    "cron",
    "memory",
    "plugins",
    "sandboxes",
    "sessions",
    "tenant.json",
    "usage",
    "workspace",
  ]);
  t.equal((await stat(directory)).mode & 0o777, 0o700);
  t.equal((await stat(path.join(directory, "workspace"))).mode & 0o777, 0o700);
  t.equal((await stat(path.join(directory, "tenant.json"))).mode & 0o777, 0o600);
  t.same(await readdir(paths.staging), []);
  t.match(await tenants.read("acme"), { id: "acme" });
});

t.test("a creation that fails leaves nothing behind", async (t) => {
  const { paths, disk: tenants } = await disk(t);
  await mkdir(path.join(paths.tenants, "acme", "occupied"), { recursive: true });
  await t.rejects(tenants.create(record("acme")), { code: "STATE_UNUSABLE" });
  t.same(await readdir(paths.staging), []);
  t.same(await readdir(tenants.directory("acme")), ["occupied"]);
});

t.test("a broken tenant is reported and harms no other", async (t) => {
  const { paths, disk: tenants } = await disk(t);
  await tenants.create(record("good"));
  const put = async (id: string, content: string) => {
    await mkdir(path.join(paths.tenants, id));
    await writeFile(path.join(paths.tenants, id, "tenant.json"), content);
  };
  await put("cut", '{"id": "cut"');
  await put("copied", JSON.stringify(record("other")));
  await put("huge", JSON.stringify({ ...record("huge"), labels: "x".repeat(70_000) }));
  await put("odd", JSON.stringify({ ...record("odd"), uid: "x" }));
  await mkdir(path.join(paths.tenants, "empty"));
  await mkdir(path.join(paths.tenants, "linked"));
  await symlink("../good/tenant.json", path.join(paths.tenants, "linked", "tenant.json"));
  await mkdir(path.join(paths.tenants, "fifo"));
  execFileSync("mkfifo", [path.join(paths.tenants, "fifo", "tenant.json")]);
  await mkdir(path.join(paths.tenants, "Not-An-Id"));

  const found = new Map<string, unknown>();
  for (const id of await tenants.ids()) {
    const read = await tenants.read(id);
    found.set(id, read === undefined ? "missing" : "reason" in read ? read.reason : "good");
  }
  t.match(Object.fromEntries(found), {
    good: "good",
    copied: "tenant.json is that of other",
    cut: /^tenant\.json: .*JSON/,
    empty: "missing",
    fifo: /not a regular file/,
    huge: /larger than 65536 bytes/,
    linked: /ELOOP/,
    odd: /uid must be 32 hex digits/,
  });
  t.notOk(found.has("Not-An-Id"));
});

t.test(
  "leftovers are the gateway's own temporary files and deleted tenants, never what undo needs",
  async (t) => {
    const { paths, disk: tenants } = await disk(t);
    await tenants.create(record("acme"));
    const trashed = await tenants.moveToTrash("acme");
    t.equal(await tenants.occupied("acme"), false);
    await mkdir(path.join(paths.trash, "01JOBOFARESTORE"));
    await mkdir(path.join(paths.staging, "01JOBOFARESTORE"));
    const temporary = tenants.temporaryFile();
    await writeFile(temporary, "");
    t.same((await tenants.leftovers()).toSorted(), [temporary, trashed].sort());
    t.match(path.basename(trashed), /^deleted-[0-9a-f]{16}$/);
  },
);

t.test("a record is written in one step and read back", async (t) => {
  const { disk: tenants } = await disk(t);
  await tenants.create(record("acme"));
  const changed = { ...record("acme"), labels: { a: "b" } };
  await tenants.writeRecord(changed);
  t.same(await tenants.read("acme"), changed);
  t.match(await readFile(path.join(tenants.directory("acme"), "tenant.json"), "utf8"), /\n$/);
});
