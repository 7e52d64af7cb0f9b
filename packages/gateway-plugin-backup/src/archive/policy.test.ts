import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { BackupError } from "../errors.js";
import { DEFAULT_LIMITS } from "./format.js";
import { EntryPolicy } from "./policy.js";
import type { PolicyEntry } from "./policy.js";
import { rawPath } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";
import { entryPath } from "./testing/arbitraries.js";

const root = rawPath("tenants/acme");
const subject = "Archive /backups/a.tar.zst";

type Sketch = string | readonly [path: string, type: string, target?: string | undefined, size?: number];

function entryOf(sketch: Sketch): PolicyEntry {
  const [path, type, target, size = 1] = typeof sketch === "string" ? [sketch, "file"] : sketch;
  return {
    path: rawPath(path),
    type,
    size: type === "file" ? size : 0,
    ...(target !== undefined && { target: rawPath(target) }),
  };
}

function judge(entries: readonly PolicyEntry[], limits = DEFAULT_LIMITS): BackupError | undefined {
  const policy = new EntryPolicy({ root, limits, subject });
  try {
    for (const entry of entries) policy.check(entry);
    policy.finish();
    return undefined;
  } catch (error) {
    if (error instanceof BackupError) return error;
    throw error;
  }
}

const accepted: readonly (readonly [string, readonly Sketch[]])[] = [
  ["nothing", []],
  [
    "files before their directories, the root last",
    ["tenants/acme/a/b", ["tenants/acme/a", "directory"], ["tenants/acme", "directory"]],
  ],
  [
    "files behind their directories",
    [["tenants/acme", "directory"], ["tenants/acme/a", "directory"], "tenants/acme/a/b"],
  ],
  [
    "names that only look odd",
    [
      "tenants/acme/...",
      "tenants/acme/..a",
      "tenants/acme/a..",
      "tenants/acme/ ",
      "tenants/acme/-rf",
      "tenants/acme/C:\\..\\x",
      "tenants/acme/new\nline",
      "tenants/acme/😀",
    ],
  ],
  ["names of 255 bytes", [`tenants/acme/${"n".repeat(255)}`]],
  ["a path of 4096 bytes", [`tenants/acme/${"n/".repeat(2041)}x`]],
  [
    "names of which one begins with another",
    [
      "tenants/acme/a",
      "tenants/acme/ab",
      "tenants/acme/a.b",
      ["tenants/acme/b", "symlink", "a"],
      "tenants/acme/bc/d",
    ],
  ],
  [
    "links inside",
    [
      ["tenants/acme/l", "symlink", "a/b"],
      ["tenants/acme/d/l", "symlink", ".."],
      ["tenants/acme/d/m", "symlink", "../a/../b"],
    ],
  ],
  ["a link to the root", [["tenants/acme/l", "symlink", "."]]],
  [
    "hard links to files before them",
    [
      "tenants/acme/a",
      ["tenants/acme/b", "hardlink", "tenants/acme/a"],
      ["tenants/acme/c", "hardlink", "tenants/acme/b"],
    ],
  ],
];

for (const [name, entries] of accepted)
  t.test(`allowed: ${name}`, (t) => {
    t.equal(judge(entries.map(entryOf)), undefined);
    t.end();
  });

const refused: readonly (readonly [string, readonly Sketch[]])[] = [
  ["empty path", [""]],
  ["absolute path", ["/etc/passwd"]],
  ["absolute path", ["/tenants/acme/a"]],
  ["path outside the root", ["etc/passwd"]],
  ["path outside the root", ["tenants/other/a"]],
  ["path outside the root", ["tenants/acme2/a"]],
  ["path outside the root", [["tenants", "directory"]]],
  [".. component", ["tenants/acme/../other/a"]],
  [".. component", ["tenants/acme/a/.."]],
  [".. component", ["../tenants/acme/a"]],
  [".. component", [".."]],
  [". component", ["./tenants/acme/a"]],
  [". component", ["tenants/acme/./a"]],
  [". component", ["tenants/acme/."]],
  ["empty component", ["tenants//acme/a"]],
  ["empty component", ["tenants/acme//a"]],
  ["empty component", ["tenants/acme/a/"]],
  ["NUL in path", ["tenants/acme/a\0.txt"]],
  ["component over 255 bytes", [`tenants/acme/${"n".repeat(256)}`]],
  ["component over 255 bytes", [`tenants/acme/${"é".repeat(128)}`]],
  ["path over 4096 bytes", [`tenants/acme/${"n/".repeat(2042)}`]],
  ["type character-device", [["tenants/acme/a", "character-device"]]],
  ["type block-device", [["tenants/acme/a", "block-device"]]],
  ["type fifo", [["tenants/acme/a", "fifo"]]],
  ["type socket", [["tenants/acme/a", "socket"]]],
  ["type contiguous-file", [["tenants/acme/a", "contiguous-file"]]],
  ["size out of range", [["tenants/acme/a", "file", undefined, -1]]],
  ["size out of range", [["tenants/acme/a", "file", undefined, Number.NaN]]],
  ["size out of range", [["tenants/acme/a", "file", undefined, 2 ** 60]]],
  ["root is not a directory", [["tenants/acme", "symlink", "other"]]],
  ["root is not a directory", ["tenants/acme"]],
  ["root is not a directory", ["tenants/acme/a", ["tenants/acme", "hardlink", "tenants/acme/a"]]],
  ["path stands twice", ["tenants/acme/a", "tenants/acme/a"]],
  [
    "path stands twice",
    [
      ["tenants/acme/a", "directory"],
      ["tenants/acme/a", "directory"],
    ],
  ],
  [
    "path stands twice",
    [
      ["tenants/acme", "directory"],
      ["tenants/acme", "directory"],
    ],
  ],
  ["path stands twice", [["tenants/acme/a", "symlink", "b"], "tenants/acme/a"]],
  [
    "path stands twice",
    [
      ["tenants/acme/a", "directory"],
      ["tenants/acme/a", "symlink", "b"],
    ],
  ],
  ["path passes through a symlink", [["tenants/acme/a", "symlink", "b"], "tenants/acme/a/c"]],
  ["path passes through a symlink", [["tenants/acme/a", "symlink", "b"], "tenants/acme/a/c/d/e"]],
  ["path passes through a file", ["tenants/acme/a", "tenants/acme/a/b"]],
  [
    "path passes through a file",
    ["tenants/acme/a", ["tenants/acme/b", "hardlink", "tenants/acme/a"], "tenants/acme/b/c"],
  ],
  ["another entry passes through this one", ["tenants/acme/a/c/d", ["tenants/acme/a", "symlink", "b"]]],
  ["another entry passes through this one", ["tenants/acme/a/b", "tenants/acme/a"]],
  ["link leaves the root", [["tenants/acme/a", "symlink", ".."]]],
  ["link leaves the root", [["tenants/acme/a", "symlink", "/etc/passwd"]]],
  ["link leaves the root", [["tenants/acme/a", "symlink", "../acme/b"]]],
  ["link leaves the root", [["tenants/acme/d/a", "symlink", "../../other/b"]]],
  ["empty link target", [["tenants/acme/a", "symlink", ""]]],
  ["empty link target", [["tenants/acme/a", "symlink"]]],
  ["NUL in link target", [["tenants/acme/a", "symlink", "b\0c"]]],
  ["link target over 4095 bytes", [["tenants/acme/a", "symlink", "n/".repeat(2048)]]],
  [
    "link leaves the root through another link",
    [
      ["tenants/acme/d/e/up", "symlink", "../.."],
      ["tenants/acme/d/e/a", "symlink", "up/../x"],
    ],
  ],
  [
    "link leaves the root through another link",
    [
      ["tenants/acme/d/e/a", "symlink", "up/../x"],
      ["tenants/acme/d/e/up", "symlink", "../.."],
    ],
  ],
  [
    "hard link to no earlier file of the archive",
    [["tenants/acme/a", "hardlink", "tenants/acme/b"], "tenants/acme/b"],
  ],
  ["hard link to no earlier file of the archive", [["tenants/acme/a", "hardlink", "/etc/passwd"]]],
  ["hard link to no earlier file of the archive", [["tenants/acme/a", "hardlink", "tenants/acme/a"]]],
  ["hard link to no earlier file of the archive", [["tenants/acme/a", "hardlink"]]],
  [
    "hard link to no earlier file of the archive",
    [
      ["tenants/acme/l", "symlink", "x"],
      ["tenants/acme/a", "hardlink", "tenants/acme/l"],
    ],
  ],
  [
    "hard link to no earlier file of the archive",
    [
      ["tenants/acme/d", "directory"],
      ["tenants/acme/a", "hardlink", "tenants/acme/d"],
    ],
  ],
];

for (const [rule, entries] of refused)
  t.test(`refused, ${rule}: ${JSON.stringify(entries).slice(0, 100)}`, (t) => {
    const error = judge(entries.map(entryOf));
    t.match(error, { code: "UNSAFE_ENTRY", exitCode: 7, details: { rule } });
    t.ok(error?.message.startsWith(`${subject}: entry "`));
    t.notMatch(error?.message, /\p{Cc}/u);
    t.ok((error?.message.length ?? 0) < 1000);
    t.end();
  });

t.test("a message says which entry, what rule, and where a link leads", (t) => {
  t.equal(
    judge([entryOf(["tenants/acme/a\nb", "symlink", "../../etc"])])?.message,
    'Archive /backups/a.tar.zst: entry "tenants/acme/a\\x0ab" is not allowed: link leaves the root (../../etc).',
  );
  t.end();
});

t.test("a long path in a message is cut, but not within a character", (t) => {
  for (const start of ["", "a", "ab", "abc"]) {
    const name = `${start}${"é€😀".repeat(60)}`;
    const entry = String(judge([entryOf([name, "file"])])?.details?.["entry"]);
    t.ok(entry.endsWith("…") && name.startsWith(entry.slice(0, -1)), entry.slice(-5));
    t.ok(Buffer.byteLength(entry) > 297 && Buffer.byteLength(entry) <= 303);
  }
  t.end();
});

t.test("an archive over a limit is refused at the entry that passes it", (t) => {
  const entries = ["tenants/acme/a", "tenants/acme/b", "tenants/acme/c"].map(entryOf);
  t.equal(judge(entries, { ...DEFAULT_LIMITS, entries: 4, bytes: 3 }), undefined);
  t.match(judge(entries, { ...DEFAULT_LIMITS, entries: 2 }), {
    code: "LIMIT_EXCEEDED",
    message: 'Archive /backups/a.tar.zst has more than 2 entries, counted at "tenants/acme/b".',
  });
  t.match(judge(entries, { ...DEFAULT_LIMITS, bytes: 2 }), {
    code: "LIMIT_EXCEEDED",
    details: { entry: "tenants/acme/c", rule: "bytes", limit: 2 },
  });
  t.end();
});

t.test("a hard link counts with the size of what it copies", (t) => {
  const entries = [
    ["tenants/acme/a", "file", undefined, 600],
    ["tenants/acme/b", "hardlink", "tenants/acme/a"],
  ] as const;
  t.match(judge(entries.map(entryOf), { ...DEFAULT_LIMITS, bytes: 1000 }), { code: "LIMIT_EXCEEDED" });
  t.end();
});

t.test("only files have a size", (t) => {
  const policy = new EntryPolicy({ root, limits: DEFAULT_LIMITS, subject });
  for (const sketch of [
    ["tenants/acme/f", "file", undefined, 1000],
    ["tenants/acme/d", "directory"],
  ] as const)
    policy.check(entryOf(sketch));
  t.strictSame(
    ["f", "d", "none"].map((name) => policy.fileSize(rawPath(`tenants/acme/${name}`))),
    [1000, 0, 0],
  );
  t.end();
});

t.test("links that are made to be costly are refused, not followed for ever", (t) => {
  const links = Array.from({ length: 300 }, (_, i): Sketch => [
    `tenants/acme/${"deep/".repeat(200)}l${i}`,
    "symlink",
    `here/${"x/../".repeat(800)}y`,
  ]);
  t.match(judge(links.map(entryOf)), {
    code: "LIMIT_EXCEEDED",
    details: { rule: "steps to follow links", entry: String },
  });
  t.end();
});

t.test("directories that entries only imply count as entries: a deep path cannot fill the memory", (t) => {
  const deep = (i: number): Sketch => `tenants/acme/${i}${"/d".repeat(2000)}`;
  t.match(
    judge(
      [0, 1, 2, 3, 4, 5].map((i) => entryOf(deep(i))),
      { ...DEFAULT_LIMITS, entries: 10_000 },
    ),
    {
      code: "LIMIT_EXCEEDED",
      details: { rule: "entries" },
    },
  );
  t.end();
});

t.test("names and targets are kept in memory, so their bytes are limited by the entries allowed", (t) => {
  const long = (i: number): Sketch => [`tenants/acme/${i}${"/n".repeat(2)}`, "symlink", "t/".repeat(2000)];
  const entries = Array.from({ length: 300 }, (_, i) => entryOf(long(i)));
  t.equal(judge(entries, { ...DEFAULT_LIMITS, entries: 5000 }), undefined);
  t.match(judge(entries, { ...DEFAULT_LIMITS, entries: 1000 }), {
    code: "LIMIT_EXCEEDED",
    details: { entry: "tenants/acme/260/n/n", rule: "bytes of names", limit: 1024 * 1024 },
  });
  t.end();
});

t.test("where directories may repeat, each counts, and nothing else may", (t) => {
  const policy = new EntryPolicy({
    root,
    limits: { ...DEFAULT_LIMITS, entries: 4 },
    subject,
    directoriesMayRepeat: true,
  });
  const directory = entryOf(["tenants/acme/d", "directory"]);
  t.equal(policy.check(entryOf("tenants/acme/d/x")), "new");
  t.equal(policy.check(directory), "new", "what was only implied before");
  t.equal(policy.check(directory), "again");
  t.throws(() => policy.check(entryOf("tenants/acme/d")), {
    code: "UNSAFE_ENTRY",
    message: /path stands twice/,
  });
  t.throws(() => policy.check(directory), { code: "LIMIT_EXCEEDED" });
  t.equal(policy.fileSize(rawPath("tenants/acme/d/x")), 1);
  t.equal(policy.fileSize(rawPath("tenants/acme/d")), 0);
  t.end();
});

/** The rules about paths among each other, said as plainly as can be: every pair is compared. */
function naive(entries: readonly PolicyEntry[]): boolean {
  return entries.every((entry, i) =>
    entries.every((other, j) => {
      if (i === j) return true;
      if (entry.path === other.path) return false;
      return !(entry.path.startsWith(`${other.path}/`) && other.type !== "directory");
    }),
  );
}

t.test("what passes through what, and what stands twice, is found in every order", (t) => {
  const names = fc.constantFrom("a", "b", "ab");
  const path = fc
    .array(names, { minLength: 1, maxLength: 4 })
    .map((parts) => rawPath(`tenants/acme/${parts.join("/")}`));
  const entry = fc.record({
    path,
    type: fc.constantFrom("file", "directory", "directory", "symlink"),
    size: fc.constant(0),
  });
  let allowed = 0;
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (drawn) => {
        const entries = drawn.map((one) => (one.type === "symlink" ? { ...one, target: rawPath("x") } : one));
        const verdict = judge(entries);
        assert.equal(verdict === undefined, naive(entries));
        if (verdict === undefined) allowed++;
      }),
      { numRuns: 2000 },
    ),
  );
  t.ok(allowed > 200, `${allowed} of 2000 were allowed`);
  t.end();
});

t.test("no path made of hostile parts is let through that leads outside the root", (t) => {
  const part = fc.constantFrom("tenants", "acme", "..", ".", "", "a", "\0", "/", "\\", "b".repeat(256));
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.array(part, { maxLength: 7 }), (parts) => {
        const path = parts.join("/") as RawPath;
        if (judge([{ path, type: "file", size: 0 }]) !== undefined) return;
        assert.match(path, /^tenants\/acme(?:\/[^/\0]{1,255})+$/s);
        assert.ok(!path.split("/").some((one) => one === ".." || one === "."));
      }),
      { numRuns: 3000 },
    ),
  );
  t.end();
});

t.test("every path that the tests of the codecs draw is allowed", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(entryPath, (path) => {
        assert.equal(judge([{ path, type: "file", size: 0 }]), undefined);
      }),
    ),
  );
  t.end();
});
