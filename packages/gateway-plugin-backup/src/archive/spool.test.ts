import { readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { aroundCalls, systemError } from "../test-support/system-calls.js";
import { Spool } from "./spool.js";

const MIB = 1024 * 1024;

function contentOf(spool: Spool): Buffer {
  return Buffer.concat(Array.from(spool.read(), (chunk) => Buffer.from(chunk)));
}

t.test("what is put by comes back, from memory and from a file without a name", (t) => {
  const directory = t.testdir({});
  for (const count of [0, 1, 3, 4, 5, 9]) {
    const spool = new Spool(join(directory, "spool"));
    const parts = Array.from({ length: count }, (_, i) => Buffer.alloc(MIB + i, i + 1));
    for (const part of parts) spool.append(part);
    const whole = Buffer.concat(parts);
    t.equal(spool.length, whole.length);
    t.ok(contentOf(spool).equals(whole), `${count} MiB`);
    t.strictSame(readdirSync(directory), []);
    spool.close();
    spool.close();
  }
  t.end();
});

t.test("a full disk is told with the file that did not fit", (t) => {
  const file = join(t.testdir({}), "spool");
  const spool = new Spool(file);
  aroundCalls(t, "writeSync", () => {
    throw systemError("ENOSPC", "write");
  });
  t.throws(
    () => {
      spool.append(Buffer.alloc(4 * MIB));
    },
    { code: "DISK_FULL", message: new RegExp(file) },
  );
  spool.close();
  t.end();
});
