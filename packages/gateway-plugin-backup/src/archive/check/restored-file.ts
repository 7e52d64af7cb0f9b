/** Reading a restored file once, for all that is to be known of it. */
import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import type { RawPath } from "../raw-path.js";
import { SQLITE_MAGIC } from "../sqlite/protocol.js";
import { JsonFileCheck, JsonLinesCheck } from "./json-check.js";

const READ_BYTES = 1024 * 1024;
const JSON_NAME = /\.json$/i;
const JSON_LINES_NAME = /\.(?:jsonl|ndjson)$/i;

/** What is to be found out of a file by its name; undefined: it is not called JSON. */
export function jsonCheckFor(path: RawPath): JsonFileCheck | JsonLinesCheck | undefined {
  if (JSON_NAME.test(path)) return new JsonFileCheck();
  return JSON_LINES_NAME.test(path) ? new JsonLinesCheck() : undefined;
}

export interface RestoredFile {
  /** Of the content, 64 hex digits. */
  readonly sha256: string;
  /** The first bytes, as many as tell a database. */
  readonly head: Buffer;
}

/** Follows no link. Throws what the system says. */
export function readRestoredFile(
  name: Buffer,
  json: JsonFileCheck | JsonLinesCheck | undefined,
): RestoredFile {
  const digest = createHash("sha256");
  const handle = openSync(name, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let head: Buffer | undefined;
    for (let length; (length = readSync(handle, buffer)) > 0;) {
      const bytes = buffer.subarray(0, length);
      head ??= Buffer.from(bytes.subarray(0, SQLITE_MAGIC.length));
      digest.update(bytes);
      json?.write(bytes);
    }
    return { sha256: digest.digest("hex"), head: head ?? Buffer.alloc(0) };
  } finally {
    closeSync(handle);
  }
}
