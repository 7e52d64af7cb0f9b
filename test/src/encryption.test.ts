/** Encrypted archives from the command line to the store and back, beside Debian's own `age`; and what must not open. */
import { keyPair, s3ForTests, type KeyPair } from "@openclaw/gateway-plugin-backup/testing";
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Bed, temporaryDirectory, type BedOptions } from "./support/bed.js";
import { missing } from "./support/needs.js";
import { unexplainedDifferences } from "./support/restored-tenant.js";
import { mustRun } from "./support/run.js";
import { describeDifferences, diffTrees } from "./support/tree-diff.js";

interface SealedBed {
  readonly bed: Bed;
  readonly key: KeyPair;
  /** On the machine of both. */
  readonly keyFile: string;
  readonly databases: readonly string[];
}

async function sealedBed(t: Test, options: BedOptions = {}): Promise<SealedBed> {
  const key = await keyPair();
  const bed = await Bed.start(t, options);
  const keyFile = join(bed.directory, "key.txt");
  writeFileSync(keyFile, `# for the tests\n${key.identity}\n`, { mode: 0o600 });
  const { databases } = await bed.createFilledTenant("acme", { seed: 5, files: 150, bytes: 12_000_000 });
  return { bed, key, keyFile, databases };
}

/** What differs between the tenant and what `tar` made of its archive, that plain tar does not explain. */
function differences({ bed, databases }: SealedBed, extracted: string): string {
  const found = diffTrees(bed.gateway.tenantDirectory("acme"), join(extracted, "tenants/acme"));
  return describeDifferences(
    found.filter(
      ({ path, aspect }) =>
        aspect !== "mtime" &&
        path !== "pty" &&
        !(databases.includes(path) && /^(content|size)$/.test(aspect)),
    ),
  );
}

/** Of the tenant and what was restored under another name. */
function unexplained({ bed, databases }: SealedBed, renamedTo: string): string {
  const [source, restored] = [bed.gateway.tenantDirectory("acme"), bed.gateway.tenantDirectory(renamedTo)];
  return describeDifferences(unexplainedDifferences({ source, restored, renamedTo, databases }));
}

const noAge = await missing({ programs: ["age", "zstd", "tar"] });

t.test(
  "what is encrypted here is opened by age and tar, and the other way round",
  { skip: noAge },
  async (t) => {
    const sealed = await sealedBed(t);
    const { bed, key, keyFile } = sealed;
    const restored = (name: string): string => unexplained(sealed, name);
    const native = join(bed.archives, "native.tar.zst.age");
    const piped = join(bed.archives, "piped.tar.zst.age");
    await bed.backup("acme", "--to", native, "--recipient", key.recipient);
    await bed.backup("acme", "--to", piped, "--pipe", `age -r ${key.recipient}`);
    for (const [name, archive] of Object.entries({ native, piped })) {
      const extracted = temporaryDirectory(t);
      const script = 'age -d -i "$1" "$2" | tar --zstd -xpf - -C "$3"';
      await mustRun("sh", ["-c", script, "sh", keyFile, archive, extracted]);
      t.equal(differences(sealed, extracted), "", name);
    }

    // Each way opens what the other made, and what the program made by itself, armored as well.
    const plain = join(bed.archives, "plain.tar.zst");
    await bed.backup("acme", "--to", plain);
    const [byAge, armored] = [join(bed.archives, "by-age"), join(bed.archives, "armored")];
    await mustRun("age", ["-r", key.recipient, "-o", byAge, plain]);
    await mustRun("age", ["-a", "-r", key.recipient, "-o", armored, plain]);
    const pipe = ["--pipe", `age -d -i ${keyFile}`];
    const identity = ["--identity", keyFile];
    for (const [name, archive, flags] of [
      ["one", native, pipe],
      ["two", piped, identity],
      ["three", byAge, identity],
      ["four", armored, identity],
      ["five", armored, pipe],
    ] as const) {
      await bed.restore("--from", archive, "--as", name, ...flags);
      t.equal(restored(name), "", name);
    }
    // Nobody is asked for a name: it is in the archive.
    await bed.cli.ok(["tenants", "delete", "acme", "--confirm"]);
    t.match(await bed.restore("--from", piped, ...pipe), { tenant: "acme", state: "succeeded" });
    t.strictSame(readdirSync(join(bed.gateway.stateDirectory, "backup/tmp")), []);
  },
);

t.test("a program of a pipe has an empty environment and an empty directory", async (t) => {
  const directory = temporaryDirectory(t);
  const [program, seen] = [join(directory, "look"), join(directory, "seen")];
  writeFileSync(program, `#!/bin/sh\n{ /usr/bin/env; pwd; ls -A; } > ${seen}\nexec /bin/cat\n`, {
    mode: 0o755,
  });
  const allow = { look: { path: program, options: [] } };
  const bed = await Bed.start(t, { backup: { pipe: { allow } }, env: { A_SECRET: "of the gateway" } });
  await bed.createTenant("acme");
  await bed.backup("acme", "--pipe", "look");
  // PWD, OLDPWD, SHLVL and _ are the shell's own; Node hands the variable of its coverage on to every child.
  const lines = readFileSync(seen, "utf8").trimEnd().split("\n");
  const [cwd, ...others] = lines.filter((line) => !/^(PWD|OLDPWD|SHLVL|_|NODE_V8_COVERAGE)=/.test(line));
  t.match(cwd, /\/state\/backup\/tmp\/pipe-\w+$/);
  t.strictSame(others, []);
  t.notOk(existsSync(cwd ?? "/"));
});

t.test("a schedule encrypts to its destination's recipients", async (t) => {
  const key = await keyPair();
  const directory = temporaryDirectory(t);
  const url = join(directory, "archives", "vault");
  const bed = await Bed.start(t, {
    directory,
    backup: { destinations: { vault: { url, recipients: [key.recipient] } }, defaultDestination: "vault" },
  });
  await bed.createTenant("acme");
  const cmd = "openclaw tenants backup acme";
  await bed.cli.ok(["cron", "add", "acme", "--name", "n", "--schedule", "@daily", "--cmd", cmd]);
  await bed.cli.ok(["cron", "run", "acme", "n"]);
  t.match(await bed.cli.json(["backups", "list"]), {
    archives: [{ encryption: "age", location: /\.tar\.zst\.age$/ }],
  });
});

const s3 = await s3ForTests(t);
if (s3 !== undefined)
  t.test(
    "S3: an encrypted archive is stored, looked into, verified, encrypted anew and restored",
    async (t) => {
      const bucket = await s3.newBucket();
      const sealed = await sealedBed(t, { env: s3.environment(bucket) });
      const { bed, key, keyFile } = sealed;
      const { result } = await bed.backup("acme", "--recipient", key.recipient);
      const { location } = result;
      t.match(location, /\.tar\.zst\.age$/);
      const keys = ["--identity", keyFile];
      t.match(await bed.cli.ok(["backups", "verify", location]), /good; [^]*not checked: what its bytes say/);
      t.match(await bed.cli.ok(["backups", "drill", location, ...keys]), /restored in/);
      t.match(await bed.cli.ok(["backups", "files", location, ...keys]), /tenant\.json/);
      const next = await keyPair();
      const nextFile = join(bed.directory, "next.txt");
      writeFileSync(nextFile, next.identity);
      await bed.cli.ok(["backups", "rekey", location, ...keys, "--recipient", next.recipient]);
      t.equal((await bed.cli.run(["backups", "show", location, ...keys])).code, 7);
      await bed.restore("--from", location, "--as", "copy", "--identity", nextFile);
      t.equal(unexplained(sealed, "copy"), "");
      await bed.cli.ok(["backups", "rebuild"]);
      t.match(await bed.cli.json(["backups", "list"]), {
        archives: [{ state: "good", location, encryption: "age" }],
      });
    },
  );

/** A chunk of the payload with its tag, and what stands before the first: c2sp.org/age, "Payload". */
const CHUNK = 65_536 + 16;

t.test("what is not whole, not ours to open, or less than it was fails with exit code 7", async (t) => {
  const { bed, key, keyFile } = await sealedBed(t);
  const plain = join(bed.archives, "plain.tar.zst");
  const sealed = join(bed.archives, "sealed.age");
  const other = join(bed.archives, "other.age");
  await bed.backup("acme", "--to", plain);
  await bed.backup("acme", "--to", sealed, "--recipient", key.recipient);
  await bed.backup("acme", "--to", other, "--recipient", key.recipient);
  const good = readFileSync(sealed);
  const payload = good.indexOf("\n", good.indexOf("\n--- ") + 1) + 1 + 16;
  const chunk = (bytes: Buffer, number: number): Buffer =>
    bytes.subarray(payload + number * CHUNK, payload + (number + 1) * CHUNK);
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(good);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    return bytes;
  };
  const replaced = (from: string, to: string): Buffer =>
    Buffer.from(good.toString("latin1").replace(from, to), "latin1");
  const stranger = join(bed.directory, "stranger.txt");
  writeFileSync(stranger, (await keyPair()).identity);
  const mine = ["--identity", keyFile];
  const cases: readonly (readonly [what: string, bytes: Buffer, keys?: readonly string[]])[] = [
    ["no key", good, []],
    ["a stranger's key", good, ["--identity", stranger]],
    ["a passphrase in the place of a key", good, ["--passphrase", "not a passphrase file"]],
    ["cut within the header", good.subarray(0, 60)],
    ["nothing behind the header", good.subarray(0, payload - 16)],
    ["cut within the nonce", good.subarray(0, payload - 3)],
    ["nothing behind the nonce", good.subarray(0, payload)],
    ["cut within the first chunk", good.subarray(0, payload + 1000)],
    ["cut behind a chunk", good.subarray(0, payload + 3 * CHUNK)],
    ["without its last byte", good.subarray(0, -1)],
    ["with a byte more", Buffer.concat([good, Buffer.from("x")])],
    ["with a part of it twice", Buffer.concat([good, good.subarray(-CHUNK)])],
    ["a bit of the version", flipped(20)],
    ["a bit of the stanza", flipped(40)],
    ["a bit of the wrapped key", flipped(90)],
    ["a bit of the header's MAC", flipped(payload - 16 - 10)],
    ["a bit of the nonce", flipped(payload - 5)],
    ["a bit of the first chunk", flipped(payload + 5)],
    ["a bit in the middle", flipped(Math.floor(good.length / 2))],
    ["a bit of the last tag", flipped(good.length - 1)],
    [
      "two chunks in the wrong order",
      Buffer.concat([
        good.subarray(0, payload),
        chunk(good, 1),
        chunk(good, 0),
        good.subarray(payload + 2 * CHUNK),
      ]),
    ],
    [
      "another archive's payload",
      Buffer.concat([good.subarray(0, payload), readFileSync(other).subarray(payload)]),
    ],
    ["an older version", replaced("age-encryption.org/v1", "age-encryption.org/v0")],
    ["no recipient any more", replaced("-> X25519", "-> Y25519")],
    ["not encrypted any more", readFileSync(plain)],
    ["nothing at all", Buffer.alloc(0)],
  ];
  const bad = join(bed.archives, "bad.age");
  const live = readFileSync(join(bed.gateway.tenantDirectory("acme"), "tenant.json"));
  for (const [what, bytes, keys = mine] of cases) {
    writeFileSync(bad, bytes);
    const refused = await bed.cli.run(["tenants", "restore", "--from", bad, "--as", "copy", ...keys]);
    t.match(refused, { code: 7, stdout: "" }, what);
    t.match(refused.stderr, "bad.age", what);
    t.notOk(existsSync(bed.gateway.tenantDirectory("copy")), what);
  }
  t.strictSame(readdirSync(join(bed.gateway.stateDirectory, "tenants/.staging")), []);
  t.ok(readFileSync(join(bed.gateway.tenantDirectory("acme"), "tenant.json")).equals(live));
  copyFileSync(sealed, bad);
  await bed.restore("--from", bad, "--as", "copy", ...mine);
});
