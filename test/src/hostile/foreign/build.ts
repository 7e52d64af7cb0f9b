/** Short words for the corpus: entries of the tenant `acme`, which every case is said to be an archive of. */
import { tarOf, type TarPart } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";

/** From the root of the tree that a restore extracts to the directory that attacks aim at. */
export const UP_TO_OUTSIDE = "../../../../../outside";

export type Part = TarPart | Buffer;

export const root = "tenants/acme";

export function file(path: string, content: string | Buffer = "x", more: TarPart = {}): TarPart {
  return { name: `${root}/${path}`, content, ...more };
}

export function directory(path: string, more: TarPart = {}): TarPart {
  return { name: `${root}/${path}/`, typeFlag: "5", mode: 0o755, ...more };
}

export function symlink(path: string, target: string, more: TarPart = {}): TarPart {
  return { name: `${root}/${path}`, typeFlag: "2", target, ...more };
}

export function hardlink(path: string, target: string, more: TarPart = {}): TarPart {
  return { name: `${root}/${path}`, typeFlag: "1", target, ...more };
}

/** What an honest archive begins with, so that an attack is not the first thing that is read. */
export const honest = file("honest.txt", "an honest file");

/** An UNSAFE_ENTRY of a plain tar: the most common case. `parts` come behind an honest file. */
export function unsafe(
  id: string,
  title: string,
  origin: string,
  [rule, entry]: readonly [rule: string, entry: string],
  parts: (outside: string) => readonly Part[],
): HostileCase {
  const archive = (outside: string): Buffer => tarOf(honest, ...parts(outside));
  return { id, title, origin, archive, expected: { code: "UNSAFE_ENTRY", rule, entry } };
}

/** An ARCHIVE_DAMAGED of a plain tar. */
export function damaged(
  id: string,
  title: string,
  origin: string,
  [rule, entry]: readonly [rule: string, entry?: string],
  archive: (outside: string) => Buffer,
): HostileCase {
  const at = entry === undefined ? {} : { entry };
  return { id, title, origin, archive, expected: { code: "ARCHIVE_DAMAGED", rule, ...at } };
}
