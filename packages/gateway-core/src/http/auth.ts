import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { Socket } from "node:net";
import { GatewayError } from "../errors.js";
import type { RouteScope } from "../plugin/host.js";
import type { TenantRegistry } from "../tenants/registry.js";
import { equalHashes, tokenHash } from "../tenants/token.js";
import type { Caller } from "./request.js";

export interface Credentials {
  /** SHA-256 of the admin token. */
  readonly adminTokenSha256: string;
  /** Likewise of the token for `/metrics` alone, if there is one. */
  readonly metricsTokenSha256?: string | undefined;
  readonly tenants: TenantRegistry;
}

export interface Limits {
  /** Refused tokens of one address in a minute, before its next ones are answered 429. */
  readonly failuresPerMinute: number;
  /** Calls of one tenant in a minute: far above honest use, low enough that one tenant cannot starve the others. */
  readonly callsPerMinute: number;
}

/** Whose token a route asks for. Routes of `metrics` let the admin in as well. */
export type TokenScope = RouteScope | "metrics";

/** The `onRequest` hook of a scope. */
export type Authentication = (scope: TokenScope) => (request: FastifyRequest) => Promise<void>;

const DEFAULT_LIMITS: Limits = { failuresPerMinute: 60, callsPerMinute: 60_000 };

const MINUTE_MS = 60_000;

/** What is said of a route's token, and of one that was sent. */
const TOKENS: Readonly<Record<TokenScope, { readonly needed: string; readonly sent: string }>> = {
  admin: { needed: "the admin's token", sent: "the admin's" },
  tenant: { needed: "a tenant's token", sent: "a tenant's" },
  metrics: { needed: "the admin's token, or the one for metrics", sent: "the one for metrics" },
};

/**
 * Makes the hook that lets a scope's callers in, and nobody else. A right token always passes: an address may be a proxy
 * with many people behind it, and whoever guesses there must not lock the others out. Tenant tokens have 128 random
 * bits; `doctor` warns of an admin token that could be guessed.
 */
export async function authentication(
  app: FastifyInstance,
  credentials: Credentials,
  limits: Limits = DEFAULT_LIMITS,
): Promise<Authentication> {
  await app.register(rateLimit, { global: false });
  const failures = app.createRateLimit({ max: limits.failuresPerMinute, timeWindow: MINUTE_MS });
  const calls = app.createRateLimit({
    max: limits.callsPerMinute,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => request.actor,
  });

  return (scope) => async (request) => {
    const caller = identify(request.headers.authorization, credentials);
    if (caller === undefined) {
      const limit = await failures(request);
      if (!limit.isAllowed && limit.isExceeded) {
        throw rateLimited("Too many refused tokens from this address", limit.ttlInSeconds);
      }
      throw new GatewayError("UNAUTHORIZED", "The request has no valid token");
    }
    // Who is refused is on record, too.
    request.caller = caller;
    if (caller.scope !== scope && !(scope === "metrics" && caller.scope === "admin")) {
      throw new GatewayError("FORBIDDEN", `This needs ${TOKENS[scope].needed}`, {
        hint: `The token that was sent is ${TOKENS[caller.scope].sent}.`,
      });
    }
    liftIdleLimit(request);
    if (caller.scope !== "tenant") return;
    const limit = await calls(request);
    if (!limit.isAllowed && limit.isExceeded) {
      throw rateLimited("Too many calls of this tenant", limit.ttlInSeconds);
    }
  };
}

function identify(authorization: string | undefined, credentials: Credentials): Caller | undefined {
  const token = /^bearer +(.+)$/i.exec(authorization ?? "")?.[1];
  if (token === undefined) return undefined;
  const sha256 = tokenHash(token);
  if (equalHashes(sha256, credentials.adminTokenSha256)) return { scope: "admin" };
  const { metricsTokenSha256 } = credentials;
  if (metricsTokenSha256 !== undefined && equalHashes(sha256, metricsTokenSha256))
    return { scope: "metrics" };
  const tenant = credentials.tenants.authenticate(sha256);
  return tenant === undefined ? undefined : { scope: "tenant", tenant };
}

/** An honest caller may wait for its answer; the limit of the server applies to the next request again. */
function liftIdleLimit({ raw }: FastifyRequest): void {
  // Requests that are injected have no real socket.
  if (raw.socket instanceof Socket) raw.socket.setTimeout(0);
}

function rateLimited(message: string, seconds: number): GatewayError {
  return new GatewayError("RATE_LIMITED", message, {
    hint: `Try again in ${seconds} s.`,
    details: { retryAfterSeconds: seconds },
  });
}
