import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { NewToken } from "../plugin/host.js";

/**
 * Makes a tenant's token, `tk_<id>_<32 hex>`: 128 random bits, of which the gateway stores the SHA-256 only. The id in
 * it is a label for people; look-up goes by the hash.
 */
export function newToken(id: string): NewToken {
  const token = `tk_${id}_${randomBytes(16).toString("hex")}`;
  return { token, sha256: tokenHash(token) };
}

/** SHA-256 of a token, 64 hex digits. */
export function tokenHash(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Compares two hashes of {@link tokenHash} in a time that tells nothing about them. */
export function equalHashes(one: string, other: string): boolean {
  const left = Buffer.from(one);
  const right = Buffer.from(other);
  return left.length === right.length && timingSafeEqual(left, right);
}
