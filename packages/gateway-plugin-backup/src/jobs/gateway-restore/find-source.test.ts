import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { BackupError } from "../../errors.js";
import { LocalStore } from "../../stores/local/local-store.js";
import { encodeManifest } from "../gateway/set-manifest.js";
import {
  directoryName,
  isAutomaticDirectory,
  partKey,
  type SetKind,
  setObjectName,
} from "../gateway/set-names.js";
import { findGatewaySource } from "./find-source.js";

const { signal } = new AbortController();

function bed(root: string) {
  const store = new LocalStore({ kind: "local", roots: [root] });
  const write = (path: string, content = "x"): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  const set = (prefix: string, createdAt: string, kind: SetKind = "scheduled"): void => {
    const now = Date.parse(createdAt);
    const directory = `${prefix}${directoryName(kind, now)}/`;
    const key = partKey("", "@state", { kind, now, suffix: "" });
    write(`${directory}${key}`, "archive");
    const part = { name: "state", key, size: 7, indexSha256: "0".repeat(64), files: 1, bytes: 1 } as const;
    const facts = { kind, uid: "0".repeat(32), createdAt, producer: "test", parts: [part] };
    write(`${directory}backup.json`, encodeManifest(facts));
  };
  const find = (path: string) => findGatewaySource(store, { key: join(root, path) }, signal);
  return { write, set, find };
}

t.test("a set is found by its directory, and by its backup.json", async (t) => {
  const root = t.testdir();
  const { set, find } = bed(root);
  set("p/", "2026-03-07T02:00:00Z");
  const directory = join(root, "p/2026-03-07T02-00-00Z/");
  t.ok(isAutomaticDirectory(directory));
  t.match(setObjectName("pre-delete/2026-03-07T02-00-00Z.state.tar.zst"), {
    timestamp: "2026-03-07T02-00-00Z",
  });
  t.equal(setObjectName("pre-delete/notes"), undefined);
  const expected = {
    kind: "set",
    location: directory,
    manifest: { createdAt: "2026-03-07T02:00:00Z" },
    parts: [{ name: "state", objectKey: `${directory}state.tar.zst` }],
  };
  for (const path of [
    "p/2026-03-07T02-00-00Z/",
    "p/2026-03-07T02-00-00Z",
    "p/2026-03-07T02-00-00Z/backup.json",
  ])
    t.match(await find(path), expected, path);
});

t.test("an archive is an archive, whatever it is called", async (t) => {
  const { write, find } = bed(t.testdir());
  write("state.tar.gz");
  t.match(await find("state.tar.gz"), { kind: "archive", key: /state\.tar\.gz$/ });
  await t.rejects(find("state.tar.gz/below"), { code: "LOCATION_INVALID" });
});

t.test("a store that fails is not taken for one that has nothing", async (t) => {
  const head = (): Promise<never> => Promise.reject(new BackupError("STORE_DENIED", "no"));
  const store = Object.assign(new LocalStore({ kind: "local", roots: [] }), { head });
  await t.rejects(findGatewaySource(store, { key: "/x" }, signal), { code: "STORE_DENIED" });
});

t.test("of several sets in a prefix the newest that is complete is taken", async (t) => {
  const { set, find, write } = bed(t.testdir());
  set("p/", "2026-03-07T02:00:00Z");
  set("p/", "2026-03-08T02:00:00Z");
  set("p/deeper/", "2026-04-01T02:00:00Z");
  write("p/2026-03-09T02-00-00Z/state.tar.zst");
  t.match(await find("p/"), { manifest: { createdAt: "2026-03-08T02:00:00Z" } });
  set("p/", "2026-03-08T09:00:00Z", "pre-delete");
  t.match(await find("p"), { manifest: { kind: "pre-delete" }, location: /pre-delete\/$/ });
  set("p/", "2026-03-10T02:00:00Z");
  t.match(await find("p"), { manifest: { createdAt: "2026-03-10T02:00:00Z" } });
});

t.test("a set of which something is missing is not taken for a good one", async (t) => {
  const root = t.testdir();
  const { set, find, write } = bed(root);
  const archive = "p/2026-03-07T02-00-00Z/state.tar.zst";
  set("p/", "2026-03-07T02:00:00Z");
  write(archive, "cut");
  await t.rejects(find("p/"), {
    code: "ARCHIVE_DAMAGED",
    message: /state\.tar\.zst, which has 3 bytes, not 7/,
  });
  rmSync(join(root, archive));
  await t.rejects(find("p/"), { code: "ARCHIVE_DAMAGED", message: /which is not there/ });
  write(archive, "archive");
  rmSync(join(root, "p/2026-03-07T02-00-00Z/backup.json"));
  await t.rejects(find("p/"), {
    code: "ARCHIVE_NOT_FOUND",
    exitCode: 3,
    message: /no backup\.json beside it/,
  });
  await t.rejects(find("p/2026-03-07T02-00-00Z/backup.json"), { code: "ARCHIVE_NOT_FOUND" });
});

t.test("loose files are found by the config among them", async (t) => {
  const { write, find } = bed(t.testdir());
  write("2026-03-07/openclaw.json");
  write("2026-03-07/tenants/acme/tenant.json");
  const found = await find("2026-03-07");
  t.match(found, { kind: "files", prefix: /2026-03-07\/$/, layout: { mappings: [{ from: "" }] } });
  t.equal(found.kind === "files" && found.files.length, 2);
  write("other/a");
  await t.rejects(find("other"), { code: "NO_STATE_IN_ARCHIVE" });
  await t.rejects(find("nowhere/"), { code: "ARCHIVE_NOT_FOUND", exitCode: 3 });
});
