import { writeFileSync } from "node:fs";
import fc from "fast-check";
import t from "tap";
import { extractInProcess } from "./testing/extract-in-process.js";
import { writeToMemory } from "./testing/write-to-memory.js";
import { FileEnd } from "./super-journal.js";

const END = Buffer.from("d9d505f920a163d7", "hex");

t.test("a journal that names a super-journal stays out of the archive, by name", async (t) => {
  const tenant = t.testdir({ "notes-journal": "a diary", "tenant.json": "{}" });
  const journal = (bytes: number): Buffer => Buffer.concat([Buffer.alloc(bytes, "x"), END]);
  writeFileSync(`${tenant}/small-journal`, journal(600));
  // In the archive this one's last piece has 3 bytes.
  writeFileSync(`${tenant}/large-journal`, journal(4 * 1024 * 1024 - 5));
  writeFileSync(`${tenant}/harmless`, journal(600));

  const { bytes, entries, summary } = await writeToMemory(tenant);

  t.strictSame(
    summary.warnings.map(({ code, path }) => [code, path]),
    [
      ["UNSAFE_JOURNAL", "small-journal"],
      ["UNSAFE_JOURNAL", "large-journal"],
    ],
  );
  t.strictSame(
    entries.filter(({ type }) => type === "file").map(({ path }) => path),
    ["harmless", "notes-journal", "tenant.json"].map((name) => `tenants/acme/${name}`),
  );
  await t.resolves(extractInProcess(bytes, t.testdir({ into: {} }) + "/into"));
});

t.test("the end of a file is found whatever the parts in which it comes", (t) => {
  const isFound = fc.property(fc.array(fc.nat(20)), fc.boolean(), (sizes, isJournal) => {
    const filling = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0));
    const content = isJournal ? Buffer.concat([filling, END]) : filling;
    const end = new FileEnd();
    let position = 0;
    for (const size of [...sizes, END.length]) {
      const part = Buffer.from(content.subarray(position, position + size));
      end.append(part);
      // Its memory is used for something else.
      part.fill(1);
      position += size;
    }
    return end.isSuperJournal === isJournal;
  });
  t.doesNotThrow(() => fc.assert(isFound));
  t.end();
});
