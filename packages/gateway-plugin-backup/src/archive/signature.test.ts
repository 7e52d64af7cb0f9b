import { createPublicKey, generateKeyPairSync, randomBytes, verify } from "node:crypto";
import t from "tap";
import { SIGNATURE_FRAME_MAGIC } from "./format.js";
import { skippableFrame } from "./frames.js";
import {
  IndexSigner,
  isKeyId,
  keyIdOf,
  readSignature,
  SIGNATURE_FRAME_BYTES,
  signatureFrame,
} from "./signature.js";
import { sampleKey } from "./testing/archive-builder.js";

const index = Buffer.from("the bytes of an index frame");
const key = sampleKey();
const id = keyIdOf(key);
const frame = signatureFrame(index, key);
const refusal = { code: "ARCHIVE_DAMAGED", details: { rule: "signature" } };

t.test("a signature is what the specification says", (t) => {
  t.equal(id, "ed25519:O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=");
  t.equal(
    frame.toString("latin1"),
    "\\*M\x18\xbd\0\0\0" +
      `{"algorithm":"ed25519","keyId":"${id}","signature":` +
      '"TK5/Xnb2OpcpiVtEJv+JGA7HZVDiD3JAINiIoPNglHxqd7NzFNb0GRr7g8p+oVNv9jqgPqWj/XF200X0YoyJCQ=="}',
  );
  t.equal(frame.length, SIGNATURE_FRAME_BYTES);
  t.equal(readSignature(frame, index), id);
  t.end();
});

t.test("whoever has the archive alone can check it", (t) => {
  const { keyId = "", signature = "" } = JSON.parse(frame.toString("latin1", 8)) as Record<string, string>;
  const x = Buffer.from(keyId.slice("ed25519:".length), "base64").toString("base64url");
  const publicKey = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  t.ok(verify(null, index, publicKey, Buffer.from(signature, "base64")));
  t.end();
});

t.test("an index that comes in pieces has the signature that it has as a whole", (t) => {
  for (const pieceBytes of [1, 5, index.length]) {
    const signer = new IndexSigner(key, index.length);
    for (let at = 0; at < index.length; at += pieceBytes) signer.update(index.subarray(at, at + pieceBytes));
    t.strictSame(signer.frame(), frame);
  }
  t.end();
});

t.test("a key has one id, whichever half tells it, and one way to write it", (t) => {
  t.equal(keyIdOf(createPublicKey(key)), id);
  t.ok(isKeyId(id));
  t.not(keyIdOf(sampleKey(1)), id);
  for (let round = 0; round < 20; round++) t.ok(isKeyId(`ed25519:${randomBytes(32).toString("base64")}`));
  for (const text of [
    "",
    "ed25519:",
    id.slice("ed25519:".length),
    id.replace("ed25519", "ED25519"),
    `${id}\n`,
    ` ${id}`,
    id.slice(0, -1),
    id.replace("k=", "l="),
    `ed25519:${randomBytes(31).toString("base64")}`,
    `ed25519:${randomBytes(33).toString("base64")}`,
    `ed25519:${Buffer.alloc(32, 0xff).toString("base64url")}`,
  ])
    t.notOk(isKeyId(text), JSON.stringify(text));
  t.throws(() => keyIdOf(generateKeyPairSync("x25519").privateKey), { message: /no ed25519 key/ });
  t.end();
});

t.test("a key with which anybody can sign anything is none", (t) => {
  const zeros = `ed25519:${Buffer.alloc(32).toString("base64")}`;
  const signature = Buffer.alloc(64).toString("base64");
  const forged = JSON.stringify({ algorithm: "ed25519", keyId: zeros, signature });
  // A quarter of all messages have this signature by this key.
  for (let number = 0; number < 40; number++)
    t.throws(
      () =>
        readSignature(
          skippableFrame(SIGNATURE_FRAME_MAGIC, Buffer.from(forged)),
          Buffer.from(`index ${number}`),
        ),
      refusal,
    );
  for (const last of [0x00, 0x80]) {
    const one = Buffer.alloc(32);
    one.writeUInt8(1, 0);
    one.writeUInt8(last, 31);
    t.notOk(isKeyId(`ed25519:${one.toString("base64")}`));
  }
  t.end();
});

t.test("a changed bit of the signature's frame or of the index is found, wherever it is", (t) => {
  for (const [bytes, read] of [
    [frame, (changed: Buffer) => readSignature(changed, index)],
    [index, (changed: Buffer) => readSignature(frame, changed)],
  ] as const)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8((changed[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3);
      try {
        read(changed);
        t.fail(`bit ${bit} of ${bytes.length * 8} was not missed`);
      } catch (error) {
        if ((error as { code?: string }).code !== "ARCHIVE_DAMAGED") throw error;
      }
    }
  t.throws(() => readSignature(frame, index.subarray(1)), refusal);
  t.end();
});

t.test("what no writer makes is refused, though the signature may be good", (t) => {
  const good = JSON.parse(frame.toString("latin1", 8)) as Record<string, string>;
  const { algorithm, keyId, signature = "" } = good;
  for (const payload of [
    "",
    "{}",
    "null",
    "signed",
    JSON.stringify({ ...good, algorithm: "ed25519ph" }),
    JSON.stringify({ ...good, algorithm: "none" }),
    JSON.stringify({ ...good, later: true }),
    JSON.stringify({ keyId, algorithm, signature }),
    JSON.stringify({ algorithm, keyId }),
    JSON.stringify({ algorithm, signature }),
    JSON.stringify({ ...good, keyId: [keyId] }),
    JSON.stringify({ ...good, keyId: keyId?.slice("ed25519:".length) }),
    JSON.stringify({ ...good, signature: signature.replace(/=+$/, "") }),
    JSON.stringify({ ...good, signature: signature.replace("Q==", "R==") }),
    JSON.stringify({ ...good, signature: Buffer.alloc(63).toString("base64") }),
    JSON.stringify({ ...good, signature: Buffer.alloc(64).toString("base64") }),
    JSON.stringify({ ...good, keyId: `ed25519:${Buffer.alloc(32, 0xff).toString("base64")}` }),
    JSON.stringify(good, null, 1),
    `${JSON.stringify(good)}\n`,
    `${JSON.stringify(good)}${JSON.stringify(good)}`,
    JSON.stringify(good).replace("{", '{"keyId":"other",'),
    JSON.stringify(good).replace("ed25519", "\\u0065d25519"),
    JSON.stringify({ ...good, keyId: keyIdOf(sampleKey(1)) }),
  ])
    t.throws(
      () => readSignature(skippableFrame(SIGNATURE_FRAME_MAGIC, Buffer.from(payload)), index),
      refusal,
      payload,
    );
  t.end();
});
