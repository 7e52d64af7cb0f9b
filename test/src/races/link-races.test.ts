/** Links that are put in the place of directories and files between check and use: by restore, backup and file API. */
import assert from "node:assert/strict";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BackupError,
  buildArchive,
  extractInProcess,
  readTree,
  writeToMemory,
} from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { Bed, temporaryDirectory } from "../support/bed.js";
import { startRacer } from "./racing.js";

const RACE_MS = 3000;
/** However slow the machine is: so often each is tried. */
const TRIES_MIN = 5;
const SECRET = "the secret outside";
const DIRECTORIES = ["workspace", "workspace/a", "workspace/a/b", "workspace/c"];
const FILES = DIRECTORIES.flatMap((directory) =>
  Array.from({ length: 12 }, (_, n) => `${directory}/file-${n}`),
);
const PLACES = [...DIRECTORIES, ...DIRECTORIES, ...FILES.filter((_, n) => n % 4 === 0)];

/** The same directories as in the tenant, and some of its files, with the secret in them: a link leads to its like. */
function makeOutside(directory: string): string {
  const outside = join(directory, "outside");
  mkdirSync(outside);
  for (const path of DIRECTORIES) mkdirSync(join(outside, path));
  for (const path of FILES.filter((_, n) => n % 2 === 0)) writeFileSync(join(outside, path), SECRET);
  return outside;
}

/** Calls `work` until the race's time is over. */
async function forAWhile(work: (turn: number) => Promise<void>): Promise<number> {
  const end = Date.now() + RACE_MS;
  let turn = 0;
  while (Date.now() < end || turn < TRIES_MIN) await work(turn++);
  return turn;
}

t.test(
  "a staging tree whose directories become links while it is written leads nothing outside",
  async (t) => {
    const directory = temporaryDirectory(t);
    const outside = makeOutside(directory);
    const before = readTree(outside);
    const archive = buildArchive(
      [
        ...FILES.map((path) => ({ path, content: path.repeat(40) })),
        { path: "workspace/link", type: "symlink", target: "a" },
        ...DIRECTORIES.map((path) => ({ path, type: "directory" as const, mode: 0o751, mtimeNs: 1n })),
      ],
      // A segment or two for each file, which arrive one by one: time for the racer.
      { largeBytes: 1 },
    );
    const staging = join(directory, "staging");
    mkdirSync(staging);
    const racer = await startRacer(t, staging, PLACES, outside);
    let failures = 0;
    const tries = await forAWhile(async (turn) => {
      const into = join(staging, String(turn));
      mkdirSync(into);
      try {
        await extractInProcess(archive, into, { chunkBytes: 500 });
      } catch (error) {
        assert.ok(error instanceof BackupError, String(error));
        failures++;
      }
      // Out of the racer's reach, which slows down with every tree.
      renameSync(into, join(directory, `done-${turn}`));
    });
    const swaps = await racer.stop();
    t.comment(`${tries} extractions, ${failures} of them failed, ${swaps} links put in between`);
    t.ok(swaps > 0, "the racer was there");
    t.strictSame(readTree(outside), before);
  },
);

t.test("a live tenant whose directories become links while it is read gives no secret away", async (t) => {
  const directory = temporaryDirectory(t);
  const outside = makeOutside(directory);
  const root = join(directory, "tenants");
  const tenant = join(root, "acme");
  mkdirSync(tenant, { recursive: true });
  for (const path of DIRECTORIES) mkdirSync(join(tenant, path));
  for (const path of FILES) writeFileSync(join(tenant, path), `harmless ${path}`);
  const racer = await startRacer(t, root, PLACES, outside);
  let archives = 0;
  let contents = 0;
  await forAWhile(async (turn) => {
    try {
      const { bytes } = await writeToMemory(tenant);
      const into = join(directory, `restored-${turn}`);
      mkdirSync(into);
      await extractInProcess(bytes, into);
      archives++;
      for (const [path, entry] of Object.entries(readTree(into))) {
        assert.ok(!(entry.content ?? "").includes(SECRET), `${path} holds the secret`);
        assert.ok(!(entry.target ?? "").includes(outside), `${path} leads outside`);
        if (entry.content !== undefined) contents++;
      }
    } catch (error) {
      if (!(error instanceof BackupError)) throw error;
    }
  });
  const swaps = await racer.stop();
  t.comment(`${archives} archives with ${contents} files, ${swaps} links put in between`);
  t.ok(swaps > 0, "the racer was there");
  t.ok(archives > 0 && contents > 0, "archives were written");
});

t.test(
  "a workspace whose directories become links while it is used shows and takes nothing outside",
  async (t) => {
    const bed = await Bed.start(t);
    const token = await bed.createTenant("acme");
    const outside = makeOutside(bed.directory);
    const before = readTree(outside);
    const call = (method: string, path: string, body?: string): Promise<Response> =>
      fetch(`${bed.gateway.url}/api/tenant/files/${path}`, {
        method,
        headers: { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body }),
      });
    // The API's paths are below workspace/, which the racer leaves alone: a workspace that is a link is tested by itself.
    const below = (path: string): string => path.slice("workspace/".length);
    for (const path of FILES) assert.equal((await call("PUT", below(path), "harmless")).status, 201);

    const places = PLACES.map(below).filter((path) => path !== "");
    const racer = await startRacer(
      t,
      bed.gateway.tenantDirectory("acme"),
      places,
      join(outside, "workspace"),
    );
    const statuses = new Set<number>();
    await forAWhile(async (turn) => {
      const path = below(FILES[turn % FILES.length] ?? "");
      const [read, listed, written] = await Promise.all([
        call("GET", path),
        call("GET", below(DIRECTORIES[1 + (turn % 3)] ?? "")),
        call("PUT", `${path}-${turn % 5}`, "harmless"),
        call("DELETE", `${path}-${(turn + 3) % 5}`),
      ]);
      for (const { status } of [read, listed, written]) statuses.add(status);
      assert.ok(!(await read.text()).includes(SECRET), `${path} shows the secret`);
      assert.ok(![read, listed, written].some(({ status }) => status >= 500 && status !== 503));
      if (turn % 10 === 0) assert.deepEqual(readTree(outside), before);
    });
    const swaps = await racer.stop();
    t.comment(`answers ${[...statuses].sort().join(", ")}; ${swaps} links put in between`);
    t.ok(swaps > 0, "the racer was there");
    t.strictSame(readTree(outside), before);
  },
);
