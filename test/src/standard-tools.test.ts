import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { mustRun, run } from "./support/run.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { readSeekTable } from "./support/seek-table-reader.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

const bed = await Bed.start(t);
const { databases } = await bed.createFilledTenant("acme", { seed: 3, files: 400, bytes: 16_000_000 });
const { location: archive, totals } = (await bed.backup("acme", "--to", join(bed.archives, "acme.tar.zst")))
  .result;
const { entries } = totals;

t.test(
  "zstd and GNU tar accept an archive",
  { skip: await missing({ programs: ["zstd", "tar"] }) },
  async (t) => {
    await mustRun("zstd", ["-q", "-t", archive]);
    const listing = await mustRun("tar", ["--zstd", "-tf", archive], {
      env: { ...process.env, LC_ALL: "C" },
    });
    const names = listing.trimEnd().split("\n");
    t.equal(names.length, entries);
    t.equal(new Set(names).size, entries, "each path stands once");
    t.ok(names.every((name) => name.startsWith("tenants/acme/")));

    const extracted = temporaryDirectory(t);
    await mustRun("sh", ["-c", 'zstd -dc "$1" | tar -xpf - -C "$2"', "sh", archive, extracted]);
    // Plain tar knows whole seconds, and not our index: times of files with fractions differ, nothing else may.
    const differences = diffTrees(bed.gateway.tenantDirectory("acme"), join(extracted, "tenants/acme"));
    const unexplained = differences.filter(
      ({ path, aspect }) =>
        aspect !== "mtime" &&
        path !== "pty" &&
        !(databases.includes(path) && (aspect === "content" || aspect === "size")),
    );
    t.equal(describeDifferences(unexplained), "");
    const late = differences.filter(
      ({ path, aspect, left, right }) =>
        aspect === "mtime" &&
        path !== "" &&
        secondsOf(left) !== secondsOf(right) &&
        !path.endsWith("before-1970"),
    );
    t.equal(describeDifferences(late), "");
  },
);

for (const [program, args] of [
  ["bsdtar", ["-tf"]],
  ["busybox", ["sh", "-c", 'zstd -dc "$1" | busybox tar -tf -', "sh"]],
  [
    "python3",
    [
      "-c",
      "import subprocess, sys, tarfile\nwith subprocess.Popen(['zstd', '-dc', sys.argv[1]], stdout=subprocess.PIPE) as p:\n  for m in tarfile.open(fileobj=p.stdout, mode='r|'): sys.stdout.buffer.write(m.name.encode('utf-8', 'surrogateescape') + b'\\n')",
    ],
  ],
] as const) {
  t.test(
    `${program} lists every entry`,
    { skip: await missing({ programs: [program, "zstd"] }) },
    async (t) => {
      const listing = await run(program, [...args, archive]);
      t.equal(listing.code, 0, listing.stderr);
      const names = listing.stdout.trimEnd().split("\n").length;
      // One name holds a newline: some tools escape it, others print it as it is.
      t.ok(names === entries || names === entries + 1, `${names} names for ${entries} entries`);
    },
  );
}

t.test(
  "a seek table reader made from the public specification reads ours",
  { skip: await missing({ programs: ["zstd"] }) },
  async (t) => {
    const file = readFileSync(archive);
    const frames = readSeekTable(file);
    t.ok(frames.length > 4, `${frames.length} frames`);
    const directory = temporaryDirectory(t);
    const whole = createHash("sha256");
    let tarBytes = 0;
    for (const { offset, compressedSize, decompressedSize } of frames) {
      const frame = file.subarray(offset, offset + compressedSize);
      const content = await decompress(directory, frame);
      t.equal(content.length, decompressedSize, `frame at ${offset}`);
      whole.update(content);
      tarBytes += content.length;
    }
    const plain = await decompress(directory, file);
    t.equal(tarBytes, plain.length);
    t.equal(whole.digest("hex"), createHash("sha256").update(plain).digest("hex"));
    t.same(plain.subarray(-1024), Buffer.alloc(1024), "the tar ends with its two zero blocks");
  },
);

t.test("two full backups of an unchanged tenant have the same segments, byte for byte", async (t) => {
  const second = await bed.backup("acme", "--to", join(bed.archives, "again.tar.zst"));
  t.strictSame(segmentBytes(second.result.location), segmentBytes(archive));
});

t.test(
  "what plain tar made is restored",
  { skip: await missing({ programs: ["zstd", "tar"] }) },
  async (t) => {
    const source = bed.gateway.tenantDirectory("acme");
    for (const [suffix, flags] of [
      ["tar", []],
      ["tar.gz", ["--gzip"]],
      ["tar.zst", ["--zstd"]],
    ] as const) {
      const foreign = join(bed.archives, `foreign.${suffix}`);
      const id = `from-${suffix.replaceAll(".", "-")}`;
      await mustRun("tar", [
        "--format=posix",
        ...flags,
        "--exclude=tenants/acme/pty",
        "-cf",
        foreign,
        "-C",
        join(source, "../.."),
        "tenants/acme",
      ]);
      const { state, result } = await bed.restore("--from", foreign, "--as", id);
      t.equal(state, "succeeded", suffix);
      t.equal(await bed.whoami(result.newToken ?? ""), id);
      const restored = bed.gateway.tenantDirectory(id);
      const differences = unexplainedDifferences({ source, restored, renamedTo: id, databases });
      t.equal(describeDifferences(differences), "", suffix);
    }
  },
);

/** Hash and size of each frame that holds tar bytes: the segments, without index and seek table. */
function segmentBytes(archive: string): string[] {
  const file = readFileSync(archive);
  return readSeekTable(file)
    .filter(({ decompressedSize }) => decompressedSize > 0)
    .map(({ offset, compressedSize }) => {
      const frame = file.subarray(offset, offset + compressedSize);
      return `${compressedSize} ${createHash("sha256").update(frame).digest("hex")}`;
    });
}

async function decompress(directory: string, bytes: Buffer): Promise<Buffer> {
  const packed = join(directory, "frame.zst");
  writeFileSync(packed, bytes);
  await mustRun("zstd", ["-q", "-d", "-f", packed, "-o", join(directory, "frame")]);
  const content = readFileSync(join(directory, "frame"));
  rmSync(join(directory, "frame"));
  return content;
}

function secondsOf(nanoseconds: string): bigint {
  return BigInt(nanoseconds) / 1_000_000_000n;
}
