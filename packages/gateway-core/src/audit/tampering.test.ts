/** Whatever is done to the files of the log is found, and where it was done is named. */
import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import t from "tap";
import { AuditBed, entry, verify } from "../test-support/audit.js";
import type { Verification } from "./verify.js";

/** How somebody changes a log: its lines in, its lines out. `n` and `m` are any numbers. */
const TAMPERINGS: Readonly<Record<string, (lines: readonly string[], n: number, m: number) => string[]>> = {
  "a byte is changed": (lines, n, m) =>
    lines.with(
      n % lines.length,
      changedAt(lines[n % lines.length] ?? "", m, (byte) => byte ^ (1 + (m % 127))),
    ),
  "a byte is put in": (lines, n, m) => {
    const line = lines[n % lines.length] ?? "";
    const at = m % (line.length + 1);
    return lines.with(
      n % lines.length,
      `${line.slice(0, at)}${String.fromCharCode(32 + (m % 90))}${line.slice(at)}`,
    );
  },
  "a byte is taken out": (lines, n, m) => {
    const line = lines[n % lines.length] ?? "";
    const at = m % line.length;
    return lines.with(n % lines.length, line.slice(0, at) + line.slice(at + 1));
  },
  "a field is changed, and the hash made anew": (lines, n) =>
    lines.with(n % lines.length, hashedAnew((lines[n % lines.length] ?? "").replace('"admin"', '"nobody"'))),
  "all that follows is made anew": (lines, n) => rewritten(lines, n % lines.length),
  "a line is taken out": (lines, n) => lines.toSpliced(n % lines.length, 1),
  "the last lines are taken out": (lines, n) => lines.slice(0, n % lines.length),
  "a line is put in twice": (lines, n, m) =>
    lines.toSpliced(m % (lines.length + 1), 0, lines[n % lines.length] ?? ""),
  "a line is made up": (lines, n) => {
    const before = lines[n % lines.length] ?? "";
    const { seq, hash } = JSON.parse(before) as { seq: number; hash: string };
    const made = hashedAnew(
      before.replace(/"seq":\d+/, `"seq":${seq + 1}`).replace(/"prev":"\w*"/, `"prev":"${hash}"`),
    );
    return lines.toSpliced((n % lines.length) + 1, 0, made);
  },
  "something else is put in": (lines, n) =>
    lines.toSpliced(n % (lines.length + 1), 0, ["", "{}", "x"][n % 3] ?? ""),
  "two lines are swapped": (lines, n, m) => {
    const [one, other] = [n % lines.length, m % lines.length];
    return lines.with(one, lines[other] ?? "").with(other, lines[one] ?? "");
  },
};

function changedAt(line: string, n: number, change: (byte: number) => number): string {
  const bytes = Buffer.from(line);
  const at = n % bytes.length;
  bytes[at] = change(bytes[at] ?? 0) & 0x7f;
  return bytes.toString();
}

function hashedAnew(line: string): string {
  const body = `${line.slice(0, line.lastIndexOf(',"hash"'))}}`;
  return `${body.slice(0, -1)},"hash":"${createHash("sha256").update(body).digest("hex")}"}`;
}

/** The work of somebody who knows how it is done: a line is changed, and each that follows fits it. */
function rewritten(lines: readonly string[], from: number): string[] {
  const made = [...lines];
  let prev: string | undefined;
  for (let index = from; index < made.length; index += 1) {
    let line = made[index] ?? "";
    line =
      prev === undefined
        ? line.replace('"result":"', '"result":"x')
        : line.replace(/"prev":"\w*"/, `"prev":"${prev}"`);
    made[index] = hashedAnew(line);
    prev = made[index]?.slice(-66, -2);
  }
  return made;
}

for (const [name, tamper] of Object.entries(TAMPERINGS)) {
  t.test(name, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 12 }),
        fc.constantFrom(1, 900, 1_000_000),
        fc.nat(),
        fc.nat(),
        async (count, maxFileBytes, n, m) => {
          const bed = new AuditBed(t);
          const log = await bed.open({ maxFileBytes });
          for (let index = 0; index < count; index += 1) log.record(entry({ details: { index } }));
          if (!(await verify(log)).ok) throw new Error("the log that nobody has touched is not whole");
          const changed = tamperWith(bed, (lines) => tamper(lines, n, m));
          const found = await verify(log);
          await log.close();
          return found.ok === !changed && (found.ok || found.faults.length > 0);
        },
      ),
      { numRuns: 25 },
    );
  });
}

/** Changes one file's lines, or where that changes nothing, none. Says whether anything is another than before. */
function tamperWith(bed: AuditBed, tamper: (lines: readonly string[]) => string[]): boolean {
  const [name = ""] = bed.files().slice(-1);
  const before = bed.read(name);
  const lines = before.trimEnd().split("\n");
  const after = tamper(lines)
    .map((line) => `${line}\n`)
    .join("");
  bed.write(name, after);
  return after !== before;
}

async function filled(bed: AuditBed, lines: number, maxFileBytes = 16 * 1024 ** 2) {
  const log = await bed.open({ maxFileBytes });
  for (let index = 1; index < lines; index += 1) log.record(entry({ details: { index } }));
  await log.flush();
  return log;
}

function places({ faults }: Verification): string[] {
  return faults.map(({ file, line, seq, problem }) => `${file}:${line} ${seq ?? ""} ${problem}`);
}

t.test("a changed line is named by file and line", async (t) => {
  const bed = new AuditBed(t);
  const log = await filled(bed, 9);
  const [name = ""] = bed.files();
  bed.write(name, bed.read(name).replace('"index":4', '"index":5'));
  t.same(places(await verify(log)), [
    `${name}:5 5 was changed: its content does not have the hash that stands in it`,
  ]);
});

t.test("files that are removed, renamed, emptied or put in the place of others are found", async (t) => {
  const attacks: Record<
    string,
    [attack: (bed: AuditBed, at: (index: number) => string) => void, problem: RegExp]
  > = {
    first: [(_bed, at) => rmSync(at(0)), /lines 1 to 1 are missing, and no line says that they were pruned/],
    middle: [(_bed, at) => rmSync(at(2)), /lines 3 to 3 are missing before it/],
    last: [(_bed, at) => rmSync(at(4)), /lines 5 to 5 are missing/],
    all: [(bed) => rmSync(bed.directory, { recursive: true }), /lines 1 to 5 are missing/],
    renamed: [
      (bed, at) => renameSync(at(1), path.join(bed.directory, "audit-000000000009.jsonl")),
      /file's name/,
    ],
    emptied: [(bed) => bed.write(bed.files()[1] ?? "", ""), /lines 2 to 2 are missing/],
    directory: [
      (_bed, at) => {
        rmSync(at(1));
        mkdirSync(at(1));
      },
      /cannot be read/,
    ],
    link: [
      (_bed, at) => {
        renameSync(at(1), `${at(1)}.x`);
        symlinkSync(`${at(1)}.x`, at(1));
      },
      /cannot be read/,
    ],
    invented: [
      (bed) => bed.write("audit-000000000006.jsonl", hashedAnew(bed.read(bed.files()[4] ?? "")) + "\n"),
      /./,
    ],
  };
  for (const [name, [attack, problem]] of Object.entries(attacks)) {
    const bed = new AuditBed(t);
    const log = await filled(bed, 5, 1);
    t.equal(bed.files().length, 5);
    t.equal((await verify(log)).ok, true);
    const names = bed.files();
    attack(bed, (index) => path.join(bed.directory, names[index] ?? ""));
    const found = await verify(log);
    t.equal(found.ok, false, name);
    t.match(places(found).join("\n"), problem);
  }
});

t.test("what nobody finds without a noted line is found with one", async (t) => {
  const bed = new AuditBed(t);
  const log = await filled(bed, 6);
  const noted = (await verify(log)).head;
  const wrong = { seq: 3, hash: "0".repeat(64) };
  t.match(await verify(log, noted), { ok: true, noted: "found" });
  t.match(places(await verify(log, wrong)), [/:0 3 line 3 is not the one that was noted/]);
  await log.close();

  const [name = ""] = bed.files();
  const lines = bed.read(name).trimEnd().split("\n");
  for (const [what, forged, problem] of [
    ["the end is gone", lines.slice(0, 3), /line 6, which was noted/],
    ["all is made anew", rewritten(lines, 0), /is not the one that was noted/],
  ] as const) {
    bed.write(name, `${forged.join("\n")}\n`);
    const restarted = await bed.open();
    const found = await verify(restarted, noted);
    t.equal((await verify(restarted)).ok, true, `${what}: the chain itself is whole`);
    t.match(found, { ok: false, noted: "missing" });
    t.match(places(found).join("\n"), what === "the end is gone" ? /line 6/ : problem);
    await restarted.close();
  }
});

t.test("many faults are counted, and the first hundred listed", async (t) => {
  const bed = new AuditBed(t);
  const log = await filled(bed, 150);
  const [name = ""] = bed.files();
  bed.write(name, bed.read(name).replaceAll('"acme"', '"else"'));
  const found = await verify(log);
  t.match(found, { faultCount: 149, lines: 150 });
  t.equal(found.faults.length, 100);
});
