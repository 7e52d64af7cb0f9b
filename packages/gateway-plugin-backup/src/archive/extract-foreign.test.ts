import t from "tap";
import { gzipSync } from "node:zlib";
import { BackupError, type BackupErrorCode } from "../errors.js";
import { DEFAULT_LIMITS } from "./format.js";
import { extractInProcess } from "./testing/extract-in-process.js";
import { extracted, refusal } from "./testing/foreign.js";
import { stagingDirectory } from "./testing/staging.js";
import { GNU_MAGIC, gnuLongPart, paxPart, tarOf, type TarPart, tarPart } from "./testing/tar-builder.js";
import { readTree } from "./testing/tree.js";

const file: TarPart = { name: "tenants/acme/a.txt", content: "hello" };

t.test("which directory is the tenant's", async (t) => {
  const dir = (name: string): TarPart => ({ name, typeFlag: "5", mode: 0o755 });
  const accepted: [string, TarPart[], string | undefined][] = [
    ["tenants/<id>/", [dir("tenants/"), dir("tenants/acme/"), file], undefined],
    ["./tenants/<id>/", [dir("./"), dir("./tenants/"), { ...file, name: "./tenants/acme/a.txt" }], undefined],
    ["tenants/<id>/ under another name", [file], "other"],
    ["tenants/<id>/ before a ./", [file, dir("./"), dir("tenants/")], undefined],
    [".", [dir("./"), { ...file, name: "./a.txt" }], "acme"],
    [".", [dir("."), { ...file, name: "a.txt" }, dir("./")], "acme"],
    ["one directory", [dir("backup/"), { ...file, name: "backup/a.txt" }], "acme"],
    ["./one directory", [{ ...file, name: "./backup/a.txt" }], "acme"],
  ];
  for (const [what, parts, as] of accepted) {
    const tree = await extracted(t, tarOf(...parts), as === undefined ? {} : { as });
    t.match(tree, { "a.txt": { content: "hello" } }, what);
    t.strictSame(Object.keys(tree), ["", "a.txt"], what);
  }

  const refused: [string, TarPart[], string | undefined, BackupErrorCode][] = [
    [". without --as", [dir("./"), { ...file, name: "./a.txt" }], undefined, "TENANT_AMBIGUOUS"],
    ["one directory without --as", [{ ...file, name: "backup/a.txt" }], undefined, "TENANT_AMBIGUOUS"],
    ["two tenants", [file, { name: "tenants/bravo/a.txt" }], undefined, "UNSAFE_ENTRY"],
    ["two tenants with --as", [file, { name: "tenants/bravo/a.txt" }], "x", "UNSAFE_ENTRY"],
    ["two directories", [{ name: "a/x" }, { name: "b/x" }], "x", "UNSAFE_ENTRY"],
    ["a tenant beside other things", [file, { name: "openclaw.json" }], "x", "UNSAFE_ENTRY"],
    [
      "a state directory",
      [dir("./"), { name: "./openclaw.json" }, { name: "./tenants/acme/x" }],
      "x",
      "UNSAFE_ENTRY",
    ],
    ["tenants/ before other things", [dir("./"), dir("./tenants/"), { name: "./a" }], "x", "UNSAFE_ENTRY"],
    ["no tenant's id", [{ name: "tenants/ACME/x" }], "x", "UNSAFE_ENTRY"],
    ["a file as root", [{ name: "a.txt" }], "x", "UNSAFE_ENTRY"],
    ["a file as tenant", [{ name: "tenants/acme" }], "x", "UNSAFE_ENTRY"],
    ["nothing", [dir("tenants/")], "x", "ARCHIVE_DAMAGED"],
  ];
  for (const [what, parts, as, code] of refused)
    t.equal((await refusal(tarOf(...parts), as === undefined ? {} : { as })).code, code, what);
});

t.test("hostile entries are refused, and the entry is named", async (t) => {
  const link = (name: string, target: string): TarPart => ({
    name: `tenants/acme/${name}`,
    typeFlag: "2",
    target,
  });
  const cases: [string, (TarPart | Buffer)[]][] = [
    ["..", [{ name: "tenants/acme/../bravo/x" }]],
    [".. first", [{ name: "../x" }]],
    [".. behind tenants", [{ name: "tenants/../../x" }]],
    [".. in the prefix", [{ name: "x", prefix: "tenants/acme/.." }]],
    [".. in pax", [paxPart({ path: "tenants/acme/../../x" }), file]],
    [
      ".. in a GNU long name",
      [{ name: "L", typeFlag: "L", content: "tenants/acme/../x\0", magic: GNU_MAGIC }, file],
    ],
    ["absolute", [{ name: "/etc/cron.d/x" }]],
    ["absolute in pax", [paxPart({ path: "/etc/cron.d/x" }), file]],
    ["an empty component", [{ name: "tenants/acme//x" }]],
    ["an empty name", [{ name: "" }]],
    ["a slash", [{ name: "/" }]],
    ["NUL in pax", [paxPart({ path: "tenants/acme/a\0b" }), file]],
    ["a component over 255 bytes", [paxPart({ path: `tenants/acme/${"x".repeat(256)}` }), file]],
    ["a link out", [link("l", "../../../etc")]],
    ["an absolute link", [link("l", "/etc")]],
    ["a link to another tenant", [link("l", "../bravo")]],
    ["a path through a link", [link("l", "."), { name: "tenants/acme/l/x" }]],
    ["a link over a directory in use", [{ name: "tenants/acme/d/x" }, link("d", ".")]],
    ["a file over a directory in use", [{ name: "tenants/acme/d/x" }, { name: "tenants/acme/d" }]],
    ["a path through a file", [{ name: "tenants/acme/d" }, { name: "tenants/acme/d/x" }]],
    ["links that leave together", [link("a", "b/../.."), link("b", "c/d"), link("c", ".")]],
    ["a root that is a link", [{ name: "tenants/acme", typeFlag: "2", target: "bravo" }]],
    ["a hard link out", [{ name: "tenants/acme/h", typeFlag: "1", target: "/etc/passwd" }]],
    [
      "a hard link to a later file",
      [{ name: "tenants/acme/h", typeFlag: "1", target: "tenants/acme/a.txt" }, file],
    ],
    [
      "a hard link to a link",
      [link("l", "x"), { name: "tenants/acme/h", typeFlag: "1", target: "tenants/acme/l" }],
    ],
    ["a hard link to another tenant", [{ name: "tenants/acme/h", typeFlag: "1", target: "tenants/bravo/a" }]],
    ["a file that stands twice", [file, file]],
    ["a file over a link", [link("a.txt", "x"), file]],
    ["a character device", [{ name: "tenants/acme/null", typeFlag: "3" }]],
    ["a block device", [{ name: "tenants/acme/sda", typeFlag: "4" }]],
    ["a FIFO", [{ name: "tenants/acme/pipe", typeFlag: "6" }]],
    ["a GNU sparse file", [{ ...file, typeFlag: "S", magic: GNU_MAGIC }]],
    ["a pax sparse file", [paxPart({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0" }), file]],
    ["an unknown type", [{ ...file, typeFlag: "Z" }]],
    ["a GNU dump directory", [{ name: "tenants/acme/", typeFlag: "D", magic: GNU_MAGIC }]],
    ["a tenant.json that is a link", [link("tenant.json", "a.txt")]],
    [
      "a tenant.json that is a hard link",
      [file, { name: "tenants/acme/tenant.json", typeFlag: "1", target: file.name ?? "" }],
    ],
  ];
  for (const [what, parts] of cases) {
    const error = await refusal(tarOf(...parts));
    t.match(error, { code: "UNSAFE_ENTRY", exitCode: 7, details: { entry: String } }, what);
  }
});

t.test("nothing outside staging changes, and what was written stays inside", async (t) => {
  const outside = stagingDirectory(t);
  const before = readTree(outside);
  const into = stagingDirectory(t);
  const tar = tarOf(
    file,
    { name: "tenants/acme/l", typeFlag: "2", target: "d" },
    { name: "tenants/acme/l/x" },
    { name: `tenants/acme/../../../../../../${outside}/x` },
  );
  await t.rejects(extractInProcess(tar, into), { code: "UNSAFE_ENTRY" });
  t.strictSame(readTree(outside), before);
  t.strictSame(Object.keys(readTree(into)), ["", "a.txt", "l"]);
});

t.test("damage is told from malice", async (t) => {
  const cases: [string, Buffer][] = [
    ["a wrong checksum", tarOf(Buffer.concat([Buffer.from("x"), tarPart(file).subarray(1)]))],
    ["no end blocks", tarPart(file)],
    ["one end block", Buffer.concat([tarPart(file), Buffer.alloc(512)])],
    ["cut within content", tarPart({ ...file, content: Buffer.alloc(2000) }).subarray(0, 1000)],
    [
      "an entry behind a zero block",
      Buffer.concat([tarPart(file), Buffer.alloc(512), tarOf({ name: "tenants/acme/b" })]),
    ],
    ["garbage behind the end", Buffer.concat([tarOf(file), Buffer.from("garbage")])],
    ["a second tar behind the end", Buffer.concat([tarOf(file), tarOf({ name: "tenants/acme/b" })])],
    ["a size that is no number", tarOf({ ...file, patch: { 124: "1x" } })],
    ["a negative size", tarOf({ ...file, patch: { 124: "\xff".repeat(12) } })],
    ["a size beyond measure", tarOf({ ...file, patch: { 124: `\x80${"\x7f".repeat(11)}` } })],
    ["pax records without length", tarOf(tarPart({ typeFlag: "x", content: "path=x\n" }), file)],
    ["pax records that are cut off", tarOf(tarPart({ typeFlag: "x", content: "99 path=x\n" }), file)],
    ["a pax size that is no number", tarOf(paxPart({ size: "-1" }), file)],
    ["a pax time that is no number", tarOf(paxPart({ mtime: "now" }), file)],
    ["an enormous pax header", tarOf(tarPart({ typeFlag: "x", size: 2 ** 31 }), file)],
    ["a pax header without an entry", tarOf(file, paxPart({ path: "tenants/acme/x" }))],
    ["a directory with a size", tarOf(file, { name: "tenants/acme/d/", typeFlag: "5", size: 512 }, file)],
    [
      "a link with a size",
      tarOf(file, { name: "tenants/acme/l", typeFlag: "2", target: "x", size: 512 }, file),
    ],
    [
      "a hard link with a size",
      tarOf(file, { name: "tenants/acme/h", typeFlag: "1", target: "tenants/acme/a.txt", size: 512 }, file),
    ],
  ];
  for (const [what, tar] of cases)
    t.match(await refusal(tar), { code: "ARCHIVE_DAMAGED", exitCode: 7 }, what);
});

t.test("what two readers could take for two things is refused, by its rule", async (t) => {
  const cases: [string, (TarPart | Buffer)[]][] = [
    ["label with content", [tarPart({ name: "label", typeFlag: "V", content: "x" }), file]],
    ["extended header twice", [gnuLongPart("tenants/acme/a"), gnuLongPart("tenants/acme/b"), file]],
    ["global header with a name or size", [paxPart({ path: "tenants/acme/x" }, "g"), file]],
    ["global header with a name or size", [paxPart({ size: "5" }, "g"), file]],
    ["names disagree", [paxPart({ path: "tenants/acme/x" }), gnuLongPart("tenants/acme/y"), file]],
    ["sizes disagree", [paxPart({ size: "4" }), file]],
    ["pax record twice", [tarPart({ typeFlag: "x", content: "10 size=5\n10 size=5\n" }), file]],
  ];
  for (const [rule, parts] of cases)
    t.match(await refusal(tarOf(...parts)), { code: "ARCHIVE_DAMAGED", details: { rule } }, rule);
});

t.test("a size that the header cannot say stands in pax alone", async (t) => {
  const size = 8 ** 11;
  const tar = Buffer.concat([tarPart({ name: "tenants/acme/huge", size: 0 })]);
  const cut = Buffer.concat([paxPart({ size: String(size) }), tar]);
  t.match(await refusal(cut), { details: { rule: "cut off", entry: "tenants/acme/huge" } });
});

t.test("an empty extended header says nothing, and a long name needs no NUL", async (t) => {
  const tree = await extracted(
    t,
    tarOf(
      tarPart({ name: "PaxHeaders/x", typeFlag: "x" }),
      file,
      tarPart({ name: "././@LongLink", typeFlag: "L", content: "tenants/acme/b", magic: GNU_MAGIC }),
      { name: "cut" },
    ),
  );
  t.strictSame(Object.keys(tree), ["", "a.txt", "b"]);
});

t.test("a tenant without any entry but its directory is an empty one", async (t) => {
  const tar = tarOf({ name: "./", typeFlag: "5", mode: 0o750 });
  t.match(await extracted(t, tar, { as: "acme" }), { "": { mode: 0o750 } });
  t.match(await refusal(tar), { code: "TENANT_AMBIGUOUS", message: /stand under "\.\/"/ });
});

t.test("a file that would be dangerous as a journal is refused under such a name", async (t) => {
  const journal = { name: "tenants/acme/harmless", content: Buffer.from("d9d505f920a163d7", "hex") };
  const link = { name: "tenants/acme/m.sqlite-journal", typeFlag: "1", target: "tenants/acme/harmless" };
  t.match(await refusal(tarOf(journal, link)), {
    code: "UNSAFE_ENTRY",
    details: { rule: "super-journal", entry: "m.sqlite-journal" },
  });
  t.match(await refusal(tarOf({ ...journal, name: link.name })), { details: { rule: "super-journal" } });
  t.match(await extracted(t, tarOf(journal, { ...link, name: "tenants/acme/copy" })), {
    copy: { type: "file" },
  });
});

t.test("a tenant.json is a file of text", async (t) => {
  for (const [what, parts] of [
    ["no UTF-8", [{ name: "tenants/acme/tenant.json", content: "\xff" }]],
    ["implied to be a directory", [{ name: "tenants/acme/tenant.json/x" }]],
    ["of a megabyte and more", [{ name: "tenants/acme/tenant.json", content: " ".repeat(1024 * 1024 + 1) }]],
  ] as const)
    t.match(
      await refusal(tarOf(...parts)),
      { code: "UNSAFE_ENTRY", details: { rule: "tenant record" } },
      what,
    );
});

t.test("hard links become copies that count with their size", async (t) => {
  const tar = tarOf(
    { ...file, mode: 0o640 },
    { name: "tenants/acme/b/again", typeFlag: "1", target: "./tenants/acme/a.txt", mode: 0o640 },
    { name: "tenants/acme/third", typeFlag: "1", target: "tenants/acme/b/again" },
  );
  const tree = await extracted(t, tar);
  t.match(tree["b/again"], { content: "hello", mode: 0o640 });
  t.match(tree["third"], { content: "hello" });
  t.match(await extractInProcess(tar, undefined), { totals: { files: 3, contentBytes: 15 } });
  t.equal((await refusal(tar, { limits: { ...DEFAULT_LIMITS, bytes: 14 } })).code, "LIMIT_EXCEEDED");
});

t.test("a directory may stand twice, the last one counts", async (t) => {
  const dir: TarPart = { name: "tenants/acme/d/", typeFlag: "5", mode: 0o700 };
  const tar = tarOf(dir, { name: "tenants/acme/d/x" }, { ...dir, mode: 0o550, seconds: 1_000_000_000 });
  t.match(await extracted(t, tar), { d: { mode: 0o550, mtimeNs: 1_000_000_000_000_000_000n } });
  t.match(await extractInProcess(tar, undefined), { totals: { entries: 2, directories: 1 } });
});

t.test("setuid, setgid and sticky bits are dropped", async (t) => {
  const tar = tarOf({ ...file, mode: 0o7755 }, { name: "tenants/acme/d", typeFlag: "5", mode: 0o3777 });
  t.match(await extracted(t, tar), { "a.txt": { mode: 0o755 }, d: { mode: 0o777 } });
});

t.test("what the dialects say of names and times is understood", async (t) => {
  const long = `tenants/acme/${"n".repeat(200)}`;
  const tree = await extracted(
    t,
    tarOf(
      { name: "v7", typeFlag: "\0", magic: "", patch: { 0: "tenants/acme/old-v7" } },
      { name: "tenants/acme/old-directory/", typeFlag: "0", magic: "" },
      tarPart({ name: "././@LongLink", typeFlag: "L", content: `${long}\0`, magic: GNU_MAGIC }),
      tarPart({ name: long.slice(0, 100), content: "gnu", magic: GNU_MAGIC }),
      tarPart({ name: "././@LongLink", typeFlag: "K", content: `${"t".repeat(150)}\0`, magic: GNU_MAGIC }),
      tarPart({ name: "tenants/acme/long-link", typeFlag: "2", magic: GNU_MAGIC }),
      { name: "suffix", prefix: "tenants/acme" },
      { name: "tenants/acme/gnu-times", magic: GNU_MAGIC, prefix: "14000000000" },
      paxPart({ path: "tenants/acme/caf\xe9", mtime: "1700000000.123456789", hdrcharset: "BINARY" }),
      { content: "latin1" },
      paxPart({ mtime: "-1.5" }),
      { name: "tenants/acme/before-1970" },
      { name: "tenants/acme/contiguous", typeFlag: "7", content: "c" },
      tarPart({ name: "label", typeFlag: "V", magic: GNU_MAGIC }),
      paxPart({ comment: "all that follow", mtime: "1600000000" }, "g"),
      { name: "tenants/acme/global" },
      paxPart({ mtime: "" }),
      { name: "tenants/acme/deleted" },
    ),
  );
  t.match(tree, {
    "old-v7": { type: "file" },
    "old-directory": { type: "directory" },
    ["n".repeat(200)]: { content: "gnu" },
    "long-link": { target: "t".repeat(150) },
    suffix: { type: "file" },
    "gnu-times": { type: "file" },
    "caf\xe9": { content: "latin1", mtimeNs: 1_700_000_000_123_456_000n },
    "before-1970": { mtimeNs: -1_500_000_000n },
    contiguous: { content: "c" },
    global: { mtimeNs: 1_600_000_000_000_000_000n },
    deleted: { mtimeNs: 1_700_000_000_000_000_000n },
  });
});

t.test(
  "a long name counts whole: a slash where the header cuts it makes no directory (CVE-2025-13462)",
  async (t) => {
    const long = `tenants/acme/${"d".repeat(86)}/${"n".repeat(60)}`;
    const cut = long.slice(0, 100);
    t.ok(cut.endsWith("/"));
    for (const extension of [gnuLongPart(long), paxPart({ path: long })])
      for (const typeFlag of ["0", "\0"]) {
        // Were it a directory, its content would be the next header.
        const tar = tarOf(extension, {
          name: cut,
          typeFlag,
          content: tarPart({ name: "tenants/acme/hidden" }),
        });
        t.strictSame(Object.keys(await extracted(t, tar)), [
          "",
          "d".repeat(86),
          long.slice("tenants/acme/".length),
        ]);
      }
    const directory = gnuLongPart(`tenants/acme/${"d".repeat(120)}/`);
    t.match(await extracted(t, tarOf(directory, { name: "cut", typeFlag: "0" })), {
      ["d".repeat(120)]: { type: "directory" },
    });
  },
);

t.test("what only looks hostile is restored", async (t) => {
  const tree = await extracted(
    t,
    tarOf(
      { name: "tenants/acme/README" },
      { name: "tenants/acme/readme" },
      { name: "tenants/acme/caf\xc3\xa9" },
      { name: "tenants/acme/cafe\xcc\x81" },
      { name: "tenants/acme/C:\\..\\x" },
      { name: "tenants/acme/12345" },
      { name: "tenants/acme/-rf *" },
      { name: "tenants/acme/far", seconds: 8 ** 11 - 1, patch: { 108: "7777777\0", 116: "7777777\0" } },
      paxPart({ mtime: `${"9".repeat(18)}.${"9".repeat(40)}` }),
      { name: "tenants/acme/farther" },
      { name: "tenants/acme/blank-time", magic: "", patch: { 136: "           \0" } },
      paxPart({ "SCHILY.xattr.user.x": "\0=\n", comment: "two", size: "3" }),
      { name: "tenants/acme/with-attributes", content: "abc" },
      gnuLongPart("tenants/acme/said-twice"),
      paxPart({ path: "tenants/acme/said-twice" }),
      { name: "cut" },
    ),
  );
  t.strictSame(Object.keys(tree).sort(), [
    "",
    "-rf *",
    "12345",
    "C:\\..\\x",
    "README",
    "blank-time",
    "cafe\xcc\x81",
    "caf\xc3\xa9",
    "far",
    "farther",
    "readme",
    "said-twice",
    "with-attributes",
  ]);
  t.match(tree, { "blank-time": { mtimeNs: 0n }, "with-attributes": { content: "abc" } });
});

t.test("a checksum of signed bytes counts, as historic tars have it", async (t) => {
  const part = tarPart({ name: "tenants/acme/caf\xe9", content: "x" });
  const unsigned = parseInt(part.toString("latin1", 148, 154), 8);
  part.write((unsigned - 256).toString(8).padStart(6, "0"), 148, "latin1");
  t.match(await extracted(t, tarOf(part)), { "caf\xe9": { content: "x" } });
});

t.test("a tar without one root says how to make one that has", async (t) => {
  for (const parts of [
    [{ name: "tenant.json" }, { name: "sessions/a" }],
    [{ name: "sessions/", typeFlag: "5" }, { name: "tenant.json" }],
  ])
    t.match(await refusal(tarOf(...parts), { as: "x" }), {
      code: "UNSAFE_ENTRY",
      details: { rule: "mixed roots" },
      hint: /tar -C DIR -c \./,
    });
});

t.test("damage names the rule, and the entry begun last", async (t) => {
  const after = { name: "tenants/acme/b", patch: { 124: "x" } };
  const error = await refusal(tarOf(file, after));
  t.match(error, {
    details: { rule: "size field", entry: "tenants/acme/b" },
    message:
      /cannot be trusted, at byte 1024: its size is no number \(the last entry begun: "tenants\/acme\/b"\)/,
  });
  const cut = gzipSync(tarOf({ ...file, content: Buffer.alloc(2_000_000) }));
  t.match(await refusal(cut.subarray(0, cut.length - 20)), {
    details: { rule: "compression", entry: "tenants/acme/a.txt" },
  });
});

t.test("numbers in base 256 are understood", async (t) => {
  const tar = tarOf({
    ...file,
    patch: { 124: `\x80${"\0".repeat(10)}\x05`, 136: `${"\xff".repeat(11)}\xfe` },
  });
  t.match(await extracted(t, tar), { "a.txt": { content: "hello", mtimeNs: -2_000_000_000n } });
});

t.test("whatever is done to a tar, it is read or refused, never more", async (t) => {
  const tar = tarOf(
    { name: "tenants/acme/d/", typeFlag: "5" },
    paxPart({ path: `tenants/acme/d/${"p".repeat(120)}`, mtime: "1700000000.5" }),
    file,
    { name: "tenants/acme/l", typeFlag: "2", target: "d" },
    { name: "tenants/acme/h", typeFlag: "1", target: "tenants/acme/l" },
  );
  const surprises: string[] = [];
  for (let position = 0; position < tar.length; position++)
    for (const mask of [0x01, 0x80]) {
      const flipped = Buffer.from(tar);
      flipped[position] = (flipped[position] ?? 0) ^ mask;
      const outcome = await extractInProcess(flipped, undefined, { as: "x" }).catch(
        (error: unknown) => error,
      );
      if (outcome instanceof Error && !(outcome instanceof BackupError && [2, 7].includes(outcome.exitCode)))
        surprises.push(`byte ${position}: ${String(outcome)}`);
    }
  t.same(surprises, []);
});

t.test("limits and free space hold while a foreign archive is read", async (t) => {
  const tar = tarOf(file, { ...file, name: "tenants/acme/b.txt" });
  t.equal((await refusal(tar, { limits: { ...DEFAULT_LIMITS, entries: 1 } })).code, "LIMIT_EXCEEDED");
  t.equal((await refusal(tar, { limits: { ...DEFAULT_LIMITS, bytes: 9 } })).code, "LIMIT_EXCEEDED");
  t.match(await refusal(tar, { space: { bytes: 9, boundBy: "disk" } }), {
    code: "DISK_FULL",
    message: /tenants?|b\.txt/,
  });
});
