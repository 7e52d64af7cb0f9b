import type { Services } from "./services.js";

const HOUR_MS = 3_600_000;

/** Until when a swap that begins now can be taken back: RFC 3339, and not later than it is in the end. */
export function undoUntil({ config, host }: Pick<Services, "config" | "host">): string {
  return new Date(host.clock.now() + config.trashHours * HOUR_MS).toISOString();
}
