/** Archives of the gateway itself: written, opened, extracted and looked at like a tenant's. */
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import t, { type Test } from "tap";
import { checkRestoredTree, type TreeReport } from "./check/restored-tree.js";
import { DEFAULT_LIMITS } from "./format.js";
import { archiveRoot, ownerName } from "./gateway-parts.js";
import { openIndex } from "./open.js";
import { scanTenant } from "./scan.js";
import { create } from "./testing/databases.js";
import { extractInProcess } from "./testing/extract-in-process.js";
import { memorySource } from "./testing/memory-source.js";
import { stagingDirectory } from "./testing/staging.js";
import { baseOf, writeToMemory, type WrittenArchive } from "./testing/write-to-memory.js";
import type { WriteRequest } from "./writer.js";

function put(directory: string, files: Readonly<Record<string, string | Buffer>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
}

function names({ entries, header }: WrittenArchive): string[] {
  return entries.map(({ path }) => path.slice(header.root.length + 1)).sort();
}

/** A ledger that somebody has open, and a copy of it. */
function ledgerWithCopy(t: Test, state: string, rows: number): { readonly copy: string; add(): void } {
  mkdirSync(join(state, "backup"), { recursive: true });
  const database = create(join(state, "backup/ledger.sqlite"), "wal", rows);
  t.teardown(() => database.close());
  const copy = join(stagingDirectory(t), "copy.sqlite");
  const write = (): void => {
    rmSync(copy, { force: true });
    database.exec(`VACUUM INTO '${copy}'`);
  };
  write();
  return {
    copy,
    add: () => {
      database.exec("CREATE TABLE more (a); INSERT INTO more VALUES (1)");
      write();
    },
  };
}

function state(copy: string, changes: Partial<WriteRequest> = {}): Partial<WriteRequest> {
  return {
    tenant: "@state",
    root: "state",
    leaveOut: ["backups", "tenants/*/pty/", "gateway.lock"],
    copies: [{ path: "backup/ledger.sqlite", file: copy }],
    ...changes,
  };
}

await t.test("an archive's root follows from whose it is", (t) => {
  t.equal(archiveRoot("acme"), "tenants/acme");
  t.equal(archiveRoot("@state"), "state");
  t.equal(archiveRoot("@workspace"), "workspace");
  t.equal(archiveRoot("@tenants"), undefined);
  t.equal(archiveRoot("../x"), undefined);
  t.equal(ownerName("@workspace"), "the gateway's workspace");
  t.end();
});

for (const [size, rows] of [
  ["small", 1],
  ["large", 9000],
] as const)
  await t.test(`the state directory is archived with a ${size} ledger's finished copy`, async (t) => {
    const directory = stagingDirectory(t);
    const ledger = ledgerWithCopy(t, directory, rows);
    put(directory, {
      "openclaw.json": "{ /* JSON5 */ }",
      "gateway.lock": "held",
      "backups/tenants/acme/a.tar.zst": "an archive",
      "tenants/acme/tenant.json": '{"id":"acme"}',
      "tenants/acme/pty/0": "a terminal",
      "tenants/acme/workspace/backups/mine": "not the gateway's",
      "zebra.bin": Buffer.alloc(1024 * 1024 + 1, 7),
    });
    const archive = await writeToMemory(directory, state(ledger.copy));
    t.strictSame(names(archive), [
      "",
      "backup",
      "backup/ledger.sqlite",
      "openclaw.json",
      "tenants",
      "tenants/acme",
      "tenants/acme/tenant.json",
      "tenants/acme/workspace",
      "tenants/acme/workspace/backups",
      "tenants/acme/workspace/backups/mine",
      "zebra.bin",
    ]);
    t.strictSame([archive.header.tenant, archive.header.root], ["@state", "state"]);
    t.equal(archive.summary.databases, 1);
    const tree = stagingDirectory(t);
    await extractInProcess(archive.bytes, tree);
    t.ok(readFileSync(join(tree, "backup/ledger.sqlite")).equals(readFileSync(ledger.copy)));

    ledger.add();
    const changes = state(ledger.copy, { base: await baseOf(archive) });
    const next = await writeToMemory(directory, changes, archive.bytes);
    t.strictSame(names(next), names(archive));
    const nextTree = stagingDirectory(t);
    await extractInProcess(next.bytes, nextTree);
    const restored = new Database(join(nextTree, "backup/ledger.sqlite"));
    t.strictSame(restored.prepare("SELECT a FROM more").pluck().all(), [1]);
    restored.close();
  });

await t.test(
  "what is to be excluded is looked for in each tenant, and nowhere else in the state",
  async (t) => {
    const directory = stagingDirectory(t);
    put(directory, {
      "workspace/a.log": "",
      "a.log": "",
      "tenants/acme/workspace/a.log": "",
      "tenants/acme/workspace/tmp/a": "",
      "tenants/tmp/a": "",
    });
    const exclude = ["**/*.log", "workspace/tmp/**", "tmp/**"];
    const kept = await writeToMemory(directory, { tenant: "@state", root: "state", exclude });
    t.strictSame(
      names(kept).filter((path) => path.endsWith("a") || path.endsWith(".log")),
      ["a.log", "tenants/tmp/a", "workspace/a.log"],
    );
    const workspace = await writeToMemory(directory, { tenant: "@workspace", root: "workspace", exclude });
    t.notOk(names(workspace).some((path) => path.endsWith(".log")));
    t.end();
  },
);

await t.test("sockets and links out of the directory stay out, and are told of", async (t) => {
  const directory = stagingDirectory(t);
  put(directory, { "tenants/acme/a": "", "tenants/other/b": "" });
  symlinkSync("../other/b", join(directory, "tenants/acme/inside"));
  symlinkSync("/etc/passwd", join(directory, "outside"));
  const server = createServer().listen(join(directory, "socket"));
  t.teardown(() => server.close());
  await new Promise((resolve) => server.on("listening", resolve));
  const archive = await writeToMemory(directory, { tenant: "@state", root: "state" });
  t.ok(names(archive).includes("tenants/acme/inside"));
  t.notOk(names(archive).some((path) => path === "outside" || path === "socket"));
  t.match(archive.summary.warnings, [
    { code: "LINK_ESCAPES", path: "outside", message: "Left out: this link leads out of the directory." },
    { code: "SPECIAL_FILE", path: "socket" },
  ]);
});

await t.test(
  "a copied database counts for the limits, and a dry run says nothing of what is never archived",
  async (t) => {
    const directory = stagingDirectory(t);
    const ledger = ledgerWithCopy(t, directory, 1);
    put(directory, { "backups/a": "an archive" });
    const { signal } = new AbortController();
    const request = {
      ...{ directory, tenant: "@state", root: "state", exclude: [], allowUnreadable: false, signal },
      ...{ leaveOut: ["backups"], copies: [{ path: "backup/ledger.sqlite", file: ledger.copy }] },
      planFile: undefined,
    };
    const plan = await scanTenant({ ...request, limits: DEFAULT_LIMITS });
    t.equal(plan.totals.files, 1);
    t.equal(plan.totals.contentBytes, statSync(ledger.copy).size);
    t.strictSame(plan.leftOut, []);
    const limits = { ...DEFAULT_LIMITS, bytes: 100 };
    await t.rejects(scanTenant({ ...request, limits }), {
      code: "LIMIT_EXCEEDED",
      message: "The gateway's state has more than 100 bytes.",
    });
  },
);

await t.test("tenant.json is a file like any other in the gateway's own volumes", async (t) => {
  for (const make of [
    (path: string) => mkdirSync(join(path, "x"), { recursive: true }),
    (path: string) => symlinkSync("a", path),
    (path: string) => {
      writeFileSync(path, "{");
      truncateSync(path, 2 * 1024 * 1024);
    },
  ]) {
    const directory = stagingDirectory(t);
    put(directory, { a: "" });
    make(join(directory, "tenant.json"));
    const archive = await writeToMemory(directory, { tenant: "@workspace", root: "workspace" });
    const tree = stagingDirectory(t);
    const { tenantRecordJson, tenant } = await extractInProcess(archive.bytes, tree);
    t.strictSame([tenantRecordJson, tenant], [undefined, "@workspace"]);
    t.ok(existsSync(join(tree, "tenant.json")));
  }
});

async function looked(
  t: Test,
  root: "@state" | "@workspace",
  files: Record<string, string>,
): Promise<TreeReport> {
  const directory = stagingDirectory(t);
  put(directory, files);
  const { bytes } = await writeToMemory(directory, { tenant: root, root: root.slice(1) });
  const tree = stagingDirectory(t);
  await extractInProcess(bytes, tree);
  return checkRestoredTree({
    tree,
    index: await openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS),
    limits: DEFAULT_LIMITS,
    temporaryDirectory: stagingDirectory(t),
    subject: "The drill of the gateway",
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
}

await t.test(
  "a drill expects JSON of the gateway's own files, but for its config, and of nobody else's",
  async (t) => {
    const inState = await looked(t, "@state", {
      "openclaw.json": "{ gateway: {} }",
      "cron/jobs.json": "{",
      "tenants/acme/tenant.json": "{",
      "tenants/acme/workspace/a.json": "{",
      "tenants/acme/memory/workspace/a.json": "{",
    });
    t.strictSame(inState.counts, { problem: 3, warning: 2 });
    const inWorkspace = await looked(t, "@workspace", { "a.json": "{", "b/c.jsonl": "no\n" });
    t.strictSame(inWorkspace.counts, { problem: 0, warning: 2 });
  },
);
