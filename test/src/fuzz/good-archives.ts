/** The good archives that the fuzzers change. */
import { gzipSync } from "node:zlib";
import {
  buildArchive,
  FrameCompressor,
  GNU_MAGIC,
  paxPart,
  type SampleEntry,
  sampleEntries,
  sampleKey,
  tarOf,
} from "@openclaw/gateway-plugin-backup/testing";

/** Archives of ours: every kind of entry and segment, a PAX header, and one with small frames for many borders. */
export function nativeArchives(): Buffer[] {
  const small = smallEntries();
  const long = { path: `long/${"n".repeat(200)}`, content: "x", mtimeNs: -1n };
  return [
    buildArchive(small, { largeBytes: 3000, pieceBytes: 1024 }),
    buildArchive([...small, long], { largeBytes: 512, pieceBytes: 512 }),
    buildArchive([...small, long], { largeBytes: 3000, pieceBytes: 1024, signingKey: sampleKey() }),
    buildArchive([{ path: "", type: "directory" }]),
  ];
}

/** The lines of such an archive's index, each with its line feed. */
export function nativeIndex(): Buffer {
  let index = "";
  buildArchive(smallEntries(), {
    largeBytes: 3000,
    pieceBytes: 1024,
    text: (lines) => {
      index = lines.map((line) => `${line}\n`).join("");
      return lines;
    },
  });
  return Buffer.from(index);
}

function smallEntries(): SampleEntry[] {
  return sampleEntries().map((entry) =>
    entry.path === "workspace/large.bin" ? { ...entry, content: Buffer.alloc(3000, "large") } : entry,
  );
}

/** Archives of other tools, in all three dialects, plain and compressed. */
export function foreignArchives(): Buffer[] {
  const ustar = tarOf(
    { name: "tenants/acme/", typeFlag: "5", mode: 0o755 },
    { name: "tenants/acme/tenant.json", content: '{"id":"acme"}' },
    { name: "tenants/acme/a", content: Buffer.alloc(1500, "a") },
    { name: "tenants/acme/hard", typeFlag: "1", target: "tenants/acme/a" },
    { name: "tenants/acme/soft", typeFlag: "2", target: "a" },
  );
  const gnu = tarOf(
    { name: "././@LongLink", typeFlag: "L", magic: GNU_MAGIC, content: `acme/${"g".repeat(150)}\0` },
    { name: "acme/gggg", magic: GNU_MAGIC, content: "long" },
    { name: "acme/d/", typeFlag: "5", magic: GNU_MAGIC },
  );
  const pax = tarOf(
    paxPart({ comment: "all" }, "g"),
    paxPart({ path: `./${"p".repeat(150)}`, mtime: "1700000000.5", size: "4" }),
    { name: "./p", content: "long" },
    paxPart({ linkpath: "p" }),
    { name: "./link", typeFlag: "2", target: "x" },
  );
  const compressor = new FrameCompressor(3);
  return [
    ustar,
    gnu,
    pax,
    gzipSync(ustar),
    Buffer.concat([gzipSync(pax.subarray(0, 1024)), gzipSync(pax.subarray(1024))]),
    Buffer.concat([compressor.compress(gnu.subarray(0, 1024)), compressor.compress(gnu.subarray(1024))]),
  ];
}
