import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import t from "tap";
import { keyIdOf } from "../archive/signature.js";
import { SigningKeyFile } from "./signing-key.js";

t.test("a key is made once, whole, and for nobody else's eyes", async (t) => {
  const backup = join(t.testdir(), "backup");
  const path = join(backup, "keys", "signing-key.pem");
  const file = new SigningKeyFile(path);
  t.equal(await file.read(), undefined);
  t.notOk(existsSync(backup), "reading makes nothing");
  const keys = await Promise.all([file.readOrMake(), file.readOrMake(), file.readOrMake()]);
  const [id] = new Set(keys.map(keyIdOf));
  t.ok(
    keys.every((key) => keyIdOf(key) === id),
    "all who wanted one at once have the same",
  );
  t.equal(statSync(path).mode & 0o777, 0o600);
  t.equal(statSync(join(backup, "keys")).mode & 0o777, 0o700);
  t.strictSame(readdirSync(join(backup, "keys")), ["signing-key.pem"]);
  t.match(readFileSync(path, "utf8"), /^-----BEGIN PRIVATE KEY-----\n/);
  t.equal(createPrivateKey(readFileSync(path)).asymmetricKeyType, "ed25519");

  const again = new SigningKeyFile(path);
  t.equal(keyIdOf(await again.readOrMake()), id);
  renameSync(path, `${path}.old`);
  t.not(keyIdOf(await again.readOrMake()), id, "where it was moved away, another is made, without a restart");
  renameSync(`${path}.old`, path);
  t.equal(keyIdOf(await again.readOrMake()), id);
});

t.test("what a crash left of a key that was being made is not in the way", async (t) => {
  const path = join(t.testdir({ "key.new": "-----BEGIN PRIV" }), "key");
  await new SigningKeyFile(path).readOrMake();
  t.notOk(existsSync(`${path}.new`));
  t.equal(statSync(path).mode & 0o777, 0o600);
});

t.test("a file that is no key for the gateway alone is named, and left as it is", async (t) => {
  const directory = t.testdir();
  const path = join(directory, "key");
  const good = generateKeyPairSync("ed25519");
  const pem = good.privateKey.export({ format: "pem", type: "pkcs8" });
  const files: readonly [what: string, content: string | Buffer, message: RegExp, mode?: number][] = [
    ["empty", "", /holds no Ed25519 private key/],
    ["cut off", pem.slice(0, 60), /holds no Ed25519 private key/],
    ["no PEM", good.privateKey.export({ format: "der", type: "pkcs8" }), /holds no Ed25519 private key/],
    [
      "the public half",
      good.publicKey.export({ format: "pem", type: "spki" }),
      /holds no Ed25519 private key/,
    ],
    [
      "of another kind",
      generateKeyPairSync("x25519").privateKey.export({ format: "pem", type: "pkcs8" }),
      /holds no Ed25519 private key/,
    ],
    [
      "with a passphrase",
      good.privateKey.export({ format: "pem", type: "pkcs8", cipher: "aes-256-cbc", passphrase: "x" }),
      /holds no Ed25519 private key/,
    ],
    ["far too large", `${pem.toString()}${"#".repeat(5000)}`, /is no small regular file/],
    ["for the group", pem, /can be read or written by others: its mode is 640/, 0o640],
    ["for all to write", pem, /can be read or written by others: its mode is 602/, 0o602],
  ];
  const refuses = async (what: string, message: RegExp): Promise<void> => {
    const file = new SigningKeyFile(path);
    for (const use of [() => file.read(), () => file.readOrMake()])
      await t.rejects(use(), { code: "SIGNING_KEY_UNUSABLE", message, hint: String }, what);
    await t.rejects(file.read(), { message: new RegExp(path) });
  };
  for (const [what, content, message, mode = 0o600] of files) {
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
    await refuses(what, message);
    t.strictSame(readFileSync(path), Buffer.from(content), "it is as it was");
    rmSync(path);
  }
  writeFileSync(join(directory, "elsewhere"), pem, { mode: 0o600 });
  symlinkSync("elsewhere", path);
  await refuses("a link", /is a symbolic link/);
  rmSync(path);
  mkdirSync(path, { mode: 0o700 });
  await refuses("a directory", /is no small regular file/);
  rmSync(path, { recursive: true });
  execFileSync("mkfifo", ["-m", "600", path]);
  await refuses("a FIFO, which does not hold anybody up", /is no small regular file/);
});

t.test("a disk that refuses says so, with the file's name", async (t) => {
  const directory = t.testdir({ file: "", place: {} });
  const below = join(directory, "file", "key");
  await t.rejects(new SigningKeyFile(below).readOrMake(), {
    code: "IO_FAILED",
    message: new RegExp(`read the signing key ${below}.*ENOTDIR`),
  });
  const path = join(directory, "place", "key");
  mkdirSync(`${path}.new`);
  await t.rejects(new SigningKeyFile(path).readOrMake(), {
    code: "IO_FAILED",
    message: new RegExp(`make the signing key ${path}`),
  });
  rmSync(`${path}.new`, { recursive: true });
  await t.resolves(new SigningKeyFile(path).readOrMake(), "and the next one who asks gets one");
});
