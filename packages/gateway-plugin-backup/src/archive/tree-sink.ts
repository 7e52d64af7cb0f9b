import type { RawPath } from "./raw-path.js";

/**
 * What becomes of entries that a reader has checked. Paths are relative to the tenant's directory; "" is the directory
 * itself. Calls are synchronous: a reader runs in a thread of its own.
 */
export interface TreeSink {
  /** Parents come into being by themselves; mode and time take effect in `finish`. */
  directory(path: RawPath, mode: number, mtimeNs: bigint): void;
  symlink(path: RawPath, target: RawPath, mtimeNs: bigint): void;
  /** Begins a file; its `content` and `endFile` follow before anything else. */
  beginFile(path: RawPath, mode: number, mtimeNs: bigint): void;
  content(bytes: Uint8Array): void;
  endFile(): void;
  /** A file with the content of one that was written before. */
  copyFile(from: RawPath, path: RawPath, mode: number, mtimeNs: bigint): void;
  /** After the last entry. */
  finish(): void;
  /** Lets go of descriptors; also after a failure. */
  close(): void;
}

/** Takes everything and keeps nothing: a dry run reads and checks the whole archive all the same. */
export const discardingSink: TreeSink = {
  directory: () => undefined,
  symlink: () => undefined,
  beginFile: () => undefined,
  content: () => undefined,
  endFile: () => undefined,
  copyFile: () => undefined,
  finish: () => undefined,
  close: () => undefined,
};
