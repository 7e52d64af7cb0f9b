import t from "tap";
import { testGateway } from "../test-support/gateway.js";

interface OpenApi {
  readonly openapi: string;
  readonly components: { readonly securitySchemes: Record<string, unknown> };
  readonly paths: Record<string, Record<string, { security?: unknown; responses: Record<string, unknown> }>>;
}

t.test("the document has every route with its token, its schemas and its errors", async (t) => {
  const { app } = await testGateway(t);
  const response = await app.inject({ url: "/api/openapi.json" });
  t.equal(response.statusCode, 200);
  const document = response.json<OpenApi>();
  t.equal(document.openapi, "3.1.0");
  t.same(Object.keys(document.components.securitySchemes), ["adminToken", "metricsToken", "tenantToken"]);
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const schedules = ["/api/admin/gateway/cron", "/api/admin/tenants/{id}/cron", "/api/tenant/cron"].flatMap(
    (path) => [
      ...[`GET ${path}`, `POST ${path}`, `GET ${path}/{name}`, `DELETE ${path}/{name}`],
      ...[`POST ${path}/{name}/enable`, `POST ${path}/{name}/disable`],
      ...[`POST ${path}/{name}/run`, `GET ${path}/{name}/runs`],
      ...(path.startsWith("/api/admin") ? [`POST ${path}/{name}/approve`] : []),
    ],
  );
  t.same(
    operations.filter((operation) => operation.includes("/cron")).sort(),
    ["GET /api/admin/cron", ...schedules].sort(),
  );
  t.same(operations.filter((operation) => !operation.includes("/cron")).sort(), [
    "DELETE /api/admin/tenants/{id}",
    "DELETE /api/tenant/files/{*}",
    "GET /api/admin/audit",
    "GET /api/admin/audit/verify",
    "GET /api/admin/doctor",
    "GET /api/admin/job-types",
    "GET /api/admin/status",
    "GET /api/admin/tenants",
    "GET /api/admin/tenants/{id}",
    "GET /api/admin/ui/panels",
    "GET /api/tenant/files/{*}",
    "GET /api/tenant/job-types",
    "GET /api/tenant/ui/panels",
    "GET /api/tenant/whoami",
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "POST /api/admin/doctor",
    "POST /api/admin/job-types/{name}/jobs",
    "POST /api/admin/tenants",
    "POST /api/admin/tenants/{id}/record/accept",
    "POST /api/admin/tenants/{id}/token",
    "PUT /api/tenant/files/{*}",
  ]);
  t.match(document.paths["/api/admin/tenants"]?.["post"], {
    security: [{ adminToken: [] }],
    requestBody: { content: { "application/json": { schema: { required: ["id"] } } } },
    responses: {
      201: { content: { "application/json": { schema: { required: ["tenant", "token"] } } } },
      "4XX": { content: { "application/problem+json": { schema: { required: /code/ } } } },
    },
  });
  t.same(document.paths["/api/tenant/whoami"]?.["get"]?.security, [{ tenantToken: [] }]);
  t.equal(document.paths["/healthz"]?.["get"]?.security, undefined);
});
