/** How the backups of the whole gateway do: what `/metrics`, `doctor` and `status` say of them. */
import type { ScheduleInfo } from "@openclaw/gateway-core";
import type { Services } from "../services.js";
import type { JobRecord } from "../types.js";
import { knownSets, type ShownSet } from "./known-sets.js";

export interface GatewayHealth {
  /** The newest that is complete and good. */
  readonly newest?: ShownSet;
  /** When one was last read as a whole and found good; milliseconds since the epoch. */
  readonly verifiedAt?: number;
  readonly damaged: readonly ShownSet[];
  /** By when the next good one has to be there, in milliseconds since the epoch; absent: nothing asks for one. */
  readonly deadline?: number;
  readonly isOverdue: boolean;
  /** Since then none has succeeded. */
  readonly lastFailure?: JobRecord;
  /** Those that back the gateway up. */
  readonly schedules: readonly ScheduleInfo[];
}

/** Throws what the ledger throws. */
export function gatewayHealth({
  absence,
  host,
  ledger,
}: Pick<Services, "absence" | "host" | "ledger">): GatewayHealth {
  const sets = knownSets({ ledger });
  const newest = sets.find(({ state }) => state === "complete");
  const verified = sets.flatMap(({ verifiedAt }) => verifiedAt ?? []);
  const deadline = absence.gatewayDeadline(newest?.createdAt)?.at;
  const lastFailure = ledger.jobs.lastOfGateway("gateway-backup", "failed");
  const lastSuccess = ledger.jobs.lastOfGateway("gateway-backup", "succeeded");
  const isCurrent = lastFailure !== undefined && lastFailure.id > (lastSuccess?.id ?? "");
  return {
    damaged: sets.filter(({ state }) => state === "damaged"),
    isOverdue: deadline !== undefined && host.clock.now() > deadline,
    schedules: absence.gatewaySchedules(),
    ...(newest === undefined ? {} : { newest }),
    ...(verified.length === 0 ? {} : { verifiedAt: Math.max(...verified) }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(isCurrent ? { lastFailure } : {}),
  };
}
