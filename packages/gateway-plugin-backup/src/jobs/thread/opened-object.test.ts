import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { DEFAULT_LIMITS } from "../../archive/format.js";
import { aroundCalls, systemError } from "../../test-support/system-calls.js";
import type { ObjectSource } from "./object-source.js";
import { identifyPiped, withOpened } from "./opened-object.js";

/** An object of these bytes. */
function object(bytes: Buffer): ObjectSource {
  return {
    object: { key: "k", size: bytes.length, etag: "e", modifiedAt: new Date(0) },
    size: bytes.length,
    describe: "s3://bucket/k",
    async *read(start, end) {
      yield await Promise.resolve(bytes.subarray(start, end));
    },
    tail: () => Promise.reject(new Error("not asked for")),
  };
}

t.test(
  "what a program gives is kept in the state directory; a disk that takes no more says so",
  async (t) => {
    const directory = join(t.testdir({}), "tmp");
    mkdirSync(directory);
    const { signal } = new AbortController();
    const command = { name: "cat", program: "/bin/cat", args: [] };
    const given = await withOpened(
      object(Buffer.from("plain bytes")),
      { kind: "pipe", command, directory },
      signal,
      async (source) => {
        const { bytes } = await source.tail(5);
        const chunks: Uint8Array[] = [];
        for await (const chunk of source.read(0, source.size)) chunks.push(chunk);
        return [Buffer.from(bytes).toString(), Buffer.concat(chunks).toString(), source.object.etag];
      },
    );
    t.strictSame(given, ["bytes", "plain bytes", "e"]);
    t.strictSame(readdirSync(directory), []);

    aroundCalls(t, "writeSync", () => {
      throw systemError("ENOSPC", "write");
    });
    const full = withOpened(object(Buffer.from("x")), { kind: "pipe", command, directory }, signal, () =>
      Promise.resolve(),
    );
    await t.rejects(full, { code: "DISK_FULL", message: /backup\/tmp/ });
    t.strictSame(readdirSync(directory), []);
  },
);

t.test("a program that gives nothing has made no archive of it", async (t) => {
  const directory = t.testdir({});
  const command = { name: "cat", program: "/bin/cat", args: [] };
  const { signal } = new AbortController();
  const identified = identifyPiped(object(Buffer.from("")), { command, directory, signal }, DEFAULT_LIMITS);
  await t.rejects(identified, {
    code: "ARCHIVE_UNKNOWN_FORMAT",
    message: /What cat makes of s3:\/\/bucket\/k is no archive/,
  });
});
