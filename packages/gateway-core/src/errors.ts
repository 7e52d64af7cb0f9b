/**
 * Every error that gateway-core can answer with, in one table: a stable `code`, the HTTP status of its problem
 * document, the exit code that the `openclaw` command ends with, and a hint that says what to do.
 */

/**
 * The shape by which the host recognises an error that is meant for its caller. It is structural on purpose:
 * a plugin brings its own registry and class, and the host needs nothing but these fields to answer with a
 * problem document (RFC 9457).
 */
export interface CodedError extends Error {
  /** Stable, upper-case, never reused for another meaning: `TENANT_BUSY`. */
  readonly code: string;
  /** HTTP status of the problem document. */
  readonly status: number;
  /** Exit code of the command line: see the table in the README. */
  readonly exitCode: ExitCode;
  /** What the person can do about it. */
  readonly hint?: string | undefined;
  /** Machine-readable facts (tenant, path, seconds to wait), never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * 0 done · 1 the job failed · 2 usage · 3 not found · 4 conflict · 5 not allowed · 6 gateway or store
 * unreachable · 7 unsafe or damaged archive.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

interface ErrorDefinition {
  readonly status: number;
  readonly exitCode: ExitCode;
  readonly hint?: string;
}

const definitions = {
  UNAUTHORIZED: {
    status: 401,
    exitCode: 5,
    hint: "Send `Authorization: Bearer <token>`; the command line reads OPENCLAW_GATEWAY_TOKEN.",
  },
  FORBIDDEN: { status: 403, exitCode: 5 },
  TLS_REQUIRED: {
    status: 403,
    exitCode: 5,
    hint: "Replace the secret: others may have read it on its way. Then call over https://: see gateway.tls and gateway.trustedProxies in the README.",
  },
  NOT_FOUND: { status: 404, exitCode: 3 },
  TENANT_NOT_FOUND: {
    status: 404,
    exitCode: 3,
    hint: "`openclaw tenants list` shows the tenants of this gateway.",
  },
  TENANT_EXISTS: { status: 409, exitCode: 4, hint: "Choose another id, or delete the tenant first." },
  TENANT_BUSY: {
    status: 409,
    exitCode: 4,
    hint: "Another job works on this tenant; `openclaw jobs list` shows it. Try again when it has ended.",
  },
  TENANT_SUSPENDED: {
    status: 503,
    exitCode: 4,
    hint: "The tenant is being replaced by a restore; try again in a moment.",
  },
  TENANT_ID_INVALID: {
    status: 400,
    exitCode: 2,
    hint: "A tenant id is 1 to 32 of a-z, 0-9, '_' and '-', and starts with a letter or a digit.",
  },
  TENANT_RECORD_INVALID: { status: 422, exitCode: 7 },
  CONFIRMATION_REQUIRED: { status: 400, exitCode: 2 },
  REQUEST_INVALID: { status: 400, exitCode: 2 },
  MEDIA_TYPE_UNSUPPORTED: { status: 415, exitCode: 2, hint: "Send application/json." },
  PATH_NOT_ALLOWED: {
    status: 400,
    exitCode: 5,
    hint: "Paths are relative to the tenant's workspace/, without '..', and lead through no link.",
  },
  SCHEDULE_INVALID: {
    status: 400,
    exitCode: 2,
    hint: "`0 3 * * *` is 3 o'clock every day; docs/schedules.md has all forms.",
  },
  SCHEDULE_EXISTS: {
    status: 409,
    exitCode: 4,
    hint: "Choose another name, or remove the schedule first: `openclaw cron rm`.",
  },
  SCHEDULE_NOT_FOUND: {
    status: 404,
    exitCode: 3,
    hint: "`openclaw cron list` shows the schedules.",
  },
  SCHEDULE_CHANGED: {
    status: 409,
    exitCode: 4,
    hint: "Look at it once more with `openclaw cron show`, and approve it with the hash that stands there.",
  },
  SCHEDULE_UNAPPROVED: {
    status: 403,
    exitCode: 5,
    hint: "An admin looks at it with `openclaw cron show` and lets it run with `openclaw cron approve`.",
  },
  COMMAND_REFUSED: {
    status: 400,
    exitCode: 5,
    hint: "--job and --params name a job without a command line; docs/schedules.md has what can be scheduled.",
  },
  FILE_CONFLICT: { status: 409, exitCode: 4 },
  BODY_TOO_LARGE: { status: 413, exitCode: 2 },
  HEADERS_TOO_LARGE: { status: 431, exitCode: 2 },
  REQUEST_TIMEOUT: {
    status: 408,
    exitCode: 6,
    hint: "Send the request without pauses; a proxy on the way may hold it back.",
  },
  QUOTA_EXCEEDED: { status: 413, exitCode: 5 },
  DISK_FULL: {
    status: 507,
    exitCode: 1,
    hint: "Free space on the state directory's file system, then try again.",
  },
  RATE_LIMITED: { status: 429, exitCode: 5 },
  CONFIG_INVALID: { status: 500, exitCode: 2 },
  TOKEN_MISSING: {
    status: 500,
    exitCode: 2,
    hint: "Set OPENCLAW_GATEWAY_TOKEN (or gateway.token in openclaw.json), or use `openclaw gateway run --dev`.",
  },
  ENVIRONMENT_INCOMPLETE: {
    status: 500,
    exitCode: 2,
    hint: "Set it in the gateway's environment. In Kubernetes that is the secret: secret.data, or the one that secret.existingSecretName names.",
  },
  STATE_LOCKED: {
    status: 409,
    exitCode: 4,
    hint: "Another gateway holds this state directory. Stop it, or choose another OPENCLAW_STATE_DIR.",
  },
  STATE_UNUSABLE: { status: 500, exitCode: 1 },
  RESTORE_BLOCKED: { status: 409, exitCode: 4 },
  RESTORE_UNSETTLED: {
    status: 500,
    exitCode: 1,
    hint: "A restore of the whole gateway was cut off, and cannot be settled. Nothing was lost: see docs/gateway-restore.md.",
  },
  UNDO_NOT_POSSIBLE: { status: 409, exitCode: 4 },
  PORT_IN_USE: {
    status: 409,
    exitCode: 4,
    hint: "Choose another port with --port, or stop what listens there.",
  },
  SHUTTING_DOWN: {
    status: 503,
    exitCode: 6,
    hint: "The gateway is stopping; try again after it has started.",
  },
  INTERNAL: { status: 500, exitCode: 1, hint: "The gateway's log has the details under this request's id." },
} as const satisfies Record<string, ErrorDefinition>;

export type GatewayErrorCode = keyof typeof definitions;

export interface GatewayErrorOptions {
  /** Replaces the registry's hint where the place knows better. */
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error of this package, with status, exit code and hint from the registry. */
export class GatewayError extends Error implements CodedError {
  readonly code: GatewayErrorCode;
  readonly status: number;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: GatewayErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const definition: ErrorDefinition = definitions[code];
    this.name = "GatewayError";
    this.code = code;
    this.status = definition.status;
    this.exitCode = definition.exitCode;
    this.hint = options.hint ?? definition.hint;
    this.details = options.details;
  }
}

/** True for any error that carries the fields of {@link CodedError}, whichever package made it. */
export function isCodedError(error: unknown): error is CodedError {
  return (
    error instanceof Error &&
    typeof (error as Partial<CodedError>).code === "string" &&
    typeof (error as Partial<CodedError>).status === "number" &&
    typeof (error as Partial<CodedError>).exitCode === "number"
  );
}
