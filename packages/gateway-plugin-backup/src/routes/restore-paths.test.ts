import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { buildArchive, type SampleEntry } from "../archive/testing/archive-builder.js";
import { TAR_ENDING, tarPart } from "../archive/testing/tar-builder.js";
import { testGateway, type TestGateway } from "../test-support/gateway.js";

interface Bench extends TestGateway {
  readonly from: string;
  readonly read: (path: string) => string;
  readonly write: (path: string, content: string) => void;
}

const LARGE = "x".repeat(1_500_000);

async function bench(t: Test, entries?: readonly SampleEntry[]): Promise<Bench> {
  const host = await testGateway(t);
  await host.tenant("acme", {
    "sessions/a.jsonl": "one\n",
    "workspace/notes.md": "# Notes\n",
    "workspace/deep/er/b.txt": "b",
    "workspace/large.bin": LARGE,
  });
  symlinkSync("notes.md", join(host.directory("acme"), "workspace/latest"));
  let from = join(host.stateDir, "backups/made.tar.zst");
  if (entries === undefined) {
    const { result } = await host.job("/api/admin/tenants/acme/backups");
    from = String(result?.["location"]);
  } else writeFileSync(from, buildArchive(entries));
  const at = (path: string): string => join(host.directory("acme"), path);
  return {
    ...host,
    from,
    read: (path) => readFileSync(at(path), "utf8"),
    write: (path, content) => {
      writeFileSync(at(path), content);
    },
  };
}

/** What is left of a job beside the tenants. */
function traces({ stateDir }: TestGateway): string[] {
  const staging = join(stateDir, "tenants/.staging");
  return existsSync(staging) ? readdirSync(staging) : [];
}

await t.test("paths are restored into a directory of their own, and the tenant stays as it is", async (t) => {
  const host = await bench(t);
  host.write("workspace/notes.md", "edited");
  const job = await host.job("/api/admin/restores", {
    from: host.from,
    paths: ["workspace/*.md", "sessions"],
  });
  t.match(job, {
    state: "succeeded",
    result: {
      tenant: "acme",
      into: /^workspace\/restored-\d{4}-/,
      totals: { files: 2, directories: 1 },
      swapped: 1,
    },
  });
  const into = String(job.result?.["into"]);
  t.equal(host.read(`${into}/workspace/notes.md`), "# Notes\n");
  t.equal(host.read(`${into}/sessions/a.jsonl`), "one\n");
  t.equal(host.read("workspace/notes.md"), "edited");
  t.same(readdirSync(join(host.directory("acme"), into, "workspace")), ["notes.md"]);
  t.same(traces(host), []);

  const named = await host.job("/api/admin/restores", {
    from: host.from,
    paths: ["workspace/large.bin", "workspace/latest"],
    into: "workspace/not/there/yet/",
  });
  t.match(named, { state: "succeeded", result: { totals: { files: 1, symlinks: 1 } } });
  t.equal(host.read("workspace/not/there/yet/workspace/large.bin"), LARGE);
  const again = await host.job("/api/admin/restores", {
    from: host.from,
    paths: ["sessions"],
    into: "workspace/not",
  });
  t.match(again, { state: "failed", error: { code: "SLOT_TAKEN", exitCode: 4, hint: /--into/ } });

  t.match(await host.job(`/api/admin/restores/${job.id}/undo`), { state: "succeeded", type: "undo" });
  t.notOk(existsSync(join(host.directory("acme"), into)));
  t.same(traces(host), []);
});

await t.test("paths are restored in place, path by path, and undo gives back what stood there", async (t) => {
  const host = await bench(t);
  const at = (path: string): string => join(host.directory("acme"), path);
  host.write("workspace/notes.md", "edited");
  host.write("workspace/later.md", "later");
  rmSync(at("workspace/deep"), { recursive: true });
  rmSync(at("workspace/latest"));
  mkdirSync(at("workspace/latest"));
  const job = await host.job("/api/admin/restores", { from: host.from, paths: ["workspace"], force: true });
  t.match(job, { state: "succeeded", result: { replaced: true, swapped: 4, undo: job.id } });
  t.equal(host.read("workspace/notes.md"), "# Notes\n");
  t.equal(host.read("workspace/deep/er/b.txt"), "b");
  t.equal(host.read("workspace/later.md"), "later", "what the archive does not have stays");
  t.ok(lstatSync(at("workspace/latest")).isSymbolicLink());
  t.same(traces(host), []);

  host.write("workspace/notes.md", "edited again");
  const undo = await host.job(`/api/admin/restores/${job.id}/undo`);
  t.match(undo, { state: "succeeded", result: { swapped: 4 } });
  t.equal(host.read("workspace/notes.md"), "edited");
  t.notOk(existsSync(at("workspace/deep")));
  t.ok(lstatSync(at("workspace/latest")).isDirectory());
  t.match((await host.call("POST", `/api/admin/restores/${job.id}/undo`, {})).body, {
    code: "UNDO_NOT_POSSIBLE",
  });
  t.match(await host.job(`/api/admin/restores/${undo.id}/undo`), { state: "succeeded" });
  t.equal(host.read("workspace/notes.md"), "edited again", "an undo can be undone");
  t.equal(host.read("workspace/deep/er/b.txt"), "b");
});

await t.test("a database that is restored in place loses what belonged to the one before", async (t) => {
  const host = await testGateway(t);
  await host.tenant("acme");
  const file = join(host.directory("acme"), "memory/main.sqlite");
  new Database(file).exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)").close();
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  const database = new Database(file);
  database.pragma("journal_mode = WAL");
  database.exec("INSERT INTO t VALUES (2)");
  writeFileSync(`${file}.saved-wal`, readFileSync(`${file}-wal`));
  const saved = readFileSync(file);
  database.close();
  writeFileSync(file, saved);
  writeFileSync(`${file}-wal`, readFileSync(`${file}.saved-wal`));
  const job = await host.job("/api/admin/restores", {
    from: result?.["location"],
    paths: ["memory/*"],
    force: true,
  });
  t.match(job, { state: "succeeded", result: { swapped: 2 } });
  t.notOk(existsSync(`${file}-wal`));
  const restored = new Database(file, { readonly: true });
  t.same(restored.prepare("SELECT count(*) AS n FROM t").get(), { n: 1 });
  restored.close();
  await host.job(`/api/admin/restores/${job.id}/undo`);
  t.ok(existsSync(`${file}-wal`), "and the one before gets it back");
});

await t.test("a dry run says what would be written, and writes nothing", async (t) => {
  const host = await bench(t);
  const body = { from: host.from, paths: ["**/*.md", "workspace/deep"], force: true, dryRun: true };
  const job = await host.job("/api/admin/restores", body);
  t.match(job, { state: "succeeded", result: { dryRun: true, totals: { files: 2 } } });
  const paths = job.result?.["paths"] as string[];
  t.same([...paths].sort(), [
    "workspace/deep",
    "workspace/deep/er",
    "workspace/deep/er/b.txt",
    "workspace/notes.md",
  ]);
  t.same(traces(host), []);
});

await t.test("only what holds the paths is read of an archive", async (t) => {
  const host = await bench(t);
  const small = await host.job("/api/admin/restores", {
    from: host.from,
    paths: ["sessions/a.jsonl"],
    dryRun: true,
  });
  const large = await host.job("/api/admin/restores", {
    from: host.from,
    paths: ["workspace/large.bin"],
    dryRun: true,
  });
  const size = readFileSync(host.from).length;
  t.ok(Number(small.result?.["readBytes"]) + Number(large.result?.["readBytes"]) < size * 2);
});

await t.test("a tenant's record never comes back by a path", async (t) => {
  const host = await bench(t);
  const record = host.read("tenant.json");
  const all = await host.job("/api/admin/restores", { from: host.from, paths: ["**"], force: true });
  t.match(all, { state: "succeeded", warnings: [{ code: "RECORD_LEFT_OUT", path: "tenant.json" }] });
  t.equal(host.read("tenant.json"), record);
  t.match(await host.job("/api/admin/restores", { from: host.from, paths: ["tenant.json"] }), {
    state: "failed",
    error: { code: "ENTRY_NOT_FOUND", exitCode: 3, message: /tenant\.json/ },
  });
});

await t.test("what cannot be restored by path is refused", async (t) => {
  const host = await bench(t);
  const refused = async (body: object): Promise<unknown> =>
    (await host.call("POST", "/api/admin/restores", { from: host.from, paths: ["sessions"], ...body })).body;
  t.match(await refused({ into: "a", force: true }), { code: "REQUEST_INVALID", exitCode: 2 });
  t.match(await refused({ into: "../a" }), { code: "REQUEST_INVALID" });
  t.match(await refused({ paths: ["/etc"] }), { code: "REQUEST_INVALID" });
  t.match(await refused({ token: "archive" }), { code: "REQUEST_INVALID", detail: /token/ });
  t.match(await refused({ paths: undefined, into: "a" }), { code: "REQUEST_INVALID", detail: /Only paths/ });
  t.match(await refused({ as: "other" }), { code: "TENANT_NOT_FOUND", exitCode: 3 });
  t.match(await host.job("/api/admin/restores", { from: host.from, paths: ["none", "*.x"] }), {
    state: "failed",
    error: {
      code: "ENTRY_NOT_FOUND",
      exitCode: 3,
      message: /matches "none", "\*\.x"/,
      hint: /backups files/,
    },
  });
  const foreign = join(host.stateDir, "backups/foreign.tar");
  writeFileSync(foreign, Buffer.concat([tarPart({ name: "tenants/acme/a", content: "a" }), TAR_ENDING]));
  t.match(await refused({ from: foreign }), { code: "ARCHIVE_WITHOUT_INDEX" });
});

await t.test("paths of one tenant's archive can go to another tenant", async (t) => {
  const host = await bench(t);
  await host.tenant("beta");
  const job = await host.job("/api/admin/restores", {
    from: host.from,
    paths: ["sessions"],
    as: "beta",
    force: true,
  });
  t.match(job, { state: "succeeded", tenant: "beta" });
  t.equal(readFileSync(join(host.directory("beta"), "sessions/a.jsonl"), "utf8"), "one\n");
});

await t.test("a link that would lead out by way of the tenant's own links is refused", async (t) => {
  const link = (path: string, target: string): SampleEntry => ({ path, type: "symlink", target });
  // Harmless in the archive, where workspace/b is a directory two levels down.
  const host = await bench(t, [
    link("workspace/a", "b/c/../../../x"),
    { path: "workspace/b/c/file", content: "" },
  ]);
  const own = join(host.directory("acme"), "workspace/b");
  symlinkSync("..", own);
  mkdirSync(join(host.directory("acme"), "c"));
  const body = { from: host.from, paths: ["workspace/a"], force: true };
  t.match(await host.job("/api/admin/restores", body), {
    state: "failed",
    error: { code: "UNSAFE_ENTRY", exitCode: 7, message: /workspace\/a/ },
  });
  t.notOk(existsSync(join(host.directory("acme"), "workspace/a")));
  rmSync(own);
  t.match(await host.job("/api/admin/restores", body), { state: "succeeded" });
});

await t.test("a directory of the tenant that is a link is replaced, never followed", async (t) => {
  const host = await bench(t);
  const outside = join(host.stateDir, "../outside");
  mkdirSync(outside);
  rmSync(join(host.directory("acme"), "workspace/deep"), { recursive: true });
  symlinkSync(outside, join(host.directory("acme"), "workspace/deep"));
  const job = await host.job("/api/admin/restores", {
    from: host.from,
    paths: ["workspace/deep/er"],
    force: true,
  });
  t.match(job, { state: "succeeded" });
  t.same(readdirSync(outside), []);
  t.equal(host.read("workspace/deep/er/b.txt"), "b");
});

await t.test("an undo finds out that its tenant is gone", async (t) => {
  const host = await bench(t);
  const job = await host.job("/api/admin/restores", { from: host.from, paths: ["sessions"], force: true });
  await host.call("DELETE", "/api/admin/tenants/acme?confirm=acme");
  t.match(await host.job(`/api/admin/restores/${job.id}/undo`), {
    state: "failed",
    error: { code: "UNDO_NOT_POSSIBLE", message: /acme is gone/ },
  });
});
