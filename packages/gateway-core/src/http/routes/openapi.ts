import type { TypedApp } from "./typed-app.js";

/** `/api/openapi.json`: the document of all routes, made once. */
export function openApiRoute(app: TypedApp): void {
  let document: string | undefined;
  app.get("/api/openapi.json", { schema: { hide: true } }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.type("application/json").send(document);
  });
}
