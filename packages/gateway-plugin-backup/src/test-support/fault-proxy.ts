/**
 * An HTTP proxy that stands between a client and a real S3 server and makes the faults of a real network: resets,
 * refusals, lost answers, cut and altered bodies, silence. The server behind it stays real, so that what the tests see
 * besides the fault is what a store does.
 */
import { Agent, createServer, request as forward } from "node:http";
import type { ClientRequest, IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, type Duplex } from "node:stream";
import type { Test } from "tap";
import { corruptAt, onlyFirst, slowed } from "./body-faults.js";
import { seenRequest, type S3Operation, type SeenRequest } from "./s3-operation.js";

export type ProxyFault =
  /** The connection breaks before the server sees the request. */
  | { readonly kind: "reset" }
  | Refusal
  /** The server carries the request out, and the connection breaks before its answer arrives. */
  | { readonly kind: "lose-answer" }
  /** The connection breaks after so many bytes of the answer's body. */
  | { readonly kind: "cut-answer"; readonly after: number }
  /** So many bytes of the answer's body arrive, then nothing more; the connection stays open. */
  | { readonly kind: "stall-answer"; readonly after: number }
  /** The byte of the answer's body at this offset is inverted. */
  | { readonly kind: "corrupt-answer"; readonly at: number }
  /** Content-Length is so much more, or less, than what follows. */
  | { readonly kind: "lie-length"; readonly by: number }
  /** Nothing ever arrives; the server does not see the request. */
  | { readonly kind: "stall" }
  /** The connection breaks after so many bytes (at least one) of the request's body, for the server as well. */
  | { readonly kind: "cut-request"; readonly after: number }
  /** The server gets so many bytes of the request's body, and nobody anything more; connections stay open. */
  | { readonly kind: "stall-request"; readonly after: number }
  /** The byte of the request's body at this offset is inverted. */
  | { readonly kind: "corrupt-request"; readonly at: number }
  /** Both bodies pass at this speed, in bytes per second. */
  | { readonly kind: "slow"; readonly bytesPerSecond: number }
  /** The answer's headers are replaced; undefined removes one. */
  | { readonly kind: "rewrite"; readonly headers: Readonly<Record<string, string | undefined>> };

/** The proxy answers itself. */
export interface Refusal {
  readonly kind: "refuse";
  /** 200 is possible: S3 answers so to a long request before it knows how it ends. */
  readonly status: number;
  /** Goes into an S3 error document: `SlowDown`. */
  readonly name?: string;
  /** In the place of the error document. */
  readonly body?: string;
  /** Seconds. */
  readonly retryAfter?: number;
  /** More headers of the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The server carries the request out all the same; its answer is thrown away. */
  readonly carriedOut?: true;
}

export interface FaultRule {
  readonly when: S3Operation | ((request: SeenRequest) => boolean);
  readonly fault: ProxyFault;
  /** How many requests that fit pass before it strikes; default none. */
  readonly skip?: number;
  /** How often it strikes; default once. */
  readonly times?: number;
}

interface ActiveRule {
  readonly rule: FaultRule;
  skip: number;
  left: number;
}

export class FaultProxy {
  /** Every request that arrived, in order. */
  readonly seen: SeenRequest[] = [];
  /** Every request that the server has answered, in the order of the answers. */
  readonly answered: SeenRequest[] = [];
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();
  #port = 0;
  #rules: ActiveRule[] = [];

  constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((incoming, outgoing) => this.#handle(incoming, outgoing));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Adds a fault. The oldest rule that fits strikes first. */
  inject(rule: FaultRule): void {
    this.#rules.push({ rule, skip: rule.skip ?? 0, left: rule.times ?? 1 });
  }

  /** From now on all is well; what has been struck already stays so. */
  heal(): void {
    this.#rules = [];
  }

  count(operation: S3Operation): number {
    return this.seen.filter((request) => request.operation === operation).length;
  }

  /** Resolves when `condition` holds; it is asked again for each request and each answer. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** A second start, after a stop, is on the same port: an outage that ends. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const request = seenRequest(incoming);
    this.seen.push(request);
    this.#wake();
    const fault = this.#strike(request);
    if (fault?.kind === "reset") {
      incoming.socket.destroy();
    } else if (fault?.kind === "stall") {
      incoming.resume();
    } else if (fault?.kind === "refuse" && fault.carriedOut === undefined) {
      incoming.resume();
      incoming.on("end", () => refuse(incoming, outgoing, fault));
    } else {
      this.#forward(request, incoming, outgoing, fault);
    }
  }

  #strike(request: SeenRequest): ProxyFault | undefined {
    for (const active of this.#rules) {
      const { when, fault } = active.rule;
      if (typeof when === "string" ? when !== request.operation : !when(request)) continue;
      if (active.skip > 0) {
        active.skip--;
        continue;
      }
      active.left--;
      this.#rules = this.#rules.filter(({ left }) => left > 0);
      return fault;
    }
    return undefined;
  }

  #forward(
    request: SeenRequest,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    fault: ProxyFault | undefined,
  ): void {
    const { hostname, port } = this.#target;
    const { method, url: path, headers } = incoming;
    // The headers stay as they are, the Host among them: the signature covers them.
    const onward = forward({ hostname, port, method, path, headers, agent: this.#agent }, (answer) => {
      this.answered.push(request);
      this.#wake();
      passAnswer(incoming, answer, outgoing, fault);
    });
    onward.on("error", () => outgoing.destroy());
    // A client that has given up: the server must not wait for the rest of its request.
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) onward.destroy();
    });
    if (fault?.kind === "cut-request") sendAndCut(incoming, onward, fault.after);
    else incoming.pipe(requestBody(incoming, fault)).pipe(onward);
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function requestBody(incoming: IncomingMessage, fault: ProxyFault | undefined): Duplex {
  switch (fault?.kind) {
    case "corrupt-request":
      return corruptAt(fault.at);
    case "slow":
      return slowed(fault.bytesPerSecond);
    case "stall-request":
      // Nothing is read any more, so that the client cannot send either.
      return onlyFirst(fault.after, () => incoming.unpipe().pause());
    default:
      return new PassThrough();
  }
}

function sendAndCut(incoming: IncomingMessage, onward: ClientRequest, after: number): void {
  let left = after;
  const cut = (): void => {
    onward.destroy();
    incoming.socket.destroy();
  };
  incoming.on("data", (chunk: Buffer) => {
    const part = chunk.subarray(0, left);
    const isLast = left > 0 && chunk.length >= left;
    left -= part.length;
    // Called when the bytes have left for the server.
    if (part.length > 0) onward.write(part, () => isLast && cut());
  });
  incoming.on("end", () => left > 0 && cut());
}

function passAnswer(
  incoming: IncomingMessage,
  answer: IncomingMessage,
  outgoing: ServerResponse,
  fault: ProxyFault | undefined,
): void {
  if (fault?.kind === "lose-answer" || fault?.kind === "refuse") {
    answer.resume();
    answer.on("end", () => {
      if (fault.kind === "refuse") refuse(incoming, outgoing, fault);
      else incoming.socket.destroy();
    });
    return;
  }
  outgoing.writeHead(answer.statusCode ?? 502, changedHeaders(answer, fault));
  switch (fault?.kind) {
    case "cut-answer":
    case "stall-answer":
      sendSome(answer, outgoing, fault);
      break;
    case "lie-length":
      answer.on("data", (chunk: Buffer) => outgoing.write(chunk));
      answer.on("end", () => outgoing.socket?.end());
      break;
    case "corrupt-answer":
      answer.pipe(corruptAt(fault.at)).pipe(outgoing);
      break;
    case "slow":
      answer.pipe(slowed(fault.bytesPerSecond)).pipe(outgoing);
      break;
    default:
      answer.pipe(outgoing);
  }
}

function changedHeaders(answer: IncomingMessage, fault: ProxyFault | undefined): OutgoingHttpHeaders {
  const headers = { ...answer.headers, ...(fault?.kind === "rewrite" ? fault.headers : {}) };
  if (fault?.kind === "lie-length")
    headers["content-length"] = String(Number(headers["content-length"]) + fault.by);
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined));
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

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, fault: Refusal): void {
  const { status, name, retryAfter, headers } = fault;
  const document = name === undefined ? "" : `<Error><Code>${name}</Code><Message></Message></Error>`;
  const body = fault.body ?? document;
  outgoing.writeHead(status, {
    "content-type": "application/xml",
    ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
    ...headers,
  });
  outgoing.end(incoming.method === "HEAD" ? undefined : body);
}

/** Starts a proxy in front of `target`, and stops it when the test ends. */
export async function startFaultProxy(t: Test, target: string): Promise<FaultProxy> {
  const proxy = new FaultProxy(target);
  await proxy.start();
  t.teardown(() => proxy.stop());
  return proxy;
}
