/** What a connection may take of the gateway's time and memory before anybody is known to be behind it. */
import { STATUS_CODES, type IncomingMessage, type ServerOptions, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { GatewayError } from "../errors.js";
import { problemOf } from "./problem.js";

/** All times in milliseconds. */
export interface HttpLimits {
  /** For a TLS handshake; then for all headers of a request, from its first byte or, of the first one, from the connection. */
  readonly headersMs: number;
  /** Between two bytes in either direction, until a right token was seen: then a caller may wait for its answer. */
  readonly idleMs: number;
  /** How long a connection is kept for another request. */
  readonly keepAliveMs: number;
  /** A body has this time, and a second more for each `bytesPerSecond` that have come: a long upload goes on. */
  readonly bodyMs: number;
  readonly bytesPerSecond: number;
  /** How often the limits of headers and bodies are looked at. */
  readonly checkMs: number;
  /** Of all headers of a request together. */
  readonly headerBytes: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  headersMs: 20_000,
  idleMs: 60_000,
  // Proxies keep idle connections for a minute: it is for them to close first, or a request may meet a closed connection.
  keepAliveMs: 72_000,
  bodyMs: 30_000,
  // A modem of the nineties sends ten times as much.
  bytesPerSecond: 500,
  checkMs: 2_000,
  headerBytes: 16 * 1024,
};

/** The limits that Node keeps by itself. */
export function serverLimits(limits: HttpLimits): ServerOptions & { readonly handshakeTimeout: number } {
  return {
    headersTimeout: limits.headersMs,
    handshakeTimeout: limits.headersMs,
    // Node's limit for a whole request cuts long uploads, too: see limitBodies.
    requestTimeout: 0,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: limits.headerBytes,
  };
}

interface ArrivingBody {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly bytesBefore: number;
  /** Milliseconds of `performance.now()`; moves on while the gateway itself is slow. */
  since: number;
  lookedAt: number;
}

/** Ends requests whose bodies come too slowly, whoever sends them and whatever they are answered. */
export function limitBodies(app: FastifyInstance, limits: HttpLimits): void {
  const arriving = new Set<ArrivingBody>();
  app.addHook("onRequest", ({ raw: request }, { raw: response }, done) => {
    const { "content-length": length = "0", "transfer-encoding": encoding } = request.headers;
    if (length !== "0" || encoding !== undefined) {
      const now = performance.now();
      const { bytesRead } = request.socket;
      arriving.add({ request, response, bytesBefore: bytesRead, since: now, lookedAt: now });
    }
    done();
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const body of arriving) {
      if (hasEnded(body)) arriving.delete(body);
      else if (isTooSlow(body, now, limits)) cutOff(body);
    }
  }, limits.checkMs).unref();
  app.addHook("onClose", (_app, done) => {
    clearInterval(timer);
    done();
  });
}

function hasEnded({ request }: ArrivingBody): boolean {
  return request.complete || request.destroyed || request.socket.destroyed;
}

function isTooSlow(body: ArrivingBody, now: number, limits: HttpLimits): boolean {
  const { request } = body;
  // What has come and is not yet read is not the sender's delay.
  if (request.readableLength > 0) body.since += now - body.lookedAt;
  body.lookedAt = now;
  const bytes = request.socket.bytesRead - body.bytesBefore;
  return now - body.since > limits.bodyMs + (bytes / limits.bytesPerSecond) * 1000;
}

function cutOff({ request, response }: ArrivingBody): void {
  if (response.headersSent) request.socket.destroy();
  else
    refuseConnection(
      new GatewayError("REQUEST_TIMEOUT", "The request's body came too slowly"),
      request.socket,
    );
}

/** Fastify's `clientErrorHandler`: what is no HTTP, too long or too slow is answered by a problem document, too. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === "ECONNRESET") socket.destroy();
  else refuseConnection(clientProblem(error.code), socket);
}

function clientProblem(code: string | undefined): GatewayError {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new GatewayError("REQUEST_TIMEOUT", "The request's headers came too slowly");
  if (code === "HPE_HEADER_OVERFLOW")
    return new GatewayError("HEADERS_TOO_LARGE", "The request's headers are too large");
  return new GatewayError("REQUEST_INVALID", "This is not a request of HTTP/1.1");
}

function refuseConnection(error: GatewayError, socket: Duplex): void {
  const body = JSON.stringify(problemOf(error, ""));
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ""}\r\nConnection: close\r\n` +
        `Content-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
  socket.destroy();
}
