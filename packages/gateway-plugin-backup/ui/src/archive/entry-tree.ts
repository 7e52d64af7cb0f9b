/**
 * The entries of an archive as a tree. There may be hundreds of thousands, so each is a place in a few arrays and not an object of
 * its own.
 */
export type EntryType = "file" | "directory" | "symlink";

/** A line of the listing; `EntryView`. */
export interface EntryLine {
  readonly kind: string;
  readonly path?: string;
  /** Base64 of a path that is not UTF-8. */
  readonly path64?: string;
  readonly type: EntryType;
  readonly size: number;
  readonly mtimeNs: string;
  readonly target?: string;
  readonly flags?: readonly string[];
}

/** Number of the tenant's directory itself. */
export const ROOT = 0;

const NS_PER_MS_DIGITS = 6;

export class EntryTree {
  readonly #names: string[] = [""];
  readonly #parents: number[] = [-1];
  readonly #types: EntryType[] = ["directory"];
  /** Of a directory: of all files below it. */
  readonly #sizes: number[] = [0];
  readonly #times: number[] = [0];
  readonly #children = new Map<number, number[]>([[ROOT, []]]);
  readonly #directories = new Map<string, number>([["", ROOT]]);
  readonly #targets = new Map<number, string>();
  readonly #flags = new Map<number, readonly string[]>();
  readonly #rawNames = new Set<number>();

  /** Entries, the tenant's directory not counted. */
  get size(): number {
    return this.#names.length - 1;
  }

  add(line: EntryLine): void {
    const path = line.path ?? textOf(line.path64 ?? "");
    // Directories stand behind what is in them.
    const known = line.type === "directory" ? this.#directories.get(path) : undefined;
    const entry = known ?? this.#new(path, line.type);
    this.#times[entry] = milliseconds(line.mtimeNs);
    if (line.path === undefined) this.#rawNames.add(entry);
    if (line.target !== undefined) this.#targets.set(entry, line.target);
    if (line.flags !== undefined) this.#flags.set(entry, line.flags);
    if (line.type !== "file") return;
    this.#sizes[entry] = line.size;
    for (let at = this.parent(entry); at >= 0; at = this.parent(at))
      this.#sizes[at] = this.bytes(at) + line.size;
  }

  #new(path: string, type: EntryType): number {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? ROOT : this.#directory(path.slice(0, slash));
    const entry = this.#names.length;
    this.#names.push(path.slice(slash + 1));
    this.#parents.push(parent);
    this.#types.push(type);
    this.#sizes.push(0);
    this.#times.push(0);
    this.#children.get(parent)?.push(entry);
    if (type !== "directory") return entry;
    this.#children.set(entry, []);
    this.#directories.set(path, entry);
    return entry;
  }

  #directory(path: string): number {
    return this.#directories.get(path) ?? this.#new(path, "directory");
  }

  name(entry: number): string {
    return this.#names[entry] ?? "";
  }

  parent(entry: number): number {
    return this.#parents[entry] ?? -1;
  }

  type(entry: number): EntryType {
    return this.#types[entry] ?? "file";
  }

  /** Of a directory: of all files below it. */
  bytes(entry: number): number {
    return this.#sizes[entry] ?? 0;
  }

  /** Milliseconds since the epoch. */
  time(entry: number): number {
    return this.#times[entry] ?? 0;
  }

  target(entry: number): string | undefined {
    return this.#targets.get(entry);
  }

  flags(entry: number): readonly string[] {
    return this.#flags.get(entry) ?? [];
  }

  /** Whether no text can name it, and so no route either. */
  hasRawName(entry: number): boolean {
    for (let at = entry; at > ROOT; at = this.parent(at)) if (this.#rawNames.has(at)) return true;
    return false;
  }

  /** Relative to the tenant's directory, which is "". */
  path(entry: number): string {
    return this.trail(entry)
      .map((at) => this.name(at))
      .join("/");
  }

  /** The directories on the way to an entry, and itself, without the tenant's own directory. */
  trail(entry: number): readonly number[] {
    const trail: number[] = [];
    for (let at = entry; at > ROOT; at = this.parent(at)) trail.unshift(at);
    return trail;
  }

  children(directory: number): readonly number[] {
    return this.#children.get(directory) ?? [];
  }

  /** Entries whose name holds the text, whatever its case; `most` of them at the most. */
  find(text: string, most: number): readonly number[] {
    const wanted = text.toLocaleLowerCase();
    const found: number[] = [];
    for (let entry = 1; entry < this.#names.length && found.length < most; entry++)
      if (this.name(entry).toLocaleLowerCase().includes(wanted)) found.push(entry);
    return found;
  }
}

/** What is not UTF-8 becomes U+FFFD. */
function textOf(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

function milliseconds(mtimeNs: string): number {
  return Number(mtimeNs.slice(0, -NS_PER_MS_DIGITS) || "0");
}
