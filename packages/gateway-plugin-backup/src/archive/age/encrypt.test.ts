/** Files of ours as others read them: the age program, and the library with its own ciphers. */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import {
  armor,
  Decrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from "age-encryption";
import fc from "fast-check";
import t from "tap";
import { encrypted, patterned } from "../testing/age.js";
import { encryptTo } from "./encrypt.js";
import { CHUNK_BYTES } from "./payload.js";

const identities = [await generateX25519Identity(), await generateX25519Identity()] as const;
const recipients = await Promise.all(identities.map(identityToRecipient));
const hybrids = [await generateHybridIdentity(), await generateHybridIdentity()] as const;
const hybridRecipients = await Promise.all(hybrids.map(identityToRecipient));
/** The point 0, with a right checksum: no secret can be shared with it. */
const NO_POINT = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z";

const skip = spawnSync("age", ["--version"]).status === 0 ? false : "needs the program age";

/** Around every border, and any. */
const sizes = fc
  .oneof(
    fc
      .constantFrom(0, 1, 2, 3)
      .chain((chunks) => fc.integer({ min: -2, max: 2 }).map((n) => chunks * CHUNK_BYTES + n)),
    fc.nat({ max: 300_000 }),
  )
  .map((size) => Math.max(size, 0));
const pieceSizes = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 200_000 }), fc.constantFrom(CHUNK_BYTES, 2 * CHUNK_BYTES)),
  {
    minLength: 1,
    maxLength: 4,
  },
);

function withLibrary(identity: string, file: Uint8Array): Promise<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return decrypter.decrypt(file);
}

t.test("the library reads what is written, of any size and in any pieces", async (t) => {
  await t.resolves(
    fc.assert(
      fc.asyncProperty(sizes, pieceSizes, async (size, pieces) => {
        const plain = patterned(size);
        const file = await encrypted(recipients.slice(0, 1), plain, pieces);
        return plain.equals(await withLibrary(identities[0], file));
      }),
      { numRuns: 40 },
    ),
  );
});

t.test("each of several recipients opens it, and one that stands twice is written once", async (t) => {
  const plain = patterned(70_000);
  const file = await encrypted([...recipients, ...recipients], plain);
  for (const identity of identities) t.ok(plain.equals(await withLibrary(identity, file)));
  t.equal(file.toString("latin1", 0, 1000).split("-> X25519").length, 3);
});

t.test("post-quantum recipients open it", async (t) => {
  const plain = patterned(1000);
  const file = await encrypted(hybridRecipients, plain);
  for (const identity of hybrids) t.ok(plain.equals(await withLibrary(identity, file)));
});

t.test("two files of the same bytes have nothing in common", async (t) => {
  const plain = Buffer.alloc(1000);
  const [one, other] = await Promise.all([encrypted(recipients, plain), encrypted(recipients, plain)]);
  t.notOk(one.subarray(-1016).equals(other.subarray(-1016)));
  t.notOk(one.subarray(0, -1016).equals(other.subarray(0, -1016)));
});

t.test("recipients that cannot be encrypted to are refused", async (t) => {
  const refused = (list: readonly string[], message: RegExp) =>
    t.rejects(encryptTo(list), { code: "RECIPIENT_INVALID", exitCode: 2, message });
  await refused([], /no recipient/);
  await refused([...recipients, "age1x"], /"age1x" is mistyped/);
  await refused([...recipients, ...hybridRecipients], /cannot be mixed/);
  await refused([NO_POINT], /no key that can be encrypted to/);
  const many = await Promise.all(
    Array.from({ length: 45 }, async () => identityToRecipient(await generateHybridIdentity())),
  );
  await refused(many, /45 recipients are too many/);
});

t.test("the age program reads what is written", { skip }, (t) => {
  const directory = t.testdir({ "0.txt": `# one of two\n${identities[0]}\n`, "1.txt": identities[1] });
  const sizes = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 1_000_000];
  const opened = (key: string, input: string | Uint8Array): Buffer =>
    execFileSync("age", ["-d", "-i", join(directory, key)], { input, maxBuffer: 2 ** 24, stdio: "pipe" });
  const check = async (size: number): Promise<void> => {
    const plain = patterned(size);
    const file = await encrypted(recipients, plain);
    t.ok(plain.equals(opened("0.txt", file)), `${size} bytes`);
    t.ok(plain.equals(opened("1.txt", armor.encode(file))), `${size} bytes, armored`);
  };
  return sizes.reduce((before, size) => before.then(() => check(size)), Promise.resolve());
});
