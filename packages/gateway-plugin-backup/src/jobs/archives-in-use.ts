import { BackupError } from "../errors.js";
import type { ResolvedObject } from "./destinations.js";

type UsedObject = Pick<ResolvedObject, "settings" | "key" | "location">;

/**
 * Which objects the gateway's jobs use right now, and which are being removed: no object is both. A restore may read the
 * archive of another tenant, so the claim on a tenant does not decide this.
 *
 * Objects are told apart by bucket and key, or by path. Two endpoints with a bucket of one name are taken for one store,
 * which may only put a removal off. Other gateways and other programs that read the same bucket are not known here.
 */
export class ArchivesInUse {
  /** One for each use: a name may stand here more than once. */
  readonly #uses = new Set<{ readonly name: string }>();
  readonly #removing = new Set<string>();

  /** Runs `work`, and keeps the object from being removed until it has settled. Throws `ARCHIVE_BUSY`. */
  async use<T>(object: UsedObject, work: () => Promise<T>): Promise<T> {
    const name = nameOf(object);
    if (this.#removing.has(name)) {
      throw new BackupError("ARCHIVE_BUSY", `${object.location} is just being removed.`);
    }
    const use = { name };
    this.#uses.add(use);
    try {
      return await work();
    } finally {
      this.#uses.delete(use);
    }
  }

  isUsed(object: UsedObject): boolean {
    const name = nameOf(object);
    return [...this.#uses].some((use) => use.name === name);
  }

  /** Reserves the object for its removal, and returns how to end that; undefined while it is used or reserved. */
  reserveForRemoval(object: UsedObject): (() => void) | undefined {
    const name = nameOf(object);
    if (this.isUsed(object) || this.#removing.has(name)) return undefined;
    this.#removing.add(name);
    return () => void this.#removing.delete(name);
  }
}

function nameOf({ settings, key }: UsedObject): string {
  return settings.kind === "local" ? key : `${settings.bucket}/${key}`;
}
