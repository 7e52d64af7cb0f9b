/** Files of others as we read them: the library's and the age program's, whole and by ranges, and what is done to them. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import t from "tap";
import { BackupError } from "../../errors.js";
import { type ArchiveSource, readRange } from "../source.js";
import { encrypted, patterned } from "../testing/age.js";
import { memorySource } from "../testing/memory-source.js";
import { HEADER_BYTES_MAX } from "./header.js";
import type { AgeSecret } from "./keys.js";
import { openEncrypted } from "./open-encrypted.js";
import { CHUNK_BYTES, SEALED_CHUNK_BYTES } from "./payload.js";

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const stranger = await generateX25519Identity();
const secret: AgeSecret = { identities: [stranger, identity] };

const missing = (program: string) =>
  spawnSync("sh", ["-c", `command -v ${program}`]).status === 0 ? false : `needs the program ${program}`;

/** Another implementation's file. */
async function byLibrary(plain: Uint8Array): Promise<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  return encrypter.encrypt(plain);
}

async function withPassphrase(plain: Uint8Array, passphrase: string, workFactor: number): Promise<Buffer> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(workFactor);
  return Buffer.from(await encrypter.encrypt(plain));
}

/** A source that writes down what it is asked for. */
function watched(bytes: Uint8Array, chunkBytes?: number) {
  const asked: [start: number, end: number][] = [];
  const source: ArchiveSource = {
    ...memorySource(bytes, chunkBytes),
    read: (start, end) => {
      asked.push([start, end]);
      return memorySource(bytes, chunkBytes).read(start, end);
    },
  };
  return { source, asked };
}

async function readAll(file: Uint8Array, with_: AgeSecret = secret): Promise<Buffer> {
  const source = await openEncrypted(memorySource(file), with_);
  return readRange(source, 0, source.size);
}

const size = fc.oneof(
  fc
    .tuple(fc.constantFrom(0, 1, 2, 9, 10), fc.integer({ min: -2, max: 2 }))
    .map(([chunks, more]) => Math.max(chunks * CHUNK_BYTES + more, 0)),
  fc.nat({ max: 1_500_000 }),
);

for (const form of ["binary", "armored", "armored with CRLF"] as const)
  t.test(`any range of a file is that of the plain bytes: ${form}`, async (t) => {
    await t.resolves(
      fc.assert(
        fc.asyncProperty(
          size,
          fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 200_000 })), {
            minLength: 1,
            maxLength: 8,
          }),
          fc.integer({ min: 700, max: 200_000 }),
          async (size, ranges, chunkBytes) => {
            const plain = patterned(size);
            const file = await encrypted([recipient], plain);
            const text = armor.encode(file);
            const given = { binary: file, armored: text, "armored with CRLF": text.replaceAll("\n", "\r\n") };
            const source = await openEncrypted(memorySource(Buffer.from(given[form]), chunkBytes), secret);
            if (source.size !== size) return false;
            const some = ranges.map(([at, length]) => {
              const start = Math.floor(at * size);
              return [start, Math.min(start + length, size)] as const;
            });
            for (const [start, end] of [[0, size] as const, ...some])
              if (!plain.subarray(start, end).equals(await readRange(source, start, end))) return false;
            return true;
          },
        ),
        { numRuns: 20 },
      ),
    );
  });

t.test("files of the library are read, whatever their size", async (t) => {
  for (const size of [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 700_000]) {
    const plain = patterned(size);
    t.ok(plain.equals(await readAll(await byLibrary(plain))), `${size} bytes`);
  }
});

t.test("files of the age program are read", { skip: missing("age") }, async (t) => {
  const plain = patterned(700_000);
  const other = await identityToRecipient(stranger);
  for (const options of [[], ["-a"], ["-r", other], ["-a", "-r", other]]) {
    const args = ["-r", recipient, ...options];
    const file = execFileSync("age", args, { input: plain, maxBuffer: 2 ** 24, stdio: "pipe" });
    t.ok(plain.equals(await readAll(file, { identities: [identity] })), args.slice(2).join(" "));
  }
});

t.test(
  "a file that the age program made with a passphrase is read",
  { skip: missing("age") || missing("script") },
  async (t) => {
    const directory = t.testdir({ plain: "a secret" });
    // It asks at its terminal, twice.
    const terminal = spawn("script", ["-qec", "age -p -o made.age plain", "/dev/null"], {
      cwd: directory,
      stdio: ["pipe", "pipe", "ignore"],
    });
    terminal.stdout.on("data", (prompt: Buffer) => {
      if (/passphrase.*: /.test(prompt.toString())) terminal.stdin.write("correct horse\n");
    });
    await once(terminal, "exit");
    const file = readFileSync(join(directory, "made.age"));
    t.equal((await readAll(file, { passphrase: "correct horse" })).toString(), "a secret");
  },
);

t.test(
  "a range asks for the chunks that hold it, by one request; the last ones are there already",
  async (t) => {
    const plain = patterned(2_000_000);
    const file = await encrypted([recipient], plain);
    const headerBytes = (await encrypted([recipient], Buffer.alloc(0))).length - 16;
    const chunkAt = (number: number) => headerBytes + number * SEALED_CHUNK_BYTES;
    const { source, asked } = watched(file);
    const opened = await openEncrypted(source, secret);
    t.equal(opened.describe, source.describe);
    t.same(asked.splice(0), [
      [0, HEADER_BYTES_MAX],
      [chunkAt(22), file.length],
    ]);
    t.ok(plain.subarray(200_000, 200_001).equals(await readRange(opened, 200_000, 200_001)));
    t.ok(plain.subarray(65_535, 65_537).equals(await readRange(opened, 65_535, 65_537)));
    t.ok(plain.equals(await readRange(opened, 0, plain.length)));
    t.same(asked.splice(0), [
      [chunkAt(3), chunkAt(4)],
      [chunkAt(0), chunkAt(2)],
      [chunkAt(0), chunkAt(22)],
    ]);
    t.ok(
      plain.subarray(-512 * 1024).equals(await readRange(opened, plain.length - 512 * 1024, plain.length)),
    );
    t.equal(
      (await readRange(opened, 100, 100)).length + (await readRange(opened, 1_999_999, 1_999_999)).length,
      0,
    );
    t.same(asked, []);
    const small = watched(await encrypted([recipient], patterned(60_000)));
    await openEncrypted(small.source, secret);
    t.equal(small.asked.length, 1, "a small file is read at once");
  },
);

t.test("a reader that stops has asked for no more than it took", async (t) => {
  const file = await encrypted([recipient], patterned(5_000_000));
  let given = 0;
  let isEnded = false;
  const opened = await openEncrypted(
    {
      ...memorySource(file),
      async *read(start, end) {
        try {
          for await (const chunk of memorySource(file).read(start, end)) {
            given += chunk.length;
            yield chunk;
          }
        } finally {
          isEnded = true;
        }
      },
    },
    secret,
  );
  given = 0;
  isEnded = false;
  let taken = 0;
  for await (const chunk of opened.read(0, opened.size)) {
    taken += chunk.length;
    if (taken >= 1_000_000) break;
  }
  t.ok(given <= taken + 3 * SEALED_CHUNK_BYTES, `${given} given, ${taken} taken`);
  t.ok(isEnded);
});

t.test(
  "what the source throws is thrown, and a source that gives too little or too much is refused",
  async (t) => {
    const file = await encrypted([recipient], patterned(1_000_000));
    const broken = (read: ArchiveSource["read"]) => {
      let isBroken = false;
      const source: ArchiveSource = {
        ...memorySource(file),
        read: (start, end) => (isBroken ? read(start, end) : memorySource(file).read(start, end)),
      };
      return openEncrypted(source, secret).then((opened) => {
        isBroken = true;
        return readRange(opened, 0, opened.size);
      });
    };
    const changed = new BackupError("STORE_FAILED", "It was changed");
    await t.rejects(
      broken(() => {
        throw changed;
      }),
      changed,
    );
    const other = (more: number) => broken((start, end) => memorySource(file).read(start, end + more));
    await t.rejects(other(-1), { code: "ARCHIVE_DAMAGED", details: { rule: "object layout" } });
    await t.rejects(other(1), { code: "ARCHIVE_DAMAGED", details: { rule: "object layout" } });
  },
);

t.test("a wrong key is told from damage", async (t) => {
  const file = await encrypted([recipient], patterned(100));
  const wrong = (file: Uint8Array, secret: AgeSecret, message: RegExp) =>
    t.rejects(openEncrypted(memorySource(file), secret), { code: "AGE_KEY_WRONG", exitCode: 7, message });
  await wrong(file, { identities: [stranger] }, /^Archive memory:test is not opened by any identity/);
  await wrong(file, { passphrase: "x" }, /to recipients: no passphrase opens it/);
  const locked = await withPassphrase(patterned(100), "right", 10);
  await wrong(locked, { passphrase: "wrong" }, /not opened by the passphrase/);
  await wrong(locked, secret, /with a passphrase: no identity opens it/);
  t.ok(patterned(100).equals(await readAll(locked, { passphrase: "right" })));
});

t.test("an identity that is none is refused, and not shown", async (t) => {
  const file = await encrypted([recipient], patterned(100));
  const broken = `${identity.slice(0, -1)}B`;
  const error: unknown = await openEncrypted(memorySource(file), { identities: [broken] }).catch(
    (e: unknown) => e,
  );
  t.match(error, { code: "IDENTITY_INVALID" });
  t.notOk(String((error as Error).stack).includes(broken.slice(20, -20)));
});

t.test("a file cannot cost its reader more than the limits", async (t) => {
  const header = Buffer.from(
    (await withPassphrase(patterned(100), "right", 1)).toString("latin1").replace(" 1\n", " 20\n"),
    "latin1",
  );
  await t.rejects(openEncrypted(memorySource(header), { passphrase: "right" }), {
    code: "LIMIT_EXCEEDED",
    exitCode: 7,
    message: /costs more to try than 2\^19/,
    details: { rule: "age work factor" },
  });
  const endless = Buffer.concat([
    Buffer.from("age-encryption.org/v1\n-> X25519 "),
    Buffer.alloc(200_000, "A"),
  ]);
  await t.rejects(openEncrypted(memorySource(endless), secret), {
    code: "LIMIT_EXCEEDED",
    message: /header of over 65536 bytes/,
  });
});

/** What is done to a file, and what it is told by. Nothing that is given may be anything else than the plain bytes. */
async function outcome(file: Uint8Array, plain: Buffer): Promise<string> {
  const given: Uint8Array[] = [];
  let code = "accepted";
  try {
    const source = await openEncrypted(memorySource(file), { identities: [identity] });
    for await (const chunk of source.read(0, source.size)) given.push(chunk);
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    code = error.exitCode === 7 ? error.code : `${error.code} without exit 7`;
  }
  const all = Buffer.concat(given);
  return plain.subarray(0, all.length).equals(all) ? code : "gave other bytes";
}

const DAMAGED = ["ARCHIVE_DAMAGED"];
const REFUSED = ["ARCHIVE_DAMAGED", "AGE_KEY_WRONG"];

t.test("a small file: every byte changed, every length cut, one byte added", async (t) => {
  const plain = patterned(50);
  const file = await encrypted([recipient], plain);
  const headerEnd = file.length - 16 - 66;
  t.equal(await outcome(file, plain), "accepted");
  const unexpected: string[] = [];
  for (let position = 0; position < file.length; position++)
    for (const bits of [0x01, 0x80]) {
      const changed = Buffer.from(file);
      changed[position] = (changed[position] ?? 0) ^ bits;
      const told = await outcome(changed, plain);
      if (!(position < headerEnd ? REFUSED : DAMAGED).includes(told)) unexpected.push(`${position}: ${told}`);
    }
  for (let length = 0; length < file.length; length++) {
    const told = await outcome(file.subarray(0, length), plain);
    if (told !== "ARCHIVE_DAMAGED") unexpected.push(`cut at ${length}: ${told}`);
  }
  t.same(unexpected, []);
  t.equal(await outcome(Buffer.concat([file, Buffer.alloc(1)]), plain), "ARCHIVE_DAMAGED");
});

t.test("an armored file: every character changed, every length cut", async (t) => {
  const plain = patterned(50);
  const text = Buffer.from(armor.encode(await encrypted([recipient], plain)));
  const unexpected: string[] = [];
  for (let position = 0; position < text.length - 1; position++)
    for (const other of ["A", "\n", "="]) {
      const changed = Buffer.from(text);
      changed.write(other, position);
      if (changed.equals(text)) continue;
      const told = await outcome(changed, plain);
      if (!REFUSED.includes(told)) unexpected.push(`${position} to ${JSON.stringify(other)}: ${told}`);
    }
  for (let length = 0; length < text.length - 1; length++) {
    const told = await outcome(text.subarray(0, length), plain);
    if (told !== "ARCHIVE_DAMAGED") unexpected.push(`cut at ${length}: ${told}`);
  }
  t.same(unexpected, []);
});

t.test("chunks that are left out, swapped, repeated, added or of another file", async (t) => {
  const chunks = 12;
  const plain = patterned(chunks * CHUNK_BYTES);
  const file = await encrypted([recipient], plain);
  const start = file.length - chunks * SEALED_CHUNK_BYTES;
  const head = file.subarray(0, start);
  const parts = Array.from({ length: chunks }, (_, number) =>
    file.subarray(start + number * SEALED_CHUNK_BYTES, start + (number + 1) * SEALED_CHUNK_BYTES),
  );
  const made = (numbers: readonly number[]) =>
    Buffer.concat([head, ...numbers.map((number) => parts[number] ?? Buffer.alloc(0))]);
  const all = parts.map((_, number) => number);
  t.equal(await outcome(made(all), plain), "accepted");
  const cases: Record<string, Buffer> = {
    "cut at every border": made(all.slice(0, -1)),
    "only the last": made(all.slice(-1)),
    none: made([]),
    "the first left out": made(all.slice(1)),
    "one left out": made(all.filter((number) => number !== 1)),
    "two swapped": made([1, 0, ...all.slice(2)]),
    "the last two swapped": made([...all.slice(0, -2), 11, 10]),
    "one twice": made([0, 0, ...all.slice(1)]),
    "the last twice": made([...all, 11]),
    "an empty last chunk": Buffer.concat([file, Buffer.alloc(16)]),
    "bytes behind": Buffer.concat([file, patterned(100)]),
    "a file behind": Buffer.concat([file, file]),
    "the head of another file": Buffer.concat([
      (await encrypted([recipient], plain)).subarray(0, start),
      file.subarray(start),
    ]),
  };
  for (const [name, changed] of Object.entries(cases))
    t.equal(await outcome(changed, plain), "ARCHIVE_DAMAGED", name);
});

t.test("any change to a large file is refused, or not seen by a reader of other parts", async (t) => {
  const plain = patterned(1_000_000);
  const file = await encrypted([recipient], plain);
  await t.resolves(
    fc.assert(
      fc.asyncProperty(
        fc.nat({ max: file.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (position, bits) => {
          const changed = Buffer.from(file);
          changed[position] = (changed[position] ?? 0) ^ bits;
          return REFUSED.includes(await outcome(changed, plain));
        },
      ),
      { numRuns: 60 },
    ),
  );
  const changed = Buffer.from(file);
  changed[200_000] = (changed[200_000] ?? 0) ^ 1;
  const opened = await openEncrypted(memorySource(changed), secret);
  t.ok(plain.subarray(500_000, 600_000).equals(await readRange(opened, 500_000, 600_000)));
  await t.rejects(readRange(opened, 199_000, 199_010), {
    code: "ARCHIVE_DAMAGED",
    message: /^Archive memory:test does not authenticate at 64 KiB block 3 of 16/,
    details: { rule: "age payload" },
  });
});

t.test("armor of another form is refused with the way out", async (t) => {
  const text = armor.encode(await encrypted([recipient], patterned(10_000)));
  const lines = text.split("\n");
  const cases: Record<string, string> = {
    "one line joined with the next": text.replace(`${lines[3]}\n`, `${lines[3]}`),
    "lines of 76 characters": text.replaceAll(/\n(?!-)/g, "").replaceAll(/(.{76})/g, "$1\n"),
    "both kinds of line ends": text.replace("\n", "\r\n"),
    "one line end of the other kind": text.replace(`${lines[5]}\n`, `${lines[5]}\r\n`),
    "no end": lines.slice(0, -2).join("\n"),
    "something behind the end": `${text}x`,
    "too much white space behind the end": text + " ".repeat(2000),
    "an empty last line": text.replace("\n-----END", "\n\n-----END"),
    "characters that encode nothing": text.replace(lines[4] ?? "", `${lines[4]?.slice(0, -1)}*`),
  };
  for (const [name, changed] of Object.entries(cases))
    await t.rejects(
      readAll(Buffer.from(changed)),
      { code: "ARCHIVE_DAMAGED", message: /memory:test/, details: { rule: "age armor" }, hint: /age -d/ },
      name,
    );
  t.ok(patterned(10_000).equals(await readAll(Buffer.from(`${text}\n \r\n`))), "white space behind the end");
});
