import type { FastifyInstance, FastifyRequest } from "fastify";
import { GatewayError } from "../errors.js";
import { isLoopback, type ProxyTrust } from "./trusted-proxies.js";

declare module "fastify" {
  interface FastifyRequest {
    /**
     * True when nobody between the caller and this machine could read the request: it came over the gateway's own TLS, through
     * a trusted proxy that says that it had it over TLS, or from this machine itself.
     */
    readonly isPrivate: boolean;
    /**
     * Throws `TLS_REQUIRED` unless {@link isPrivate}. For routes whose body carries a secret; `what` begins the
     * sentence: "The identity", "The secret key".
     */
    requirePrivate(what: string): void;
  }
}

/** Any of these says that somebody passes on another's request. */
const FORWARDING_HEADERS = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"] as const;

/** Adds the two fields above to every request. */
export function decoratePrivacy(app: FastifyInstance, isTrustedProxy: ProxyTrust): void {
  app.decorateRequest("isPrivate", {
    getter(this: FastifyRequest) {
      return isPrivateConnection(this, isTrustedProxy);
    },
  });
  app.decorateRequest("requirePrivate", function (this: FastifyRequest, what: string): void {
    if (this.isPrivate) return;
    throw new GatewayError(
      "TLS_REQUIRED",
      `${what} is taken only over TLS or from the gateway's own machine; this request came in clear text`,
    );
  });
}

/** The parts of a request that tell how it came. */
export type ArrivedRequest = Pick<FastifyRequest, "headers"> & {
  readonly socket: { readonly encrypted?: boolean; readonly remoteAddress?: string | undefined };
};

/** See {@link FastifyRequest.isPrivate}. */
export function isPrivateConnection(request: ArrivedRequest, isTrustedProxy: ProxyTrust): boolean {
  const { headers, socket } = request;
  const schemes = schemesOf(headers["x-forwarded-proto"]);
  // Who says that a part of the way was in clear text is believed, whoever it is: nothing is gained by such a lie.
  if (schemes.some((scheme) => scheme !== "https")) return false;
  if (socket.encrypted === true) return true;
  if (schemes.length > 0) return isTrustedProxy(socket.remoteAddress);
  return isLoopback(socket.remoteAddress) && FORWARDING_HEADERS.every((name) => headers[name] === undefined);
}

/** One for each proxy on the way; a proxy that adds its own leaves what the caller claimed standing before it. */
function schemesOf(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  return [header]
    .flat()
    .join(",")
    .split(",")
    .map((scheme) => scheme.trim().toLowerCase());
}
