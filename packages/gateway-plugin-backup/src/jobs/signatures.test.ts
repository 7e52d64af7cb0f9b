import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { keyIdOf } from "../archive/signature.js";
import { sampleKey } from "../archive/testing/archive-builder.js";
import { Signatures } from "./signatures.js";
import { SigningKeyFile } from "./signing-key.js";

const friend = keyIdOf(sampleKey(1));
const stranger = keyIdOf(sampleKey(2));

t.test("whose signature an archive has, and whose it must have", async (t) => {
  const file = new SigningKeyFile(join(t.testdir(), "key"));
  const signatures = new Signatures(file, { trusted: [friend], require: false });
  t.strictSame(
    await signatures.signer(stranger),
    { trust: "stranger", keyId: stranger },
    "before there is a key",
  );
  t.equal(await signatures.existingId(), undefined, "nor does asking for its id make one");
  const own = await signatures.ownId();
  t.equal(await signatures.existingId(), own);
  t.equal(own, keyIdOf(await signatures.key()));
  t.strictSame(await signatures.signer(own), { trust: "own", keyId: own });
  t.strictSame(await signatures.signer(friend), { trust: "trusted", keyId: friend });
  t.strictSame(await signatures.signer(stranger), { trust: "stranger", keyId: stranger });
  t.strictSame(await signatures.signer(undefined), { trust: "unsigned" });

  t.equal(signatures.isRequired, false);
  t.equal(await signatures.required(), undefined);
  t.equal(await signatures.required({ requireSignature: false }), undefined);
  t.strictSame(await signatures.required({ requireSignature: true }), { trusted: [own, friend] });
  const strict = new Signatures(file, { trusted: [], require: true });
  t.equal(strict.isRequired, true);
  for (const asked of [undefined, { requireSignature: false }])
    t.strictSame(await strict.required(asked), { trusted: [own] }, "a request does not weaken the config");
});

t.test(
  "with a key that cannot be read nothing counts as its own, and nothing that needs it is done",
  async (t) => {
    const path = join(t.testdir(), "key");
    const file = new SigningKeyFile(path);
    const signatures = new Signatures(file, { trusted: [friend], require: false });
    const own = await signatures.ownId();
    writeFileSync(path, "damaged");
    t.strictSame(await signatures.signer(own), { trust: "stranger", keyId: own });
    t.equal(await signatures.required(), undefined);
    const refusal = { code: "SIGNING_KEY_UNUSABLE", message: new RegExp(path) };
    await t.rejects(signatures.required({ requireSignature: true }), refusal);
    await t.rejects(signatures.key(), refusal);
  },
);

t.test("a trusted key that is none stops the start", (t) => {
  const file = new SigningKeyFile("/nowhere");
  for (const id of [
    friend.replace("ed25519:", ""),
    friend.replace(/.=$/, "/="),
    `ed25519:${"A".repeat(43)}=`,
  ])
    t.throws(() => new Signatures(file, { trusted: [friend, id], require: false }), {
      code: "REQUEST_INVALID",
      message: `plugins.backup.signatures.trusted: "${id}" is no id of a key: the public key may be cut off or mistyped.`,
    });
  t.end();
});
