import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { utimesArgument } from "./file-times.js";
import { testOfPermissions } from "../test-support/permissions.js";
import { aroundCalls, systemError } from "../test-support/system-calls.js";
import { rawPath, type RawPath } from "./raw-path.js";
import { StagingWriter } from "./staging-writer.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree } from "./testing/tree.js";

const TIME = 1_700_000_000_000_000_000n;

function writeFile(writer: StagingWriter, path: string, content = "", mode = 0o644, mtimeNs = TIME): void {
  writer.beginFile(rawPath(path), mode, mtimeNs);
  writer.content(Buffer.from(content));
  writer.endFile();
}

t.test("directories are open to their owner alone until everything is in them", (t) => {
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  writer.directory(rawPath("d"), 0o555, TIME);
  writeFile(writer, "d/e/f", "content");
  t.match(readTree(into), { d: { mode: 0o700 }, "d/e": { mode: 0o700 }, "d/e/f": { mode: 0o644 } });
  writer.directory(rawPath(""), 0o751, TIME);
  writer.finish();
  writer.close();
  t.match(readTree(into), {
    "": { mode: 0o751, mtimeNs: TIME },
    d: { mode: 0o555, mtimeNs: TIME },
    "d/e": { mode: 0o700 },
  });
  t.end();
});

t.test("times are less than a microsecond off, and whole microseconds are exact", (t) => {
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  const times = [
    0n,
    1n,
    999n,
    1_000n,
    TIME + 123_456_789n,
    TIME + 999_999_999n,
    -1n,
    -1_500_000_000n,
    -1_234_567_891n,
  ];
  for (const [number, mtimeNs] of times.entries()) writeFile(writer, `f${number}`, "", 0o600, mtimeNs);
  writer.close();
  for (const [number, wanted] of times.entries()) {
    const seen = execFileSync("stat", ["-c", "%.9Y", join(into, `f${number}`)], { encoding: "utf8" }).trim();
    const [seconds = "", fraction = ""] = seen.replace("-", "").split(".");
    const absolute = BigInt(seconds) * 1_000_000_000n + BigInt(fraction);
    const got = seen.startsWith("-") ? -absolute : absolute;
    const off = got > wanted ? got - wanted : wanted - got;
    t.ok(off < 1000n, `${wanted} is restored as ${got}`);
    if (wanted % 1000n === 0n) t.equal(got, wanted);
  }
  t.end();
});

t.test("the double for a time is the smallest that is not below it", (t) => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 62n), 2n ** 62n), (ns) => {
      const argument = utimesArgument(ns);
      const seconds = Number(argument);
      const whole = BigInt(Math.trunc(seconds)) * 1_000_000_000n;
      const achieved = whole + BigInt(Math.trunc((seconds - Math.trunc(seconds)) * 1e9));
      return (
        achieved >= ns && achieved - ns < 2000n && typeof argument === (seconds < 0 ? "string" : "number")
      );
    }),
  );
  t.equal(utimesArgument(10n ** 40n), 2 ** 40);
  t.equal(utimesArgument(-(10n ** 40n)), String(-(2 ** 40)));
  t.end();
});

t.test("nothing that is there already is opened, and no link is followed", (t) => {
  const outside = stagingDirectory(t);
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  symlinkSync(outside, join(into, "link"));
  symlinkSync(join(outside, "new"), join(into, "dangling"));
  const doing = (path: string): { code: string; message: RegExp } => ({
    code: "IO_FAILED",
    message: new RegExp(`write ${path}`),
  });
  t.throws(() => writeFile(writer, "link/x"), doing("link/x"));
  t.throws(() => writeFile(writer, "link"), doing("link"));
  t.throws(() => writeFile(writer, "dangling"), doing("dangling"));
  t.throws(() => writer.directory(rawPath("link"), 0o700, TIME), doing("link"));
  t.throws(() => writer.symlink(rawPath("link"), rawPath("x"), TIME), doing("link"));
  t.throws(() => writer.copyFile(rawPath("link"), rawPath("copy"), 0o600, TIME), doing("link"));
  writer.close();
  t.strictSame(readdirSync(outside), []);
  t.end();
});

t.test("a directory that is swapped for a link while it is filled leads nowhere", (t) => {
  const outside = stagingDirectory(t);
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  writeFile(writer, "d/first");
  rmSync(join(into, "d"), { recursive: true });
  symlinkSync(outside, join(into, "d"));
  t.throws(() => writeFile(writer, "d/second"), { code: "IO_FAILED" });
  writer.close();
  t.strictSame(readdirSync(outside), []);
  t.end();
});

t.test(
  "a directory that is swapped for a link when it was left leads nowhere when it is entered again",
  (t) => {
    const into = stagingDirectory(t);
    const outside = stagingDirectory(t);
    const writer = new StagingWriter(into);
    // More than are kept open: each is opened anew for its second file.
    const directories = Array.from({ length: 100 }, (_, n) => `d${n}`);
    for (const name of directories) writeFile(writer, `${name}/first`);
    for (const name of directories) {
      renameSync(join(into, name), join(into, `${name}-aside`));
      symlinkSync(outside, join(into, name));
    }
    for (const name of directories.slice(0, 20))
      t.throws(() => writeFile(writer, `${name}/second`), { code: "IO_FAILED", message: new RegExp(name) });
    t.throws(() => writer.directory(rawPath("d0"), 0o777, TIME), { code: "IO_FAILED" });
    writer.close();
    t.strictSame(readdirSync(outside), []);
    t.end();
  },
);

t.test("paths may be as deep and directories as many as they like", (t) => {
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  const deep = Array.from({ length: 1000 }, () => "d").join("/");
  writeFile(writer, `${deep}/f`, "deep");
  for (let number = 0; number < 300; number++) writeFile(writer, `many/${number}/f`, String(number));
  for (let number = 0; number < 300; number++) writeFile(writer, `many/${number}/g`, String(number));
  for (let number = 0; number < 300; number++) writer.directory(rawPath(`many/${number}`), 0o500, TIME);
  writer.directory(deep as RawPath, 0o500, TIME);
  writer.finish();
  writer.close();
  t.match(readTree(join(into, "many")), { "299": { mode: 0o500, mtimeNs: TIME }, "0/g": { content: "0" } });
  const open = readdirSync("/proc/self/fd").length;
  t.ok(open < 60, `${open} descriptors are open afterwards`);
  t.end();
});

t.test("a disk that refuses is named with the entry", (t) => {
  t.throws(() => new StagingWriter(join(stagingDirectory(t), "missing")), {
    code: "IO_FAILED",
    message: /open the staging directory .*missing/,
  });
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  writer.beginFile(rawPath("a/full"), 0o600, TIME);
  t.throws(() => writeFile(writer, "x".repeat(256)), { message: /ENAMETOOLONG/ });
  writer.close();
  mkdirSync(join(into, "after"));
  t.end();
});

testOfPermissions(t, import.meta.url, "a file that nobody may read can be copied", (t) => {
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  writer.beginFile(rawPath("locked"), 0o200, TIME);
  writer.content(Buffer.from("secret"));
  writer.endFile();
  writer.copyFile(rawPath("locked"), rawPath("copy"), 0o600, TIME);
  writer.finish();
  writer.close();
  t.equal(readFileSync(join(into, "copy"), "utf8"), "secret");
  t.equal(statSync(join(into, "locked")).mode & 0o777, 0o200);
  t.end();
});

t.test("whatever call the disk refuses, the entry is named and no descriptor stays open", (t) => {
  const into = stagingDirectory(t);
  const before = readdirSync("/proc/self/fd").length;
  const refusals = [
    ["writeSync", "ENOSPC", "DISK_FULL", "f below"],
    ["fchmodSync", "EIO", "IO_FAILED", "f below"],
    ["readSync", "EIO", "IO_FAILED", "f below"],
    ["futimesSync", "EROFS", "READ_ONLY", "d below"],
  ] as const;
  for (const [call, error, code, what] of refusals)
    void t.test(call, (t) => {
      const place = join(into, call);
      mkdirSync(place);
      const writer = new StagingWriter(place);
      const write = (): void => {
        writeFile(writer, "f", "content");
        writer.copyFile(rawPath("f"), rawPath("copy"), 0o600, TIME);
        writer.directory(rawPath("d"), 0o700, TIME);
        writer.finish();
      };
      aroundCalls(t, call, (original, ...args) => {
        if (call === "futimesSync" && statSync(`/proc/self/fd/${String(args[0])}`).isFile())
          return original(...args);
        throw systemError(error, call);
      });
      t.throws(write, { code, message: new RegExp(`^Could not write ${what} .*: ${error}: [^,]*\\.$`) });
      writer.close();
      t.end();
    });
  t.equal(readdirSync("/proc/self/fd").length, before);
  t.end();
});

t.test("a copy takes no name that is taken", (t) => {
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  writeFile(writer, "a", "content");
  writeFile(writer, "b");
  t.throws(() => writer.copyFile(rawPath("a"), rawPath("b"), 0o600, TIME), {
    code: "IO_FAILED",
    message: `Could not write b below ${into}: EEXIST: file already exists.`,
  });
  writer.close();
  t.equal(readFileSync(join(into, "b"), "utf8"), "");
  t.end();
});

t.test("a staging directory whose own time cannot be set is named", (t) => {
  const into = stagingDirectory(t);
  const writer = new StagingWriter(into);
  writer.directory(rawPath(""), 0o700, TIME);
  aroundCalls(t, "futimesSync", () => {
    throw systemError("EIO", "futimes");
  });
  t.throws(() => writer.finish(), {
    code: "IO_FAILED",
    message: `Could not write ${into}: EIO: i/o error.`,
  });
  writer.close();
  t.end();
});

t.test("content that belongs to no file is a fault of the reader that gives it", (t) => {
  const writer = new StagingWriter(stagingDirectory(t));
  t.throws(() => writer.content(Buffer.from("x")), { message: "content outside of a file" });
  writer.close();
  t.end();
});
