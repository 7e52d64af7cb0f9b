import assert from "node:assert/strict";
import fc from "fast-check";
import t from "tap";
import { rawPath, rawPathFromBytes } from "./raw-path.js";
import { encodeTarHeader, TAR_END, tarHeaderBytes, tarPadding } from "./tar-header.js";
import type { TarEntry } from "./tar-header.js";
import { anyEntry } from "./testing/arbitraries.js";

const file: TarEntry = {
  path: rawPath("tenants/acme/sessions/a.jsonl"),
  type: "file",
  mode: 0o600,
  size: 1234,
  mtimeNs: 1_772_848_800_123_456_789n,
};

const text = (header: Buffer, offset: number, length: number): string =>
  header.toString("latin1", offset, offset + length).replace(/\0.*$/s, "");
const number = (header: Buffer, offset: number, length: number): number =>
  Number.parseInt(text(header, offset, length), 8);
/** The ustar block of the entry itself: the last one of its header. */
const ustar = (entry: TarEntry): Buffer => encodeTarHeader(entry).subarray(-512);
/** The PAX records of a header, as one string of bytes. */
const pax = (entry: TarEntry): string => {
  const header = encodeTarHeader(entry);
  return header.length === 512 ? "" : header.toString("latin1", 512, 512 + number(header, 124, 12));
};

t.test("an ordinary file has one ustar block, with every field where POSIX puts it", (t) => {
  const header = encodeTarHeader(file);
  t.equal(header.length, 512);
  t.equal(text(header, 0, 100), "tenants/acme/sessions/a.jsonl");
  t.equal(
    header.toString("latin1", 100, 148),
    ["0000600", "0000000", "0000000", "00000002322", (1_772_848_800).toString(8)].join("\0") + "\0",
  );
  t.equal(text(header, 156, 1), "0");
  t.equal(header.toString("latin1", 257, 265), "ustar\x0000");
  t.equal(header.toString("latin1", 265, 329), "\0".repeat(64), "no user and group names");
  t.equal(header.toString("latin1", 329, 345), "0000000\x000000000\x00");
  t.equal(text(header, 345, 155), "");
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  t.equal(header.toString("latin1", 148, 156), `${sum.toString(8).padStart(6, "0")}\0 `);
  t.end();
});

t.test("setuid, setgid and sticky bits are dropped", (t) => {
  t.equal(text(ustar({ ...file, mode: 0o7755 }), 100, 8), "0000755");
  t.end();
});

t.test("a time is rounded down to seconds and clamped to what 11 octal digits can say", (t) => {
  const seconds = (mtimeNs: bigint): number => number(ustar({ ...file, mtimeNs }), 136, 12);
  t.equal(seconds(1_999_999_999n), 1);
  t.equal(seconds(-1n), 0);
  t.equal(seconds(-5_000_000_000n), 0);
  t.equal(seconds(8_589_934_591_999_999_999n), 8 ** 11 - 1);
  t.equal(seconds(8_589_934_592_000_000_000n), 8 ** 11 - 1);
  t.equal(seconds(10n ** 28n), 8 ** 11 - 1);
  t.end();
});

t.test("a directory's name ends with a slash, and neither it nor a link has content", (t) => {
  const directory = ustar({ ...file, type: "directory" });
  t.equal(text(directory, 0, 100), "tenants/acme/sessions/a.jsonl/");
  t.equal(text(directory, 156, 1), "5");
  t.equal(number(directory, 124, 12), 0);
  const link = ustar({ ...file, type: "symlink", target: rawPath("../b") });
  t.equal(text(link, 156, 1), "2");
  t.equal(text(link, 157, 100), "../b");
  t.equal(number(link, 124, 12), 0);
  t.end();
});

t.test("a path over 100 bytes is split where ustar can, at the first slash that does it", (t) => {
  const path = rawPath(`tenants/acme/${"d".repeat(60)}/${"e".repeat(60)}/name`);
  const header = encodeTarHeader({ ...file, path });
  t.equal(header.length, 512);
  t.equal(text(header, 345, 155), `tenants/acme/${"d".repeat(60)}`);
  t.equal(text(header, 0, 100), `${"e".repeat(60)}/name`);
  t.end();
});

t.test("only what ustar cannot say stands in PAX records, in a fixed order", (t) => {
  const name = rawPath("n".repeat(101));
  const path = rawPath(`tenants/acme/${name}`);
  t.equal(pax(file), "");
  t.equal(pax({ ...file, path }), `124 path=tenants/acme/${name}\n`);
  t.equal(pax({ ...file, size: 8 ** 11 - 1 }), "");
  t.equal(pax({ ...file, size: 8 ** 11 }), "19 size=8589934592\n");
  t.equal(number(ustar({ ...file, size: 8 ** 11 }), 124, 12), 0);
  t.equal(
    pax({ ...file, type: "symlink", path, target: name }),
    `124 path=tenants/acme/${name}\n115 linkpath=${name}\n`,
  );
  t.equal(
    pax({ ...file, path: rawPath(`tenants/acme/${"x".repeat(100)}`), type: "directory" }).slice(-2),
    "/\n",
  );
  t.end();
});

t.test("a long name that is not UTF-8 keeps its bytes and says that it is binary", (t) => {
  const bytes = Buffer.concat([Buffer.from("tenants/acme/"), Buffer.alloc(120, 0xff)]);
  t.equal(
    pax({ ...file, path: rawPathFromBytes(bytes) }),
    `21 hdrcharset=BINARY\n143 path=${bytes.toString("latin1")}\n`,
  );
  t.equal(pax({ ...file, path: rawPath(`tenants/acme/${"é".repeat(60)}`) }).includes("hdrcharset"), false);
  t.end();
});

t.test("a record's length counts its own digits", (t) => {
  // From 2 to 3 digits and from 3 to 4, every length around the step.
  for (const length of [...range(101, 120), ...range(970, 1010)]) {
    const record = pax({ ...file, path: rawPath("p".repeat(length)) });
    t.equal(Number.parseInt(record, 10), record.length, `a path of ${length} bytes`);
  }
  t.end();
});

t.test("the extended header's own name depends on the entry's name alone", (t) => {
  const header = encodeTarHeader({ ...file, path: rawPath(`tenants/acme/${"n".repeat(200)}`) });
  t.equal(text(header, 0, 100), `PaxHeaders/${"n".repeat(89)}`);
  t.equal(text(header, 156, 1), "x");
  t.equal(text(header, 136, 12), "00000000000");
  t.end();
});

t.test("headers are whole blocks, of the length that was foretold, equal for equal entries", (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(anyEntry, (entry) => {
        const header = encodeTarHeader(entry);
        assert.equal(header.length % 512, 0);
        assert.equal(tarHeaderBytes(entry), header.length);
        assert.deepEqual(encodeTarHeader({ ...entry }), header);
      }),
    ),
  );
  t.end();
});

t.test("padding fills the last block, and the end is two blocks of zeros", (t) => {
  t.strictSame([0, 1, 511, 512, 513, 2 ** 40 + 1].map(tarPadding), [0, 511, 1, 0, 511, 511]);
  t.strictSame(TAR_END, Buffer.alloc(1024));
  t.end();
});

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
