import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { buildArchive, sampleEntries, type SampleEntry } from "../archive/testing/archive-builder.js";
import { testGateway, type TestGateway } from "../test-support/gateway.js";

type Line = Record<string, unknown>;

async function diff(host: TestGateway, body: object): Promise<Line[]> {
  const { gateway, headers } = host;
  const url = "/api/admin/archives/diff";
  const answer = await gateway.app.inject({ method: "POST", url, headers, payload: body });
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

/** `changed workspace/a: size, content` for each line but the last. */
function briefly(lines: readonly Line[]): string[] {
  return lines
    .slice(0, -1)
    .map(({ kind, path, path64, changes }) => {
      const what = Array.isArray(changes) ? `: ${changes.join(", ")}` : "";
      return `${String(kind)} ${String(path ?? path64)}${what}`;
    })
    .sort();
}

function store(host: TestGateway, name: string, entries: readonly SampleEntry[]): string {
  const path = join(host.stateDir, "backups", name);
  writeFileSync(path, buildArchive(entries));
  return path;
}

await t.test("two archives are compared by their indexes", async (t) => {
  const host = await testGateway(t);
  const before: SampleEntry[] = [
    ...sampleEntries(),
    { path: "workspace/moved", content: "same" },
    { path: "workspace/edited", content: "before" },
    { path: "workspace/odd", content: "before" },
    { path: "workspace/old", mtimeNs: -1n, content: "touched" },
    { path: "workspace/link", type: "symlink", target: "moved" },
    { path: "workspace/kind", type: "symlink", target: "moved" },
  ];
  const after: SampleEntry[] = [
    ...sampleEntries().map((entry) =>
      entry.path === "sessions/a.jsonl" ? { ...entry, mode: 0o600 } : entry,
    ),
    { path: "workspace/elsewhere", content: "same" },
    { path: "workspace/edited", content: "afterwards", mtimeNs: 1_700_000_001_000_000_000n },
    { path: "workspace/odd", content: "AFTER!" },
    { path: "workspace/old", mtimeNs: 5n, content: "touched" },
    { path: "workspace/link", type: "symlink", target: "edited" },
    { path: "workspace/kind", content: "moved" },
  ];
  const [archive, other] = [store(host, "a.tar.zst", before), store(host, "b.tar.zst", after)];
  const lines = await diff(host, { archive, with: other });
  t.same(briefly(lines), [
    "added workspace/elsewhere",
    "changed sessions/a.jsonl: mode",
    "changed workspace/edited: size, content",
    "changed workspace/kind: type",
    "changed workspace/link: target",
    "removed workspace/moved",
    "unexplained workspace/odd: content",
  ]);
  t.match(lines.at(-1), { kind: "end", added: 1, removed: 1, changed: 4, unexplained: 1, unchanged: 9 });
  t.match(
    lines.find(({ path }) => path === "workspace/edited"),
    {
      before: { type: "file", size: 6, sha256: String },
      after: { size: 10, mtimeNs: "1700000001000000000" },
    },
  );
  t.match(await diff(host, { archive, with: archive }), [{ kind: "end", unchanged: 15 }]);
});

async function withAcme(t: Test): Promise<TestGateway & { archive: string }> {
  const host = await testGateway(t);
  await host.tenant("acme", { "sessions/a.jsonl": "one\n", "workspace/a": "A", "workspace/b": "B" });
  const directory = host.directory("acme");
  new Database(join(directory, "memory/main.sqlite"))
    .exec("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
    .close();
  writeFileSync(join(directory, "workspace/notes-journal"), "text");
  symlinkSync("a", join(directory, "workspace/link"));
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  return { ...host, archive: String(result?.["location"]) };
}

await t.test("an archive is compared with its tenant by metadata, or by content as well", async (t) => {
  const host = await withAcme(t);
  const { archive } = host;
  const directory = host.directory("acme");
  for (const content of [false, true])
    t.same(briefly(await diff(host, { archive, content })), [], "nothing has changed");

  const at = new Date("2026-01-01T00:00:00Z");
  utimesSync(join(directory, "workspace/b"), at, at);
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  const again = String(result?.["location"]);
  writeFileSync(join(directory, "workspace/a"), "AA");
  writeFileSync(join(directory, "workspace/b"), "X");
  utimesSync(join(directory, "workspace/b"), at, at);
  writeFileSync(join(directory, "workspace/new"), "");
  rmSync(join(directory, "sessions/a.jsonl"));
  chmodSync(join(directory, "workspace"), 0o711);
  symlinkSync("/etc", join(directory, "workspace/outside"));
  const seen = ["added workspace/new", "changed workspace/a: size, time", "changed workspace: mode"];
  t.same(briefly(await diff(host, { archive: again })), [...seen, "removed sessions/a.jsonl"].sort());
  t.same(
    briefly(await diff(host, { archive: again, content: true })),
    [
      "added workspace/new",
      "changed workspace/a: size, content",
      "changed workspace: mode",
      "removed sessions/a.jsonl",
      "unexplained workspace/b: content",
    ].sort(),
  );
  t.same(readdirSync(join(host.stateDir, "backup/tmp")), [], "no copy of a database stays");
});

await t.test("a tenant that was restored is as its archive: times are kept to the microsecond", async (t) => {
  const host = await withAcme(t);
  const { archive } = host;
  writeFileSync(join(host.directory("acme"), "workspace/a"), "AA");
  t.match(briefly(await diff(host, { archive })), ["changed workspace/a: size, time"]);
  t.match(await host.job("/api/admin/restores", { from: archive, force: true }), { state: "succeeded" });
  t.same(
    briefly(await diff(host, { archive })),
    ["changed tenant.json: time"],
    "the gateway writes it itself",
  );
});

await t.test("a database is compared with what its copy holds", async (t) => {
  const host = await withAcme(t);
  const database = new Database(join(host.directory("acme"), "memory/main.sqlite"));
  t.teardown(() => database.close());
  database.pragma("journal_mode = WAL");
  database.exec("INSERT INTO t VALUES (2)");
  t.same(briefly(await diff(host, { archive: host.archive })), ["changed memory/main.sqlite: time"]);
  const [line] = await diff(host, { archive: host.archive, content: true });
  t.match(line, { kind: "changed", path: "memory/main.sqlite" });
});

await t.test("what cannot be compared is refused", async (t) => {
  const host = await withAcme(t);
  const call = async (body: object): Promise<unknown> =>
    (await host.call("POST", "/api/admin/archives/diff", body)).body;
  t.match(await call({ archive: host.archive, with: `${host.archive}.gone` }), { code: "ARCHIVE_NOT_FOUND" });
  const copy = join(host.stateDir, "backups/copy.tar.zst");
  copyFileSync(host.archive, copy);
  await host.call("DELETE", "/api/admin/tenants/acme?confirm=acme");
  t.match(await call({ archive: copy }), { code: "TENANT_NOT_FOUND", exitCode: 3 });
  const bytes = readFileSync(copy);
  bytes[bytes.length - 300] = (bytes[bytes.length - 300] ?? 0) ^ 1;
  writeFileSync(copy, bytes);
  t.match(await call({ archive: host.archive, with: copy }), { code: "ARCHIVE_DAMAGED" });
});
