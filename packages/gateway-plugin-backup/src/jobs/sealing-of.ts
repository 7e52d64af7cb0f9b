/** How a request's archive is sealed: as the request says, else as its destination does. */
import { join } from "node:path";
import { checkRecipient } from "../archive/age/keys.js";
import { BackupError } from "../errors.js";
import { destinationOf } from "./destination-of.js";
import { storeColumns, type ResolvedObject } from "./destinations.js";
import type { Services } from "./services.js";
import type { Sealing } from "./thread/encryption.js";

export interface SealingRequest {
  /** Public keys of age: `age1…`. */
  readonly recipients?: readonly string[];
  /** A command of the gateway's machine, such as `age -r age1…`; see `Pipes`. */
  readonly pipe?: string;
}

/**
 * Throws `REQUEST_INVALID` where both are given, `RECIPIENT_INVALID`, `PIPE_NOT_ALLOWED`, `PIPE_UNAVAILABLE`. `target`: where
 * the archive goes; undefined: what the request itself says.
 */
export function sealingOf(
  services: Pick<Services, "config" | "host" | "pipes">,
  { recipients, pipe }: SealingRequest,
  target: Pick<ResolvedObject, "settings" | "key"> | undefined,
): Sealing | undefined {
  if (recipients !== undefined && pipe !== undefined)
    throw new BackupError("REQUEST_INVALID", "An archive is encrypted natively or by a pipe; not both.");
  if (pipe !== undefined)
    return { kind: "pipe", command: services.pipes.command(pipe), directory: pipeDirectory(services) };
  const chosen = recipients ?? (target && recipientsOf(services, target));
  if (chosen === undefined) return undefined;
  for (const recipient of chosen) checkRecipient(recipient);
  return { kind: "age", recipients: chosen };
}

/** Of the named destination that a place lies in. */
function recipientsOf(
  { config }: Pick<Services, "config">,
  { settings, key }: Pick<ResolvedObject, "settings" | "key">,
): readonly string[] | undefined {
  return destinationOf(config.destinations, { ...storeColumns(settings), key })?.config.recipients;
}

/** Where programs work, and what they give lies; the next start removes what a crash left there. */
export function pipeDirectory({ host }: Pick<Services, "host">): string {
  return join(host.paths.backup, "tmp");
}

/** What is added to an automatic name. */
export function nameSuffix(sealing: Sealing | undefined): string {
  if (sealing === undefined) return "";
  // Another program's format has no name of ours.
  return sealing.kind === "age" || /^r?age$/.test(sealing.command.name) ? ".age" : ".piped";
}
