/** An entry of an index as lists of them show it: one JSON document. */
import type { EntryRecord } from "../format.js";
import { rawPathBytes, rawPathText, type RawPath } from "../raw-path.js";

/** A path that is not UTF-8 stands as `path64`, base64 of its bytes, and a link's target as `target64`. */
export interface EntryView {
  /** Relative to the tenant's directory; "" is the directory itself. */
  readonly path?: string;
  readonly path64?: string;
  readonly type: string;
  /** Permission bits. */
  readonly mode: number;
  /** Content bytes. */
  readonly size: number;
  /** Nanoseconds since the epoch, in decimal digits. */
  readonly mtimeNs: string;
  /** Of the content; files only. */
  readonly sha256?: string;
  readonly target?: string;
  readonly target64?: string;
  readonly flags?: readonly string[];
}

/** @param root Path of the tenant's directory in the archive. */
export function entryView(entry: EntryRecord, root: string): EntryView {
  const { type, mode, size, mtimeNs, sha256, target, flags } = entry;
  return {
    ...pathView(relativePath(entry, root)),
    type,
    mode,
    size,
    mtimeNs: String(mtimeNs),
    ...(sha256 !== undefined && { sha256 }),
    ...(target !== undefined && targetView(target)),
    ...(flags.length > 0 && { flags }),
  };
}

export function pathView(path: RawPath): { readonly path: string } | { readonly path64: string } {
  const text = rawPathText(path);
  return text === undefined ? { path64: rawPathBytes(path).toString("base64") } : { path: text };
}

export function targetView(target: RawPath): { readonly target: string } | { readonly target64: string } {
  const text = rawPathText(target);
  return text === undefined ? { target64: rawPathBytes(target).toString("base64") } : { target: text };
}

/** The entry's path relative to the tenant's directory. */
export function relativePath({ path }: Pick<EntryRecord, "path">, root: string): RawPath {
  return path.slice(root.length + 1) as RawPath;
}
