import { hash } from "node:crypto";
import t, { type Test } from "tap";
import { FakeGateway, json, problem, text, type Answer } from "../test-support/fake-gateway.js";
import { runHere, type CliRun } from "../test-support/run-cli.js";

const LOCATION = "s3://my-bucket/acme/2026-06-03.tar.zst";

async function start(
  t: Test,
): Promise<{ gateway: FakeGateway; cli: (...args: string[]) => Promise<CliRun> }> {
  const gateway = await FakeGateway.start();
  t.teardown(() => gateway.stop());
  const env = { OPENCLAW_GATEWAY_URL: gateway.url };
  return { gateway, cli: (...args) => runHere(["backups", ...args], { env }) };
}

const contents = {
  location: LOCATION,
  size: 1000,
  etag: "e",
  storedAt: "2026-06-03T02:00:05Z",
  formatVersion: 1,
  tenant: "acme",
  uid: "f3b1",
  createdAt: "2026-06-03T02:00:00Z",
  producer: "openclaw/0.1.0",
  totals: { entries: 4, files: 2, directories: 1, symlinks: 1, contentBytes: 3000 },
  ratio: 4.5,
  segments: [{ kind: "pack", segments: 1, storedBytes: 700, rawBytes: 4000 }],
  index: { bytes: 200, sha256: "ab" },
  signedBy: { trust: "stranger", keyId: "ed25519:AAA=" },
  flagged: { database: 2, truncated: 1, changed: 1 },
  warnings: [],
};

t.test("an archive is shown with what the catalogue knows", async (t) => {
  const { gateway, cli } = await start(t);
  const known = { ...contents, catalogue: { id: "a1", location: LOCATION, size: 1000, state: "good" } };
  gateway.on("POST /api/admin/archives/show", json(200, known));
  const shown = await cli("show", LOCATION, "--endpoint", "http://127.0.0.1:9000");
  t.equal(shown.code, 0);
  t.match(shown.stdout, /^entries +2 files, 1 directory, 1 link$/m);
  t.match(shown.stdout, /^size +1\.00 kB \(4\.50 : 1\)$/m);
  t.match(shown.stdout, /^databases +2$/m);
  t.match(shown.stdout, /^signed by +a stranger, ed25519:AAA=$/m);
  t.match(shown.stdout, /^catalogue +a1 good$/m);
  t.match(shown.stdout, /^pack +1 +700 B +4\.00 kB$/m);
  t.same(gateway.requests[0]?.body, { archive: LOCATION, s3: { endpoint: "http://127.0.0.1:9000" } });
  t.same(JSON.parse((await cli("show", LOCATION, "--json")).stdout), known);
});

t.test(
  "an archive that the catalogue does not know, or knows as another one, is shown as such",
  async (t) => {
    const { gateway, cli } = await start(t);
    const warnings = Array.from({ length: 21 }, () => ({ code: "X", path: "a", message: "It was busy." }));
    gateway.on(
      "POST /api/admin/archives/show",
      json(200, { ...contents, flagged: { database: 0, truncated: 0, changed: 0 } }),
      json(200, { ...contents, warnings, replaced: { id: "a1", location: LOCATION, size: 1 } }),
    );
    t.match((await cli("show", LOCATION)).stdout, /^catalogue +does not know it$/m);
    const replaced = await cli("show", LOCATION);
    t.match(replaced.stdout, /^catalogue +expects archive a1 here/m);
    t.match(replaced.stdout, /^warning: a: It was busy\.$/m);
    t.match(replaced.stdout, /^warning: … and 1 more; --json lists all$/m);
  },
);

const entries = [
  { kind: "entry", path: "", type: "directory", mode: 0o750, size: 0, mtimeNs: "0" },
  {
    kind: "entry",
    path: "a\u001b.md",
    type: "file",
    mode: 0o644,
    size: 1234,
    mtimeNs: "1700000000123456789",
    flags: ["changed"],
  },
  {
    kind: "entry",
    path64: "Y2Fm6Q==",
    type: "symlink",
    mode: 0o777,
    size: 0,
    mtimeNs: "99999999999999999999999999",
    target: "a.md",
  },
];
const end = { kind: "end", entries: 3, contentBytes: 1234 };
const jsonLines = (...lines: object[]): Answer =>
  text(200, lines.map((line) => `${JSON.stringify(line)}\n`).join(""), "application/jsonl");

t.test("entries are listed, alone or with what ls -l shows", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on("POST /api/admin/archives/files", jsonLines(...entries, end));
  const short = await cli("files", LOCATION, "**/*.md", "sessions");
  t.equal(short.stdout, "./\na\\x1b.md\ncaf\u00e9\n");
  t.equal(short.stderr, "3 entries, 1.23 kB\n");
  t.same(gateway.requests[0]?.body, { archive: LOCATION, patterns: ["**/*.md", "sessions"] });
  const long = await cli("files", LOCATION, "--long");
  t.match(long.stdout, /^drwxr-x--- +0 B {2}1970-01-01 00:00:00Z {2}\.\/$/m);
  t.match(long.stdout, /^-rw-r--r-- +1\.23 kB {2}2023-11-14 22:13:20Z {2}a\\x1b\.md {2}\[changed\]$/m);
  t.match(long.stdout, /^lrwxrwxrwx .* caf\u00e9 -> a\.md$/m);
  const machine = await cli("files", LOCATION, "--json");
  t.same(
    machine.stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object),
    [...entries, end],
  );
});

t.test("a list that breaks off, and one that holds nothing, are no success", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(
    "POST /api/admin/archives/files",
    jsonLines(...entries),
    jsonLines({ ...end, entries: 0, contentBytes: 0 }),
    problem(422, { code: "ARCHIVE_WITHOUT_INDEX", exitCode: 2 }),
  );
  t.match(await cli("files", LOCATION), { code: 1, stderr: /broke the list off/ });
  t.match(await cli("files", LOCATION, "none"), { code: 3, stderr: /nothing that matches none/ });
  t.match(await cli("files", LOCATION), { code: 2 });
});

const CONTENT = "the file's content\n";
const digest = (content: string): string => `sha-256=:${hash("sha256", content, "base64")}:`;

/** Sends `content`, of which the first bytes arrive before the connection breaks. */
function file(content: string, breaksAfter = content.length, of = CONTENT): Answer {
  return (_request, response) => {
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": content.length,
      "Repr-Digest": digest(of),
    });
    response.write(content.slice(0, breaksAfter), () => {
      if (breaksAfter === content.length) response.end();
      // Not a reset, which could overtake what was sent.
      else response.socket?.end();
    });
  };
}

const ROUTE = "POST /api/admin/archives/cat";

t.test("a file is printed as it is", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(ROUTE, file(CONTENT));
  t.match(await cli("cat", LOCATION, "workspace/a.md"), { code: 0, stdout: CONTENT, stderr: "" });
  t.same(gateway.requests[0]?.body, { archive: LOCATION, path: "workspace/a.md", skip: 0 });
  t.match(await cli("cat", LOCATION, "a", "--json"), { code: 2, stdout: /does not go with --json/ });
});

t.test("a file whose transfer breaks goes on where it broke", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(ROUTE, file(CONTENT, 5), file(CONTENT.slice(5)));
  t.match(await cli("cat", LOCATION, "a"), { code: 0, stdout: CONTENT });
  t.match(gateway.requests[1]?.body, { skip: 5 });
});

t.test("damage behind what was printed ends with the gateway's reason", async (t) => {
  const { gateway, cli } = await start(t);
  const damaged = problem(422, {
    code: "ARCHIVE_DAMAGED",
    detail: "It is damaged.",
    exitCode: 7,
    hint: "Take another.",
  });
  gateway.on(ROUTE, file(CONTENT, 5), damaged);
  const run = await cli("cat", LOCATION, "a");
  t.match(run, { code: 7, stdout: CONTENT.slice(0, 5) });
  t.equal(run.stderr, "error: It is damaged.\nhint: What was printed is not to be trusted. Take another.\n");
  gateway.on(ROUTE, damaged);
  t.match(await cli("cat", LOCATION, "a"), { code: 7, stdout: "", stderr: /hint: Take another/ });
  gateway.on(
    ROUTE,
    file(CONTENT, 5),
    problem(422, { code: "ARCHIVE_DAMAGED", detail: "It is damaged.", exitCode: 7 }),
  );
  t.match(await cli("cat", LOCATION, "a"), { stderr: /hint: What was printed is not to be trusted\.\n/ });
});

t.test("a connection that breaks again and again without a byte is given up", async (t) => {
  const { gateway, cli } = await start(t);
  gateway.on(ROUTE, file(CONTENT, 5), file(CONTENT.slice(5), 0));
  t.match(await cli("cat", LOCATION, "a"), { code: 6, stderr: /not to be trusted/ });
  t.equal(gateway.requests.length, 2);
});

t.test(
  "a file that became another one meanwhile, or was altered on its way, is not taken for good",
  async (t) => {
    const { gateway, cli } = await start(t);
    gateway.on(ROUTE, file(CONTENT, 5), file("anything", 8, "another"));
    t.match(await cli("cat", LOCATION, "a"), { code: 1, stderr: /replaced while/ });
    gateway.on(ROUTE, file("THE FILE'S CONTENT\n"));
    t.match(await cli("cat", LOCATION, "a"), { code: 1, stderr: /altered on its way/ });
  },
);

t.test("differences are listed with a mark and a summary", async (t) => {
  const { gateway, cli } = await start(t);
  const facts = { type: "file", mode: 0o644, size: 1000, mtimeNs: "0" };
  const link = { ...facts, type: "symlink", target: "a" };
  const lines = [
    { kind: "added", path: "a", ...facts },
    { kind: "removed", path: "", ...facts, type: "directory" },
    {
      kind: "changed",
      path: "b",
      changes: ["mode", "size"],
      before: facts,
      after: { ...facts, mode: 0o600, size: 2000 },
    },
    { kind: "changed", path: "c", changes: ["target"], before: link, after: { ...link, target: "b" } },
    { kind: "changed", path: "d", changes: ["type"], before: link, after: facts },
    { kind: "unexplained", path: "e", changes: ["content"], before: facts, after: facts },
  ];
  const totals = { kind: "end", added: 1, removed: 1, changed: 3, unexplained: 1, unchanged: 1000 };
  gateway.on(
    "POST /api/admin/archives/diff",
    jsonLines(...lines, totals),
    jsonLines({ ...totals, unexplained: 0 }),
  );
  const run = await cli("diff", LOCATION, "a1");
  t.equal(
    run.stdout,
    "+ a  1.00 kB\n- ./\n~ b  mode, size (644 → 600, 1.00 kB → 2.00 kB)\n~ c  target (a → b)\n" +
      "~ d  type (symlink → file)\n? e  content\n",
  );
  t.match(
    run.stderr,
    /^1 added, 1 removed, 3 changed, 1 with other content at the same time \(\?\), 1,000 unchanged$/m,
  );
  t.same(gateway.requests[0]?.body, { archive: LOCATION, with: "a1" });
  t.match(await cli("diff", LOCATION, "--live", "--content"), {
    code: 0,
    stderr: /3 changed, 1,000 unchanged/,
  });
  t.same(gateway.requests[1]?.body, { archive: LOCATION, content: true });
  t.match(await cli("diff", LOCATION, "a1", "--live"), { code: 2, stderr: /second archive/ });
});
