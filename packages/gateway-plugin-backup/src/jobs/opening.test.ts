import t from "tap";
import { BackupError } from "../errors.js";
import { openerOf, publicDecrypt } from "./opening.js";
import type { Services } from "./services.js";

const KEY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
const command = { name: "swap", program: "/usr/bin/swap", args: [] };

const services = {
  host: { paths: { backup: "/state/backup" } },
  pipes: { command: (text: string) => ({ ...command, args: [text] }) },
} as unknown as Pick<Services, "host" | "pipes">;

t.test("an archive is opened with one of the keys that there are", (t) => {
  t.strictSame(openerOf(services, undefined), {});
  t.strictSame(openerOf(services, { identity: `# mine\n${KEY}\n` }), {
    opener: { kind: "age", secret: { identities: [KEY] } },
  });
  t.strictSame(openerOf(services, { passphrase: "horse battery" }), {
    opener: { kind: "age", secret: { passphrase: "horse battery" } },
  });
  t.strictSame(openerOf(services, { pipe: "swap" }), {
    opener: { kind: "pipe", command: { ...command, args: ["swap"] }, directory: "/state/backup/tmp" },
  });
  for (const decrypt of [{}, { identity: KEY, pipe: "swap" }, { passphrase: "x", identity: KEY }])
    t.throws(
      () => openerOf(services, decrypt),
      new BackupError(
        "REQUEST_INVALID",
        "An archive is opened with an identity, a passphrase, or a pipe: give one.",
      ),
    );
  t.end();
});

t.test("the ledger is told how, and not with what", (t) => {
  t.strictSame(publicDecrypt(undefined), {});
  t.strictSame(publicDecrypt({ identity: KEY }), { decrypt: { with: "identity" } });
  t.strictSame(publicDecrypt({ passphrase: "horse battery" }), { decrypt: { with: "passphrase" } });
  t.strictSame(publicDecrypt({ pipe: "age -d -i /k" }), { decrypt: { with: "age -d -i /k" } });
  t.end();
});
