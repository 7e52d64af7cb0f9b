import { inspect } from "node:util";
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import t, { type Test } from "tap";
import { BackupError } from "../../errors.js";
import { checkRecipient, parseIdentities } from "./keys.js";

const identity = await generateX25519Identity();
const recipient = await identityToRecipient(identity);
const hybrid = await generateHybridIdentity();
const SECRETS = [identity, hybrid].map((secret) => secret.slice(20, -20));

/** The refusal; that nothing of it holds a secret is seen here. */
function refusal(t: Test, action: () => unknown): BackupError {
  try {
    action();
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    const all = inspect(error, { depth: null, showHidden: true }).toUpperCase();
    for (const secret of SECRETS) t.notOk(all.includes(secret), "no secret in the error");
    t.equal(error.exitCode, 2);
    return error;
  }
  throw new Error("It was accepted");
}

t.test("recipients of both native kinds are accepted", async (t) => {
  t.doesNotThrow(() => checkRecipient(recipient));
  const postQuantum = await identityToRecipient(hybrid);
  t.doesNotThrow(() => checkRecipient(postQuantum));
});

t.test("other recipients are refused by name, with the reason and the way out", (t) => {
  const typo = `${recipient.slice(0, -1)}${recipient.endsWith("q") ? "p" : "q"}`;
  const cases: [text: string, message: RegExp, hint: RegExp][] = [
    [typo, new RegExp(`"${typo}" is mistyped`), /age-keygen -y/],
    [recipient.slice(0, -5), /mistyped or not complete/, /age-keygen -y/],
    [recipient.toUpperCase(), /does not begin with age1/, /age-keygen -y/],
    ["age1yubikey1qgzqvxyz", /"age1yubikey1qgzqvxyz" is of the kind "yubikey"/, /--pipe "age -r/],
    ["age1tag1qgzqvxyz", /of the kind "tag"/, /--pipe "age -r/],
    ["ssh-ed25519 AAAAC3Nz me@host", /"ssh-ed25519 AAAAC3Nz me@host" is an ssh key/, /--pipe "age -r/],
    [`age1pq1${"q".repeat(1952)}`, /^The recipient "age1pq1q{63}…" is mistyped/, /age-keygen -y/],
    ["age1\x1b[31m\nx", /"age1\\x1b\[31m\\x0ax" is mistyped/, /age-keygen -y/],
    ["", /of 0 characters/, /age-keygen -y/],
  ];
  for (const [text, message, hint] of cases)
    t.match(
      refusal(t, () => checkRecipient(text)),
      { code: "RECIPIENT_INVALID", message, hint },
    );
  t.end();
});

t.test("what may be a secret is never repeated", (t) => {
  for (const secret of [identity, ` ${identity}`, identity.toLowerCase(), hybrid, `age1x ${identity}`])
    t.match(
      refusal(t, () => checkRecipient(secret)),
      { message: "A secret key was given as a recipient.", hint: /public half.*seen by others/ },
    );
  const other = refusal(t, () => checkRecipient("correct horse battery staple"));
  t.match(other.message, "A recipient of 28 characters that does not begin with age1 is none.");
  t.end();
});

t.test("an identity file may have comments, blank lines, CRLF and several identities", (t) => {
  t.same(parseIdentities(`# created: today\n# public key: ${recipient}\n${identity}\n`), [identity]);
  t.same(parseIdentities(`\r\n${identity}\r\n\r\n  ${hybrid}`), [identity, hybrid]);
  t.end();
});

t.test("what is no identity file is refused by line, and never shown", (t) => {
  const cases: [text: string, message: RegExp, hint: RegExp][] = [
    ["", /holds no identity/, /age-keygen/],
    ["# nothing\n\n", /holds no identity/, /age-keygen/],
    [`# key\n\n${identity.slice(0, -1)}`, /^Line 3 .* mistyped or not complete/, /age-keygen/],
    [`${identity}\n${hybrid}Q`, /^Line 2 .* mistyped or not complete/, /age-keygen/],
    [`${identity} ${identity}`, /^Line 1 .* mistyped or not complete/, /age-keygen/],
    [identity.toLowerCase(), /^Line 1 .* is no identity/, /age-keygen/],
    [`password: ${identity}`, /^Line 1 .* is no identity/, /age-keygen/],
    [recipient, /^Line 1 .* is a recipient/, /age-keygen/],
    ["AGE-PLUGIN-YUBIKEY-1QGZQV", /^Line 1 .* plugin/, /--pipe "age -d -i/],
    ["-----BEGIN OPENSSH PRIVATE KEY-----\nx", /^Line 1 .* ssh key/, /--pipe "age -d -i/],
    ["age-encryption.org/v1\n-> scrypt x 18\n", /itself encrypted/, /age -d -o/],
    ["-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", /itself encrypted/, /age -d -o/],
  ];
  for (const [text, message, hint] of cases) {
    const error = refusal(t, () => parseIdentities(text));
    t.match(error, { code: "IDENTITY_INVALID", message, hint });
    t.notMatch(error.message, /yubikey|password|AGE-/i);
  }
  t.end();
});
