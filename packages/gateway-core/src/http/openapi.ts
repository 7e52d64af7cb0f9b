import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import type { RouteScope } from "../plugin/host.js";
import { GATEWAY_VERSION } from "../version.js";
import { ProblemSchema } from "./problem.js";

const SECURITY: Readonly<Record<RouteScope, string>> = { admin: "adminToken", tenant: "tenantToken" };

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
          tenantToken: { type: "http", scheme: "bearer", description: "A tenant's token, tk_<id>_<32 hex>." },
        },
      },
    },
  });
}

/** Says of each route of `app`, in the document, which token it needs and what its errors look like. */
export function describeScope(app: FastifyInstance, scope: RouteScope): void {
  const problem = {
    description: "What went wrong, and what to do.",
    content: { "application/problem+json": { schema: ProblemSchema } },
  };
  app.addHook("onRoute", (route) => {
    const schema = route.schema ?? {};
    const response = typeof schema.response === "object" ? schema.response : {};
    route.schema = {
      ...schema,
      security: [{ [SECURITY[scope]]: [] }],
      tags: schema.tags ?? [scope],
      response: { ...response, "4xx": problem, "5xx": problem },
    };
  });
}
