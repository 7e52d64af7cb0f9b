/**
 * The form of an archive's signature: one JSON object with algorithm, key id and signature. Whether it is true is for a
 * reader that has the key; one that has not still refuses what no writer makes.
 */
import { damaged } from "./damage.js";

const LABEL = /^[^\p{Cc}]{1,255}$/u;

/** `payload`: of the signature frame. Throws ARCHIVE_DAMAGED. Members that are not known are ignored. */
export function checkSignatureForm(payload: Uint8Array): void {
  const text = Buffer.from(payload).toString("utf8");
  const { algorithm, keyId, signature } = parseObject(text);
  for (const label of [algorithm, keyId])
    if (typeof label !== "string" || !LABEL.test(label)) throw malformed("has no algorithm or no key id");
  if (typeof signature !== "string" || signature === "" || !isBase64(signature))
    throw malformed("has no signature in base64");
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  let compact: string;
  try {
    value = JSON.parse(text);
    compact = JSON.stringify(value);
  } catch {
    throw malformed("is not JSON");
  }
  if (typeof value !== "object" || value === null || compact !== text)
    throw malformed("is no compact JSON object");
  return value as Record<string, unknown>;
}

function isBase64(text: string): boolean {
  return Buffer.from(text, "base64").toString("base64") === text;
}

function malformed(how: string): Error {
  return damaged("signature", `The archive's signature ${how}.`);
}
