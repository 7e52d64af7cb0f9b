/**
 * Where a person says that an archive is: `dest:NAME[/key]`, `s3://bucket/key`, or an absolute path on the gateway's
 * machine. This module only reads the text; what it leads to is decided from config.
 */
import { BackupError } from "../errors.js";

export type Location =
  | { readonly kind: "destination"; readonly name: string; readonly key: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly key: string }
  | { readonly kind: "path"; readonly path: string };

/** Names that AWS allows for buckets, and what older stores allow besides: upper case and underscores. */
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$/;

/** Longest S3 key, in bytes (Amazon S3 User Guide, "Naming Amazon S3 objects"). */
const MAX_KEY_BYTES = 1024;

/**
 * Parses a location. Keys and paths may end with "/" (the automatic name is put behind it) but hold no empty, `.` or
 * `..` segment and no NUL. Throws `LOCATION_INVALID`.
 */
export function parseLocation(text: string): Location {
  if (text.startsWith("s3://")) {
    const [bucket, key] = splitOnce(text.slice("s3://".length));
    if (!BUCKET_NAME.test(bucket)) throw invalid(text, "it has no valid bucket name");
    return { kind: "s3", bucket, key: checkKey(key, text) };
  }
  if (text.startsWith("dest:")) {
    const [name, key] = splitOnce(text.slice("dest:".length));
    if (name === "") throw invalid(text, "the destination's name is missing");
    return { kind: "destination", name, key: checkKey(key, text) };
  }
  if (text.startsWith("/")) {
    checkKey(text.slice(1), text);
    return { kind: "path", path: text };
  }
  throw invalid(text, "it is neither a URL nor an absolute path");
}

/** Checks an S3 key, or the part of a path behind its first slash; `shown` is what the message names. */
export function checkKey(key: string, shown: string): string {
  if (key.includes("\0")) throw invalid(shown, "it holds a NUL character");
  if (Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw invalid(shown, `it is longer than ${MAX_KEY_BYTES} bytes`);
  const segments = key.split("/");
  if (segments.at(-1) === "") segments.pop();
  for (const segment of segments) {
    if (segment === "") throw invalid(shown, "it has an empty segment ('//')");
    if (segment === "." || segment === "..") throw invalid(shown, `it has a segment '${segment}'`);
  }
  return key;
}

/** Joins parts of a key with single slashes; empty parts count for nothing. */
export function joinKey(...parts: readonly string[]): string {
  const trimmed = parts.map((part, i) => {
    const withoutLeading = part.replace(/^\/+/, "");
    return i === parts.length - 1 ? withoutLeading : withoutLeading.replace(/\/+$/, "");
  });
  return trimmed.filter((part) => part !== "").join("/");
}

function splitOnce(text: string): [string, string] {
  const slash = text.indexOf("/");
  return slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash + 1)];
}

function invalid(text: string, why: string): BackupError {
  // As in https://user:password@host and s3://key:secret@bucket: no location has it, and nobody is to read it.
  const shown = text.replaceAll("\0", "\\0").replace(/\/\/.*@/s, "//…@");
  return new BackupError("LOCATION_INVALID", `'${shown}' is no location for an archive: ${why}.`);
}
