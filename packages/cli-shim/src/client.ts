/** HTTP calls to the gateway: one request, one answer, every failure a {@link CommandError}. */
import { CommandError, cliError, exitCodeOfStatus, parseExitCode } from "./errors.js";

export const DEFAULT_GATEWAY_URL = "http://127.0.0.1:18789";

export interface RequestOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

export interface Download {
  readonly headers: Headers;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** What the client needs of the global `fetch`. */
export type Fetch = (url: string, options: FetchOptions) => Promise<Response>;

export interface FetchOptions {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly headers: Record<string, string>;
  readonly redirect: "manual";
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export class GatewayClient {
  /** Without a slash at the end; may hold a path, for a gateway behind a proxy. */
  readonly url: string;
  readonly #token: string | undefined;
  readonly #fetch: Fetch;

  /** Throws `GATEWAY_URL_INVALID` and `GATEWAY_TOKEN_INVALID`. */
  constructor(env: Readonly<Record<string, string | undefined>>, send: Fetch = fetch) {
    this.url = gatewayUrl(env);
    this.#token = parseToken(env["OPENCLAW_GATEWAY_TOKEN"]);
    this.#fetch = send;
  }

  /** Whether the URL leads to the machine that this command runs on. */
  get isOnThisMachine(): boolean {
    const { hostname } = new URL(this.url);
    return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
  }

  /** The answer's JSON. The caller names its shape: the gateway is trusted, and its schemas are checked there. */
  async request(
    method: "GET" | "POST" | "PUT" | "DELETE",
    path: string,
    options: RequestOptions = {},
  ): Promise<unknown> {
    const response = await this.#send(method, path, "application/json", options);
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw this.#failure(error);
    }
    const document = parseJson(text);
    if (!response.ok) throw this.#refusal(response, document);
    if (document === undefined) {
      throw cliError(
        "ANSWER_UNEXPECTED",
        `What answers at ${this.url} does not speak the gateway's language (no JSON)`,
      );
    }
    return document;
  }

  /**
   * The body of a stream of the given media type, chunk by chunk. A connection that breaks while it is read throws like
   * `request`.
   */
  async stream(
    path: string,
    signal: AbortSignal,
    mediaType = "text/event-stream",
  ): Promise<AsyncIterable<Uint8Array>> {
    return (await this.#open("GET", path, mediaType, { signal })).chunks;
  }

  /** Like {@link stream}, for what is asked for with a JSON body; with the answer's headers. */
  async download(path: string, body: unknown, mediaType: string): Promise<Download> {
    return this.#open("POST", path, mediaType, { body });
  }

  async #open(
    method: FetchOptions["method"],
    path: string,
    mediaType: string,
    options: RequestOptions,
  ): Promise<Download> {
    const response = await this.#send(method, path, mediaType, options);
    if (!response.ok) throw this.#refusal(response, parseJson(await response.text().catch(() => "")));
    const type = response.headers.get("content-type") ?? "";
    if (response.body === null || !type.startsWith(mediaType)) {
      await response.body?.cancel();
      throw cliError(
        "ANSWER_UNEXPECTED",
        `${this.url} answered with ${type || "nothing"} instead of ${mediaType}`,
      );
    }
    return { headers: response.headers, chunks: this.#chunks(response.body) };
  }

  async *#chunks(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #send(
    method: FetchOptions["method"],
    path: string,
    accept: string,
    options: RequestOptions,
  ): Promise<Response> {
    const headers: Record<string, string> = { Accept: accept, "X-OpenClaw-Client": "cli" };
    if (this.#token !== undefined) headers["Authorization"] = `Bearer ${this.#token}`;
    if (options.body !== undefined) headers["Content-Type"] = "application/json";
    try {
      return await this.#fetch(this.url + path, {
        method,
        headers,
        // A redirect would lose the token or send it elsewhere: it is shown as the unexpected answer it is.
        redirect: "manual",
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #refusal(response: Response, document: unknown): CommandError {
    if (typeof document !== "object" || document === null || !("code" in document)) {
      const exitCode = response.status < 400 ? 6 : exitCodeOfStatus(response.status);
      const answer = `${response.status} ${response.statusText}`.trim();
      const error = cliError("ANSWER_UNEXPECTED", `${this.url} answered with HTTP status ${answer}`);
      return new CommandError({ ...error.problem, status: response.status, exitCode });
    }
    const problem = document as Record<string, unknown>;
    const text = (key: string): string | undefined =>
      typeof problem[key] === "string" ? problem[key] : undefined;
    const title = text("title") ?? response.statusText;
    const hint =
      response.status === 401 && this.#token === undefined
        ? "OPENCLAW_GATEWAY_TOKEN is not set here: set it to the gateway's admin token (`gateway run --dev` prints one)."
        : text("hint");
    return new CommandError({
      ...problem,
      type: text("type") ?? "about:blank",
      title,
      status: response.status,
      detail: text("detail") ?? title,
      code: String(problem["code"]),
      exitCode: parseExitCode(problem["exitCode"]) ?? exitCodeOfStatus(response.status),
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #failure(error: unknown): CommandError {
    const { code, message } = reasonOf(error);
    if (code !== undefined && certificateFaults.has(code)) {
      return cliError(
        "CERTIFICATE_REFUSED",
        `The gateway at ${this.url} has no good certificate (${message})`,
        {
          cause: error,
        },
      );
    }
    if (code !== undefined && brokenLater.has(code)) {
      return cliError("CONNECTION_LOST", `The connection to the gateway at ${this.url} broke (${message})`, {
        cause: error,
      });
    }
    return cliError("GATEWAY_UNREACHABLE", `No gateway answers at ${this.url} (${message})`, {
      hint: `Start one with \`openclaw gateway run\`, or set OPENCLAW_GATEWAY_URL (now ${this.url}) to where it listens.`,
      cause: error,
    });
  }
}

/** Codes of a connection that stood, so that the request may have reached the gateway. */
const brokenLater = new Set([
  "ECONNRESET",
  "EPIPE",
  "UND_ERR_SOCKET",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "ABORT_ERR",
]);

/** What is wrong with a certificate: https://docs.openssl.org/3.0/man1/openssl-verification-options/, and Node's check of the name. */
const certificateFaults = new Set([
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ENOTFOUND: "unknown host",
  EAI_AGAIN: "the name service does not answer",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ECONNRESET: "connection reset",
  UND_ERR_CONNECT_TIMEOUT: "connecting timed out",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "the answer stopped",
  UND_ERR_SOCKET: "closed by the other side",
  ABORT_ERR: "silent for too long",
};

/** `fetch` wraps what happened in a TypeError, and several addresses' failures in an AggregateError without message. */
function reasonOf(error: unknown): { readonly code: string | undefined; readonly message: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return { code: undefined, message: String(cause) };
  const aborted = cause.name === "AbortError" || cause.name === "TimeoutError";
  const code = aborted ? "ABORT_ERR" : (cause as NodeJS.ErrnoException).code;
  return {
    code,
    message: (code === undefined ? undefined : reasons[code]) ?? (cause.message || (code ?? cause.name)),
  };
}

/** Where `OPENCLAW_GATEWAY_URL` says that the gateway is, without a slash at the end. Throws `GATEWAY_URL_INVALID`. */
export function gatewayUrl(env: Readonly<Record<string, string | undefined>>): string {
  const value = env["OPENCLAW_GATEWAY_URL"];
  const text = value === undefined || value.trim() === "" ? DEFAULT_GATEWAY_URL : value.trim();
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw cliError("GATEWAY_URL_INVALID", "OPENCLAW_GATEWAY_URL is not an http:// or https:// URL");
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw cliError(
      "GATEWAY_URL_INVALID",
      "OPENCLAW_GATEWAY_URL must not hold a user, a password, '?' or '#'",
      {
        hint: "The admin token goes into OPENCLAW_GATEWAY_TOKEN.",
      },
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** Visible ASCII: what RFC 9110, section 5.5, lets stand in a header without doubt. The value is never shown. */
function parseToken(value: string | undefined): string | undefined {
  const token = value?.trim();
  if (token === undefined || token === "") return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) {
    throw cliError("GATEWAY_TOKEN_INVALID", "OPENCLAW_GATEWAY_TOKEN holds characters that no token has");
  }
  return token;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * Tag for paths: `` apiPath`/api/admin/tenants/${id}` `` encodes each value as one segment. URLs fold `.` and `..` even
 * when they are encoded, and then name another route, so those are refused here.
 */
export function apiPath(strings: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: strings }, ...values.map(segment));
}

function segment(value: string): string {
  if (value === "" || value === "." || value === "..") {
    throw cliError("USAGE", `'${value}' is neither a tenant id nor a job id`);
  }
  return encodeURIComponent(value);
}

/** `?a=1&b=2` of the values that are there, or nothing. */
export function query(values: Readonly<Record<string, string | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) search.set(name, value);
  return search.size === 0 ? "" : `?${search.toString()}`;
}
