/** What other programs make of our headers: GNU tar, bsdtar and Python's tarfile, where they are installed. */
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { INDEX_FRAME_MAGIC } from "./format.js";
import { skippableFrame } from "./frames.js";
import { joinRaw, rawPath, rawPathBytes, rawPathFromBytes } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { encodeSeekTable } from "./seek-table.js";
import { encodeTarHeader, TAR_END, tarPadding } from "./tar-header.js";
import type { TarEntry } from "./tar-header.js";
import { FrameCompressor } from "./zstd.js";

const notUtf8 = rawPathFromBytes(Buffer.from([0x62, 0xff, 0xfe, 0x64]));
const long = "l".repeat(200);
const names: readonly RawPath[] = [
  rawPath("plain.txt"),
  rawPath("emoji 😀 é.txt"),
  rawPath("new\nline"),
  rawPath("back\\slash"),
  notUtf8,
  rawPath("c".repeat(255)),
  rawPath(`${long}/emoji 😀${long}`),
  rawPath(`${long}/new\nline${long}`),
  joinRaw(rawPath(long), `${notUtf8}${long}` as RawPath),
  rawPath(`${"d".repeat(70)}/${"e".repeat(70)}/split`),
  rawPath(Array.from({ length: 15 }, () => "f".repeat(250)).join("/")),
];
const root = rawPath("tenants/acme");
const mtimeNs = 1_772_848_800_123_456_789n;
const targets: readonly RawPath[] = [
  rawPath("plain.txt"),
  rawPath("y".repeat(150) + "😀"),
  `${"x".repeat(150)}${notUtf8}` as RawPath,
];

const entries: readonly TarEntry[] = [
  ...names.map((name): TarEntry => ({
    path: joinRaw(root, name),
    type: "file",
    mode: 0o640,
    size: name.length,
    mtimeNs,
  })),
  ...targets.map((target, i): TarEntry => ({
    path: joinRaw(root, rawPath(`link${i}`)),
    type: "symlink",
    mode: 0o777,
    size: 0,
    mtimeNs,
    target,
  })),
  { path: joinRaw(root, rawPath(long)), type: "directory", mode: 0o750, size: 0, mtimeNs },
  { path: root, type: "directory", mode: 0o700, size: 0, mtimeNs },
];

/** Each file holds its own name. */
function tar(): Buffer {
  const blocks = entries.flatMap((entry) => {
    if (entry.type !== "file") return [encodeTarHeader(entry)];
    const content = rawPathBytes(entry.path.slice(root.length + 1) as RawPath);
    return [encodeTarHeader(entry), content, Buffer.alloc(tarPadding(content.length))];
  });
  return Buffer.concat([...blocks, TAR_END]);
}

/** Every path below `directory`, as bytes, with what it is. */
function tree(directory: RawPath, prefix = rawPath("")): Map<RawPath, string> {
  const found = new Map<RawPath, string>();
  for (const child of readdirSync(rawPathBytes(directory), { withFileTypes: true, encoding: "buffer" })) {
    const name = rawPathFromBytes(child.name);
    const at = rawPathBytes(joinRaw(directory, name));
    const path = joinRaw(prefix, name);
    if (child.isSymbolicLink())
      found.set(path, `-> ${rawPathFromBytes(readlinkSync(at, { encoding: "buffer" }))}`);
    else if (child.isFile()) found.set(path, rawPathFromBytes(readFileSync(at)));
    else for (const [below, what] of tree(joinRaw(directory, name), path)) found.set(below, what);
  }
  return found;
}

const expected = new Map<RawPath, string>([
  ...names.map((name) => [joinRaw(root, name), name] as const),
  ...targets.map((target, i) => [joinRaw(root, rawPath(`link${i}`)), `-> ${target}`] as const),
]);

const installed = (command: string): boolean => spawnSync(command, ["--version"]).error === undefined;
const utf8 = { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" };

for (const [command, locales] of [
  ["tar", ["C", "C.UTF-8"]],
  // In the C locale bsdtar restores the same but complains of every name that is not ASCII.
  ["bsdtar", ["C.UTF-8"]],
] as const) {
  const skip = installed(command) ? false : `${command} is not installed`;
  for (const locale of locales)
    t.test(`${command} extracts every name, link, mode and time (locale ${locale})`, { skip }, (t) => {
      const directory = t.testdir({ "a.tar": tar(), out: {} });
      const out = join(directory, "out");
      execFileSync(command, ["-xpf", join(directory, "a.tar"), "-C", out], {
        env: { ...utf8, LC_ALL: locale },
        stdio: "pipe",
      });
      t.strictSame(tree(rawPath(out)), expected);
      const plain = statSync(join(out, "tenants/acme/plain.txt"));
      t.equal(plain.mode & 0o7777, 0o640);
      t.equal(plain.mtimeMs, 1_772_848_800_000);
      t.equal(statSync(join(out, "tenants/acme")).mode & 0o7777, 0o700);
      t.equal(statSync(join(out, "tenants/acme")).mtimeMs, 1_772_848_800_000);
      t.end();
    });
}

t.test(
  "Python's tarfile lists every entry",
  { skip: installed("python3") ? false : "python3 is not installed" },
  (t) => {
    const directory = t.testdir({ "a.tar": tar() });
    t.strictSame(
      pythonList(join(directory, "a.tar")),
      entries.map(({ path, type, mode, size, target }) => [
        path,
        type,
        mode,
        size,
        1_772_848_800,
        target ?? "",
      ]),
    );
    t.end();
  },
);

t.test("a file of 8 GiB and more is listed with its size, and the entry behind it is found", (t) => {
  const archive = join(t.testdir({}), "large.tar");
  const large = [8 ** 11 - 1, 8 ** 11, 12_345_678_901].map((size, i): TarEntry => ({
    path: joinRaw(root, rawPath(`large${i}`)),
    type: "file",
    mode: 0o600,
    size,
    mtimeNs,
  }));
  // The contents are holes of the archive file, which readers seek over.
  const fd = openSync(archive, "w");
  let end = 0;
  for (const entry of large) {
    const header = encodeTarHeader(entry);
    writeSync(fd, header, 0, header.length, end);
    end += header.length + entry.size + tarPadding(entry.size);
  }
  writeSync(fd, TAR_END, 0, TAR_END.length, end);
  closeSync(fd);
  const listing = execFileSync("tar", ["--numeric-owner", "-tvf", archive], { env: utf8, encoding: "utf8" });
  t.equal(
    listing,
    large
      .map(({ path, size }) => `-rw------- 0/0 ${String(size).padStart(15)} 2026-03-07 02:00 ${path}\n`)
      .join(""),
  );
  if (installed("python3"))
    t.strictSame(
      pythonList(archive).map((entry) => entry[3]),
      large.map(({ size }) => size),
    );
  t.end();
});

t.test("tar and zstd read the stream in frames of any size, skippable ones among them", (t) => {
  if (!installed("zstd")) {
    t.comment("zstd is not installed");
    t.end();
    return;
  }
  const compressor = new FrameCompressor(3);
  const stream = tar();
  const frames: Buffer[] = [];
  for (let at = 0; at < stream.length; at += 7000)
    frames.push(compressor.compress(stream.subarray(at, at + 7000)));
  frames.push(skippableFrame(INDEX_FRAME_MAGIC, compressor.compress(Buffer.from("index"))));
  frames.push(encodeSeekTable(frames.map((frame) => ({ stored: frame.length, raw: 0 }))));
  const archive = join(t.testdir({ "a.tar.zst": Buffer.concat(frames) }), "a.tar.zst");
  t.strictSame(execFileSync("zstd", ["-dc", archive], { maxBuffer: 2 ** 24 }), stream);
  execFileSync("zstd", ["-qt", archive]);
  const listing = execFileSync("tar", ["--zstd", "--quoting-style=literal", "--null", "-tf", archive], {
    env: utf8,
    stdio: "pipe",
  });
  t.equal(
    listing.toString("latin1"),
    entries.map(({ path, type }) => `${path}${type === "directory" ? "/" : ""}\n`).join(""),
  );
  t.end();
});

type PythonEntry = [path: string, type: string, mode: number, size: number, mtime: number, target: string];

/** What Python's tarfile says of each entry; names as raw paths. */
function pythonList(archive: string): PythonEntry[] {
  const script = `
import json, sys, tarfile
raw = lambda name: name.encode("utf-8", "surrogateescape").decode("latin-1")
kind = lambda m: "directory" if m.isdir() else "symlink" if m.issym() else "file" if m.isfile() else "?"
with tarfile.open(sys.argv[1], encoding="utf-8") as tar:
    print(json.dumps([[raw(m.name), kind(m), m.mode, m.size, m.mtime, raw(m.linkname)] for m in tar]))
`;
  return JSON.parse(execFileSync("python3", ["-c", script, archive], { encoding: "utf8" })) as PythonEntry[];
}
