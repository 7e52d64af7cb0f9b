/** Which directory of a foreign tar is the tenant's. */
import { BackupError } from "../errors.js";
import { damaged } from "./damage.js";
import { brokenNameRule, isWithin, shownPath } from "./entry-name.js";
import type { EntryPlacer, PlacedEntry } from "./entry-placer.js";
import type { ForeignEntry } from "./foreign-tar.js";
import { joinRaw, rawPath, type RawPath } from "./raw-path.js";
import { TENANT_ID } from "./tenant-id.js";

const TENANTS = rawPath("tenants");
const HERE = rawPath(".");

export interface ForeignRootOptions {
  /** The archive, as it begins a message. */
  readonly subject: string;
  /** The tenant's name given with `--as`. */
  readonly as: string | undefined;
}

/**
 * Finds the root from the first entries, because a stream cannot be looked at twice:
 *
 * - `tenants/<id>/…`, with or without a leading "./": that tenant, and only that one;
 * - `./` first, then anything but `tenants/`: the tar was made inside the tenant's directory (`tar -C DIR -c .`);
 * - `NAME/…`: the tar was made of one directory (`tar -c NAME`), "./NAME/…" included.
 *
 * The last two do not say which tenant they are of, and are taken only with `--as`. What does not stand under the root
 * is refused: `tar -c *` and `find . | tar -T -` leave no root that could be told from a second one.
 */
export class ForeignRoot implements EntryPlacer {
  readonly leavesOutLinks = false;
  readonly #options: ForeignRootOptions;
  #root: RawPath | undefined;
  #tenant: string | undefined;
  /** The tar was made inside the tenant's directory; {@link #root} is then where its entries will be. */
  #inside = false;
  /** The "./" at the start, until what follows tells what it is. */
  #first: ForeignEntry | undefined;
  #tenantsSeen = false;

  constructor(options: ForeignRootOptions) {
    this.#options = options;
  }

  /** The tenant's id, when the tar tells it. */
  get tenant(): string | undefined {
    return this.#tenant;
  }

  /**
   * The entries that can be judged now: none for a directory above the root, two when this one decided what a "./"
   * before it was. Throws TENANT_AMBIGUOUS, UNSAFE_ENTRY.
   */
  place(entry: ForeignEntry): PlacedEntry[] {
    const path = normalizeName(entry.path);
    const directory = entry.type === "directory";
    if (
      path === HERE &&
      directory &&
      !this.#inside &&
      (this.#root === undefined || this.#tenant !== undefined)
    ) {
      this.#first ??= entry;
      return [];
    }
    if (path === TENANTS && directory && !this.#inside) {
      this.#tenantsSeen = true;
      return [];
    }
    const [name = "", below] = path.split("/", 2);
    if (name === TENANTS && below !== undefined) this.#enterTenant(path, below);
    if (this.#root !== undefined) return [this.#at(entry, path, this.#root)];
    const { root, before } = this.#decide(path, name as RawPath);
    return [...before, this.#at(entry, path, root)];
  }

  /** After the last entry: the "./" of a tar that holds nothing else. */
  end(): PlacedEntry[] {
    if (this.#root !== undefined) return [];
    if (this.#first !== undefined && !this.#tenantsSeen) return this.#decide(HERE, HERE).before;
    throw damaged("no entries", `${this.#options.subject} holds no tenant: it has no entries.`);
  }

  /** The path, for the entry policy, of the entry that a hard link names. */
  linked(target: RawPath): RawPath {
    const path = normalizeName(target);
    return this.#inside && this.#root !== undefined ? joinRaw(this.#root, path) : path;
  }

  /** As it is: a tenant's links lead nowhere else. */
  linkTarget({ entry }: PlacedEntry): RawPath {
    return entry.target;
  }

  #at(entry: ForeignEntry, path: RawPath, root: RawPath): PlacedEntry {
    if (!this.#inside) {
      if (this.#tenant === undefined) this.#refuseSecondRoot(entry, path, root);
      return { entry, path, root };
    }
    return { entry, path: path === HERE ? root : joinRaw(root, path), root };
  }

  #enterTenant(path: RawPath, id: string): void {
    if (this.#inside) throw this.#besideTenants(path);
    if (brokenNameRule(path) !== undefined) return;
    if (!TENANT_ID.test(id))
      throw this.#mixed(path, "stands under tenants/, but not in a tenant's directory");
    if (this.#root === undefined) {
      this.#root = joinRaw(TENANTS, id as RawPath);
      this.#tenant = id;
    } else if (this.#tenant !== undefined && this.#tenant !== id) {
      throw this.#mixed(path, `is of tenant ${id}, beside those of tenant ${this.#tenant}`, {
        hint: "Make an archive of one tenant, or unpack this one by hand.",
      });
    }
  }

  /** The root is not `tenants/<id>`: it is what "./" stood for, or the first directory. */
  #decide(path: RawPath, name: RawPath): { readonly root: RawPath; readonly before: PlacedEntry[] } {
    const { as, subject } = this.#options;
    const first = this.#first;
    if (as === undefined && (first !== undefined || brokenNameRule(path) === undefined)) {
      const where = first === undefined ? `"${shownPath(name)}/"` : `"./"`;
      throw new BackupError(
        "TENANT_AMBIGUOUS",
        `${subject} does not say which tenant it is of: its entries stand under ${where}, not under "tenants/<id>/".`,
      );
    }
    if (first === undefined || as === undefined) {
      this.#root = name;
      return { root: name, before: [] };
    }
    if (this.#tenantsSeen) throw this.#besideTenants(path);
    const root = rawPath(`tenants/${as}`);
    this.#inside = true;
    this.#root = root;
    return { root, before: [this.#at(first, HERE, root)] };
  }

  /** The policy would refuse it as well, but not say how such an archive comes about. */
  #refuseSecondRoot(entry: ForeignEntry, path: RawPath, root: RawPath): void {
    if (brokenNameRule(path) !== undefined) return;
    if (path === root ? entry.type !== "file" : isWithin(path, root)) return;
    const others =
      path === root
        ? "is a file at the top"
        : `does not stand under "${shownPath(root)}/" as those before it`;
    throw this.#mixed(path, others, {
      hint: "Nothing was restored. Without tenants/<id>/ an archive has one directory at its top, or `.`: make it with `tar -C DIR -c .`.",
    });
  }

  #besideTenants(path: RawPath): BackupError {
    return this.#mixed(path, "stands beside a tenants/ directory: this is no tenant's archive");
  }

  #mixed(path: RawPath, how: string, options: { readonly hint?: string } = {}): BackupError {
    const entry = shownPath(path);
    return new BackupError("UNSAFE_ENTRY", `${this.#options.subject}: entry "${entry}" ${how}.`, {
      ...options,
      details: { entry, rule: "mixed roots" },
    });
  }
}

/** Tools write "./" before names and "/" behind directories, or do not. */
export function normalizeName(name: RawPath): RawPath {
  const path = name.replace(/^(?:\.\/+)+/, "").replace(/\/+$/, "");
  return (path === "" && name.startsWith(".") ? HERE : path === "" ? name : path) as RawPath;
}
