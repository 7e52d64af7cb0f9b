/** Who has made an archive, and what is refused. Gateways A and B share a directory for archives. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { decodeSeekTable, encodeSeekTable } from "../archive/seek-table.js";
import { keyIdOf, SIGNATURE_FRAME_BYTES, signatureFrame } from "../archive/signature.js";
import { buildArchive, sampleKey } from "../archive/testing/archive-builder.js";
import { tarOf } from "../archive/testing/tar-builder.js";
import { testGateway, type TestGateway } from "../test-support/gateway.js";

const BACKUPS = "/api/admin/tenants/acme/backups";
const VERIFY = "/api/admin/backups/verify";
const DRILL = "/api/admin/backups/drill";
const RESTORES = "/api/admin/restores";
const SHOW = "/api/admin/archives/show";
const REBUILD = "/api/admin/backups/rebuild";

interface Place {
  readonly archives: string;
  readonly gateway: (name: string, signatures?: object) => Promise<TestGateway>;
}

function place(t: Test): Place {
  const directory = t.testdir({ archives: {} });
  const archives = join(directory, "archives");
  return {
    archives,
    gateway: (name, signatures = {}) =>
      testGateway(
        { testdir: () => directory, teardown: (work) => t.teardown(work) },
        { localRoots: [archives], signatures },
        join(directory, name),
      ),
  };
}

async function keyOf(host: TestGateway): Promise<string> {
  const { body } = await host.call("GET", "/api/admin/status");
  const { backup } = body["sections"] as { backup: { signatures: { key: string } } };
  return backup.signatures.key;
}

/** The same archive without its signature. */
function unsigned(bytes: Buffer): Buffer {
  const table = decodeSeekTable(bytes, bytes.length);
  if (table === undefined || !("frames" in table)) throw new Error("no seek table");
  const end = bytes.length - table.tableBytes - SIGNATURE_FRAME_BYTES;
  return Buffer.concat([bytes.subarray(0, end), encodeSeekTable(table.frames.slice(0, -1))]);
}

t.test("every archive is signed by its gateway, and everything that reads it says so", async (t) => {
  const { archives, gateway } = place(t);
  const a = await gateway("a");
  const keyId = await keyOf(a);
  const signedBy = { trust: "own", keyId };
  t.match(keyId, /^ed25519:/);
  await a.tenant("acme", { "workspace/notes.md": "notes" });
  const file = join(archives, "one.tar.zst");
  t.match(await a.job(BACKUPS, { to: file }), { result: { signedBy } });
  t.match(await a.call("GET", "/api/admin/backups"), { body: { archives: [{ signedBy: keyId }] } });
  t.match(await a.call("POST", SHOW, { archive: file }), { body: { signedBy } });
  for (const level of ["quick", "sample", "full"])
    t.match(await a.job(VERIFY, { archive: file, level, requireSignature: true }), {
      state: "succeeded",
      result: { archives: [{ outcome: "good", signedBy }] },
    });
  t.match(await a.job(DRILL, { archive: file, requireSignature: true }), {
    state: "succeeded",
    result: { archives: [{ signedBy }] },
  });
  const restore = { from: file, as: "copy", requireSignature: true };
  t.match(await a.job(RESTORES, restore), {
    state: "succeeded",
    request: { requireSignature: true },
    result: { signedBy },
  });
  t.match(await a.job(RESTORES, { from: file, paths: ["workspace"], requireSignature: true }), {
    state: "succeeded",
    result: { signedBy },
  });
});

t.test("an archive of another gateway is a stranger's until its key is trusted", async (t) => {
  const { archives, gateway } = place(t);
  const a = await gateway("a");
  const keyId = await keyOf(a);
  await a.tenant("acme", { "workspace/notes.md": "notes" });
  const file = join(archives, "one.tar.zst");
  await a.job(BACKUPS, { to: file });

  const b = await gateway("b", { require: true });
  const refused = { code: "SIGNATURE_REQUIRED", details: { rule: "stranger", signedBy: keyId } };
  const answer = { status: 422, body: refused };
  t.match(await b.call("POST", RESTORES, { from: file }), answer, "before a job is made");
  t.match(await b.call("POST", RESTORES, { from: file, paths: ["workspace"] }), answer);
  await b.tenant("other");
  for (const [url, body] of [
    [RESTORES, { from: file, as: "copy" }],
    [RESTORES, { from: file, as: "copy", dryRun: true }],
    [RESTORES, { from: file, as: "other", paths: ["workspace"] }],
    [VERIFY, { archive: file, as: "other" }],
    [VERIFY, { archive: file, as: "other", level: "quick" }],
    [DRILL, { archive: file, as: "other" }],
  ] as const)
    t.match(
      await b.job(url, body),
      { state: "failed", error: { ...refused, exitCode: 7, hint: /signatures\.trusted/ } },
      `${url} ${JSON.stringify(body)}`,
    );
  t.match(await b.call("POST", SHOW, { archive: file }), {
    status: 200,
    body: { signedBy: { trust: "stranger", keyId } },
  });

  const trusting = await gateway("c", { require: true, trusted: [keyId] });
  const signedBy = { trust: "trusted", keyId };
  t.match(await trusting.job(RESTORES, { from: file }), { state: "succeeded", result: { signedBy } });
  t.match(await trusting.job(VERIFY, { archive: file }), {
    state: "succeeded",
    result: { archives: [{ outcome: "good", signedBy }] },
  });

  const lax = await gateway("d");
  const ofStranger = { trust: "stranger", keyId };
  t.match(await lax.job(RESTORES, { from: file, dryRun: true }), { result: { signedBy: ofStranger } });
  t.match(await lax.call("POST", RESTORES, { from: file, requireSignature: true }), answer);
});

t.test("what is unsigned, or was forged, is refused where a signature is asked for", async (t) => {
  const { archives, gateway } = place(t);
  const a = await gateway("a");
  await a.tenant("acme", { "workspace/notes.md": "notes" });
  const put = (name: string, bytes: Buffer): string => {
    const file = join(archives, name);
    writeFileSync(file, bytes);
    return file;
  };
  const tar = put("plain.tar", tarOf({ name: "tenants/acme/workspace/a", content: "a" }));
  const entries = [{ path: "workspace/a", content: "a" }];
  const forged = put("forged.tar.zst", buildArchive(entries, { signingKey: sampleKey(9) }));
  const own = join(archives, "own.tar.zst");
  await a.job(BACKUPS, { to: own });
  const stripped = put("stripped.tar.zst", unsigned(readFileSync(own)));
  for (const [from, rule] of [
    [tar, "unsigned"],
    [stripped, "unsigned"],
    [forged, "stranger"],
  ] as const) {
    t.match(
      await a.call("POST", RESTORES, { from, force: true, requireSignature: true }),
      { status: 422, body: { code: "SIGNATURE_REQUIRED", details: { rule }, hint: String } },
      from,
    );
    t.match(await a.job(RESTORES, { from, force: true, dryRun: true }), {
      state: "succeeded",
      result: { signedBy: { trust: rule } },
    });
  }
  const altered = Buffer.from(readFileSync(own));
  const at = altered.lastIndexOf('"signature":"') + 20;
  altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
  t.match(await a.call("POST", RESTORES, { from: put("altered.tar.zst", altered), force: true }), {
    status: 422,
    body: { code: "ARCHIVE_DAMAGED", details: { rule: "signature" } },
  });
});

t.test(
  "a signature that an archive of the catalogue had is missed, and another's is not taken for it",
  async (t) => {
    const { archives, gateway } = place(t);
    const a = await gateway("a");
    await a.tenant("acme", { "workspace/notes.md": "notes" });
    const file = join(archives, "one.tar.zst");
    await a.job(BACKUPS, { to: file });
    const good = readFileSync(file);
    writeFileSync(file, unsigned(good));
    t.match(await a.job(VERIFY, { archive: file, level: "quick" }), {
      state: "failed",
      error: { code: "ARCHIVE_DAMAGED", message: /has lost its signature/, details: { rule: "signature" } },
    });
    writeFileSync(file, good);
    t.match(await a.job(VERIFY, { archive: file }), { state: "succeeded" });
    const b = await gateway("b");
    t.match(await b.job(VERIFY, { archive: file, as: "acme" }), {
      result: { archives: [{ signedBy: { trust: "stranger" } }] },
    });
    const frames = unsigned(good);
    const table = decodeSeekTable(frames, frames.length);
    if (table === undefined || !("frames" in table)) throw new Error("no seek table");
    const end = frames.length - table.tableBytes;
    const index = frames.subarray(end - (table.frames.at(-1)?.stored ?? 0), end);
    const signature = signatureFrame(index, sampleKey(3));
    const all = [...table.frames, { stored: signature.length, raw: 0 }];
    writeFileSync(file, Buffer.concat([frames.subarray(0, end), signature, encodeSeekTable(all)]));
    t.match(await a.job(VERIFY, { archive: file, level: "quick" }), {
      state: "failed",
      error: {
        code: "ARCHIVE_DAMAGED",
        message: new RegExp(`is now signed by ${keyIdOf(sampleKey(3)).replaceAll(/[+/]/g, ".")}`),
      },
    });
  },
);

t.test(
  "a rebuild lists whatever it finds, with its signers, and warns of what will be refused",
  async (t) => {
    const { archives, gateway } = place(t);
    const a = await gateway("a");
    const friend = await keyOf(a);
    await a.tenant("acme", { "workspace/notes.md": "notes" });
    await a.job(BACKUPS, { to: join(archives, "signed.tar.zst") });
    writeFileSync(
      join(archives, "unsigned.tar.zst"),
      unsigned(readFileSync(join(archives, "signed.tar.zst"))),
    );
    const b = await gateway("b", { require: true, trusted: [friend] });
    const entries = [{ path: "workspace/a", content: "a" }];
    writeFileSync(join(archives, "forged.tar.zst"), buildArchive(entries, { signingKey: sampleKey(9) }));
    const rebuilt = await b.job(REBUILD, { dest: archives });
    t.match(rebuilt, {
      state: "succeeded",
      result: { signatures: { own: 0, trusted: 1, stranger: 1 } },
      warnings: [
        { code: "PINS_UNKNOWN" },
        { code: "SIGNATURE_REQUIRED", message: /^\d of the archives found/ },
      ],
    });
    const { body } = await b.call("GET", "/api/admin/backups");
    const signers = (body["archives"] as { location: string; signedBy?: string }[]).map(
      (one) => one.signedBy,
    );
    t.ok(signers.includes(friend) && signers.includes(keyIdOf(sampleKey(9))), JSON.stringify(signers));
  },
);

t.test("without a key that can be used no backup is made, and status and doctor say why", async (t) => {
  const directory = t.testdir();
  const keys = join(directory, "state", "backup", "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  const file = join(keys, "signing-key.pem");
  writeFileSync(file, "damaged");
  chmodSync(file, 0o600);
  const host = await testGateway(t, {}, join(directory, "state"));
  await host.tenant("acme", { "workspace/notes.md": "notes" });
  const problem = new RegExp(`signing key ${file} holds no Ed25519`);
  t.match(await host.job(BACKUPS), {
    state: "failed",
    error: { code: "SIGNING_KEY_UNUSABLE", message: problem, exitCode: 1 },
  });
  t.match(await host.call("GET", "/api/admin/status"), {
    body: { sections: { backup: { signatures: { problem, trusted: [], required: false } } } },
  });
  const { body } = await host.call("GET", "/api/admin/doctor");
  const findings = body["findings"] as { check: string }[];
  t.match(
    findings.find(({ check }) => check === "backup-signing-key"),
    { severity: "critical", message: problem, fix: String },
  );
  t.equal(readFileSync(file, "utf8"), "damaged");
});
