import helmet from "@fastify/helmet";
import type { FastifyInstance } from "fastify";

/** A year: the shortest time that browsers' preload lists accept, and long enough to outlive any absence. */
const HSTS_SECONDS = 31_536_000;

/**
 * Tells browsers what the pages of this gateway may do: load scripts, styles, fonts and data from here and nowhere else; not be
 * framed, not send forms, not take another base. There are no cookies, so nothing is sent along that a foreign page
 * could abuse.
 */
export async function browserHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
      },
    },
    frameguard: { action: "deny" },
    strictTransportSecurity: false,
  });
  app.addHook("onRequest", (request, reply, done) => {
    // Over plain HTTP browsers ignore it; of `localhost` they would believe it for every other server there.
    if (request.protocol === "https" && request.hostname !== "localhost") {
      void reply.header("strict-transport-security", `max-age=${HSTS_SECONDS}`);
    }
    done();
  });
}
