import type { FastifyBaseLogger } from "fastify";
import { pino, type DestinationStream } from "pino";

export type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "silent";

/** Fields whose values are never logged, wherever a logged object holds them, two levels deep. */
const SECRET_FIELDS = [
  "authorization",
  "token",
  "newToken",
  "accessKey",
  "accessKeyId",
  "secretKey",
  "secretAccessKey",
  "sessionToken",
  "password",
  "identity",
];

/**
 * An error as the log has it: what and where, and the same of its causes. Not its other fields: libraries hang requests on
 * their errors, with the headers and keys in them.
 */
function loggedError(error: unknown): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code } = error as { readonly code?: unknown };
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === "string" ? { code } : {}),
    stack: error.stack,
    ...(error.cause instanceof Error && error.cause !== error ? { cause: loggedError(error.cause) } : {}),
  };
}

/** JSON lines, to stdout unless another destination is given, with secrets redacted. */
export function createLogger(level: LogLevel, destination?: DestinationStream): FastifyBaseLogger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: loggedError },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: "[redacted]",
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
