/**
 * An HTTP proxy that stands between a client and a real S3 server and makes the faults of a real network: resets,
 * refusals, lost answers, cut bodies, silence. The server behind it stays real, so that what the tests see besides the
 * fault is what a store does.
 */
import { Agent, createServer, request as forward } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Test } from "tap";

export type S3Operation =
  | "HeadObject"
  | "GetObject"
  | "PutObject"
  | "DeleteObject"
  | "ListObjectsV2"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  | "ListParts"
  | "other";

export interface SeenRequest {
  readonly operation: S3Operation;
  /** Path with bucket and key, decoded. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

export type ProxyFault =
  /** The connection breaks before the server sees the request. */
  | { readonly kind: "reset" }
  /** The proxy answers itself; `name` goes into an S3 error document. */
  | { readonly kind: "refuse"; readonly status: number; readonly name?: string; readonly retryAfter?: number }
  /** The server carries the request out, and the connection breaks before its answer arrives. */
  | { readonly kind: "lose-answer" }
  /** The connection breaks after so many bytes of the answer's body. */
  | { readonly kind: "cut-answer"; readonly after: number }
  /** So many bytes of the answer's body arrive, then nothing more; the connection stays open. */
  | { readonly kind: "stall-answer"; readonly after: number }
  /** Nothing ever arrives; the server does not see the request. */
  | { readonly kind: "stall" }
  /** The answer's headers are replaced; undefined removes one. */
  | { readonly kind: "rewrite"; readonly headers: Readonly<Record<string, string | undefined>> };

export interface FaultRule {
  readonly when: S3Operation | ((request: SeenRequest) => boolean);
  readonly fault: ProxyFault;
  /** How often it strikes; default once. */
  readonly times?: number;
}

export class FaultProxy {
  /** Every request that arrived, in order. */
  readonly seen: SeenRequest[] = [];
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  #rules: { rule: FaultRule; left: number }[] = [];

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, outgoing) => this.#handle(incoming, outgoing));
  }

  get endpoint(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** Adds a fault. The oldest rule that fits strikes first. */
  inject(rule: FaultRule): void {
    this.#rules.push({ rule, left: rule.times ?? 1 });
  }

  count(operation: S3Operation): number {
    return this.seen.filter((request) => request.operation === operation).length;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const request = seenRequest(incoming);
    this.seen.push(request);
    const fault = this.#strike(request);
    switch (fault?.kind) {
      case "reset":
        incoming.socket.destroy();
        return;
      case "stall":
        incoming.resume();
        return;
      case "refuse":
        refuse(incoming, outgoing, fault);
        return;
      case undefined:
      case "lose-answer":
      case "cut-answer":
      case "stall-answer":
      case "rewrite":
        this.#forward(incoming, outgoing, fault);
    }
  }

  #strike(request: SeenRequest): ProxyFault | undefined {
    const found = this.#rules.find(({ rule: { when } }) =>
      typeof when === "string" ? when === request.operation : when(request),
    );
    if (found === undefined) return undefined;
    found.left--;
    this.#rules = this.#rules.filter(({ left }) => left > 0);
    return found.rule.fault;
  }

  #forward(incoming: IncomingMessage, outgoing: ServerResponse, fault: ProxyFault | undefined): void {
    const { hostname, port } = this.#target;
    const { method, url: path, headers } = incoming;
    // The headers stay as they are, the Host among them: the signature covers them.
    const onward = forward({ hostname, port, method, path, headers, agent: this.#agent }, (answer) => {
      if (fault?.kind === "lose-answer") {
        answer.resume();
        answer.on("end", () => incoming.socket.destroy());
        return;
      }
      const changed = fault?.kind === "rewrite" ? fault.headers : {};
      const kept = Object.entries({ ...answer.headers, ...changed }).filter(
        ([, value]) => value !== undefined,
      );
      outgoing.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
      if (fault?.kind === "cut-answer" || fault?.kind === "stall-answer") sendSome(answer, outgoing, fault);
      else answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  }
}

function sendSome(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  fault: { readonly kind: "cut-answer" | "stall-answer"; readonly after: number },
): void {
  let left = fault.after;
  outgoing.flushHeaders();
  answer.on("data", (chunk: Buffer) => {
    if (left > 0) outgoing.write(chunk.subarray(0, left));
    left -= chunk.length;
  });
  if (fault.kind === "stall-answer") return;
  // Not at once: a reset would overtake bytes that are still in the sockets' buffers.
  answer.on("end", () => outgoing.socket?.end());
}

function refuse(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: { readonly status: number; readonly name?: string; readonly retryAfter?: number },
): void {
  incoming.resume();
  incoming.on("end", () => {
    const body =
      fault.name === undefined ? "" : `<Error><Code>${fault.name}</Code><Message></Message></Error>`;
    outgoing.writeHead(fault.status, {
      "content-type": "application/xml",
      ...(fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) }),
    });
    outgoing.end(incoming.method === "HEAD" ? undefined : body);
  });
}

function seenRequest(incoming: IncomingMessage): SeenRequest {
  const url = new URL(incoming.url ?? "/", "http://proxy");
  return {
    operation: operationOf(incoming.method ?? "", url),
    path: decodeURIComponent(url.pathname),
    headers: incoming.headers,
  };
}

function operationOf(method: string, { pathname, searchParams }: URL): S3Operation {
  const ofUpload = searchParams.has("uploadId");
  const ofObject = /^\/[^/]+\/./.test(pathname);
  if (method === "POST" && searchParams.has("uploads")) return "CreateMultipartUpload";
  if (method === "POST" && ofUpload) return "CompleteMultipartUpload";
  if (method === "PUT" && ofUpload) return "UploadPart";
  if (method === "DELETE" && ofUpload) return "AbortMultipartUpload";
  if (method === "GET" && ofUpload) return "ListParts";
  if (method === "GET" && searchParams.get("list-type") === "2") return "ListObjectsV2";
  if (!ofObject) return "other";
  const plain: Readonly<Record<string, S3Operation>> = {
    HEAD: "HeadObject",
    GET: "GetObject",
    PUT: "PutObject",
    DELETE: "DeleteObject",
  };
  return plain[method] ?? "other";
}

/** Starts a proxy in front of `target`, and stops it when the test ends. */
export async function startFaultProxy(t: Test, target: string): Promise<FaultProxy> {
  const proxy = new FaultProxy(target);
  await proxy.start();
  t.teardown(() => proxy.stop());
  return proxy;
}
