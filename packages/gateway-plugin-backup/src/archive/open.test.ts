import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import t from "tap";
import { DEFAULT_LIMITS, SIGNATURE_FRAME_MAGIC } from "./format.js";
import { skippableFrame } from "./frames.js";
import { identifyArchive, identifyTenant } from "./identify.js";
import { openIndex } from "./open.js";
import { encodeSeekTable } from "./seek-table.js";
import type { ArchiveSource } from "./source.js";
import { keyIdOf, signatureFrame } from "./signature.js";
import { buildArchive, SAMPLE_UID, sampleEntries, sampleKey } from "./testing/archive-builder.js";
import { memorySource } from "./testing/memory-source.js";
import { tarOf } from "./testing/tar-builder.js";
import { FrameCompressor } from "./zstd.js";

/** A source that notes which ranges are asked for. */
function watchedSource(bytes: Uint8Array): ArchiveSource & { readonly reads: [number, number][] } {
  const source = memorySource(bytes);
  const reads: [number, number][] = [];
  return {
    ...source,
    reads,
    read: (start, end) => {
      reads.push([start, end]);
      return source.read(start, end);
    },
  };
}

const archive = buildArchive(sampleEntries());

t.test("an index is opened from the last bytes alone where they hold it", async (t) => {
  const source = watchedSource(archive);
  const index = await openIndex(source, archive.subarray(-4096), DEFAULT_LIMITS);
  t.match(index?.header, { tenant: "acme", uid: SAMPLE_UID, root: "tenants/acme" });
  const end = index?.segmentsEnd ?? 0;
  const frame = archive.subarray(end, end + 8 + (index?.payload.length ?? 0));
  t.equal(index?.sha256, createHash("sha256").update(frame).digest("hex"));
  t.strictSame(source.reads, []);
});

t.test("a tail that is too short is completed by a read or three", async (t) => {
  for (const length of [0, 1, 9, 40, 200]) {
    const source = watchedSource(archive);
    const index = await openIndex(source, archive.subarray(archive.length - length), DEFAULT_LIMITS);
    t.equal(index?.header.tenant, "acme", `${length} bytes`);
    t.ok(source.reads.length <= 4, `${source.reads.length} reads`);
    t.ok(
      source.reads.every(([start]) => start >= (index?.segmentsEnd ?? 0)),
      "none of a segment",
    );
  }
});

t.test("a store that gives too little is not taken for a whole answer", async (t) => {
  const short: ArchiveSource = {
    ...memorySource(archive),
    read: (start) => memorySource(archive).read(start, start + 1),
  };
  await t.rejects(openIndex(short, archive.subarray(-9), DEFAULT_LIMITS), {
    code: "ARCHIVE_DAMAGED",
    message: /gives 1 bytes/,
  });
});

t.test("a store that gives too much is not taken for a right answer", async (t) => {
  const long: ArchiveSource = {
    ...memorySource(archive),
    read: () => memorySource(archive, 10).read(0, archive.length),
  };
  await t.rejects(openIndex(long, archive.subarray(-9), DEFAULT_LIMITS), {
    code: "ARCHIVE_DAMAGED",
    message: /were asked for/,
    details: { rule: "object layout" },
  });
});

t.test("an index larger than its entries can need is not fetched", async (t) => {
  const frame = skippableFrame(0x184d2a5b, Buffer.alloc(17 * 1024 * 1024));
  const bytes = Buffer.concat([frame, encodeSeekTable([{ stored: frame.length, raw: 0 }])]);
  await t.rejects(openIndex(memorySource(bytes), bytes.subarray(-100), { ...DEFAULT_LIMITS, entries: 10 }), {
    code: "LIMIT_EXCEEDED",
  });
});

t.test("what the seek table and the index say of each other's frames must be the same", async (t) => {
  const refused = async (bytes: Buffer, message: RegExp): Promise<void> => {
    await t.rejects(openIndex(memorySource(bytes), bytes.subarray(-100), DEFAULT_LIMITS), {
      code: "ARCHIVE_DAMAGED",
      message,
    });
  };
  const extra = new FrameCompressor(3).compress(Buffer.from("not in the index"));
  await refused(
    buildArchive(sampleEntries(), {
      table: (frames) => frames.splice(-1, 0, { stored: extra.length, raw: 16 }),
      parts: (parts) => parts.splice(-2, 0, extra),
    }),
    /has \d frames before its index, which lists \d/,
  );
  await refused(
    buildArchive(sampleEntries(), {
      table: (frames) => frames.push({ stored: frames.pop()?.stored ?? 0, raw: 1 }),
    }),
    /has a seek table that is wrong about the index/,
  );
  const huge = Buffer.alloc(9 * 1024 * 1024);
  await refused(
    buildArchive(sampleEntries(), { frame: (_, kind) => (kind === "dirs" ? huge : undefined) }),
    /has a frame of 9437184 bytes for segment/,
  );
});

t.test("a signature larger than any is not fetched", async (t) => {
  const signature = skippableFrame(SIGNATURE_FRAME_MAGIC, Buffer.alloc(64 * 1024));
  const source = watchedSource(buildArchive(sampleEntries(), { behindIndex: [signature] }));
  await t.rejects(openIndex(source, new Uint8Array(), DEFAULT_LIMITS), {
    code: "ARCHIVE_DAMAGED",
    message: /a signature of 65544 bytes/,
    details: { rule: "signature" },
  });
  t.ok(source.reads.every(([start, end]) => end - start < signature.length));
});

t.test("an index tells whose signature it has", async (t) => {
  const opened = (bytes: Buffer) => openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS);
  t.equal((await opened(archive))?.signedBy, undefined);
  for (const key of [sampleKey(), sampleKey(1)]) {
    const signed = buildArchive(sampleEntries(), { signingKey: key });
    t.equal((await opened(signed))?.signedBy, keyIdOf(key));
    const source = watchedSource(signed);
    const tail = signed.subarray(-4096);
    t.equal((await openIndex(source, tail, DEFAULT_LIMITS))?.signedBy, keyIdOf(key));
    t.strictSame(source.reads, [], "it comes with the index");
  }
});

t.test("a signature is of one index only, whole, and alone", async (t) => {
  const refused = async (what: string, behindIndex: Buffer[], details: object): Promise<void> => {
    const bytes = buildArchive(sampleEntries(), { behindIndex });
    await t.rejects(
      openIndex(memorySource(bytes), bytes, DEFAULT_LIMITS),
      { code: "ARCHIVE_DAMAGED", message: /memory:test/, details },
      what,
    );
  };
  const end = (await openIndex(memorySource(archive), archive, DEFAULT_LIMITS))?.segmentsEnd ?? 0;
  const indexFrame = archive.subarray(end, end + 8 + archive.readUInt32LE(end + 4));
  const good = signatureFrame(indexFrame, sampleKey());
  const parts: Buffer[] = [];
  buildArchive(sampleEntries().slice(1), {
    signingKey: sampleKey(),
    parts: (all) => parts.push(...all),
  });
  await refused("another archive's", parts.slice(-2, -1), { rule: "signature" });
  await refused("two", [good, good], { rule: "object layout" });
  await refused("of nothing", [signatureFrame(Buffer.alloc(0), sampleKey())], { rule: "signature" });
  for (let length = 1; length < good.length; length++)
    await refused(`cut off at ${length}`, [good.subarray(0, length)], {
      rule: length < 8 ? "seek table" : "skippable frame",
    });
  const last = buildArchive(sampleEntries(), { behindIndex: [good] });
  t.equal((await openIndex(memorySource(last), last, DEFAULT_LIMITS))?.signedBy, keyIdOf(sampleKey()));
});

t.test("seekable archives of other tools are foreign", async (t) => {
  const frame = new FrameCompressor(3).compress(tarOf({ name: "tenants/acme/a", content: "a" }));
  const note = skippableFrame(0x184d2a50, Buffer.from("theirs"));
  const raw = 2048;
  for (const bytes of [
    Buffer.concat([frame, encodeSeekTable([{ stored: frame.length, raw }])]),
    Buffer.concat([
      frame,
      note,
      encodeSeekTable([
        { stored: frame.length, raw },
        { stored: note.length, raw: 0 },
      ]),
    ]),
    encodeSeekTable([]),
  ])
    t.strictSame(await identifyArchive(memorySource(bytes), DEFAULT_LIMITS), {
      format: "zstd",
      index: undefined,
    });
});

t.test("what an object is stands in its first bytes", async (t) => {
  const tar = tarOf({ name: "tenants/acme/a", content: Buffer.alloc(600_000) });
  const v7 = tarOf({ name: "tenants/acme/a", magic: "" });
  const foreign: [string, Buffer][] = [
    ["tar", tar],
    ["tar", v7],
    ["gzip", gzipSync(tar)],
    ["zstd", new FrameCompressor(1).compress(tar)],
  ];
  for (const [format, bytes] of foreign) {
    const identified = await identifyArchive(memorySource(bytes), DEFAULT_LIMITS);
    t.strictSame(identified, { format, index: undefined });
    t.equal(await identifyTenant(memorySource(bytes), identified, DEFAULT_LIMITS), "acme");
  }
  for (const age of ["age-encryption.org/v1\n-> X25519 x", "-----BEGIN AGE ENCRYPTED FILE-----\nYWdl"])
    await t.rejects(identifyArchive(memorySource(Buffer.from(age)), DEFAULT_LIMITS), {
      code: "ARCHIVE_ENCRYPTED",
    });
  for (const other of ["", "x", "PK\x03\x04", "\0".repeat(2048), "plain text".repeat(100)])
    await t.rejects(identifyArchive(memorySource(Buffer.from(other)), DEFAULT_LIMITS), {
      code: "ARCHIVE_UNKNOWN_FORMAT",
    });
});

t.test("whose an archive is", async (t) => {
  const whose = async (bytes: Buffer): Promise<string | undefined> => {
    const source = memorySource(bytes);
    return identifyTenant(source, await identifyArchive(source, DEFAULT_LIMITS), DEFAULT_LIMITS);
  };
  t.equal(await whose(archive), "acme");
  t.equal(await whose(tarOf({ name: "./", typeFlag: "5" }, { name: "./a" })), undefined);
  t.equal(await whose(tarOf({ name: "backup/a" })), undefined);
  t.equal(await whose(tarOf({ name: "./", typeFlag: "5" })), undefined);
  await t.rejects(whose(tarOf({ name: "tenants/", typeFlag: "5" })), { code: "ARCHIVE_DAMAGED" });
  await t.rejects(whose(tarOf({ name: "tenants/NO" })), { code: "UNSAFE_ENTRY" });
});

t.test("only the beginning of a foreign archive is read to tell whose it is", async (t) => {
  const tar = tarOf({ name: "tenants/acme/a", content: Buffer.alloc(600_000) });
  let given = 0;
  const source: ArchiveSource = {
    ...memorySource(tar),
    async *read(start, end) {
      for await (const chunk of memorySource(tar, 4096).read(start, end)) {
        given += chunk.length;
        yield chunk;
      }
    },
  };
  t.equal(await identifyTenant(source, { format: "tar", index: undefined }, DEFAULT_LIMITS), "acme");
  t.equal(given, 4096);
});
