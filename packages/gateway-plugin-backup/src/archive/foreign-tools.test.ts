/** Archives that real tools make: what their users have at hand must restore. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  lutimesSync,
  mkdirSync,
  symlinkSync,
  linkSync,
  utimesSync,
  chmodSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { extractInProcess } from "./testing/extract-in-process.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree } from "./testing/tree.js";

const NOT_UTF8 = Buffer.from("caf\xe9", "latin1");
const TIME = 1_700_000_000;

/** A tenant with what makes tools differ: long and odd names, links, hard links, empty and read-only directories. */
function makeTenant(directory: string): void {
  const at = (path: string): string => join(directory, path);
  const long = `${"l".repeat(120)}/${"m".repeat(120)}`;
  for (const path of ["sessions", "empty", "workspace", "workspace/read-only", long.slice(0, 120), long])
    mkdirSync(at(path), { mode: 0o750 });
  writeFileSync(at("tenant.json"), '{"id":"acme"}', { mode: 0o600 });
  writeFileSync(at("sessions/a b\nc.jsonl"), "x".repeat(1000));
  writeFileSync(at("workspace/ünï.txt"), "text", { mode: 0o755 });
  writeFileSync(at("workspace/read-only/file"), "");
  writeFileSync(at(`${long}/${"n".repeat(200)}`), Buffer.alloc(3_000_000, "content"));
  writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), NOT_UTF8]), "old encoding");
  linkSync(at("workspace/ünï.txt"), at("workspace/also.txt"));
  symlinkSync("../sessions/a b\nc.jsonl", at("workspace/link"));
  symlinkSync(`nowhere/${"t".repeat(150)}`, at("workspace/dangling"));
  for (const path of ["workspace/link", "workspace/dangling"]) lutimesSync(at(path), TIME, TIME);
  for (const path of Object.keys(readTree(directory)))
    if (!path.startsWith("workspace/link") && !path.startsWith("workspace/dangling"))
      utimesSync(Buffer.from(`${directory}/${path}`, "latin1"), TIME, TIME);
  chmodSync(at("workspace/read-only"), 0o555);
}

const state = stagingDirectory(t);
mkdirSync(join(state, "tenants/acme"), { recursive: true, mode: 0o700 });
makeTenant(join(state, "tenants/acme"));
utimesSync(join(state, "tenants/acme"), TIME, TIME);
const expected = readTree(join(state, "tenants/acme"));

const pythonTar = (format: string): string =>
  `import tarfile,sys\nwith tarfile.open(sys.argv[1],"w",format=tarfile.${format}) as t: t.add("tenants/acme")`;

/** Command lines that write the archive named by the last argument, with the state directory as working directory. */
const tools: Record<string, (file: string) => [string, ...string[]]> = {
  "GNU tar, gnu format": (file) => ["tar", "--format=gnu", "-cf", file, "tenants/acme"],
  "GNU tar, pax format": (file) => ["tar", "--format=pax", "-cf", file, "tenants/acme"],
  "GNU tar, pax format, unsorted with ./": (file) => ["tar", "--format=pax", "-cf", file, "./tenants"],
  "GNU tar, gzip": (file) => ["tar", "-czf", file, "tenants/acme"],
  "GNU tar, zstd": (file) => ["tar", "--zstd", "-cf", file, "tenants/acme"],
  "GNU tar, zstd in many frames": (file) => [
    "sh",
    "-c",
    `tar -cf - tenants/acme | split -b 70000 --filter='zstd -q' > ${file}`,
  ],
  "GNU tar, gzip in many members": (file) => [
    "sh",
    "-c",
    `tar -cf - tenants/acme | split -b 70000 --filter=gzip > ${file}`,
  ],
  "GNU tar, with a label": (file) => ["tar", "--label=weekly", "-cf", file, "tenants/acme"],
  "Python, gnu format": (file) => ["python3", "-c", pythonTar("GNU_FORMAT"), file],
  "Python, pax format": (file) => ["python3", "-c", pythonTar("PAX_FORMAT"), file],
  "bsdtar, pax format": (file) => ["bsdtar", "--format=pax", "-cf", file, "tenants/acme"],
  "bsdtar, gnu format": (file) => ["bsdtar", "--format=gnutar", "-cf", file, "tenants/acme"],
  "bsdtar, zstd": (file) => ["bsdtar", "--zstd", "-cf", file, "tenants/acme"],
  busybox: (file) => ["busybox", "tar", "-cf", file, "tenants/acme"],
};

function missing(command: string): string | false {
  return spawnSync(command, ["--help"]).error === undefined ? false : `${command} is not installed`;
}

for (const [name, commandFor] of Object.entries(tools)) {
  t.test(`an archive of ${name} restores`, { skip: missing(commandFor("")[0]) }, async (t) => {
    const file = join(stagingDirectory(t), "archive");
    const [command, ...args] = commandFor(file);
    const made = spawnSync(command, args, {
      cwd: state,
      env: { PATH: process.env["PATH"], LC_ALL: "C.UTF-8" },
    });
    t.equal(made.status, 0, made.stderr.toString());
    const into = stagingDirectory(t);
    const result = await extractInProcess(readFileSync(file), into);
    t.match(result, { tenant: "acme", hadIndex: false, tenantRecordJson: '{"id":"acme"}' });
    t.strictSame(readTree(into), expected);
  });
}

t.test("a tar of the tenant's directory alone restores with --as", async (t) => {
  for (const args of [
    ["-C", "tenants/acme", "."],
    ["-C", "tenants", "acme"],
  ]) {
    const tar = execFileSync("tar", ["-cf", "-", ...args], { cwd: state, maxBuffer: 2 ** 26 });
    const into = stagingDirectory(t);
    t.match(await extractInProcess(tar, into, { as: "copy" }), { tenant: undefined });
    t.strictSame(readTree(into), expected);
  }
});

t.test("a sparse file of GNU tar is refused by name", async (t) => {
  const directory = stagingDirectory(t);
  mkdirSync(join(directory, "tenants/acme"), { recursive: true });
  execFileSync("truncate", ["-s", "1M", join(directory, "tenants/acme/sparse.img")]);
  for (const format of ["gnu", "pax"]) {
    const tar = execFileSync("tar", ["-S", `--format=${format}`, "-cf", "-", "tenants/acme"], {
      cwd: directory,
    });
    await t.rejects(extractInProcess(tar, undefined), { code: "UNSAFE_ENTRY", message: /sparse\.img/ });
  }
});
