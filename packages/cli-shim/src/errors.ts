/**
 * Errors as the command line shows them: the CLI's own in one table, and those that the gateway answered with, which
 * are passed on unchanged.
 */
import type { ExitCode } from "@openclaw/gateway-core";

export type { ExitCode };

interface ErrorDefinition {
  readonly exitCode: ExitCode;
  readonly title: string;
  readonly hint?: string;
}

const definitions = {
  USAGE: { exitCode: 2, title: "Usage error" },
  SECRET_UNREADABLE: {
    exitCode: 2,
    title: "Secret unreadable",
    hint: "A flag that takes a secret also takes env:NAME and file:PATH, read on the machine that `openclaw` runs on.",
  },
  GATEWAY_URL_INVALID: {
    exitCode: 2,
    title: "Gateway URL invalid",
    hint: "Set OPENCLAW_GATEWAY_URL to something like http://127.0.0.1:18789.",
  },
  GATEWAY_TOKEN_INVALID: {
    exitCode: 2,
    title: "Gateway token invalid",
    hint: "Set OPENCLAW_GATEWAY_TOKEN to the token that the gateway was started with.",
  },
  SECRET_EXPOSED: {
    exitCode: 5,
    title: "Secret exposed",
    hint: "Use an https:// gateway, run the command on the gateway's machine, or let the gateway's config name the destination with its keys.",
  },
  CERTIFICATE_REFUSED: {
    exitCode: 6,
    title: "Certificate refused",
    hint: "Set NODE_EXTRA_CA_CERTS to a PEM file with the certificate that signed the gateway's, and call it by a name that its certificate has.",
  },
  GATEWAY_UNREACHABLE: { exitCode: 6, title: "Gateway unreachable" },
  CONNECTION_LOST: {
    exitCode: 6,
    title: "Connection lost",
    hint: "The gateway may have carried the request out: `openclaw jobs list` and `openclaw tenants list` show it.",
  },
  ANSWER_UNEXPECTED: {
    exitCode: 6,
    title: "Unexpected answer",
    hint: "Check that OPENCLAW_GATEWAY_URL points at an OpenClaw gateway.",
  },
  ARCHIVE_NOT_FOUND: { exitCode: 3, title: "Archive not found" },
  ENTRY_NOT_FOUND: {
    exitCode: 3,
    title: "Entry not found",
    hint: "Paths and globs are relative to the tenant's directory; `openclaw backups files ARCHIVE` lists them all.",
  },
  WAIT_INTERRUPTED: { exitCode: 1, title: "Wait interrupted" },
  STATE_MISSING: {
    exitCode: 3,
    title: "No state directory",
    hint: "Set OPENCLAW_STATE_DIR to the gateway's state directory.",
  },
  LIST_INCOMPLETE: { exitCode: 1, title: "List incomplete" },
  FILE_CHANGED: {
    exitCode: 1,
    title: "File changed",
    hint: "Read it again, and do not use what was printed.",
  },
  JOB_FAILED: { exitCode: 1, title: "Job failed" },
  INTERNAL: {
    exitCode: 1,
    title: "Unexpected error",
    hint: "This is a fault of openclaw itself; please report it.",
  },
} as const satisfies Record<string, ErrorDefinition>;

export type CliErrorCode = keyof typeof definitions;

/** What stands on stdout with `--json` when a command fails: an RFC 9457 problem document with the exit code. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint?: string;
  /** HTTP status; only of what the gateway answered. */
  readonly status?: number;
  readonly [extension: string]: unknown;
}

/** Anything that ends a command with an exit code other than 0. */
export class CommandError extends Error {
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument, options?: ErrorOptions) {
    super(problem.detail, options);
    this.name = "CommandError";
    this.problem = problem;
  }

  get exitCode(): ExitCode {
    return this.problem.exitCode;
  }
}

export interface CliErrorOptions {
  /** Replaces the table's hint where the place knows better. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** An error of the CLI's own table. */
export function cliError(code: CliErrorCode, detail: string, options: CliErrorOptions = {}): CommandError {
  const definition: ErrorDefinition = definitions[code];
  const hint = options.hint ?? definition.hint;
  return new CommandError(
    {
      type: "about:blank",
      title: definition.title,
      detail,
      code,
      exitCode: definition.exitCode,
      ...(hint === undefined ? {} : { hint }),
    },
    options.cause === undefined ? undefined : { cause: options.cause },
  );
}

/** The exit code for an HTTP status, for answers that do not name one themselves. */
export function exitCodeOfStatus(status: number): ExitCode {
  switch (status) {
    case 400:
      return 2;
    case 401:
    case 403:
      return 5;
    case 404:
      return 3;
    case 409:
      return 4;
    case 422:
      return 7;
    // What a proxy answers whose gateway is gone.
    case 502:
    case 503:
    case 504:
      return 6;
    default:
      return 1;
  }
}

/** An exit code out of an answer, or undefined when it is not one of a failure. */
export function parseExitCode(value: unknown): ExitCode | undefined {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 7
    ? (value as ExitCode)
    : undefined;
}

/**
 * Turns whatever was thrown into a {@link CommandError}. Errors that carry `code` and `exitCode` come from a gateway
 * that runs in this process (`gateway run`) and keep both.
 */
export function toCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (!(error instanceof Error)) return cliError("INTERNAL", String(error));
  const { code, exitCode, hint } = error as { code?: unknown; exitCode?: unknown; hint?: unknown };
  const known = parseExitCode(exitCode);
  if (typeof code !== "string" || known === undefined)
    return cliError("INTERNAL", error.message, { cause: error });
  return new CommandError(
    {
      type: "about:blank",
      title: code,
      detail: error.message,
      code,
      exitCode: known,
      ...(typeof hint === "string" ? { hint } : {}),
    },
    { cause: error },
  );
}
