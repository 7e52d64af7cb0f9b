import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { openRootDirectory } from "./confined.js";
import type { LeftOut } from "./left-out.js";
import { walk } from "./walk.js";
import { Warnings } from "./warnings.js";
import { testOfPermissions } from "../test-support/permissions.js";
import { aroundCalls } from "../test-support/system-calls.js";

interface Walked {
  /** Files only. */
  readonly files: string[];
  readonly leftOut: readonly LeftOut[];
  readonly warnings: readonly string[];
}

function walkAll(directory: string, globs: readonly string[] = []): Walked {
  const root = openRootDirectory(directory);
  const warnings = new Warnings("Tenant acme", false);
  const leftOut: LeftOut[] = [];
  const files: string[] = [];
  try {
    const isExcluded = (path: string): string | undefined => globs.find((glob) => glob === path);
    for (const item of walk({
      root,
      prefixBytes: 13,
      isExcluded,
      isNeverArchived: () => false,
      tellsOfNeverArchived: true,
      warnings,
      onLeftOut: (left) => leftOut.push(left),
    })) {
      if (item.type === "file") files.push(item.path);
    }
  } finally {
    closeSync(root);
  }
  return {
    files,
    leftOut,
    warnings: warnings.list().map(({ code, path, message }) => `${code} ${path}: ${message}`),
  };
}

t.test(
  "a .backupignore counts in workspace and below, each for its own directory, the nearest first",
  (t) => {
    const directory = t.testdir({
      ".backupignore": "*",
      sessions: { ".backupignore": "*", "a.jsonl": "" },
      workspace: {
        ".backupignore": "# scratch\n*.tmp\n\ncache/\n/sub/only-here\n",
        "a.tmp": "12",
        "b.md": "",
        cache: { deep: { x: "345" } },
        sub: {
          ".backupignore": "!kept.tmp\nb.md\n",
          "kept.tmp": "",
          "b.md": "",
          "only-here": "",
          cache: "a file",
        },
      },
    });
    const { files, leftOut, warnings } = walkAll(directory);
    t.strictSame(files, [
      ".backupignore",
      "sessions/.backupignore",
      "sessions/a.jsonl",
      "workspace/.backupignore",
      "workspace/b.md",
      "workspace/sub/.backupignore",
      "workspace/sub/cache",
      "workspace/sub/kept.tmp",
    ]);
    const upper = { reason: "backupignore", rule: "workspace/.backupignore" };
    t.match(leftOut, [
      { path: "workspace/a.tmp", type: "file", rule: "workspace/.backupignore:2", entries: 1, bytes: 2 },
      { path: "workspace/cache", type: "directory", rule: "workspace/.backupignore:4", entries: 3, bytes: 3 },
      {
        path: "workspace/sub/b.md",
        type: "file",
        rule: "workspace/sub/.backupignore:2",
        entries: 1,
        bytes: 0,
      },
      { path: "workspace/sub/only-here", rule: "workspace/.backupignore:5" },
    ]);
    t.ok(leftOut.every(({ reason }) => reason === upper.reason));
    t.strictSame(warnings, []);
    t.end();
  },
);

t.test("the file itself is archived whatever its rules say, unless the config excludes it", (t) => {
  const directory = t.testdir({ workspace: { ".backupignore": "*\n", a: "" } });
  t.strictSame(walkAll(directory).files, ["workspace/.backupignore"]);
  const { files, leftOut } = walkAll(directory, ["workspace/.backupignore"]);
  t.strictSame(files, [], "its rules count all the same");
  t.strictSame(
    leftOut.map(({ reason }) => reason),
    ["config-exclude", "backupignore"],
  );
  t.end();
});

t.test("no rule brings back what the config excludes, nor what lies in a directory that is left out", (t) => {
  const directory = t.testdir({
    workspace: { ".backupignore": "!secret\nout/\n!out/kept\n", secret: "", out: { kept: "" } },
  });
  const { files } = walkAll(directory, ["workspace/secret"]);
  t.strictSame(files, ["workspace/.backupignore"]);
  t.end();
});

t.test("a file that cannot be taken at its word leaves nothing out, and is reported", (t) => {
  const place = t.testdir({ outside: "*\n", tenant: { memory: {}, workspace: { "a.tmp": "" } } });
  const tenant = join(place, "tenant");
  const file = join(tenant, "workspace/.backupignore");
  const cases: readonly [make: () => void, reason: RegExp][] = [
    [() => symlinkSync("../../outside", file), /not a regular file/],
    [() => writeFileSync(file, "*.tmp\n".repeat(1001)), /more than 1000 lines/],
    [() => writeFileSync(file, `*.tmp\n#${"x".repeat(64 * 1024)}`), /larger than 65536 bytes/],
    [
      () => {
        // What the gateway has open elsewhere must not be opened and closed here.
        writeFileSync(join(tenant, "memory/m.sqlite"), `*.tmp\n#${"x".repeat(505)}`);
        linkSync(join(tenant, "memory/m.sqlite"), file);
      },
      /second name/,
    ],
  ];
  for (const [make, reason] of cases) {
    make();
    const { files, warnings } = walkAll(tenant);
    t.ok(files.includes("workspace/a.tmp"), String(reason));
    t.equal(warnings.length, 1);
    t.match(warnings[0], reason);
    t.match(warnings[0], /^IGNORE_FILE_SKIPPED workspace\/\.backupignore: Its rules are not applied/);
    rmSync(file);
  }
  writeFileSync(file, "*.tmp\n".repeat(1000));
  t.notOk(walkAll(tenant).files.includes("workspace/a.tmp"), "a thousand lines are fine");
  rmSync(file);
  execFileSync("mkfifo", [file]);
  t.match(walkAll(tenant).warnings, [/^SPECIAL_FILE/], "a FIFO holds up nobody");
  t.end();
});

testOfPermissions(t, import.meta.url, "a .backupignore that cannot be read leaves nothing out", (t) => {
  const directory = t.testdir({ workspace: { ".backupignore": "*\n", a: "" } });
  chmodSync(join(directory, "workspace/.backupignore"), 0o000);
  const { files, warnings } = walkAll(directory);
  t.ok(files.includes("workspace/a"));
  t.match(warnings, [/cannot be read: EACCES: permission denied\.$/]);
  t.end();
});

t.test("a .backupignore that vanishes, or is written to while it is read, leaves nothing out", (t) => {
  const directory = t.testdir({ workspace: { ".backupignore": "*.tmp\n", "a.tmp": "" } });
  const file = join(directory, "workspace/.backupignore");
  aroundCalls(t, "readSync", (read, ...args) => {
    const count = read(...args);
    utimesSync(file, 1, 1);
    return count;
  });
  const changed = walkAll(directory);
  t.ok(changed.files.includes("workspace/a.tmp"));
  t.match(changed.warnings, [/it changed while it was read\.$/]);

  aroundCalls(t, "openSync", (open, name, ...flags) => {
    if (String(name).endsWith(".backupignore")) rmSync(file, { force: true });
    return open(name, ...flags);
  });
  const vanished = walkAll(directory);
  t.ok(vanished.files.includes("workspace/a.tmp"));
  t.strictSame(vanished.warnings, [], "there is nothing to be said about its rules");
  t.end();
});

t.test("files in one another count only as long as they are small together", (t) => {
  const directory = t.testdir({});
  let path = join(directory, "workspace");
  for (let level = 0; level < 6; level++) {
    mkdirSync(path);
    writeFileSync(join(path, ".backupignore"), `level${level}\n#${"x".repeat(60 * 1024)}`);
    path = join(path, "d");
  }
  const { warnings } = walkAll(directory);
  t.equal(warnings.length, 2);
  t.ok(warnings.every((warning) => /larger than \d+ bytes/.test(warning)));
  t.end();
});

t.test("rules that are made to be costly are given up, and leave nothing out from there on", (t) => {
  const directory = t.testdir({
    workspace: { ".backupignore": `${`*${"a".repeat(120)}c\n`.repeat(500)}*.tmp\n` },
  });
  for (let i = 0; i < 40; i++) writeFileSync(join(directory, `workspace/${"a".repeat(240)}${i}`), "");
  writeFileSync(join(directory, "workspace/0.tmp"), "");
  writeFileSync(join(directory, "workspace/z.tmp"), "");
  const { files, warnings } = walkAll(directory);
  t.match(warnings, [/^IGNORE_FILE_SKIPPED workspace\/a.*take too long/]);
  t.notOk(files.includes("workspace/0.tmp"));
  t.ok(files.includes("workspace/z.tmp"));
  t.end();
});

t.test(
  "git leaves out the same files by the same rules",
  { skip: spawnSync("git", ["--version"]).status !== 0 && "needs the program git" },
  (t) => {
    const directory = t.testdir({ home: {}, workspace: {} });
    const workspace = join(directory, "workspace");
    const env = { PATH: process.env["PATH"], HOME: join(directory, "home"), GIT_CONFIG_NOSYSTEM: "1" };
    const git = (...args: string[]): string =>
      execFileSync("git", args, { cwd: workspace, env, encoding: "latin1" });
    git("init", "--quiet", "--separate-git-dir=../git");
    const piece = fc.constantFrom(
      "a",
      "b",
      "ab",
      "*",
      "**",
      "?",
      "/",
      "/",
      "[ab]",
      "[!a]",
      "\\",
      "\\*",
      ".",
      " ",
    );
    const line = fc.tuple(
      fc.constantFrom("", "", "!", "/"),
      fc.array(piece, { minLength: 1, maxLength: 5 }),
      fc.constantFrom("", "/"),
    );
    // Left to git: `\/`, and stars that are neither one nor a whole component, which git 2.39 takes now for the one,
    // now for the other (wildmatch.c compares a pointer into the pattern with one into the text).
    const rule = line
      .map(([start, pieces, end]) => start + pieces.join("") + end)
      .filter((text) => !/\\\/|[^/!]\*\*|\*\*[^/]/.test(text));
    const rules = fc.array(rule, { maxLength: 4 });
    const name = fc.constantFrom("a", "b", "ab", "aab", "*", ".a");
    const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
    let left = 0;
    fc.assert(
      fc.property(rules, rules, fc.array(path, { minLength: 1, maxLength: 8 }), (upper, lower, wanted) => {
        for (const entry of ["a", "b", "ab", "aab", "*", ".a", ".backupignore"])
          rmSync(join(workspace, entry), { recursive: true, force: true });
        // A name that is a directory in one path cannot be a file in another.
        const paths = wanted.filter((file) => !wanted.some((other) => other.startsWith(`${file}/`)));
        for (const file of paths) {
          mkdirSync(join(workspace, dirname(file)), { recursive: true });
          writeFileSync(join(workspace, file), "");
        }
        writeFileSync(join(workspace, ".backupignore"), upper.join("\n"));
        if (paths.some((file) => file.startsWith("a/")))
          writeFileSync(join(workspace, "a/.backupignore"), lower.join("\n"));
        const expected = git("ls-files", "--others", "--exclude-per-directory=.backupignore", "-z")
          .split("\0")
          .filter((file) => file !== "" && !file.endsWith(".backupignore") && file !== ".git");
        const { files, leftOut } = walkAll(directory);
        left += leftOut.length;
        const found = files
          .filter((file) => file.startsWith("workspace/") && !file.endsWith(".backupignore"))
          .map((file) => file.slice("workspace/".length))
          .filter((file) => file !== ".git");
        assert.deepEqual(found.sort(), expected.sort());
      }),
      { numRuns: 150 },
    );
    t.ok(left > 50, `${left} left out`);
    t.end();
  },
);
