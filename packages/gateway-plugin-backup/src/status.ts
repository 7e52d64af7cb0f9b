/** The plugin's part of `openclaw status`. */
import type { StatusSection } from "@openclaw/gateway-core";
import { type Static, Type } from "@openclaw/schema";
import { defaultDestination } from "./doctor/destinations.js";
import { gatewayHealth, type GatewayHealth } from "./jobs/gateway/gateway-health.js";
import { PostRestoreSchema, type PostRestoreNote } from "./jobs/post-restore.js";
import type { Services } from "./jobs/services.js";
import type { Signatures } from "./jobs/signatures.js";
import { messageOf } from "./system-error.js";
import { tenantHealth, type TenantHealth } from "./jobs/tenant-health.js";

const When = (description: string) => Type.Optional(Type.String({ description: `RFC 3339; ${description}` }));

/** Of a tenant's backups, or of those of the whole gateway. */
const STANDING = {
  state: Type.String({
    description: "ok, overdue, failing, damaged (an archive of it), or none (no backup).",
  }),
  lastBackup: When("of the newest good one; absent when there is none."),
  ageHours: Type.Optional(Type.Number({ description: "Of the newest good one." })),
  location: Type.Optional(Type.String()),
  size: Type.Optional(Type.Number()),
  lastFailure: When("absent when a backup has succeeded since."),
  failureCode: Type.Optional(Type.String()),
  nextRun: When("of the schedules that back it up."),
  schedule: Type.String({
    description: "ok, none, disabled, or why it does not run.",
  }),
  verified: When("when an archive of it was last verified and found good."),
};

export const TenantBackupSchema = Type.Object({
  tenant: Type.String(),
  ...STANDING,
  lastDrill: When("when one last succeeded."),
});

export const GatewayBackupSchema = Type.Object(STANDING, { description: "Of the gateway as a whole." });

const Channel = Type.Object({
  name: Type.String(),
  kind: Type.String(),
  unsent: Type.Integer({ description: "Alerts that wait." }),
  lastSent: When("when it last took one."),
  problem: Type.Optional(Type.String({ description: "Why it does not take them now." })),
});

const BackupStatus = Type.Object({
  activeJobs: Type.Integer({ description: "Jobs that wait or run." }),
  defaultDestination: Type.Object({
    severity: Type.String({ description: "ok, or warning while it shares the state's file system." }),
    message: Type.String(),
  }),
  signatures: Type.Object(
    {
      key: Type.Optional(
        Type.String({ description: "Id of the key that signs the archives of this gateway." }),
      ),
      problem: Type.Optional(Type.String({ description: "Why it cannot be used." })),
      trusted: Type.Array(Type.String(), { description: "Ids of other keys whose archives are trusted." }),
      required: Type.Boolean({ description: "Archives of no other key are restored." }),
    },
    { description: "Who signs archives, and whose signatures count." },
  ),
  postRestore: Type.Optional(PostRestoreSchema),
  gateway: GatewayBackupSchema,
  channels: Type.Array(Channel, { description: "Where alerts go." }),
  tenants: Type.Array(TenantBackupSchema, { description: "Worst first." }),
});

export function backupStatus(services: Services): StatusSection {
  return {
    name: "backup",
    schema: BackupStatus,
    read: () => read(services),
  };
}

async function read(services: Services): Promise<Static<typeof BackupStatus>> {
  const { channels, host, ledger, signatures } = services;
  const now = host.clock.now();
  const waiting = ledger.deliveries.waiting();
  const [{ severity, message }] = await defaultDestination(services);
  return {
    activeJobs: ledger.jobs.open().length,
    defaultDestination: { severity, message },
    signatures: {
      ...(await ownKey(signatures)),
      trusted: [...signatures.trusted],
      required: signatures.isRequired,
    },
    ...(await pendingChecklist(services)),
    channels: channels.map(({ name, kind }) => {
      const { sentAt, problem } = ledger.deliveries.channel(name);
      return {
        ...{ name, kind, unsent: waiting.get(name) ?? 0 },
        ...(sentAt === undefined ? {} : { lastSent: iso(sentAt) }),
        ...(problem === undefined ? {} : { problem }),
      };
    }),
    gateway: standing(gatewayHealth(services), now),
    tenants: tenantHealth(services).map((health) => tenantStatus(health, now)),
  };
}

/** A note that cannot be read is the doctor's to tell. */
async function pendingChecklist({ postRestore }: Services): Promise<{ postRestore?: PostRestoreNote }> {
  const note = await postRestore.pending().catch(() => undefined);
  return note === undefined ? {} : { postRestore: note };
}

function ownKey(signatures: Signatures): Promise<{ key: string } | { problem: string }> {
  return signatures.ownId().then(
    (key) => ({ key }),
    (error: unknown) => ({ problem: messageOf(error) }),
  );
}

/** @param now Milliseconds since the epoch. */
export function tenantStatus(health: TenantHealth, now: number): Static<typeof TenantBackupSchema> {
  const { tenant, lastDrill } = health;
  return {
    tenant: tenant.id,
    ...standing(health, now),
    ...(lastDrill?.finishedAt === undefined ? {} : { lastDrill: iso(lastDrill.finishedAt) }),
  };
}

type Standing = Static<typeof GatewayBackupSchema>;

/** What tenants and the whole gateway have in common. */
type Health = Pick<GatewayHealth, "isOverdue" | "lastFailure" | "verifiedAt" | "schedules"> & {
  readonly newest?: { readonly createdAt: number; readonly location: string; readonly size: number };
  readonly damaged: readonly unknown[];
};

/** @param now Milliseconds since the epoch. */
export function standing(health: Health, now: number): Standing {
  const { newest, lastFailure, verifiedAt, schedules } = health;
  const next = schedules
    .filter(({ enabled, problem }) => enabled && problem === undefined)
    .flatMap((schedule) => schedule.nextRun(now) ?? []);
  return {
    state: stateOf(health),
    ...(newest === undefined
      ? {}
      : {
          lastBackup: iso(newest.createdAt),
          ageHours: Math.round((now - newest.createdAt) / 360_000) / 10,
          location: newest.location,
          size: newest.size,
        }),
    ...(lastFailure?.finishedAt === undefined ? {} : { lastFailure: iso(lastFailure.finishedAt) }),
    ...(lastFailure?.error === undefined ? {} : { failureCode: lastFailure.error.code }),
    ...(next.length === 0 ? {} : { nextRun: iso(Math.min(...next)) }),
    schedule: scheduleState(health),
    ...(verifiedAt === undefined ? {} : { verified: iso(verifiedAt) }),
  };
}

function stateOf({ isOverdue, lastFailure, damaged, newest }: Health): string {
  if (isOverdue) return "overdue";
  if (lastFailure !== undefined) return "failing";
  if (damaged.length > 0) return "damaged";
  return newest === undefined ? "none" : "ok";
}

function scheduleState({ schedules }: Health): string {
  if (schedules.length === 0) return "none";
  const enabled = schedules.filter((schedule) => schedule.enabled);
  if (enabled.length === 0) return "disabled";
  const { problem } = enabled.find((schedule) => schedule.problem !== undefined) ?? {};
  return problem ?? "ok";
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
