import t from "tap";
import { checkSignatureForm } from "./signature-form.js";

const good = { algorithm: "ed25519", keyId: "gateway", signature: "c2lnbmVk" };

t.test("a signature has algorithm, key and signature; what else it has is not looked at", (t) => {
  for (const signature of [good, { ...good, later: [1] }])
    t.doesNotThrow(() => checkSignatureForm(Buffer.from(JSON.stringify(signature))));
  t.end();
});

t.test("what no writer makes is refused, though nobody can check the signature", (t) => {
  for (const text of [
    "",
    "{}",
    "null",
    "[]",
    "signed",
    JSON.stringify({ ...good, algorithm: "" }),
    JSON.stringify({ ...good, keyId: "\n" }),
    JSON.stringify({ ...good, signature: "" }),
    JSON.stringify({ ...good, signature: "c2lnbmVk=" }),
    `${JSON.stringify(good)}\n`,
    JSON.stringify(good).replace("{", '{"keyId":"other",'),
    `{"later":${"[".repeat(60_000)}${"]".repeat(60_000)}}`,
  ])
    t.throws(() => checkSignatureForm(Buffer.from(text)), {
      code: "ARCHIVE_DAMAGED",
      details: { rule: "signature" },
    });
  t.end();
});
