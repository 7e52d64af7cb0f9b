/**
 * `backup.json`: what a backup of the whole gateway consists of. It is written last, so a set that has one is complete; the
 * parts that it names lie beside it.
 */
import { type Static, Type, Value } from "@openclaw/schema";
import { GATEWAY_PARTS } from "../../archive/gateway-parts.js";
import { damaged } from "../../archive/damage.js";
import { BackupError } from "../../errors.js";
import { MANIFEST_BYTES_MAX, SET_KINDS } from "./set-names.js";

const FORMAT = "openclaw-gateway-backup";
const VERSION = 1;

const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const SetPartSchema = Type.Object({
  name: Type.Enum(Object.values(GATEWAY_PARTS)),
  /** Name of the object in the directory of `backup.json`. */
  key: Type.String({ pattern: "^(?!\\.{1,2}$)[^/\\u0000-\\u001f]{1,255}$" }),
  /** Bytes of the object. */
  size: Count,
  /** Of the index frame's bytes. */
  indexSha256: Sha256,
  /** Of all of the object's bytes; of an encrypted part only. */
  objectSha256: Type.Optional(Sha256),
  encryption: Type.Optional(Type.Enum(["age", "pipe"])),
  /** What it holds: regular files, and their bytes. */
  files: Count,
  bytes: Count,
});

const SetManifestSchema = Type.Object({
  format: Type.Literal(FORMAT),
  version: Type.Literal(VERSION),
  kind: Type.Enum(SET_KINDS),
  /** The gateway that made it: the `uid` in its archives' indexes. */
  uid: Type.String({ pattern: "^[0-9a-f]{32}$" }),
  /** RFC 3339, UTC; the same in the indexes of all parts. */
  createdAt: Type.String({ pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?Z$" }),
  /** Program and version. */
  producer: Type.String({ minLength: 1, maxLength: 255 }),
  parts: Type.Array(SetPartSchema, { minItems: 1, maxItems: Object.keys(GATEWAY_PARTS).length }),
});

export type SetManifest = Static<typeof SetManifestSchema>;
export type SetPart = Static<typeof SetPartSchema>;

/** The text of a manifest. */
export function encodeManifest(facts: Omit<SetManifest, "format" | "version">): string {
  const { kind, uid, createdAt, producer, parts } = facts;
  const manifest: SetManifest = { format: FORMAT, version: VERSION, kind, uid, createdAt, producer, parts };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/**
 * Reads a manifest. Members that are not known are passed over. Throws ARCHIVE_DAMAGED, and ARCHIVE_TOO_NEW for a version
 * that a newer gateway has made.
 *
 * @param location Where it stands, for messages.
 */
export function parseManifest(text: string, location: string): SetManifest {
  const document = parsed(text, location);
  refuseNewer(document, location);
  if (!Value.Check(SetManifestSchema, document)) {
    const reasons = Value.Errors(SetManifestSchema, document).map((error) =>
      `${error.instancePath} ${error.message}`.trim(),
    );
    throw noManifest(location, reasons.slice(0, 1).join(""));
  }
  const names = new Set(document.parts.map(({ name }) => name));
  const keys = new Set(document.parts.map(({ key }) => key));
  if (names.size < document.parts.length || keys.size < document.parts.length)
    throw noManifest(location, "it names a part twice");
  if (!names.has("state")) throw noManifest(location, "it has no state");
  return document;
}

function parsed(text: string, location: string): unknown {
  if (text.length > MANIFEST_BYTES_MAX)
    throw noManifest(location, `it has more than ${MANIFEST_BYTES_MAX} characters`);
  try {
    return JSON.parse(text);
  } catch {
    throw noManifest(location, "it is not JSON");
  }
}

function refuseNewer(document: unknown, location: string): void {
  const { format, version } = Object(document) as { readonly format?: unknown; readonly version?: unknown };
  if (format !== FORMAT || typeof version !== "number" || version <= VERSION) return;
  throw new BackupError(
    "ARCHIVE_TOO_NEW",
    `${location} has version ${version}; this gateway knows versions up to ${VERSION}.`,
  );
}

function noManifest(location: string, reason: string): BackupError {
  return damaged("manifest", `${location} is no backup.json of a gateway: ${reason}.`);
}
