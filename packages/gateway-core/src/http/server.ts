import type { TypeBoxTypeProvider } from "@fastify/type-provider-typebox";
import { fastify, type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { randomUUID } from "node:crypto";
import { Server as TlsServer } from "node:tls";
import { GatewayError } from "../errors.js";
import { auditRequests } from "./audit.js";
import { authentication, type TokenScope } from "./auth.js";
import { browserHeaders } from "./browser-headers.js";
import type { Certificate } from "./certificate.js";
import { answerClientError, limitBodies, serverLimits, type HttpLimits } from "./limits.js";
import { measureRequests } from "./metrics.js";
import { collectOpenApi, describeScope } from "./openapi.js";
import { decoratePrivacy } from "./private.js";
import { problemOf, sendProblem } from "./problem.js";
import { RequestLog } from "./request-log.js";
import { decorateRequests } from "./request.js";
import { metricsRoute } from "./routes/metrics.js";
import { adminRoutes, publicRoutes, tenantRoutes, type RouteParts } from "./routes.js";
import { guardTenants } from "./tenant-gate.js";
import type { ProxyTrust } from "./trusted-proxies.js";
import { validatorCompiler } from "./validation.js";

export interface ServerParts extends RouteParts {
  readonly log: FastifyBaseLogger;
  /** SHA-256 of the admin token. */
  readonly adminTokenSha256: string;
  /** SHA-256 of the token for `/metrics` alone, if there is one. */
  readonly metricsTokenSha256: string | undefined;
  readonly isTrustedProxy: ProxyTrust;
  /** With it, the server speaks TLS and nothing else. */
  readonly certificate: Certificate | undefined;
  readonly limits: HttpLimits;
  /** True from the moment the gateway takes no new work. */
  readonly isClosing: () => boolean;
}

/** What a client of a gateway that stops is told to wait, in seconds, before it asks again. */
const RETRY_AFTER_STOP_SECONDS = 5;

/** Builds the HTTP server with all routes, the plugins' too. It does not listen yet. */
export async function buildServer(parts: ServerParts): Promise<FastifyInstance> {
  const { certificate, limits } = parts;
  const app = fastify({
    ...(certificate === undefined
      ? { http: serverLimits(limits) }
      : { https: { ...serverLimits(limits), ...certificate.serverOptions() } }),
    // Lifted for a request once its token was found right.
    connectionTimeout: limits.idleMs,
    keepAliveTimeout: limits.keepAliveMs,
    clientErrorHandler: answerClientError,
    loggerInstance: parts.log,
    logController: new RequestLog(),
    exposeHeadRoutes: false,
    genReqId: () => randomUUID(),
    trustProxy: parts.isTrustedProxy,
    // No hook runs for these, and so nothing limits a body that may come behind: the connection ends.
    frameworkErrors: (error, request, reply) =>
      void sendProblem(reply.header("connection", "close"), problemOf(error, request.id)),
    // The hook below says it with a problem document.
    return503OnClosing: false,
  });
  app.setValidatorCompiler(validatorCompiler);
  answerErrors(app);
  decorateRequests(app);
  decoratePrivacy(app, parts.isTrustedProxy);
  measureRequests(app, parts.metrics);
  auditRequests(app, parts.audit);
  limitBodies(app, limits);
  app.addHook("onRequest", (request, _reply, done) => {
    if (parts.isClosing() && !isProbe(request.url)) done(stopping());
    else done();
  });
  await browserHeaders(app);
  await collectOpenApi(app);

  const authenticate = await authentication(app, {
    adminTokenSha256: parts.adminTokenSha256,
    metricsTokenSha256: parts.metricsTokenSha256,
    tenants: parts.tenants.registry,
  });
  const enterScope = (context: FastifyInstance, scope: TokenScope): void => {
    describeScope(context, scope);
    context.addHook("onRequest", authenticate(scope));
    context.addHook("onSend", (_request, reply, payload, done) => {
      if (!reply.hasHeader("cache-control")) void reply.header("cache-control", "no-store");
      done(null, payload);
    });
  };

  await app.register(async (context) => publicRoutes(context.withTypeProvider<TypeBoxTypeProvider>(), parts));
  await app.register((context, _options, done) => {
    enterScope(context, "metrics");
    metricsRoute(context.withTypeProvider<TypeBoxTypeProvider>(), parts.metrics);
    done();
  });
  await app.register(async (context) => {
    enterScope(context, "admin");
    await adminRoutes(context.withTypeProvider<TypeBoxTypeProvider>(), parts);
  });
  await app.register(
    async (context) => {
      enterScope(context, "tenant");
      guardTenants(context, parts.tenants.gate);
      await tenantRoutes(context.withTypeProvider<TypeBoxTypeProvider>(), parts);
    },
    { prefix: "/api/tenant" },
  );
  await app.ready();
  if (app.server instanceof TlsServer) certificate?.serves(app.server);
  return app;
}

function answerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.id);
    if (problem.code === "INTERNAL") request.log.error({ err: error }, "request failed");
    return sendProblem(reply, problem);
  });
  app.setNotFoundHandler((request, reply) => {
    const [path] = request.url.split("?");
    const error = new GatewayError("NOT_FOUND", `There is no ${request.method} ${path ?? ""}`);
    return sendProblem(reply, problemOf(error, request.id));
  });
}

function isProbe(url: string): boolean {
  return url === "/healthz" || url === "/readyz";
}

function stopping(): GatewayError {
  return new GatewayError("SHUTTING_DOWN", "The gateway is stopping", {
    details: { retryAfterSeconds: RETRY_AFTER_STOP_SECONDS },
  });
}
