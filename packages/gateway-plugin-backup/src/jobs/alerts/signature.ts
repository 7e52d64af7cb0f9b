/**
 * Signatures of webhooks as https://www.standardwebhooks.com defines them: receivers find libraries for them in many
 * languages. HMAC-SHA256 over `<id>.<seconds>.<body>`, in base64 after `v1,`.
 */
import { createHmac } from "node:crypto";
import { DeliveryError } from "./channel.js";

/** The standard asks for 24 to 64 bytes; a secret that a person chose may be a little shorter. */
const LEAST_SECRET_BYTES = 16;

/**
 * @param secret `whsec_` and base64, or any text.
 * @param seconds Of the attempt, since the epoch: a receiver refuses what is old.
 */
export function signedHeaders(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Readonly<Record<string, string>> {
  const key = secret.startsWith("whsec_")
    ? Buffer.from(secret.slice("whsec_".length), "base64")
    : Buffer.from(secret);
  if (key.length < LEAST_SECRET_BYTES) {
    throw new DeliveryError(`its secret is shorter than ${LEAST_SECRET_BYTES} bytes`);
  }
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${signature}`,
  };
}
