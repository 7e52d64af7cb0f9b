/** Every byte of a good archive, changed; and a good archive, cut off at every length: nothing passes unnoticed. */
import assert from "node:assert/strict";
import t from "tap";
import { BackupError } from "../errors.js";
import { DEFAULT_LIMITS, INDEX_FRAME_MAGIC } from "./format.js";
import { readSkippableFrame } from "./frames.js";
import { readIndex } from "./index-codec.js";
import { buildArchive, sampleEntries, sampleKey } from "./testing/archive-builder.js";
import { extractInProcess } from "./testing/extract-in-process.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree } from "./testing/tree.js";
import { decompressFrame, frameSize } from "./zstd.js";

/** Every kind of entry and segment: a PAX header, a head and pieces, links, directories; and a signature. */
const parts: Buffer[] = [];
const archive = buildArchive(
  [
    ...sampleEntries().map((entry) =>
      entry.path === "workspace/large.bin" ? { ...entry, content: Buffer.alloc(3000, "large") } : entry,
    ),
    { path: `long/${"n".repeat(200)}`, content: "x" },
  ],
  { largeBytes: 3000, pieceBytes: 1024, signingKey: sampleKey(), parts: (all) => parts.push(...all) },
);
/** A low bit, a high bit, and all: low ones turn a skippable frame's magic number into another's. */
const PATTERNS = [0x01, 0x80, 0xff];

async function outcome(bytes: Uint8Array): Promise<"refused" | "accepted" | "accepted without index"> {
  try {
    return (await extractInProcess(bytes, undefined)).hadIndex ? "accepted" : "accepted without index";
  } catch (error) {
    assert.ok(error instanceof BackupError && error.exitCode === 7, String(error));
    assert.equal(typeof error.details?.["rule"], "string", error.message);
    return "refused";
  }
}

/** The part of the archive that a byte stands in, and the same part of a changed one. */
function partAt(position: number, changed: Buffer): { readonly good: Buffer; readonly bad: Buffer } {
  let start = 0;
  for (const good of parts) {
    if (position < start + good.length) return { good, bad: changed.subarray(start, start + good.length) };
    start += good.length;
  }
  return assert.fail("no part holds the byte");
}

/** What a part says to its reader: a segment its tar bytes, the index its lines, the seek table its own bytes. */
function meaning(part: Buffer): unknown {
  const magic = part.readUInt32LE();
  if (magic === INDEX_FRAME_MAGIC)
    return [...readIndex(readSkippableFrame(part, INDEX_FRAME_MAGIC), DEFAULT_LIMITS)];
  return magic === 0xfd2fb528 ? decompressFrame(part, frameSize(part).raw) : part;
}

t.test("the archive is good", async (t) => {
  t.equal(await outcome(archive), "accepted");
});

t.test("a changed byte is refused wherever it is, but where zstd itself does not look", async (t) => {
  let accepted = 0;
  for (let position = 0; position < archive.length; position++)
    for (const pattern of PATTERNS) {
      const changed = Buffer.from(archive);
      changed.writeUInt8((changed[position] ?? 0) ^ pattern, position);
      const result = await outcome(changed);
      if (result === "refused") continue;
      // Bits behind the end of an FSE table's description and reserved ones (RFC 8878, 3.1.1.3.2.1 and 4.1.1) decode to
      // the very same bytes: nothing that they change is restored, and hashes are over what a frame holds.
      const { good, bad } = partAt(position, changed);
      assert.equal(result, "accepted");
      assert.notEqual(good, parts.at(-1), `byte ${position} is of the seek table`);
      assert.notEqual(good, parts.at(-2), `byte ${position} is of the signature`);
      assert.notEqual(good, parts.at(-3), `byte ${position} is of the index, which is signed`);
      assert.deepEqual(meaning(bad), meaning(good), `byte ${position}, pattern ${pattern}`);
      accepted++;
    }
  t.ok(accepted < archive.length / 20, `${accepted} of ${archive.length * PATTERNS.length} changes`);
});

t.test("an archive that was cut off is refused at every length but where its tar is whole", async (t) => {
  const accepted: number[] = [];
  for (let length = 0; length < archive.length; length++)
    if ((await outcome(archive.subarray(0, length))) !== "refused") accepted.push(length);
  const index = parts.findIndex((part) => part.readUInt32LE() === INDEX_FRAME_MAGIC);
  const tarEnd = parts.slice(0, index).reduce((sum, { length }) => sum + length, 0);
  t.strictSame(accepted, [tarEnd], "behind the end segment nothing tells it from another tool's archive");
  const into = stagingDirectory(t);
  t.equal((await extractInProcess(archive.subarray(0, tarEnd), into)).hadIndex, false);
  const whole = stagingDirectory(t);
  await extractInProcess(archive, whole);
  t.strictSame(Object.keys(readTree(into)), Object.keys(readTree(whole)));
});

t.test("an archive with bytes left out or added anywhere is refused", async (t) => {
  for (let position = 0; position <= archive.length; position += 3) {
    const added = Buffer.concat([archive.subarray(0, position), Buffer.of(0), archive.subarray(position)]);
    assert.equal(await outcome(added), "refused", `a byte more at ${position}`);
    if (position === archive.length) continue;
    const less = Buffer.concat([archive.subarray(0, position), archive.subarray(position + 1)]);
    assert.equal(await outcome(less), "refused", `a byte less at ${position}`);
  }
  t.pass("all were refused");
});
