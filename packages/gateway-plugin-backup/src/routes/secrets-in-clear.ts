import type { FastifyInstance } from "fastify";

/** Where secrets stand in the bodies of requests, and what they are called to the person who sent one. */
const SECRETS: readonly (readonly [path: readonly string[], name: string])[] = [
  [["s3", "accessKey"], "The access key"],
  [["s3", "secretKey"], "The secret key"],
  [["s3", "sessionToken"], "The session token"],
  [["decrypt", "identity"], "The identity"],
  [["decrypt", "passphrase"], "The passphrase"],
];

/** Refuses requests of these routes whose body carries a secret over a connection that others can read. */
export function refuseSecretsInClear(app: FastifyInstance): void {
  app.addHook("preHandler", (request, _reply, done) => {
    for (const [path, name] of SECRETS) {
      if (valueAt(request.body, path) !== undefined) request.requirePrivate(name);
    }
    done();
  });
}

function valueAt(body: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined,
    body,
  );
}
