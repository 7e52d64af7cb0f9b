/**
 * Where the objects of a gateway's backup stand.
 *
 *     <prefix>/2026-03-07T02-00-00Z/state.tar.zst           the state directory
 *     <prefix>/2026-03-07T02-00-00Z/workspace.tar.zst       the workspace volume, where there is one
 *     <prefix>/2026-03-07T02-00-00Z/backup.json             written last: the set is complete
 *     <prefix>/pre-delete/2026-03-07T02-00-00Z.state.tar.zst
 *     <prefix>/pre-delete/backup.json                       overwritten last; what it does not name goes then
 *
 * Encrypted archives have `.age`, or `.piped`, behind their names.
 */
import { GATEWAY_PARTS, type GatewayPart } from "../../archive/gateway-parts.js";
import { timestampName } from "../archive-name.js";

export const MANIFEST_NAME = "backup.json";
/** A manifest of two parts has about a kilobyte. */
export const MANIFEST_BYTES_MAX = 64 * 1024;
export const PRE_DELETE = "pre-delete";
export const SET_KINDS = ["scheduled", PRE_DELETE] as const;
export type SetKind = (typeof SET_KINDS)[number];

const TIMESTAMP = "\\d{4}-\\d\\d-\\d\\dT\\d\\d-\\d\\d-\\d\\dZ";
const PART = `(?:${Object.values(GATEWAY_PARTS).join("|")})\\.tar\\.zst(?:\\.age|\\.piped)?`;
const PART_NAME = new RegExp(`^${PART}$`);
const PRE_DELETE_NAME = new RegExp(`^(${TIMESTAMP})\\.${PART}$`);
const DIRECTORY = new RegExp(`(?:^|/)(${TIMESTAMP})/$`);
const PRE_DELETE_DIRECTORY = /(?:^|\/)pre-delete\/$/;

/** The name of the directory of a set of this kind that is begun now. */
export function directoryName(kind: SetKind, now: number): string {
  return kind === PRE_DELETE ? PRE_DELETE : timestampName(now);
}

/** @param suffix What an encrypted archive's name ends with. */
export function partKey(
  directory: string,
  part: GatewayPart,
  { kind, now, suffix }: { readonly kind: SetKind; readonly now: number; readonly suffix: string },
): string {
  const prefix = kind === PRE_DELETE ? `${timestampName(now)}.` : "";
  return `${directory}${prefix}${GATEWAY_PARTS[part]}.tar.zst${suffix}`;
}

/** True for a directory's key as {@link directoryName} makes it for a scheduled set, whatever the prefix. */
export function isAutomaticDirectory(key: string): boolean {
  return DIRECTORY.test(key);
}

/** What an object's name says of it. */
export interface SetObjectName {
  readonly kind: SetKind;
  /** Ends with a slash. */
  readonly directory: string;
  /** When the set was begun, as the names have it; absent where a person chose the directory, and of backup.json. */
  readonly timestamp: string | undefined;
  readonly isManifest: boolean;
}

/** Undefined for what is part of no gateway's backup. A `backup.json` in a directory that a person chose may be anybody's. */
export function setObjectName(key: string): SetObjectName | undefined {
  const directory = key.slice(0, key.lastIndexOf("/") + 1);
  const name = key.slice(directory.length);
  const isManifest = name === MANIFEST_NAME;
  if (PRE_DELETE_DIRECTORY.test(directory)) {
    const timestamp = PRE_DELETE_NAME.exec(name)?.[1];
    return isManifest || timestamp !== undefined
      ? { kind: PRE_DELETE, directory, timestamp, isManifest }
      : undefined;
  }
  const timestamp = isManifest ? undefined : DIRECTORY.exec(directory)?.[1];
  return isManifest || PART_NAME.test(name)
    ? { kind: "scheduled", directory, timestamp, isManifest }
    : undefined;
}
