import type { StateRestores } from "../state/restore/state-restores.js";
import type { AuditLog } from "./audit-log.js";

/** Writes a line for each restore of the whole gateway, or undo of one, that was made while it was stopped. */
export async function auditRestores(
  restores: Pick<StateRestores, "unnoted" | "noted">,
  audit: Pick<AuditLog, "record" | "flush">,
): Promise<void> {
  const made = await restores.unnoted();
  if (made.length === 0) return;
  for (const { job, kind, from, at } of made) {
    const details = { job, from, at: new Date(at).toISOString() };
    audit.record({ actor: "admin", action: `gateway.${kind}`, result: "succeeded", details });
  }
  await audit.flush();
  await restores.noted();
}
