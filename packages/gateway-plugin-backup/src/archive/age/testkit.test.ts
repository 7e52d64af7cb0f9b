/** The public test vectors of the age format, C2SP/CCTV. `age/README.md` there says what a vector looks like. */
import { hash } from "node:crypto";
import { inflateSync } from "node:zlib";
import * as vectors from "cctv-age";
import t from "tap";
import { BackupError } from "../../errors.js";
import { memorySource } from "../testing/memory-source.js";
import type { AgeSecret } from "./keys.js";
import { openEncrypted } from "./open-encrypted.js";

interface Vector {
  readonly expect: string;
  readonly payload: string | undefined;
  readonly secret: AgeSecret;
  readonly file: Buffer;
}

/** Opens none of the files that come without a key. */
const STRANGER = "AGE-SECRET-KEY-1EGTZVFFV20835NWYV6270LXYVK2VKNX2MMDKWYKLMGR48UAWX40Q2P2LM0";

function parse(bytes: Uint8Array): Vector {
  const vector = Buffer.from(bytes);
  const headEnd = vector.indexOf("\n\n");
  const head = vector.toString("latin1", 0, headEnd).split("\n");
  const values = (key: string): string[] =>
    head.filter((line) => line.startsWith(`${key}: `)).map((line) => line.slice(key.length + 2));
  const file = vector.subarray(headEnd + 2);
  const [passphrase] = values("passphrase");
  const identities = values("identity");
  return {
    expect: values("expect").join(),
    payload: values("payload")[0],
    secret:
      passphrase === undefined
        ? { identities: identities.length === 0 ? [STRANGER] : identities }
        : { passphrase },
    file: values("compressed").length === 0 ? file : inflateSync(file),
  };
}

const DAMAGED = ["ARCHIVE_DAMAGED"];
/** By what a vector expects. A header that would cost too much is the reader's to refuse. */
const REFUSALS: Readonly<Record<string, readonly string[]>> = {
  "no match": ["AGE_KEY_WRONG"],
  "HMAC failure": DAMAGED,
  "header failure": [...DAMAGED, "LIMIT_EXCEEDED"],
  "armor failure": DAMAGED,
  "payload failure": DAMAGED,
};

/** A strict reader of its own: archives are told by their first bytes, so nothing may stand before the armor. */
const STRICTER = ["armor_whitespace_outside"];

async function outcome({ file, secret }: Vector) {
  const given: Uint8Array[] = [];
  let code: string | undefined;
  try {
    const source = await openEncrypted(memorySource(file, 1000), secret);
    for await (const chunk of source.read(0, source.size)) given.push(chunk);
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    code = error.code;
  }
  return { code, plain: Buffer.concat(given) };
}

for (const [name, bytes] of Object.entries(vectors))
  t.test(name, async (t) => {
    const vector = parse(bytes);
    const { code, plain } = await outcome(vector);
    const isRefused = vector.expect !== "success" || STRICTER.includes(name);
    if (isRefused) t.ok((REFUSALS[vector.expect] ?? DAMAGED).includes(code ?? "accepted"), String(code));
    else t.equal(code, undefined);
    if (!isRefused || plain.length > 0) t.equal(hash("sha256", plain), vector.payload);
  });

t.test("the vectors are there", (t) => {
  t.ok(Object.keys(vectors).length > 100);
  t.end();
});
