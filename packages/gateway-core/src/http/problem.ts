import type { FastifyReply } from "fastify";
import { type Static, Type } from "@openclaw/schema";
import { GatewayError, isCodedError, type CodedError } from "../errors.js";

/** An error as RFC 9457 has it, with what this gateway adds: `code`, `hint`, `exitCode`, `details`. */
export const ProblemSchema = Type.Object({
  type: Type.String({ description: "urn:openclaw:problem:<code>" }),
  title: Type.String(),
  status: Type.Integer(),
  detail: Type.String({ description: "One line: what happened, to which tenant and file." }),
  instance: Type.String({ description: "The request's id, as the gateway's log has it." }),
  code: Type.String({ description: "Stable; programs decide by it." }),
  hint: Type.Optional(Type.String({ description: "What to do." })),
  exitCode: Type.Integer({ minimum: 0, maximum: 7, description: "What the openclaw command ends with." }),
  details: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

export type Problem = Static<typeof ProblemSchema>;

/** What an error says to the caller. Anything that is not meant for them says nothing but INTERNAL. */
export function problemOf(error: unknown, requestId: string): Problem {
  const coded = isCodedError(error) ? error : (clientError(error) ?? internal());
  return {
    type: `urn:openclaw:problem:${coded.code.toLowerCase().replaceAll("_", "-")}`,
    title: title(coded.code),
    status: coded.status,
    detail: coded.message,
    instance: requestId,
    code: coded.code,
    ...(coded.hint === undefined ? {} : { hint: coded.hint }),
    exitCode: coded.exitCode,
    ...(coded.details === undefined ? {} : { details: coded.details }),
  };
}

/** Answers with a problem document; `details.retryAfterSeconds` becomes the Retry-After header. */
export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  reply.request.problem = problem;
  const retryAfter = problem.details?.["retryAfterSeconds"];
  if (typeof retryAfter === "number") void reply.header("retry-after", String(retryAfter));
  if (problem.status === 401) void reply.header("www-authenticate", "Bearer");
  // A string is sent as it is: no response schema of the route can drop a field.
  return reply.code(problem.status).type("application/problem+json").send(JSON.stringify(problem));
}

/** Requests that fastify itself refuses: their messages are about the request, never about the gateway. */
function clientError(error: unknown): CodedError | undefined {
  if (!(error instanceof Error) || !("statusCode" in error)) return undefined;
  const { statusCode } = error;
  if (typeof statusCode !== "number" || statusCode < 400 || statusCode > 499) return undefined;
  if (statusCode === 413) return new GatewayError("BODY_TOO_LARGE", error.message);
  if (statusCode === 415) return new GatewayError("MEDIA_TYPE_UNSUPPORTED", error.message);
  return new GatewayError("REQUEST_INVALID", error.message);
}

function internal(): CodedError {
  return new GatewayError("INTERNAL", "The gateway failed to answer this request");
}

function title(code: string): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
