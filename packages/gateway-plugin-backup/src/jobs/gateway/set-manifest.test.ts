import fc from "fast-check";
import t from "tap";
import { BackupError } from "../../errors.js";
import { encodeManifest, parseManifest, type SetManifest } from "./set-manifest.js";
import { MANIFEST_BYTES_MAX } from "./set-names.js";

const part = {
  name: "state" as const,
  key: "state.tar.zst",
  size: 1234,
  indexSha256: "a".repeat(64),
  files: 3,
  bytes: 99,
};

const facts: Omit<SetManifest, "format" | "version"> = {
  kind: "scheduled",
  uid: "0".repeat(32),
  createdAt: "2026-03-07T02:00:00.000Z",
  producer: "openclaw-gateway/0.1.0",
  parts: [part],
};

const where = "s3://bucket/2026-03-07T02-00-00Z/backup.json";

function refusal(text: string): string {
  try {
    parseManifest(text, where);
  } catch (error) {
    if (error instanceof BackupError) return `${error.code} ${error.message}`;
  }
  return "accepted";
}

await t.test("what was written is read again, with members that a later version adds passed over", (t) => {
  const workspace = {
    ...part,
    name: "workspace" as const,
    key: "workspace.tar.zst.age",
    encryption: "age" as const,
    objectSha256: "b".repeat(64),
  };
  const text = encodeManifest({ ...facts, parts: [part, workspace] });
  const read = parseManifest(text, where);
  t.strictSame(read, {
    format: "openclaw-gateway-backup",
    version: 1,
    ...facts,
    parts: [part, workspace],
  });
  const later = { ...read, note: "?", parts: [{ ...part, colour: "?" }] };
  t.match(parseManifest(JSON.stringify(later), where), { kind: "scheduled" });
  t.end();
});

await t.test("what is no manifest is refused, with its place and the reason", (t) => {
  const change = (changes: object): string =>
    refusal(JSON.stringify({ ...(JSON.parse(encodeManifest(facts)) as object), ...changes }));
  const parts = (...all: object[]): string => change({ parts: all });
  t.match(refusal("{"), `ARCHIVE_DAMAGED ${where} is no backup.json of a gateway: it is not JSON.`);
  t.match(refusal("null"), /^ARCHIVE_DAMAGED/);
  t.match(refusal(" ".repeat(MANIFEST_BYTES_MAX + 1)), /more than 65536 characters/);
  t.match(change({ format: "other", version: 2 }), /^ARCHIVE_DAMAGED/);
  t.match(change({ version: 2 }), /^ARCHIVE_TOO_NEW .* version 2/);
  t.match(change({ version: 0 }), /^ARCHIVE_DAMAGED/);
  t.match(change({ kind: "daily" }), /^ARCHIVE_DAMAGED .*\/kind/);
  t.match(change({ createdAt: "yesterday" }), /\/createdAt/);
  t.match(parts(), /\/parts/);
  t.match(parts({ ...part, name: "workspace" }), /has no state/);
  t.match(parts(part, part), /names a part twice/);
  t.match(parts(part, { ...part, name: "workspace" }), /names a part twice/);
  for (const key of ["", "a/b", "..", ".", "a\0b", "x".repeat(256), "../state.tar.zst"])
    t.match(parts({ ...part, key }), /\/parts\/0\/key/, key);
  t.equal(parts({ ...part, key: "2026-03-07T02-00-00Z.state.tar.zst" }), "accepted");
  t.equal(parts({ ...part, key: "...hidden" }), "accepted");
  t.end();
});

await t.test("whatever the text is, it is read or refused as damaged", (t) => {
  const documents = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .record({ ...Object.fromEntries(Object.keys(facts).map((key) => [key, fc.anything()])) })
      .map((changes) =>
        JSON.stringify({ format: "openclaw-gateway-backup", version: 1, ...facts, ...changes }),
      ),
  );
  fc.assert(
    fc.property(documents, (text) => {
      const outcome = refusal(text);
      return outcome === "accepted" || /^ARCHIVE_(DAMAGED|TOO_NEW) /.test(outcome);
    }),
  );
  t.end();
});
