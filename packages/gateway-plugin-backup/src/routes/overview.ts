/** How all tenants do, at one glance: what the control UI's first page shows. */
import type { FastifyPluginCallbackTypebox } from "@fastify/type-provider-typebox";
import { type Static, Type } from "@openclaw/schema";
import { gatewayHealth, type GatewayHealth } from "../jobs/gateway/gateway-health.js";
import type { AlertCondition } from "../jobs/ledger/alert-conditions.js";
import type { Services } from "../jobs/services.js";
import { tenantHealth, type TenantHealth } from "../jobs/tenant-health.js";
import type { JobProgress, JobRecord } from "../jobs/types.js";
import { GatewayBackupSchema, standing, TenantBackupSchema, tenantStatus } from "../status.js";
import { JobStateSchema } from "./schemas.js";

/** As many as a line of a few centimetres can show. */
const TREND_LENGTH = 12;

/** More than ever wait and run at one time. */
const MOST_JOBS = 1000;

const AlertSchema = Type.Object({
  kind: Type.String({ description: "failure, absence, damaged, or warning." }),
  message: Type.String(),
  since: Type.String({ description: "RFC 3339" }),
  count: Type.Integer({ description: "How often it has happened since it was good." }),
  code: Type.Optional(Type.String()),
  jobId: Type.Optional(Type.String()),
  archive: Type.Optional(Type.String()),
});

const OpenJob = Type.Object(
  {
    id: Type.String(),
    type: Type.String(),
    state: JobStateSchema,
    percent: Type.Optional(Type.Integer()),
  },
  { description: "What runs on it now, or waits." },
);

const FailedJob = Type.Optional(
  Type.String({ description: "The backup that failed last, if none succeeded since." }),
);

const GatewayOverview = Type.Object(
  {
    ...Type.Omit(GatewayBackupSchema, ["ageHours", "location"]).properties,
    failedJob: FailedJob,
    job: Type.Optional(OpenJob),
  },
  { description: "The gateway as a whole." },
);

const TenantOverview = Type.Object({
  ...Type.Pick(TenantBackupSchema, [
    "tenant",
    "state",
    "lastBackup",
    "size",
    "lastFailure",
    "failureCode",
    "nextRun",
    "schedule",
    "verified",
    "lastDrill",
  ]).properties,
  archive: Type.Optional(Type.String({ description: "Id of the newest good archive." })),
  deadline: Type.Optional(
    Type.String({
      description: "RFC 3339, by when the next good backup has to be there; absent: nothing asks for one.",
    }),
  ),
  failedJob: FailedJob,
  damagedArchive: Type.Optional(Type.String({ description: "Id of the newest damaged archive." })),
  archives: Type.Integer({ description: "How many there are." }),
  storedBytes: Type.Number({ description: "Of all of them." }),
  trend: Type.Array(Type.Integer(), {
    description: `Sizes of the last ${TREND_LENGTH} good archives, the oldest first, as percentages of the largest.`,
  }),
  job: Type.Optional(OpenJob),
  alerts: Type.Optional(
    Type.Array(AlertSchema, {
      description: "What is wrong, as people were told; where one tenant is asked for.",
    }),
  ),
});

const OverviewSchema = Type.Object({
  now: Type.String({ description: "RFC 3339, by the gateway's clock." }),
  totals: Type.Object({
    tenants: Type.Integer(),
    states: Type.Record(Type.String(), Type.Integer(), { description: "Tenants, by their state." }),
    archives: Type.Integer(),
    storedBytes: Type.Number(),
    running: Type.Integer({ description: "Jobs, those on no tenant in particular among them." }),
    queued: Type.Integer(),
  }),
  gateway: GatewayOverview,
  tenants: Type.Array(TenantOverview, { description: "Worst first." }),
});

export type Overview = Static<typeof OverviewSchema>;
type TenantOverview = Static<typeof TenantOverview>;
type GatewayOverview = Static<typeof GatewayOverview>;

export function overviewRoutes(services: Services): FastifyPluginCallbackTypebox {
  return (app, _options, done) => {
    app.get(
      "/backups/overview",
      {
        schema: {
          summary: "How the backups of all tenants do",
          tags: ["backups"],
          querystring: Type.Object(
            { tenant: Type.Optional(Type.String({ description: "Only this one." })) },
            { additionalProperties: false },
          ),
          response: { 200: OverviewSchema },
        },
      },
      ({ query }) => overview(services, query.tenant),
    );
    done();
  };
}

function overview(services: Services, only: string | undefined): Overview {
  const { engine, host, ledger } = services;
  const now = host.clock.now();
  const all = tenantHealth(services);
  const asked = only === undefined ? all : all.filter(({ tenant }) => tenant.id === only);
  const sizes = ledger.standings.sizes(
    asked.map(({ tenant }) => tenant),
    TREND_LENGTH,
  );
  const queued = engine.list({ state: "queued", limit: MOST_JOBS });
  const running = engine.list({ state: "running", limit: MOST_JOBS });
  // What runs counts more than what waits for it.
  const open = [...queued, ...running];
  const jobs = new Map(open.map((job) => [job.tenant, job]));
  const tenants = asked.map((health): TenantOverview => {
    const job = jobs.get(health.tenant.id);
    return {
      ...rowOf(health, now),
      trend: percentages(sizes.get(health.tenant) ?? []),
      ...(job === undefined ? {} : { job: jobOf(job) }),
      ...(only === undefined ? {} : { alerts: health.conditions.map(alertOf) }),
    };
  });
  return {
    now: iso(now),
    totals: {
      tenants: tenants.length,
      states: countBy(tenants, ({ state }) => state),
      archives: sum(tenants, ({ archives }) => archives),
      storedBytes: sum(tenants, ({ storedBytes }) => storedBytes),
      running: running.length,
      queued: queued.length,
    },
    gateway: gatewayOverview(gatewayHealth(services), open, now),
    tenants,
  };
}

function gatewayOverview(health: GatewayHealth, open: readonly JobRecord[], now: number): GatewayOverview {
  const { ageHours, location, ...status } = standing(health, now);
  const job = open.findLast(({ type }) => type === "gateway-backup");
  return {
    ...status,
    ...(health.lastFailure === undefined ? {} : { failedJob: health.lastFailure.id }),
    ...(job === undefined ? {} : { job: jobOf(job) }),
  };
}

function rowOf(health: TenantHealth, now: number): Omit<TenantOverview, "trend" | "job" | "alerts"> {
  const { archives, bytes, damaged, deadline, lastFailure, newest } = health;
  const [firstDamaged] = damaged;
  const { ageHours, location, ...status } = tenantStatus(health, now);
  return {
    ...status,
    archives,
    storedBytes: bytes,
    ...(newest === undefined ? {} : { archive: newest.id }),
    ...(deadline === undefined ? {} : { deadline: iso(deadline) }),
    ...(lastFailure === undefined ? {} : { failedJob: lastFailure.id }),
    ...(firstDamaged === undefined ? {} : { damagedArchive: firstDamaged.id }),
  };
}

function percentages(sizes: readonly number[]): number[] {
  const largest = Math.max(1, ...sizes);
  return sizes.map((size) => Math.round((100 * size) / largest));
}

function jobOf({ id, type, state, progress }: JobRecord): NonNullable<TenantOverview["job"]> {
  const percent = percentOf(progress);
  return { id, type, state, ...(percent === undefined ? {} : { percent }) };
}

function percentOf(progress: JobProgress | undefined): number | undefined {
  const { doneBytes, totalBytes } = progress ?? {};
  if (doneBytes === undefined || totalBytes === undefined || totalBytes === 0) return undefined;
  return Math.floor((100 * Math.min(doneBytes, totalBytes)) / totalBytes);
}

function alertOf({ event, since, count }: AlertCondition): Static<typeof AlertSchema> {
  const { kind, message, code, jobId, archive } = event;
  return {
    ...{ kind, message, count, since: iso(since) },
    ...(code === undefined ? {} : { code }),
    ...(jobId === undefined ? {} : { jobId }),
    ...(archive === undefined ? {} : { archive }),
  };
}

function countBy<T>(all: readonly T[], keyOf: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const one of all) counts[keyOf(one)] = (counts[keyOf(one)] ?? 0) + 1;
  return counts;
}

function sum<T>(all: readonly T[], valueOf: (one: T) => number): number {
  return all.reduce((total, one) => total + valueOf(one), 0);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
