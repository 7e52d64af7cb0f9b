import type { FastifyBaseLogger } from "fastify";
import { pino, type DestinationStream } from "pino";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

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

/** JSON lines, to stdout unless another destination is given, with secrets redacted. */
export function createLogger(level: LogLevel, destination?: DestinationStream): FastifyBaseLogger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: "[redacted]",
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
