/** A base as its index tells of it, and as its bytes are. */
import { randomBytes, hash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { DEFAULT_LIMITS } from "../format.js";
import { openIndex } from "../open.js";
import { rawPath } from "../raw-path.js";
import { buildArchive, sampleEntries } from "../testing/archive-builder.js";
import { memorySource } from "../testing/memory-source.js";
import { baseOf, writeToMemory } from "../testing/write-to-memory.js";
import { checkedRange, checkStoredFrame } from "./base-frames.js";
import { BaseTable } from "./base-table.js";
import { PieceSet } from "./piece-set.js";
import { copiedRanges, takeOver, type TakenOver } from "./take-over.js";

const MIB = 1024 * 1024;

t.test("any range of a base comes as it is stored, and is not believed when it was altered", async (t) => {
  const directory = t.testdir({ a: "small" });
  for (const name of ["one", "two", "three"]) writeFileSync(join(directory, name), randomBytes(4 * MIB + 9));
  const archive = await writeToMemory(directory);
  const { segments } = await baseOf(archive);
  const { bytes } = archive;
  const end = segments.get(segments.count - 1).offset;
  const range = fc
    .tuple(fc.nat(end - 1), fc.nat(end - 1))
    .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1 }));
  const read = async (source: Buffer, wanted: { start: number; end: number }): Promise<Buffer> => {
    const parts: Uint8Array[] = [];
    for await (const part of checkedRange(memorySource(source), segments, wanted)) parts.push(part);
    return Buffer.concat(parts);
  };
  await fc.assert(
    fc.asyncProperty(range, async (wanted) =>
      (await read(bytes, wanted)).equals(bytes.subarray(wanted.start, wanted.end)),
    ),
    { numRuns: 8 },
  );
  const altered = Buffer.from(bytes);
  altered[5 * MIB] = (altered[5 * MIB] ?? 0) ^ 1;
  await t.rejects(read(altered, { start: 5 * MIB - 3, end: 5 * MIB + 3 }), { code: "ARCHIVE_DAMAGED" });
  const wrong = { ...segments.get(0), sha256: "0".repeat(64) };
  await t.rejects(checkStoredFrame(memorySource(bytes), wrong), {
    code: "ARCHIVE_DAMAGED",
    details: { rule: "segment hash" },
  });
});

t.test("pieces are found by their hash, at best the one behind the last", async (t) => {
  const directory = t.testdir({});
  const piece = randomBytes(4 * MIB);
  writeFileSync(join(directory, "f"), Buffer.concat([piece, randomBytes(4 * MIB), piece]));
  writeFileSync(join(directory, "holes"), Buffer.alloc(9 * MIB));
  const { segments } = await baseOf(await writeToMemory(directory));
  const sha256 = hash("sha256", piece);
  t.ok(segments.pieces().has(Buffer.from(sha256, "hex")));
  t.notOk(segments.pieces().has(hash("sha256", Buffer.alloc(4 * MIB), "buffer")), "a hole is made again");
  const first = segments.piece(sha256, undefined);
  t.equal(segments.get(first).kind, "piece");
  t.equal(segments.piece(sha256, first), first);
  t.equal(segments.piece(sha256, first + 1), first + 2);
  t.equal(segments.piece(sha256, segments.count - 1), first);
  t.throws(() => segments.piece("0".repeat(64), undefined), RangeError);
  t.throws(() => segments.get(segments.count), RangeError);
});

t.test("a set of pieces has what was put into it", (t) => {
  const value = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.array(value), value, (values, other) => {
      const set = new PieceSet(PieceSet.of(values.map((bytes) => Buffer.from(bytes).toString("hex"))).bytes);
      return (
        values.every((bytes) => set.has(bytes)) &&
        set.has(other) === values.some((bytes) => Buffer.compare(bytes, other) === 0)
      );
    }),
  );
  t.end();
});

t.test("what a base says of its entries", async (t) => {
  const flagged = (line: Record<string, unknown>) =>
    line["path"] === "tenants/acme/sessions/a.jsonl" ? { ...line, flags: ["changed"] } : line;
  const bytes = buildArchive(sampleEntries(), { lines: (lines) => lines.map(flagged) });
  const index = await openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS);
  const table = new BaseTable(index?.payload ?? Buffer.alloc(0), DEFAULT_LIMITS);
  const find = (path: string) => table.find(rawPath(`tenants/acme/${path}`));
  t.match(find("sessions/a.jsonl"), { type: "file", mode: 0o640, isUnsteady: true, isDatabase: false });
  t.match(find("workspace/large.bin"), { type: "file", size: MIB + 700, mode: 0o755, isUnsteady: false });
  t.match(find("workspace/latest"), { type: "symlink", target: "../sessions/a.jsonl" });
  t.match(find("empty"), { type: "directory", mode: 0o711 });
  t.equal(find("not there"), undefined);
  t.equal(table.find(rawPath("tenants")), undefined, "above the root nothing has an entry");
});

t.test("nothing, or thousands of entries, are taken over", async (t) => {
  const directory = t.testdir({});
  for (let i = 0; i < 2100; i++) writeFileSync(join(directory, String(i)), "");
  const { payload } = await baseOf(await writeToMemory(directory));
  const count = async (...runs: Parameters<typeof takeOver>[2]): Promise<number> => {
    let lines = 0;
    for await (const { kind } of takeOver(payload, DEFAULT_LIMITS, runs)) if (kind === "entry") lines++;
    return lines;
  };
  t.equal(await count(), 0);
  t.equal(await count({ first: 0, end: 1 }), 2100);
});

t.test("what is taken over has the numbers and places of the new archive", async (t) => {
  const directory = t.testdir({});
  for (let i = 0; i < 5; i++) writeFileSync(join(directory, `f${i}`), randomBytes(MIB + i));
  const { segments, entries, bytes } = await writeToMemory(directory);
  const base = await baseOf({ bytes, summary: { states: new Uint8Array(0) } as never });
  const runs = [
    { first: 2, end: 4 },
    { first: 6, end: 10 },
  ];
  const lines: TakenOver[] = [];
  for await (const line of takeOver(base.payload, DEFAULT_LIMITS, runs)) lines.push(line);
  const kept = [2, 3, 6, 7, 8, 9].map((number) => segments[number]);
  let offset = 0;
  const expected = kept.map((segment) => {
    const moved = { ...segment, offset };
    offset += segment?.stored ?? 0;
    return moved;
  });
  t.strictSame(
    lines.flatMap((line) => (line.kind === "segment" ? [line.segment] : [])),
    expected,
  );
  t.strictSame(
    lines.flatMap((line) => (line.kind === "entry" ? [[line.entry.path, line.entry.segment]] : [])),
    [1, 3, 4].map((file, index) => [entries[file]?.path, 2 * index]),
  );
  t.strictSame(copiedRanges(base.segments, runs), [
    { start: segments[2]?.offset, end: segments[4]?.offset },
    { start: segments[6]?.offset, end: segments[10]?.offset },
  ]);
});
