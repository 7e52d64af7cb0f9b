import { hash, randomBytes } from "node:crypto";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { buildArchive, sampleEntries } from "../archive/testing/archive-builder.js";
import { TAR_ENDING, tarPart } from "../archive/testing/tar-builder.js";
import { testGateway, type TestGateway } from "../test-support/gateway.js";

interface Bench extends TestGateway {
  /** Location of the tenant's archive. */
  readonly archive: string;
  readonly archiveId: string;
}

/** Two pieces. */
const LARGE = randomBytes(6 * 1024 * 1024 + 77);

async function bench(t: Test): Promise<Bench> {
  const host = await testGateway(t);
  await host.tenant("acme", { "sessions/a.jsonl": "one\n", "workspace/notes.md": "# Notes\n" });
  const directory = host.directory("acme");
  symlinkSync("notes.md", join(directory, "workspace/latest"));
  writeFileSync(join(directory, "workspace/large.bin"), LARGE);
  writeFileSync(join(directory, "workspace/empty"), "");
  writeFileSync(Buffer.from(`${directory}/workspace/caf\xe9`, "latin1"), "latin1\n");
  const { result } = await host.job("/api/admin/tenants/acme/backups");
  return { ...host, archive: String(result?.["location"]), archiveId: String(result?.["archiveId"]) };
}

/** Puts bytes beside the archives, where the catalogue knows nothing of them. */
function stored(host: TestGateway, name: string, bytes: Buffer): string {
  const path = join(host.stateDir, "backups", name);
  writeFileSync(path, bytes);
  return path;
}

async function lines(host: TestGateway, body: object, route = "files"): Promise<Record<string, unknown>[]> {
  const { gateway, headers } = host;
  const url = `/api/admin/archives/${route}`;
  const answer = await gateway.app.inject({ method: "POST", url, headers, payload: body });
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.body
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function file(host: TestGateway, body: object) {
  const { gateway, headers } = host;
  return gateway.app.inject({ method: "POST", url: "/api/admin/archives/cat", headers, payload: body });
}

/** Asks for the removal of the archive, and waits for the job's end. */
async function removed(host: Bench): Promise<unknown> {
  const { body } = await host.call("DELETE", `/api/admin/backups/${host.archiveId}?force=true&now=true`);
  const { id } = body["job"] as { readonly id: string };
  await host.gateway.app.inject({ url: `/api/admin/jobs/${id}/events`, headers: host.headers });
  return (await host.call("GET", `/api/admin/jobs/${id}`)).body;
}

/** For the tests that change nothing of it. */
const shared = await bench(t);

await t.test("an archive is shown by its index, and with what the catalogue knows", async (t) => {
  const host = shared;
  const { archive, archiveId } = host;
  for (const choice of [archive, archiveId]) {
    const { status, body } = await host.call("POST", "/api/admin/archives/show", { archive: choice });
    t.equal(status, 200);
    t.match(body, {
      location: archive,
      size: readFileSync(archive).length,
      tenant: "acme",
      formatVersion: 1,
      totals: { files: 6, symlinks: 1, directories: 10 },
      segments: [
        { kind: "pack" },
        { kind: "head" },
        { kind: "piece", segments: 2 },
        { kind: "dirs" },
        { kind: "end" },
      ],
      flagged: { database: 0, truncated: 0, changed: 0 },
      warnings: [],
      catalogue: { id: archiveId, state: "good" },
    });
    t.ok(Number(body["ratio"]) > 0.9);
  }
});

await t.test("an archive that the catalogue does not know is shown as well", async (t) => {
  const host = shared;
  const copy = stored(host, "copy.tar.zst", readFileSync(host.archive));
  const { body } = await host.call("POST", "/api/admin/archives/show", { archive: copy });
  t.match(body, { tenant: "acme" });
  t.notOk("catalogue" in body || "replaced" in body);
});

await t.test("an archive that took another one's place is not shown as the catalogue's", async (t) => {
  const host = await bench(t);
  writeFileSync(host.archive, buildArchive(sampleEntries()));
  const { body } = await host.call("POST", "/api/admin/archives/show", { archive: host.archive });
  t.match(body, { producer: "archive-builder", replaced: { id: host.archiveId } });
  t.notOk("catalogue" in body);
});

await t.test("the entries of an archive come as JSON lines with an end", async (t) => {
  const host = shared;
  const all = await lines(host, { archive: host.archive });
  t.match(all.at(-1), { kind: "end", entries: 17, contentBytes: Number });
  const byPath = new Map(all.map((line) => [line["path"], line]));
  t.match(byPath.get("sessions/a.jsonl"), {
    kind: "entry",
    type: "file",
    size: 4,
    mtimeNs: /^\d+$/,
    sha256: hash("sha256", "one\n", "hex"),
  });
  t.match(byPath.get("workspace/latest"), { type: "symlink", target: "notes.md" });
  t.match(byPath.get(""), { type: "directory" });
  const latin1 = Buffer.from("workspace/caf\xe9", "latin1").toString("base64");
  t.ok(all.some((line) => line["path64"] === latin1));
});

await t.test("patterns choose entries, and what is below them", async (t) => {
  const host = shared;
  const paths = async (...patterns: string[]): Promise<unknown[]> =>
    (await lines(host, { archive: host.archive, patterns }))
      .slice(0, -1)
      .map(({ path, path64 }) => path ?? path64);
  t.same(await paths("sessions"), ["sessions/a.jsonl", "sessions"]);
  t.same(await paths("./sessions/", "**/*.md"), ["sessions/a.jsonl", "workspace/notes.md", "sessions"]);
  t.same(await paths("workspace/caf?"), [Buffer.from("workspace/caf\xe9", "latin1").toString("base64")]);
  t.same(await paths("nothing"), []);
  t.equal((await paths("**")).length, 16);
  const { body } = await host.call("POST", "/api/admin/archives/files", {
    archive: host.archive,
    patterns: ["../x"],
  });
  t.match(body, { code: "REQUEST_INVALID", exitCode: 2 });
});

await t.test("a file comes out of an archive byte for byte, with its hash", async (t) => {
  const host = shared;
  const { archive } = host;
  for (const [path, content] of [
    ["sessions/a.jsonl", Buffer.from("one\n")],
    ["workspace/large.bin", LARGE],
    ["workspace/empty", Buffer.alloc(0)],
  ] as const) {
    const answer = await file(host, { archive, path });
    t.equal(answer.statusCode, 200);
    t.ok(answer.rawPayload.equals(content), path);
    t.equal(answer.headers["repr-digest"], `sha-256=:${hash("sha256", content, "base64")}:`);
    t.equal(answer.headers["content-length"], String(content.length));
  }
  const rest = await file(host, { archive, path: "workspace/large.bin", skip: 5_000_000 });
  t.ok(rest.rawPayload.equals(LARGE.subarray(5_000_000)));
  const none = await file(host, { archive, path: "workspace/large.bin", skip: LARGE.length + 1 });
  t.match(none, { statusCode: 200, body: "" });
});

await t.test("what is no file has no content", async (t) => {
  const host = shared;
  const refused = async (path: string): Promise<unknown> =>
    (await file(host, { archive: host.archive, path })).json();
  t.match(await refused("workspace"), { code: "REQUEST_INVALID", exitCode: 2, detail: /directory/ });
  t.match(await refused("workspace/latest"), { code: "REQUEST_INVALID", detail: /symlink to "notes.md"/ });
  t.match(await refused("workspace/none"), { code: "ENTRY_NOT_FOUND", exitCode: 3, hint: /backups files/ });
  t.match(await refused("/etc/passwd"), { code: "REQUEST_INVALID" });
});

await t.test("archives that cannot be read in parts are refused with the way out", async (t) => {
  const host = shared;
  const foreign = stored(
    host,
    "foreign.tar",
    Buffer.concat([tarPart({ name: "a.txt", content: "text" }), TAR_ENDING]),
  );
  const age = stored(host, "a.tar.zst.age", Buffer.from("age-encryption.org/v1\n-> X25519 abc\n"));
  for (const [archive, expected] of [
    [foreign, { code: "ARCHIVE_WITHOUT_INDEX", exitCode: 2, hint: /tenants restore/ }],
    [age, { code: "ARCHIVE_ENCRYPTED", exitCode: 7 }],
    [`${host.archive}.gone`, { code: "ARCHIVE_NOT_FOUND", exitCode: 3 }],
    ["/etc/passwd", { code: "PATH_NOT_ALLOWED", exitCode: 5 }],
    ["elsewhere", { code: "LOCATION_INVALID", exitCode: 2 }],
  ] as const) {
    for (const [route, more] of [
      ["show", {}],
      ["files", {}],
      ["cat", { path: "a.txt" }],
    ] as const) {
      const { body } = await host.call("POST", `/api/admin/archives/${route}`, { archive, ...more });
      t.match(body, expected, `${route} ${archive}`);
    }
  }
});

await t.test("the id of an archive that was removed is said to be that", async (t) => {
  const host = await bench(t);
  await removed(host);
  const { body } = await host.call("POST", "/api/admin/archives/show", { archive: host.archiveId });
  t.match(body, { code: "ARCHIVE_NOT_FOUND", detail: /was removed/ });
});

await t.test("a damaged archive is refused by every one of these, as by a restore", async (t) => {
  const host = shared;
  const bytes = readFileSync(host.archive);
  bytes[bytes.length - 400] = (bytes[bytes.length - 400] ?? 0) ^ 1;
  const archive = stored(host, "damaged.tar.zst", bytes);
  for (const [route, more] of [
    ["show", {}],
    ["files", {}],
    ["cat", { path: "sessions/a.jsonl" }],
  ] as const) {
    const { body } = await host.call("POST", `/api/admin/archives/${route}`, { archive, ...more });
    t.match(body, { code: "ARCHIVE_DAMAGED", exitCode: 7 }, route);
  }
});

await t.test(
  "damage in a file's first bytes is an answer, damage behind them breaks the answer off",
  async (t) => {
    const host = shared;
    const bytes = readFileSync(host.archive);
    const archive = stored(host, "damaged.tar.zst", bytes);
    const start = bytes.indexOf(LARGE.subarray(100, 200));
    t.ok(start > 0, "random bytes are stored as they are");
    bytes[start] = (bytes[start] ?? 0) ^ 1;
    writeFileSync(archive, bytes);
    t.match((await file(host, { archive, path: "workspace/large.bin" })).json(), {
      code: "ARCHIVE_DAMAGED",
      details: { rule: /segment hash|zstd frame/ },
    });
    bytes[start] = (bytes[start] ?? 0) ^ 1;
    const late = bytes.indexOf(LARGE.subarray(6_000_000, 6_000_100));
    bytes[late] = (bytes[late] ?? 0) ^ 1;
    writeFileSync(archive, bytes);
    await t.rejects(file(host, { archive, path: "workspace/large.bin" }));
    t.match((await file(host, { archive, path: "workspace/large.bin", skip: 4 * 1024 * 1024 })).json(), {
      code: "ARCHIVE_DAMAGED",
    });
  },
);

await t.test("an archive that is being read is not removed", async (t) => {
  const host = await bench(t);
  const { gateway, headers, archive } = host;
  const { url: gatewayUrl } = await gateway.listen();
  const abort = new AbortController();
  const url = `${gatewayUrl}/api/admin/archives/cat`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ archive, path: "workspace/large.bin" }),
    signal: abort.signal,
  });
  t.equal(answer.status, 200);
  const removal = await removed(host);
  t.match(removal, { state: "failed", error: { code: "ARCHIVE_BUSY" } });
  abort.abort();
});
