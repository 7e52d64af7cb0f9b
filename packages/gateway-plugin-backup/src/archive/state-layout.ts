/** Where in another tool's archive a gateway's state lies: found by what is in it, because its root can be any. */
import { BackupError } from "../errors.js";
import { damaged } from "./damage.js";
import { brokenNameRule, isWithin, parentPath, shownPath } from "./entry-name.js";
import { normalizeName } from "./foreign-root.js";
import type { ForeignEntry, TarEvents } from "./foreign-tar.js";
import { joinRaw, rawPath, rawPathText, type RawPath } from "./raw-path.js";

/** A directory (or file) of the archive, and what it becomes. */
export interface StateMapping {
  /** In the archive; "" is its top. */
  readonly from: RawPath;
  /** Below the state directory; "" is the directory itself. */
  readonly to: RawPath;
  /** What absolute links call it, on the machine that it comes from; undefined: nobody knows. */
  readonly absolute: RawPath | undefined;
}

export interface StateLayout {
  readonly mappings: readonly StateMapping[];
  /** Entries that tell of the archive itself. */
  readonly ignored: readonly RawPath[];
}

/** What tells a state directory: every gateway has a config, and every one of ours that ever started a ledger. */
const MARKERS = ["openclaw.json", "backup/ledger.sqlite"].map(rawPath);
const MANIFEST = /^[^/]+\/manifest\.json$/;
const MANIFEST_BYTES_MAX = 1024 * 1024;

/**
 * Looks at all entries of a tar, or as many as it takes, and finds:
 *
 * - an archive of `openclaw backup create`: `<name>/manifest.json` first, then `<name>/payload/posix/<absolute path>`; the
 *   manifest says which path is what;
 * - else the directory highest up that holds `openclaw.json` or `backup/ledger.sqlite`: whatever stands before its name, as
 *   in `home/node/.openclaw/openclaw.json`, is left off.
 */
export class LayoutFinder implements TarEvents {
  readonly #subject: string;
  #first: RawPath | undefined;
  #begun = false;
  #roots: RawPath[] = [];
  #tenant: string | undefined;
  /** Of a `manifest.json`, while it is received. */
  #manifest: { readonly path: RawPath; readonly parts: Buffer[] } | undefined;
  #layout: StateLayout | undefined;

  /** `subject` names the archive in errors. */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Nothing that follows can change the layout. */
  get isDecided(): boolean {
    return this.#layout !== undefined;
  }

  entry({ path: name, type, size }: ForeignEntry): void {
    const path = normalizeName(name);
    if (!this.#begun) this.#first = type === "directory" ? (path === "." ? rawPath("") : path) : undefined;
    this.#begun = true;
    if (brokenNameRule(path) !== undefined || type === "directory") return;
    this.#tenant ??= /^tenants\/([^/]+)\//.exec(path)?.[1];
    if (MANIFEST.test(path) && size <= MANIFEST_BYTES_MAX) this.#manifest = { path, parts: [] };
    for (const marker of MARKERS)
      if (path === marker) this.#addRoot(rawPath(""));
      else if (path.endsWith(`/${marker}`)) this.#addRoot(path.slice(0, -marker.length - 1) as RawPath);
  }

  content(bytes: Uint8Array): void {
    this.#manifest?.parts.push(Buffer.from(bytes));
  }

  entryEnd(): void {
    if (this.#manifest !== undefined)
      this.#layout ??= layoutOfManifest(
        this.#subject,
        this.#manifest.path,
        Buffer.concat(this.#manifest.parts),
      );
    this.#manifest = undefined;
  }

  /** After the last entry, or as soon as it is decided. Throws NO_STATE_IN_ARCHIVE. */
  end(): StateLayout {
    if (this.#layout !== undefined) return this.#layout;
    const [root, second] = this.#roots;
    if (root === undefined) {
      const what =
        this.#tenant === undefined ? "holds no gateway's state" : `is of the tenant ${this.#tenant}`;
      throw new BackupError("NO_STATE_IN_ARCHIVE", `${this.#subject} ${what}: it has no openclaw.json.`);
    }
    if (second !== undefined)
      throw new BackupError(
        "NO_STATE_IN_ARCHIVE",
        `${this.#subject} holds more than one state directory: "${shownPath(root)}" and "${shownPath(second)}".`,
        { hint: "Unpack it by hand, and make an archive of the one: `tar -C DIR -c .`." },
      );
    return layoutOf(root);
  }

  /** Keeps those that are highest up. */
  #addRoot(root: RawPath): void {
    const [known] = this.#roots;
    const depth = depthOf(root);
    if (known === undefined || depth < depthOf(known)) this.#roots = [root];
    else if (depth === depthOf(known) && !this.#roots.includes(root) && this.#roots.length < 2)
      this.#roots.push(root);
    // What is not in the first entry's directory is refused later: no other root can follow.
    if (root === this.#first) this.#layout = layoutOf(root);
  }
}

function depthOf(path: RawPath): number {
  return path === "" ? 0 : path.split("/").length;
}

function layoutOf(root: RawPath): StateLayout {
  const absolute = root === "" ? undefined : (`/${root}` as RawPath);
  return { mappings: [{ from: root, to: rawPath(""), absolute }], ignored: [] };
}

/** Of a `manifest.json` that says what each path is; undefined where it is no such manifest. */
function layoutOfManifest(subject: string, path: RawPath, content: Buffer): StateLayout | undefined {
  const archiveRoot = parentPath(path);
  const manifest = manifestIn(content);
  if (manifest === undefined || manifest.archiveRoot !== rawPathText(archiveRoot)) return undefined;
  const used = new Set<string>();
  const mappings = manifest.assets.map(({ kind, sourcePath, archivePath }) => {
    const from = rawPath(archivePath);
    if (brokenNameRule(from) !== undefined || !isWithin(from, archiveRoot))
      throw damaged(
        "no entries",
        `${subject} has a manifest with the path "${shownPath(from)}" outside of it.`,
      );
    const to = uniqueName(placeOf(kind, sourcePath), used);
    return { from, to: rawPath(to), absolute: rawPath(sourcePath) };
  });
  if (!mappings.some(({ to }) => to === ""))
    throw new BackupError(
      "NO_STATE_IN_ARCHIVE",
      `${subject} holds no state directory: by its manifest it holds ${manifest.assets.map(({ kind }) => kind).join(", ") || "nothing"}.`,
    );
  return { mappings, ignored: [path] };
}

interface BackupManifest {
  readonly archiveRoot: string;
  readonly assets: readonly {
    readonly kind: string;
    readonly sourcePath: string;
    readonly archivePath: string;
  }[];
}

function manifestIn(content: Buffer): BackupManifest | undefined {
  let json: unknown;
  try {
    json = JSON.parse(content.toString());
  } catch {
    return undefined;
  }
  const { schemaVersion, archiveRoot, assets } = Object(json) as Readonly<Record<string, unknown>>;
  if (schemaVersion !== 1 || typeof archiveRoot !== "string" || !Array.isArray(assets)) return undefined;
  const known = (assets as unknown[]).map((asset) => {
    const { kind, sourcePath, archivePath } = Object(asset) as Readonly<Record<string, unknown>>;
    return { kind: String(kind), sourcePath: String(sourcePath), archivePath: String(archivePath) };
  });
  return { archiveRoot, assets: known };
}

/** Where what the other program keeps elsewhere belongs here, below the state directory. */
function placeOf(kind: string, sourcePath: string): string {
  switch (kind) {
    case "state":
      return "";
    case "config":
      return "openclaw.json";
    case "credentials":
      return "credentials";
    case "workspace":
      return "workspace";
    default:
      return (
        sourcePath
          .split("/")
          .filter((name) => name !== "")
          .at(-1) ?? kind
      );
  }
}

function uniqueName(name: string, used: Set<string>): string {
  let unique = name;
  for (let number = 2; used.has(unique); number++) unique = `${name}-${number}`;
  used.add(unique);
  return unique;
}

/** Of the state's directory `below` alone. */
export function mappingsBelow({ mappings }: StateLayout, below: RawPath): readonly StateMapping[] {
  return mappings
    .filter(({ to }) => to === "")
    .map(({ from, to, absolute }) => ({
      from: joinRaw(from, below),
      to,
      absolute: absolute && joinRaw(absolute, below),
    }));
}
