/** A real HTTP server that answers as a test tells it, in the place of a gateway. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { JobState, JobView } from "../views.js";

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

export type Answer = (request: SeenRequest, response: ServerResponse) => void;

export class FakeGateway {
  /** Every request so far, in order. */
  readonly requests: SeenRequest[] = [];
  readonly #answers = new Map<string, Answer[]>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<FakeGateway> {
    const gateway = new FakeGateway();
    await new Promise<void>((resolve) => gateway.#server.listen(0, "127.0.0.1", resolve));
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers to `GET /path` and the like, one after the other; the last one is given again and again. */
  on(route: string, ...answers: Answer[]): this {
    this.#answers.set(route, answers);
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { method = "", url = "", headers } = request;
    const seen = { method, url, headers, body: text === "" ? undefined : (JSON.parse(text) as unknown) };
    this.requests.push(seen);
    const answers = this.#answers.get(`${method} ${url}`) ?? [
      problem(404, { code: "NOT_FOUND", detail: "No route" }),
    ];
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    answer?.(seen, response);
  }
}

export function json(status: number, document: unknown): Answer {
  return (_request, response) => {
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(document));
  };
}

export function problem(status: number, fields: Readonly<Record<string, unknown>>): Answer {
  return (_request, response) => {
    response
      .writeHead(status, { "Content-Type": "application/problem+json" })
      .end(JSON.stringify({ type: "about:blank", title: "A problem", status, ...fields }));
  };
}

export function text(status: number, body: string, mediaType = "text/html"): Answer {
  return (_request, response) => {
    response.writeHead(status, { "Content-Type": mediaType }).end(body);
  };
}

/** An event stream of these states. `then` says what becomes of the connection. */
export function events(jobs: readonly JobView[], then: "end" | "break" | "hold"): Answer {
  return (_request, response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" });
    response.write(
      ": hello\n\n" + jobs.map((view) => `event: job\ndata: ${JSON.stringify(view)}\n\n`).join(""),
      () => {
        if (then === "end") response.end();
        if (then === "break") response.socket?.destroy();
      },
    );
  };
}

export const breakConnection: Answer = (_request, response) => {
  response.socket?.destroy();
};

export function job(state: JobState, fields: Partial<JobView> = {}): JobView {
  return {
    id: "j1",
    type: "backup",
    tenant: "acme",
    trigger: "cli",
    actor: "admin",
    state,
    createdAt: "2026-06-03T02:00:00.000Z",
    request: {},
    warnings: [],
    ...fields,
  };
}
