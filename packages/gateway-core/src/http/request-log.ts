import { LogController, type FastifyReply, type FastifyRequest } from "fastify";

/** One line a request: what an admin changes at info; everything else, which can be hundreds a second, at debug. */
export class RequestLog extends LogController {
  override incomingRequest(): void {
    // The line at its end says all.
  }

  override requestCompleted(
    error: Error | null | undefined,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void {
    const change = request.caller?.scope === "admin" && request.method !== "GET";
    const fields = {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      milliseconds: Math.round(reply.elapsedTime * 10) / 10,
      ...(request.caller === undefined ? {} : { actor: request.actor }),
      ...(error === null || error === undefined ? {} : { error: error.message }),
    };
    if (change) request.log.info(fields, "admin request");
    else request.log.debug(fields, "request");
  }
}
