import { createHash, randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { copy, places, running } from "../testing/databases.js";
import { readTree } from "../testing/tree.js";
import { looksRandom } from "./looks-random.js";

/** First bytes of a journal: sqlite.org/fileformat.html, section 3. */
const JOURNAL_MAGIC = Buffer.from("d9d505f920a163d7", "hex");

/** What an encrypted database looks like: the same bytes every time. */
function encrypted(bytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let n = 0; n * 64 < bytes; n++) blocks.push(createHash("sha512").update(`block ${n}`).digest());
  return Buffer.concat(blocks).subarray(0, bytes);
}

t.test("an encrypted database that nothing writes to is copied byte for byte", async (t) => {
  const { tenant, copy: target } = places(t);
  writeFileSync(join(tenant, "m.sqlite"), encrypted(8192));
  const before = readTree(tenant);
  t.match(await copy(tenant, "m.sqlite", target), {
    kind: "copied",
    checked: false,
    size: 8192,
    mtimeNs: before["m.sqlite"]?.mtimeNs,
  });
  t.ok(readFileSync(target).equals(encrypted(8192)));
  t.strictSame(readTree(tenant), before);
});

t.test("an encrypted database in the middle of a transaction is waited for", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  writeFileSync(path, encrypted(8192));
  writeFileSync(`${path}-journal`, JOURNAL_MAGIC);
  t.strictSame(await copy(tenant, "m.sqlite", target, 200), {
    kind: "unreadable",
    reason: "it is encrypted and in the middle of a transaction, for 0.2 seconds",
  });
  const copied = copy(tenant, "m.sqlite", target);
  rmSync(`${path}-journal`);
  t.match(await copied, { kind: "copied" });
});

t.test("an encrypted database in WAL mode that is open cannot be copied", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  writeFileSync(path, encrypted(8192));
  writeFileSync(`${path}-wal`, Buffer.from("377f0682002de218", "hex"));
  t.strictSame(await copy(tenant, "m.sqlite", target), {
    kind: "unreadable",
    reason: "it is encrypted and in use, and SQLite cannot copy it",
  });
});

t.test(
  "what may be an encrypted database and is written to all the time is said to be a mixture",
  async (t) => {
    const { tenant, copy: target } = places(t);
    const path = join(tenant, "m.sqlite");
    writeFileSync(path, encrypted(8192));
    const writer = await running(`
    import { openSync, writeSync } from "node:fs";
    const file = openSync(${JSON.stringify(path)}, "r+");
    const write = () => { writeSync(file, "x", 4096); setImmediate(write) }; write()`);
    t.teardown(() => writer.kill());
    // On a busy machine the writer may rest long enough for a copy.
    let answer = await copy(tenant, "m.sqlite", target, 100);
    for (let n = 0; answer.kind === "copied"; n++)
      answer = await copy(tenant, "m.sqlite", `${target}${n}`, 100);
    t.match(answer, { kind: "mixed", checked: false, size: 8192 });
  },
);

t.test("a file that is replaced while it is copied is copied in one of its states", async (t) => {
  const { tenant, copy: target } = places(t);
  const path = join(tenant, "m.sqlite");
  writeFileSync(path, encrypted(8192));
  const copied = copy(tenant, "m.sqlite", target);
  writeFileSync(`${path}.new`, encrypted(4096));
  renameSync(`${path}.new`, path);
  t.match(await copied, { kind: "copied" });
  const content = readFileSync(target);
  t.ok(content.equals(encrypted(4096)) || content.equals(encrypted(8192)));
});

t.test("what a first page holds, if it is not encrypted, does not look random", (t) => {
  const text = Buffer.from("Sessions of the tenant, as they were kept.\n".repeat(20)).subarray(0, 512);
  t.notOk(looksRandom(text));
  t.notOk(looksRandom(Buffer.alloc(512)));
  // A file format of its own that holds random bytes behind 64 bytes of header.
  t.notOk(looksRandom(Buffer.concat([Buffer.alloc(64), encrypted(448)])));
  for (let n = 0; n < 2000; n++) if (!looksRandom(randomBytes(512))) t.fail("random bytes do");
  t.end();
});
