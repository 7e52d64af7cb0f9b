import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { GATEWAY_VERSION } from "../version.js";
import type { TokenScope } from "./auth.js";
import { ProblemSchema } from "./problem.js";

/** By the scope of a route: the tokens, each of which is enough. */
const SECURITY: Readonly<Record<TokenScope, readonly string[]>> = {
  admin: ["adminToken"],
  tenant: ["tenantToken"],
  metrics: ["adminToken", "metricsToken"],
};

/** Collects the schemas of all routes that are registered after it. */
export async function collectOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "OpenClaw gateway",
        version: GATEWAY_VERSION,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      components: {
        securitySchemes: {
          adminToken: { type: "http", scheme: "bearer", description: "The gateway's admin token." },
          metricsToken: { type: "http", scheme: "bearer", description: "The token for /metrics alone." },
          tenantToken: { type: "http", scheme: "bearer", description: "A tenant's token, tk_<id>_<32 hex>." },
        },
      },
    },
  });
}

/** Says of each route of `app`, in the document, which token it needs and what its errors look like. */
export function describeScope(app: FastifyInstance, scope: TokenScope): void {
  const problem = {
    description: "What went wrong, and what to do.",
    content: { "application/problem+json": { schema: ProblemSchema } },
  };
  app.addHook("onRoute", (route) => {
    const schema = route.schema ?? {};
    const response = typeof schema.response === "object" ? schema.response : {};
    route.schema = {
      ...schema,
      security: SECURITY[scope].map((token) => ({ [token]: [] })),
      tags: schema.tags ?? [scope],
      response: { ...response, "4xx": problem, "5xx": problem },
    };
  });
}
