/**
 * Keys that were given for encrypted archives, so that they are asked for once. In memory, and by the host of a session: who signs
 * out leaves none behind.
 */
import type { UiHost } from "@openclaw/ui-kit";
import type { ArchiveChoice, Decrypt } from "./archive-view.js";

const KEYS = new WeakMap<UiHost, Map<string, Decrypt>>();

export function rememberKey(host: UiHost, archive: string, key: Decrypt): void {
  const keys = KEYS.get(host) ?? new Map<string, Decrypt>();
  KEYS.set(host, keys.set(archive, key));
}

/** The archive, with its key if there is one. */
export function chosen(host: UiHost, archive: string): ArchiveChoice {
  const decrypt = KEYS.get(host)?.get(archive);
  return { archive, ...(decrypt && { decrypt }) };
}
