/** What of a request may stand in the ledger. */
import type { S3Options } from "./destinations.js";
import { publicDecrypt, type DecryptOptions } from "./opening.js";

interface SecretParts {
  readonly s3?: S3Options;
  readonly decrypt?: DecryptOptions;
}

/** The request without keys: with the rest of the S3 options, and with how the archive is decrypted, not with what. */
export function withoutSecrets<T extends SecretParts>(
  request: T,
): Omit<T, keyof SecretParts> & ReturnType<typeof publicOptions> & ReturnType<typeof publicDecrypt> {
  const { s3, decrypt, ...rest } = request;
  return { ...rest, ...publicOptions(s3), ...publicDecrypt(decrypt) };
}

/** The part of the S3 options that may stand in the ledger. */
export function publicOptions(s3: S3Options | undefined): {
  readonly s3?: Omit<S3Options, "accessKey" | "secretKey" | "sessionToken">;
} {
  if (s3 === undefined) return {};
  const { accessKey, secretKey, sessionToken, ...rest } = s3;
  return { s3: rest };
}
