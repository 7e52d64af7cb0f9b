/** One HTTP request of an alert: bounded in time, to where it was meant to go and nowhere else. */
import { readFile } from "node:fs/promises";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { AddressForbidden, type AddressGuard } from "../../stores/address-guard.js";
import { DeliveryError, isLoopback } from "./channel.js";

export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PostOptions {
  readonly timeoutSeconds: number;
  readonly allowPlain: boolean;
  /** File of PEM certificates. */
  readonly ca?: string;
  readonly guard: AddressGuard;
}

/**
 * Resolves when the other side answers 2xx; its body is not read. Rejects with a {@link DeliveryError} that names neither
 * the URL, whose path may be a secret, nor what the other side said.
 */
export async function post(
  { url, headers, body }: Post,
  options: PostOptions,
  stopped: AbortSignal,
): Promise<void> {
  const target = checkedUrl(url, options.allowPlain);
  const ca = options.ca === undefined ? undefined : await readFile(options.ca).catch(caUnreadable);
  const late = AbortSignal.timeout(options.timeoutSeconds * 1000);
  const status = await new Promise<number>((resolve, reject) => {
    options.guard.checkHost(target.hostname);
    const send = target.protocol === "https:" ? tlsRequest : plainRequest;
    const sent = send(
      target,
      {
        method: "POST",
        headers: { ...headers, "content-length": Buffer.byteLength(body) },
        // A connection of its own: alerts are few, and one that hangs must not be met again.
        agent: false,
        lookup: options.guard.lookup,
        signal: AbortSignal.any([stopped, late]),
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        // Always there in a response to a client (https://nodejs.org/api/http.html#messagestatuscode).
        resolve(Number(response.statusCode));
        response.destroy();
      },
    );
    sent.on("error", reject);
    sent.end(body);
  }).catch((error: unknown) => {
    throw new DeliveryError(
      late.aborted ? `it did not answer within ${options.timeoutSeconds} s` : failureOf(error),
    );
  });
  if (status >= 300 && status < 400) {
    throw new DeliveryError(`it answered ${status}, and redirects are not followed`);
  }
  if (status < 200 || status >= 300) throw new DeliveryError(`it answered ${status}`);
}

function checkedUrl(text: string, allowPlain: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new DeliveryError("its URL is not one of http or https");
  }
  if (url.protocol === "http:" && !allowPlain && !isLoopback(url.hostname)) {
    throw new DeliveryError("its URL is not https, and allowPlain is not set");
  }
  return url;
}

function caUnreadable(): never {
  throw new DeliveryError("the file of its ca cannot be read");
}

/** `ECONNREFUSED`, `ENOTFOUND`, `DEPTH_ZERO_SELF_SIGNED_CERT`, …: the code alone says what a person needs. */
function failureOf(error: unknown): string {
  if (error instanceof AddressForbidden) return error.message;
  const { code } = error as { readonly code?: unknown };
  return `the request failed: ${String(code)}`;
}
