/** What follows when an archive of the catalogue was found damaged, and when it is found good after all. */
import type { SerializedError } from "../errors.js";
import type { ArchiveRecord, WholeCheck } from "./ledger/archives.js";
import type { Services } from "./services.js";

type DamageServices = {
  readonly ledger: Pick<Services["ledger"], "archives">;
  readonly alerts: Services["alerts"];
};

/** It is no base and no good archive any more, and people hear of it. `at`: milliseconds since the epoch. */
export function noteDamage(
  { ledger, alerts }: DamageServices,
  { id, tenant }: ArchiveRecord,
  at: number,
  damage: SerializedError,
): void {
  ledger.archives.markDamaged(id, at, damage);
  const message = `An archive is damaged. ${damage.message}`;
  alerts.raise({ kind: "damaged", tenant, archive: id, code: damage.code, message });
}

/** All of it was read and found good. */
export function noteGood(
  { ledger, alerts }: DamageServices,
  { id, tenant, location, state }: ArchiveRecord,
  check: Omit<WholeCheck, "id">,
): void {
  ledger.archives.noteWhole({ id, ...check });
  if (state !== "damaged") return;
  alerts.raise({ kind: "recovered", tenant, archive: id, message: `The archive ${location} is good.` });
}
