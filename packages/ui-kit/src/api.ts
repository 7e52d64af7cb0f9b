/** Calls of the gateway's routes. */
import { eventData } from "./event-stream.js";
import { firstBytes } from "./first-bytes.js";
import { jsonLines } from "./json-lines.js";

/** What went wrong, in the gateway's words; see RFC 9457. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** Stable: `TENANT_BUSY`; `GATEWAY_UNREACHABLE` where no answer came. */
  readonly code: string;
  readonly hint: string | undefined;

  constructor(status: number, code: string, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }

  /** The shell and each panel have a copy of this class: one's `instanceof` has to know the errors of the others. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === "ApiError";
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiOptions {
  readonly token: string;
  /** The token is not taken any more. */
  readonly onRefused?: () => void;
  /** Whether the last call reached the gateway. */
  readonly onReached?: (reached: boolean) => void;
}

type Method = "GET" | "POST" | "PUT" | "DELETE";

interface CallOptions {
  readonly query?: Query;
  readonly body?: object;
  readonly signal?: AbortSignal;
}

/** Rejects with an {@link ApiError}, or with the signal's reason. */
export class Api {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
    return this.#json("GET", path, { ...(query && { query }), ...(signal && { signal }) });
  }

  send<T>(method: Exclude<Method, "GET">, path: string, body?: object): Promise<T> {
    return this.#json(method, path, body === undefined ? {} : { body });
  }

  /** The values of an answer of JSON lines. */
  async *lines<T>(path: string, body: object, signal?: AbortSignal): AsyncGenerator<T, void, void> {
    const answer = await this.#call("POST", path, { body, ...(signal && { signal }) });
    if (answer.body !== null) yield* jsonLines<T>(answer.body);
  }

  /** A file's content. */
  async blob(path: string, body: object, signal?: AbortSignal): Promise<Blob> {
    const answer = await this.#call("POST", path, { body, ...(signal && { signal }) });
    return answer.blob();
  }

  /** The first bytes of a file's content, `most` of them at the most. The rest is not fetched. */
  async firstBytes(path: string, body: object, most: number, signal?: AbortSignal): Promise<Uint8Array> {
    const answer = await this.#call("POST", path, { body, ...(signal && { signal }) });
    return answer.body === null ? new Uint8Array() : firstBytes(answer.body, most);
  }

  /** What a stream of server-sent events carries. */
  async *events<T>(path: string, signal?: AbortSignal): AsyncGenerator<T, void, void> {
    const answer = await this.#call("GET", path, signal === undefined ? {} : { signal });
    if (answer.body !== null) yield* eventData<T>(answer.body);
  }

  async #json<T>(method: Method, path: string, options: CallOptions): Promise<T> {
    const answer = await this.#call(method, path, options);
    return (answer.status === 204 ? undefined : await answer.json()) as T;
  }

  async #call(method: Method, path: string, { query, body, signal }: CallOptions): Promise<Response> {
    const { token, onRefused, onReached } = this.#options;
    let answer: Response;
    try {
      answer = await fetch(path + queryText(query), {
        method,
        cache: "no-store",
        headers: {
          authorization: `Bearer ${token}`,
          "x-openclaw-client": "ui",
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (error) {
      signal?.throwIfAborted();
      onReached?.(false);
      throw new ApiError(0, "GATEWAY_UNREACHABLE", "The gateway does not answer.", String(error));
    }
    onReached?.(true);
    if (answer.ok) return answer;
    if (answer.status === 401) onRefused?.();
    throw await problemOf(answer);
  }
}

function queryText(query: Query | undefined): string {
  const given = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

interface Problem {
  readonly code?: string;
  readonly title?: string;
  readonly detail?: string;
  readonly hint?: string;
}

async function problemOf(answer: Response): Promise<ApiError> {
  const { code, title, detail, hint } = (await answer.json().catch(() => ({}))) as Problem;
  const message = detail ?? title ?? `The gateway answered with HTTP ${answer.status}.`;
  return new ApiError(answer.status, code ?? `HTTP_${answer.status}`, message, hint);
}
