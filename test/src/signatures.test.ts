/** Two gateways, one of which restores only what a trusted key has signed; and standard tools, which do not mind a signature. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  buildArchive,
  keyIdOf,
  readTree,
  sampleKey,
  SIGNATURE_FRAME_MAGIC,
} from "@openclaw/gateway-plugin-backup/testing";
import t from "tap";
import { Bed, temporaryDirectory } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { mustRun } from "./support/run.js";
import { readSeekTable } from "./support/seek-table-reader.js";

const a = await Bed.start(t);
const { token } = await a.createFilledTenant("acme", { seed: 5, files: 60, bytes: 2_000_000 });
const archive = join(a.archives, "signed.tar.zst");
await a.backup("acme", "--to", archive);
const tools = await missing({ programs: ["zstd", "tar"] });

async function keyOf(bed: Bed): Promise<string> {
  const status = (await bed.cli.json(["status"])) as {
    sections: { backup: { signatures: { key: string } } };
  };
  return status.sections.backup.signatures.key;
}

t.test("the gateway's key is for the gateway alone, and its archives name it", async (t) => {
  const key = join(a.directory, "state/backup/keys/signing-key.pem");
  t.equal(statSync(key).mode & 0o777, 0o600);
  t.equal(statSync(join(key, "..")).mode & 0o777, 0o700);
  t.match(readFileSync(archive, "latin1"), `"keyId":"${await keyOf(a)}"`);
  const { stdout } = await a.cli.run(["backups", "show", archive]);
  t.ok(stdout.includes(`signed by  this gateway, ${await keyOf(a)}`), stdout);
  const secret = readFileSync(key, "utf8").split("\n")[1] ?? "";
  t.equal(secret.length, 64);
  for (const name of readdirSync(join(a.directory, "state/backup"), { encoding: "utf8" }))
    if (name.startsWith("ledger"))
      t.notOk(readFileSync(join(a.directory, "state/backup", name), "latin1").includes(secret), name);
  t.notOk(a.gateway.output.includes(secret), "the log");
});

t.test("a gateway that asks for signatures takes another's archive once it trusts its key", async (t) => {
  const keyId = await keyOf(a);
  const options = { directory: temporaryDirectory(t), backup: { signatures: { require: true } } };
  const b = await Bed.start(t, options);
  const from = join(b.archives, "signed.tar.zst");
  copyFileSync(archive, from);
  const refused = await b.cli.run(["tenants", "restore", "--from", from]);
  t.equal(refused.code, 7);
  t.ok(refused.stderr.includes(`is signed by a stranger, ${keyId}`), refused.stderr);
  t.match(refused.stderr, /hint: .*plugins\.backup\.signatures\.trusted/);
  t.equal((await b.cli.run(["backups", "verify", from, "--as", "acme"])).code, 7);
  t.equal((await b.cli.run(["backups", "drill", from, "--as", "acme"])).code, 7);
  t.strictSame(await b.cli.json(["tenants", "list"]), { tenants: [] });

  await b.gateway.stop();
  const trusting = await Bed.start(t, {
    ...options,
    backup: { signatures: { require: true, trusted: [keyId] } },
  });
  t.match((await trusting.cli.run(["backups", "verify", from, "--as", "acme"])).stdout, "which is trusted");
  const restored = await trusting.cli.run(["tenants", "restore", "--from", from]);
  t.equal(restored.code, 0, restored.stderr);
  t.ok(restored.stdout.includes(`signed by ${keyId}, which is trusted\n`), restored.stdout);
  t.equal(await trusting.whoami(token), "acme");

  const entries = [{ path: "workspace/owned", content: "by a stranger" }];
  const forged = join(b.archives, "forged.tar.zst");
  writeFileSync(forged, buildArchive(entries, { signingKey: sampleKey(7) }));
  const again = await trusting.cli.run(["tenants", "restore", "--from", forged, "--force"]);
  t.equal(again.code, 7);
  t.ok(again.stderr.includes(`stranger, ${keyIdOf(sampleKey(7))}`), again.stderr);
  t.notOk("workspace/owned" in readTree(trusting.gateway.tenantDirectory("acme")));
});

t.test("what plain tar made has no signature", { skip: tools }, async (t) => {
  const foreign = join(a.archives, "plain.tar.zst");
  const source = join(a.gateway.tenantDirectory("acme"), "../..");
  await mustRun("tar", ["--zstd", "-cf", foreign, "-C", source, "tenants/acme/workspace"]);
  const { code, stderr } = await a.cli.run([
    ...["tenants", "restore", "--from", foreign, "--as", "copy"],
    "--require-signature",
  ]);
  t.equal(code, 7);
  t.match(stderr, /is not signed, and a signature is required/);
  t.equal((await a.restore("--from", foreign, "--as", "copy")).state, "succeeded");
});

t.test("standard tools open a signed archive", { skip: tools }, async (t) => {
  const frames = readSeekTable(readFileSync(archive));
  const magics = frames.slice(-2).map(({ offset }) => readFileSync(archive).readUInt32LE(offset));
  t.strictSame(magics, [0x184d2a5b, SIGNATURE_FRAME_MAGIC], "index and signature");
  t.strictSame(
    frames.slice(-2).map(({ decompressedSize }) => decompressedSize),
    [0, 0],
  );
  const directory = temporaryDirectory(t);
  const trees = ["one", "two"].map((name) => join(directory, name));
  for (const tree of trees) mkdirSync(tree);
  const [one = "", two = ""] = trees;
  await mustRun("tar", ["--zstd", "-xpf", archive, "-C", one]);
  await mustRun("bash", ["-c", 'set -o pipefail; zstd -dc "$1" | tar -xp -C "$2"', "-", archive, two]);
  await mustRun("zstd", ["-t", archive]);
  await mustRun("diff", ["-r", "--no-dereference", one, two]);
  t.ok(Object.keys(readTree(one)).length > 60);
});
