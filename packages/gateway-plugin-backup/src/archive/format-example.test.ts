/**
 * The worked example of docs/archive-format.md, frozen: an archive as version 1 wrote it, and the figures that the
 * specification gives for it.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { DEFAULT_LIMITS, INDEX_FRAME_MAGIC } from "./format.js";
import { readSkippableFrame } from "./frames.js";
import { readIndex } from "./index-codec.js";
import { openIndex } from "./open.js";
import { decodeSeekTable, encodeSeekTable } from "./seek-table.js";
import { keyIdOf, signatureFrame } from "./signature.js";
import { encodeTarHeader } from "./tar-header.js";
import { sampleKey } from "./testing/archive-builder.js";
import { memorySource } from "./testing/memory-source.js";
import { decompressFrame } from "./zstd.js";

const example = [
  "KLUv/WQACf0EACJHGBtwtzpJXN1KM9HXmAp+garkiESQprS4V8c9RgbFQlDasGCayIHm5niW1pPapA3JEz7EiCvIJcJDkTgHcBLl",
  "IK7RTWm40dWa2uuPpN7S2rXK9v/P/l8flAMDcSMOyfnc4xkVAHxAgSACdtWswhhQM+iIANIYIB/WB1Q4TMAhMjQECMsgNykAGsCG",
  "AL9BMgiBVjDoAC5WWoM4VAA2v/yB0HsotS/9ZAAD9QIAUkQOFJBHHUDZPKJa+91dwS6s3bTe/SwZBRHeb8vnjB6gIzJ4D4o5lYMH",
  "+6f/kqWycEIjDrIGlcQ9lmy9DQBjQKUhArqZCQaIA0iAAigAhksgnQBkgxWA35XWkCgYA33U/JYotS/9ZAADTQAAEAAAAQD7K4AF",
  "zayF8FsqTRjIAgAAKLUv/WQvAA0HANKPMCJQiZsD8BBe7iNRv5ZRC3dPkDHGTVuKtkY/MRlUn2FUIRJgABGEA/WocM3BdTwjjjIL",
  "3H4a1GM7jhQcn4uh6QdBO2731lPV48I1KHrEZ3q9GDb2TFB7not65Abb8SHqEdp+/bwWlIIGPNbBvYrEsdByzHhXh7wa7EHG8waq",
  "SlUlLWg0MWjCJE0DjHsZLoH4HtQDwklNwzjaHBhlHwSzJBaCJQ5sH+fR1nieo7VXb7eO+6mo90bwPc9DZssJV2euLQ4JCgB/JjMo",
  "O3pOUy1xfEIUMPeAx2oVY6bCvQWqDHrHdz8otS/9ZH0DXQ4AZqFZHXBJ20CFtN6wW1WYouRSgf9/NCUlJVFCzfH/1hMBUwBUAFAA",
  "nDAbfaX19o7snNZm2mI6b5RxIcR7lHtT28levVRSuI168opbZJpgkSkuoQ9HnJTFNT8ki3IEFre48p8ccQasEa44R1BYjrgF8WPA",
  "lSuuIYbBMQT+aP0ZH7MY1Xr+SkZ1Zy7ztNTiUpa60J9TnBbpMYnIrGxS8sNYjiM0i/MFQzlC+RTnLTmOOD8wHkmUggABP1gLKAvS",
  "iC9XHMHSCEecwmFBHKDhGmmvlCPGfOFqTLbSG0blYDQ1mCb90mXMUCJWbTT7n/0bbn7UWQcpTFbzjL7tUZ9kDbU0a5VpWjSpHQGK",
  "Lwki4KwRFINDktCoLTdk1LORpUxtPQAN977sOGvM72+N7UIopbavPX0wDa/TvBUXq/JNTIjL2Jy/MD0yyaYhbhIlqyYL84PR1OE1",
  "idhfdQ1mJ7WSLjRNXz3ClC23oW+lJyUgcMIJJuEDpXeAH7mm7fF+xjidmTQ4gcYjIBFxdiAyURoQyGtu3nB3AZ4Q2CJBAGV0UkUQ",
  "X4BBTJqgfEzAtSEGcsI4RktZH6nNbEMJE/xzg4dHCGlGZgYfEM7LRCqCDcIZc1eng14qTRgpAAAArQAAAAAKAABsAAAAAAQAABcA",
  "AAAABAAA0AIAAAAAAAAEAAAAALHqko8=",
].join("");
const archive = Buffer.from(example, "base64");

t.test("the example of the specification is read with the figures that stand there", (t) => {
  t.equal(archive.length, 1073);
  t.strictSame(decodeSeekTable(archive.subarray(-9), 1073), { needBytes: 49 });
  t.strictSame(decodeSeekTable(archive.subarray(-49), 1073), {
    frames: [
      { stored: 173, raw: 2560 },
      { stored: 108, raw: 1024 },
      { stored: 23, raw: 1024 },
      { stored: 720, raw: 0 },
    ],
    tableBytes: 49,
    descriptor: 0,
  });
  const payload = readSkippableFrame(archive.subarray(304, 1024), INDEX_FRAME_MAGIC);
  const lines = [...readIndex(payload, DEFAULT_LIMITS)];
  t.equal(lines.length, 8);

  const pack = decompressFrame(archive.subarray(0, 173), 2560);
  for (const line of lines) {
    if (line.kind !== "entry" || line.entry.type !== "file") continue;
    const { entry } = line;
    const header = encodeTarHeader(entry);
    const content = entry.offset + header.length;
    t.strictSame(pack.subarray(entry.offset, content), header, "the header is the canonical one");
    const sha256 = createHash("sha256").update(pack.subarray(content, content + entry.size));
    t.equal(sha256.digest("hex"), entry.sha256);
  }
  t.equal(pack.toString("utf8", 1536, 1554), "remember the milk\n");
  t.end();
});

const skip = spawnSync("openssl", ["version"]).error === undefined ? false : "openssl is not installed";

t.test("the example, signed, can be checked by hand as the specification says", { skip }, async (t) => {
  const index = archive.subarray(304, 1024);
  const signature = signatureFrame(index, sampleKey());
  const frames = [173, 108, 23, 720, signature.length].map((stored, number) => ({
    stored,
    raw: [2560, 1024, 1024][number] ?? 0,
  }));
  const signed = Buffer.concat([archive.subarray(0, 1024), signature, encodeSeekTable(frames)]);
  t.equal(signed.length, 1278);
  t.equal(signature.length, 197);
  t.equal(signed.toString("hex", 1278 - 17, 1278 - 9), "c500000000000000");
  const { signedBy } = (await openIndex(memorySource(signed), signed, DEFAULT_LIMITS)) ?? {};
  t.equal(signedBy, keyIdOf(sampleKey()));

  const specification = readFileSync(new URL("../../../../docs/archive-format.md", import.meta.url), "utf8");
  const [, commands = ""] = /```sh\n(tail -c \+305[^`]*)```/.exec(specification) ?? [];
  const cwd = t.testdir({ "archive.tar.zst": signed });
  t.match(execFileSync("bash", ["-euc", commands], { cwd, encoding: "utf8" }), /Verified Successfully/);
  const altered = Buffer.from(signed);
  altered.writeUInt8(altered.readUInt8(700) ^ 1, 700);
  writeFileSync(join(cwd, "archive.tar.zst"), altered);
  t.throws(() => execFileSync("bash", ["-euc", commands], { cwd, stdio: "ignore" }));
});
