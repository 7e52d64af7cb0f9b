import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import type { DestinationStream } from "pino";
import { AuditLog } from "./audit/audit-log.js";
import { auditCheck } from "./audit/doctor.js";
import { auditRestores } from "./audit/restores.js";
import { auditSchedules } from "./audit/schedules.js";
import { adminToken, type AdminToken } from "./config/admin-token.js";
import { loadConfig } from "./config/load.js";
import { checkRequiredEnvironment } from "./config/required-env.js";
import type { Config } from "./config/schema.js";
import { secretResolver } from "./config/secrets.js";
import { beatFor } from "./cron/beat.js";
import { Cron } from "./cron/cron.js";
import { cronDirectories, scheduleCheck } from "./cron/doctor.js";
import { systemTicker, type Ticker } from "./cron/ticker.js";
import { CheckUp } from "./doctor/check-up.js";
import { adminTokenCheck, coreDoctorChecks } from "./doctor/core-checks.js";
import { clearTextWarning, networkCheck, type Edge } from "./doctor/network-check.js";
import { TenantUsage } from "./files/usage.js";
import { Workspace } from "./files/workspace.js";
import { Certificate } from "./http/certificate.js";
import { DEFAULT_HTTP_LIMITS, type HttpLimits } from "./http/limits.js";
import { listenError } from "./http/listen-error.js";
import { createLogger, type LogLevel } from "./http/logger.js";
import { createMetrics } from "./http/metrics.js";
import { buildServer } from "./http/server.js";
import { proxyTrust } from "./http/trusted-proxies.js";
import { Contributions } from "./plugin/contributions.js";
import { Hooks, withTimeLimit } from "./plugin/hook-bus.js";
import type { Clock, GatewayPlugin, StatePaths } from "./plugin/host.js";
import { pluginHost } from "./plugin/plugin-host.js";
import { Closing } from "./closing.js";
import { defaultStateDirectory, prepareStateDirectory } from "./state/directory.js";
import { lockState } from "./state/locked-state.js";
import type { StateVolume } from "./state/restore/state-restores.js";
import { pathsInConfig } from "./state/paths-in-config.js";
import { errorText } from "./system-error.js";
import { TenantLifecycle } from "./tenants/lifecycle.js";
import { Tenants } from "./tenants/tenants.js";
import { tokenHash } from "./tenants/token.js";

export interface GatewayOptions {
  readonly plugins: readonly GatewayPlugin[];
  /** Default: `OPENCLAW_STATE_DIR` of `env`, else `~/.openclaw`. */
  readonly stateDir?: string;
  /** Goes before `gateway.bind` of the config. */
  readonly bind?: string;
  /** Goes before `gateway.port` of the config. 0: any free port. */
  readonly port?: number;
  /** Default: the process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Without an admin token, make one (`devToken`) instead of refusing to start. */
  readonly dev?: boolean;
  readonly clock?: Clock;
  /** Makes the schedules look at the clock. Default: once a second. */
  readonly ticker?: Ticker;
  /** Of what a connection may take. Default: {@link DEFAULT_HTTP_LIMITS}. */
  readonly limits?: Partial<HttpLimits>;
  /** Default: `info`. */
  readonly logLevel?: LogLevel;
  /** Default: stdout. */
  readonly logDestination?: DestinationStream;
}

export interface CloseOptions {
  /** How long running work may go on before it is stopped. Default 25,000 ms: within Kubernetes' 30 s. */
  readonly graceMs?: number;
}

export interface Gateway {
  /** The server, for `inject` in tests. */
  readonly app: FastifyInstance;
  readonly stateDir: string;
  /** The admin token that `dev` made; undefined when one was given. */
  readonly devToken: string | undefined;
  /**
   * Throws `PORT_IN_USE`, or `CONFIG_INVALID` when the address is not this machine's or the port not this user's; the
   * gateway is to be closed then.
   */
  listen(): Promise<{ readonly url: string }>;
  /**
   * Takes no new work, lets running work end for `graceMs`, stops the rest, and gives the state directory free. Asked
   * again, it can only become shorter: a second Ctrl-C calls `close({ graceMs: 0 })`.
   */
  close(options?: CloseOptions): Promise<void>;
}

const AUDIT_CLOSE_TIMEOUT_MS = 10_000;

/** Most bytes of one upload through the file API. */
const MAX_UPLOAD_BYTES = 1024 ** 3;

/**
 * Starts a gateway up to the point of listening: state directory prepared and locked, config checked, tenants loaded,
 * plugins set up. Rejects with a {@link GatewayError} of one clear line, with nothing held, when that cannot be.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const env = options.env ?? process.env;
  const log = createLogger(options.logLevel ?? "info", options.logDestination);
  checkRequiredEnvironment(env);
  const state = await lockState(options.stateDir ?? defaultStateDirectory(env));
  const { paths: statePaths, restores, settled } = state;
  const closing = new Closing(log);
  closing.onReleased(() => state.release());
  try {
    if (settled !== undefined)
      log.warn(
        settled,
        `A ${settled.kind} of the whole gateway was cut off. The ${settled.outcome} state stands.`,
      );
    await prepareStateDirectory(statePaths);
    const config = await loadConfig({ file: statePaths.config, plugins: options.plugins });
    const paths = { ...statePaths, ...pathsInConfig(env, config.gateway, statePaths.root) };
    const isTrustedProxy = proxyTrust(config.gateway.trustedProxies ?? []);
    const resolveSecret = secretResolver(env, paths.root);
    const token = adminToken({
      env,
      configured: config.gateway.token,
      resolveSecret,
      dev: options.dev ?? false,
    });
    const metricsToken =
      config.gateway.metricsToken === undefined ? undefined : resolveSecret(config.gateway.metricsToken);
    const certificate =
      config.gateway.tls === undefined ? undefined : new Certificate(config.gateway.tls, paths.root, log);
    const clock = options.clock ?? { now: () => Date.now() };
    const audit = await AuditLog.open({ directory: paths.audit, clock, log, ...config.gateway.audit });
    closing.onReleased(async () => {
      await closeInTime(audit, log);
      state.release();
    });
    const hooks = new Hooks();
    const tenants = new Tenants({ paths, hooks, clock, log });
    await tenants.load();
    const lifecycle = new TenantLifecycle(tenants, log);
    await lifecycle.removeLeftovers();

    const contributions = new Contributions();
    const { plugins } = options;
    const inUse = { plugins, env, isGatewaysEnv: true };
    for (const check of coreDoctorChecks({ paths, tenants, clock, config: inUse })) {
      contributions.addDoctorCheck(check);
    }
    contributions.addDoctorCheck(adminTokenCheck(token.token.length));
    const edge: Edge = {
      bind: options.bind ?? config.gateway.bind,
      certificate,
      trustsProxies: (config.gateway.trustedProxies ?? []).length > 0,
    };
    contributions.addDoctorCheck(networkCheck(edge, clock));
    contributions.addTick(() => {
      certificate?.refresh();
      return Promise.resolve();
    });
    contributions.addDoctorCheck(auditCheck(audit));
    contributions.addTick(() => audit.tick());
    await auditRestores(restores, audit);
    auditSchedules(hooks, audit);
    contributions.addReadiness("gateway", () => (closing.begun ? "the gateway is stopping" : undefined));
    contributions.addShutdown({ drain: () => lifecycle.settled(), stop: () => Promise.resolve() });
    const cron = new Cron({
      ...{ paths, tenants, hooks, clock, log },
      jobTypes: contributions.jobTypes,
      ticker: beatFor(options.ticker ?? systemTicker, contributions.ticks, log),
      random: Math.random,
    });
    contributions.addDoctorCheck(scheduleCheck(cron, cronDirectories(paths)));
    contributions.addShutdown(cron);
    closing.stops(contributions.shutdowns);
    const metrics = createMetrics();
    const checkUp = new CheckUp({ contributions, tenants, adminToken: token.token });
    const host = {
      ...{ paths, log, clock, tenants, hooks, metrics, contributions, resolveSecret, env },
      schedules: cron,
      audit,
      replacedState: { forget: (before: number) => restores.forget(before, volumesOf(paths)) },
      checkUp: (tenant?: string) => checkUp.run(tenant),
    };
    for (const plugin of plugins) {
      await plugin.setup(pluginHost(plugin, host), config.plugins[plugin.name]);
    }
    contributions.seal();

    const app = await buildServer({
      log,
      adminTokenSha256: tokenHash(token.token),
      metricsTokenSha256: metricsToken === undefined ? undefined : tokenHash(metricsToken),
      isTrustedProxy,
      certificate,
      limits: { ...DEFAULT_HTTP_LIMITS, ...options.limits },
      warnings: () => [clearTextWarning(edge) ?? []].flat(),
      isClosing: () => closing.begun,
      clock,
      metrics,
      tenants,
      lifecycle,
      workspace: new Workspace({
        disk: tenants.disk,
        usage: new TenantUsage(clock),
        maxUploadBytes: MAX_UPLOAD_BYTES,
      }),
      contributions,
      cron,
      audit,
    });
    closing.serves(app);
    checkUp.asks(app);
    await cron.start();
    return gatewayOf({ app, stateDir: paths.root, log, edge, options, config, token, closing });
  } catch (error) {
    await closing.close(0);
    throw error;
  }
}

function volumesOf({ workspace }: StatePaths): StateVolume[] {
  return workspace === undefined ? [] : [{ name: "workspace", directory: workspace }];
}

/** A disk that hangs must not keep the gateway from ending. */
async function closeInTime(audit: AuditLog, log: FastifyBaseLogger): Promise<void> {
  try {
    await withTimeLimit(() => audit.close(), AUDIT_CLOSE_TIMEOUT_MS);
  } catch (error) {
    log.error({ error: errorText(error) }, "the audit log did not close as it should");
  }
}

interface GatewayParts {
  readonly app: FastifyInstance;
  readonly stateDir: string;
  readonly log: FastifyBaseLogger;
  readonly edge: Edge;
  readonly options: GatewayOptions;
  readonly config: Config;
  readonly token: AdminToken;
  readonly closing: Closing;
}

function gatewayOf(parts: GatewayParts): Gateway {
  const { app, closing, config, edge, options, token } = parts;
  const scheme = edge.certificate === undefined ? "http" : "https";
  return {
    app,
    stateDir: parts.stateDir,
    devToken: token.made ? token.token : undefined,
    listen: async () => {
      const host = edge.bind;
      const warning = clearTextWarning(edge);
      if (warning !== undefined) parts.log.warn({ bind: host }, warning);
      const port = options.port ?? config.gateway.port;
      try {
        const listenTextResolver = (address: string) =>
          `gateway listens at ${address.replace(/^http:/, `${scheme}:`)}`;
        await app.listen({ host, port, listenTextResolver });
      } catch (error) {
        throw listenError(error, host, port);
      }
      return { url: listeningUrl(scheme, host, app.server.address()) };
    },
    close: (closeOptions = {}) => closing.close(closeOptions.graceMs ?? 25_000),
  };
}

/** A URL by which this machine reaches the server: a wildcard address is for listening only. */
function listeningUrl(scheme: "http" | "https", host: string, address: AddressInfo | string | null): string {
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `${scheme}://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}
