/** Archives that real tools make: what their users have at hand must restore. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { extractInProcess } from "./testing/extract-in-process.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree, type TreeEntry } from "./testing/tree.js";

const NS_PER_SECOND = 1_000_000_000n;
/** With a fraction, which only pax headers keep. */
const TIME = 1_700_000_000.25;
const NOT_UTF8 = Buffer.from("caf\xe9", "latin1");

interface TenantOptions {
  /** Paths that no ustar header can say, and names that are not UTF-8. */
  readonly anyName: boolean;
}

/** A tenant with what makes tools differ: long and odd names, links, hard links, empty and read-only directories. */
function makeTenant(state: string, { anyName }: TenantOptions): Record<string, TreeEntry> {
  const directory = join(state, "tenants/acme");
  const at = (path: string): string => join(directory, path);
  // 185 bytes with the root: a ustar header holds it in prefix and name.
  const long = `${"l".repeat(80)}/${"m".repeat(90)}`;
  const longest = anyName ? `${long}/${"n".repeat(200)}` : long;
  mkdirSync(directory, { recursive: true });
  for (const path of ["sessions", "empty", "workspace", "workspace/read-only"])
    mkdirSync(at(path), { mode: 0o750 });
  mkdirSync(join(at(longest), ".."), { recursive: true });
  writeFileSync(at("tenant.json"), '{"id":"acme"}', { mode: 0o600 });
  writeFileSync(at("sessions/a b.jsonl"), "x".repeat(1000));
  writeFileSync(at("sessions/exactly-one-block"), "x".repeat(512));
  writeFileSync(at("workspace/ünï-😀.txt"), "text", { mode: 0o755 });
  writeFileSync(at("workspace/read-only/file"), "");
  writeFileSync(at("workspace/large.bin"), Buffer.alloc(9 * 1024 * 1024, "content that repeats "));
  writeFileSync(at(longest), "deep");
  linkSync(at("workspace/ünï-😀.txt"), at("workspace/same.txt"));
  symlinkSync("../sessions/a b.jsonl", at("workspace/link"));
  symlinkSync("nowhere", at("workspace/dangling"));
  if (anyName) {
    writeFileSync(at("sessions/a\nb"), "line break");
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), NOT_UTF8]), "old encoding");
    symlinkSync(`nowhere/${"t".repeat(150)}`, at("workspace/far"));
  }
  for (const [path, { type }] of Object.entries(readTree(directory))) {
    const name = Buffer.from(`${directory}/${path}`, "latin1");
    if (type === "symlink") lutimesSync(name, TIME, TIME);
    else utimesSync(name, TIME, TIME);
  }
  chmodSync(at("workspace/read-only"), 0o555);
  return readTree(directory);
}

interface Format {
  readonly anyName: boolean;
  /** Whether all times have their fractions of a second. */
  readonly keepsFraction: boolean;
  /** Writes the tar named by `$1`, with the state directory as working directory. */
  readonly script: string;
}

const python = (format: string): string =>
  `python3 -c 'import sys,tarfile
with tarfile.open(sys.argv[1], "w", format=tarfile.${format}) as tar: tar.add("tenants/acme")' "$1"`;

const USTAR = { anyName: false, keepsFraction: false };
const GNU = { anyName: true, keepsFraction: false };
const PAX = { anyName: true, keepsFraction: true };

/** By tool; a tool is skipped where it is not installed. */
const tools: Readonly<Record<string, Readonly<Record<string, Format>>>> = {
  tar: {
    ustar: { ...USTAR, script: 'tar --format=ustar -cf "$1" tenants/acme' },
    gnu: { ...GNU, script: 'tar --format=gnu -cf "$1" tenants/acme' },
    oldgnu: { ...GNU, script: 'tar --format=oldgnu -cf "$1" ./tenants' },
    pax: { ...PAX, script: 'tar --format=pax --xattrs -cf "$1" tenants/acme' },
  },
  bsdtar: {
    ustar: { ...USTAR, script: 'bsdtar --format=ustar -cf "$1" tenants/acme' },
    gnutar: { ...GNU, script: 'bsdtar --format=gnutar -cf "$1" tenants/acme' },
    pax: { ...PAX, script: 'bsdtar --format=pax -cf "$1" tenants/acme' },
    // The default: pax headers only where ustar cannot say it.
    "restricted pax": { ...PAX, keepsFraction: false, script: 'bsdtar -cf "$1" ./tenants/acme' },
  },
  python3: {
    ustar: { ...USTAR, script: python("USTAR_FORMAT") },
    gnu: { ...GNU, script: python("GNU_FORMAT") },
    pax: { ...PAX, script: python("PAX_FORMAT") },
  },
  // The one format that it writes: ustar headers, with GNU's long names.
  busybox: { ustar: { ...GNU, script: 'busybox tar -cf "$1" tenants/acme' } },
};

/** Programs between the tar and the archive. */
const compressions: Readonly<Record<string, string>> = { plain: "cat", ".gz": "gzip", ".zst": "zstd -q" };

function missing(command: string): string | false {
  return spawnSync("sh", ["-c", `command -v -- ${command}`]).status === 0
    ? false
    : `${command} is not installed`;
}

function shell(script: string, cwd: string, argument: string): void {
  execFileSync("sh", ["-ec", script, "sh", argument], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: cwd, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

function wholeSeconds(tree: Record<string, TreeEntry>): Record<string, TreeEntry> {
  return Object.fromEntries(
    Object.entries(tree).map(([path, entry]) => [
      path,
      { ...entry, mtimeNs: entry.mtimeNs - (entry.mtimeNs % NS_PER_SECOND) },
    ]),
  );
}

const states = { plain: stagingDirectory(t), odd: stagingDirectory(t) };
const trees = {
  plain: makeTenant(states.plain, { anyName: false }),
  odd: makeTenant(states.odd, { anyName: true }),
};

for (const [tool, formats] of Object.entries(tools))
  for (const [name, format] of Object.entries(formats)) {
    const kind = format.anyName ? "odd" : "plain";
    t.test(`${tool}, ${name}`, { skip: missing(tool) }, async (t) => {
      const directory = stagingDirectory(t);
      const tar = join(directory, "made.tar");
      shell(format.script, states[kind], tar);
      for (const [ending, program] of Object.entries(compressions))
        await t.test(ending, { skip: missing(program.split(" ")[0] ?? "") }, async (t) => {
          const into = stagingDirectory(t);
          const archive = execFileSync("sh", ["-c", `${program} < made.tar`], {
            cwd: directory,
            maxBuffer: 2 ** 26,
          });
          const result = await extractInProcess(archive, into);
          t.match(result, { tenant: "acme", hadIndex: false, tenantRecordJson: '{"id":"acme"}' });
          const comparable = format.keepsFraction ? (tree: typeof trees.odd) => tree : wholeSeconds;
          t.strictSame(comparable(readTree(into)), comparable(trees[kind]));
        });
    });
  }

t.test("a tar in many gzip members or zstd frames restores", async (t) => {
  for (const program of ["gzip", "zstd -q"])
    await t.test(program, { skip: missing(program.split(" ")[0] ?? "") }, async (t) => {
      const into = stagingDirectory(t);
      const script = `tar --format=pax -cf - tenants/acme | split -b 700000 --filter='${program}'`;
      await extractInProcess(
        execFileSync("sh", ["-c", script], { cwd: states.odd, maxBuffer: 2 ** 26 }),
        into,
      );
      t.strictSame(readTree(into), trees.odd);
    });
});

t.test("a tar with a label restores", (t) => restores(t, ["--label=weekly", "tenants/acme"], undefined));

t.test("a tar that was appended to, so that directories stand twice, restores", async (t) => {
  const tar = join(stagingDirectory(t), "appended.tar");
  shell(
    'tar -cf "$1" tenants/acme/sessions; tar -rf "$1" --exclude="*/sessions/*" tenants/acme',
    states.odd,
    tar,
  );
  const into = stagingDirectory(t);
  await extractInProcess(readFileSync(tar), into);
  t.strictSame(Object.keys(readTree(into)), Object.keys(trees.odd));
});

t.test("a tar of the tenant's directory alone restores with --as", async (t) => {
  await restores(t, ["-C", "tenants/acme", "."], "copy");
  await restores(t, ["-C", "tenants", "acme"], "copy");
});

t.test("a tar of the directory's content, without a root, is refused with the way out", async (t) => {
  const tar = execFileSync("sh", ["-c", "cd tenants/acme && tar -cf - *"], {
    cwd: states.plain,
    maxBuffer: 2 ** 26,
  });
  await t.rejects(extractInProcess(tar, undefined, { as: "copy" }), {
    code: "UNSAFE_ENTRY",
    details: { rule: "mixed roots" },
    hint: /tar -C DIR -c \./,
  });
});

t.test("a sparse file of GNU tar is refused by name", async (t) => {
  const directory = stagingDirectory(t);
  mkdirSync(join(directory, "tenants/acme"), { recursive: true });
  execFileSync("truncate", ["-s", "1M", join(directory, "tenants/acme/sparse.img")]);
  for (const dialect of [
    ["--format=gnu"],
    ["--format=pax"],
    ["--format=pax", "--sparse-version=0.0"],
    ["--format=pax", "--sparse-version=0.1"],
  ]) {
    const tar = execFileSync("tar", ["-S", ...dialect, "-cf", "-", "tenants/acme"], { cwd: directory });
    await t.rejects(extractInProcess(tar, undefined), {
      code: "UNSAFE_ENTRY",
      message: /sparse\.img.*sparse file/,
    });
  }
});

async function restores(t: Test, args: readonly string[], as: string | undefined): Promise<void> {
  const tar = execFileSync("tar", ["--format=pax", "-cf", "-", ...args], {
    cwd: states.odd,
    maxBuffer: 2 ** 26,
  });
  const into = stagingDirectory(t);
  await extractInProcess(tar, into, as === undefined ? {} : { as });
  t.strictSame(readTree(into), trees.odd);
}
