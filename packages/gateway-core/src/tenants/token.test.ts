import fc from "fast-check";
import t from "tap";
import { assertTenantId, isTenantId } from "./tenant-id.js";
import { equalHashes, newToken, tokenHash } from "./token.js";

const ids = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/);

t.test("every id gives a token that names it, and no two tokens are equal", (t) => {
  fc.assert(
    fc.property(ids, (id) => {
      const one = newToken(id);
      const other = newToken(id);
      return (
        one.token.startsWith(`tk_${id}_`) &&
        /^[0-9a-f]{32}$/.test(one.token.slice(id.length + 4)) &&
        one.sha256 === tokenHash(one.token) &&
        /^[0-9a-f]{64}$/.test(one.sha256) &&
        one.token !== other.token
      );
    }),
  );
  t.end();
});

t.test("hashes are equal only to themselves, whatever their lengths", (t) => {
  fc.assert(fc.property(fc.string(), fc.string(), (a, b) => equalHashes(a, b) === (a === b)));
  t.end();
});

t.test("an id is always a safe name of one directory", (t) => {
  fc.assert(
    fc.property(fc.oneof(ids, fc.string({ maxLength: 40 })), (text) => {
      if (!isTenantId(text)) return true;
      return !/[/\\.\0\n]/.test(text) && text.length <= 32 && text === text.toLowerCase();
    }),
  );
  for (const text of ["", "..", ".staging", "-a", "_a", "A", "a/b", "a\n", "a".repeat(33)]) {
    t.throws(() => assertTenantId(text), { code: "TENANT_ID_INVALID", exitCode: 2 }, JSON.stringify(text));
  }
  t.end();
});
