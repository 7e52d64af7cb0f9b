/** What the writer writes, the reader restores; and so does the reader for foreign tars, without the index. */
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { DEFAULT_LIMITS } from "./format.js";
import { openIndex } from "./open.js";
import { extractInProcess } from "./testing/extract-in-process.js";
import { memorySource } from "./testing/memory-source.js";
import { stagingDirectory } from "./testing/staging.js";
import { readTree, type TreeEntry } from "./testing/tree.js";
import { framesOf } from "./testing/write-to-memory.js";
import { writeArchive } from "./writer.js";

/** Whole microseconds: what Node can set exactly. */
const SECONDS = 1_700_000_000.25;

/** A tenant with entries that tar has trouble with, all as old as each other. */
function makeTenant(directory: string): void {
  const at = (path: string): string => join(directory, path);
  mkdirSync(at("read-only"), { recursive: true });
  mkdirSync(at(`${"d".repeat(150)}/${"e".repeat(150)}`), { recursive: true });
  mkdirSync(at("empty"));
  writeFileSync(at("tenant.json"), '{"id":"acme"}', { mode: 0o600 });
  writeFileSync(at("read-only/file"), "x", { mode: 0o444 });
  writeFileSync(at("large"), Buffer.alloc(9_000_001, "0123456789abcdef-"), { mode: 0o755 });
  writeFileSync(at(`${"d".repeat(150)}/${"e".repeat(150)}/${"f".repeat(255)}`), "long");
  writeFileSync(Buffer.from(at("caf\xe9"), "latin1"), "not UTF-8");
  writeFileSync(Buffer.from(at(`${"d".repeat(150)}/caf\xe9`), "latin1"), "long and not UTF-8");
  writeFileSync(at("new\nline, back\\slash"), "odd");
  symlinkSync("../large", at("read-only/link"));
  symlinkSync("t".repeat(200), at("dangling"));
  for (const [path, { type }] of Object.entries(readTree(directory)).reverse()) {
    const name = Buffer.from(`${directory}/${path}`, "latin1");
    (type === "symlink" ? lutimesSync : utimesSync)(name, SECONDS, SECONDS);
  }
  chmodSync(at("read-only"), 0o555);
}

async function write(test: Test, directory: string): Promise<Buffer> {
  const { chunks, summary } = writeArchive({
    directory,
    root: "tenants/acme",
    tenant: "acme",
    uid: "f3b1c0de",
    createdAt: "2026-06-03T02:00:00Z",
    producer: "round-trip",
    level: 3,
    compressionThreads: 1,
    limits: DEFAULT_LIMITS,
    exclude: [],
    allowUnreadable: false,
    temporaryDirectory: stagingDirectory(test),
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  const parts: Uint8Array[] = [];
  for await (const chunk of framesOf(chunks)) parts.push(Buffer.from(chunk));
  await summary;
  return Buffer.concat(parts);
}

t.test("a tenant comes back as it was", async (t) => {
  const tenant = stagingDirectory(t);
  makeTenant(tenant);
  const expected = readTree(tenant);
  const archive = await write(t, tenant);

  const restored = stagingDirectory(t);
  t.match(await extractInProcess(archive, restored), { hadIndex: true, tenant: "acme" });
  t.strictSame(readTree(restored), expected);

  const index = await openIndex(memorySource(archive), archive, DEFAULT_LIMITS);
  const withoutEnding = archive.subarray(0, index?.segmentsEnd);
  const plain = stagingDirectory(t);
  t.match(await extractInProcess(withoutEnding, plain), { hadIndex: false, tenant: "acme" });
  const wholeSeconds = BigInt(Math.trunc(SECONDS)) * 1_000_000_000n;
  t.strictSame(
    readTree(plain),
    Object.fromEntries(
      Object.entries(expected).map(([path, entry]): [string, TreeEntry] => [
        path,
        { ...entry, mtimeNs: wholeSeconds },
      ]),
    ),
  );
});
