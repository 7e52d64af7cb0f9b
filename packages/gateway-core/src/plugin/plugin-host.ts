import type { FastifyBaseLogger } from "fastify";
import type { Registry } from "prom-client";
import type { SecretResolver } from "../config/secrets.js";
import { GATEWAY_VERSION } from "../version.js";
import type { Contributions } from "./contributions.js";
import type { Hooks } from "./hook-bus.js";
import type {
  AuditAccess,
  ChecklistItem,
  Clock,
  GatewayPlugin,
  PluginHost,
  ReplacedState,
  ScheduleAccess,
  StatePaths,
  TenantAccess,
} from "./host.js";

/** The parts of the gateway that every plugin sees. */
export interface HostParts {
  readonly paths: StatePaths;
  readonly log: FastifyBaseLogger;
  readonly clock: Clock;
  readonly tenants: TenantAccess;
  readonly hooks: Hooks;
  readonly schedules: ScheduleAccess;
  readonly audit: AuditAccess;
  readonly replacedState: ReplacedState;
  readonly metrics: Registry;
  readonly contributions: Contributions;
  readonly resolveSecret: SecretResolver;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly checkUp: (tenant?: string) => Promise<readonly ChecklistItem[]>;
}

/** The gateway as one plugin sees it. */
export function pluginHost(plugin: Pick<GatewayPlugin, "name">, parts: HostParts): PluginHost {
  const { contributions } = parts;
  return {
    version: GATEWAY_VERSION,
    paths: parts.paths,
    log: parts.log.child({ plugin: plugin.name }),
    clock: parts.clock,
    tenants: parts.tenants,
    hooks: parts.hooks.forPlugin(plugin.name),
    schedules: parts.schedules,
    audit: { record: (event) => parts.audit.record(event) },
    replacedState: parts.replacedState,
    metrics: parts.metrics,
    resolveSecret: parts.resolveSecret,
    env: parts.env,
    addRoutes: (scope, routes) => contributions.addRoutes(scope, routes),
    addJobType: (type) => contributions.addJobType(type),
    addPanel: (panel) => contributions.addPanel(panel),
    addDoctorCheck: (check) => contributions.addDoctorCheck(check),
    addStatusSection: (section) => contributions.addStatusSection(section),
    checkUp: (tenant) => parts.checkUp(tenant),
    addReadiness: (name, probe) => contributions.addReadiness(name, probe),
    addTick: (tick) => contributions.addTick(tick),
    addShutdown: (shutdown) => contributions.addShutdown(shutdown),
  };
}
