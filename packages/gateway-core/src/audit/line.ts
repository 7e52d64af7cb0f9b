/**
 * The format of the audit log: one JSON object a line. `hash` is the SHA-256 of the line's bytes without it (what stands
 * before `,"hash"`, and the closing brace), `prev` the hash of the line before: a line that is changed, taken out, put in or
 * moved no longer fits those around it. See docs/audit.md.
 */
import { createHash } from "node:crypto";
import { type Static, Type } from "@openclaw/schema";
import type { AuditDetails } from "../plugin/host.js";

/** What a line says. */
export interface AuditEntry {
  /** `admin`, `tenant:<id>`, `metrics`, `schedule`, `gateway`, or `anonymous`. */
  readonly actor: string;
  /** The address that a request came from. */
  readonly from?: string | undefined;
  /** A request's method and route, `DELETE /api/admin/tenants/:id`, or the name of an event, `job.backup`. */
  readonly action: string;
  readonly tenant?: string | undefined;
  /** HTTP status of a request; how a job or a schedule's time ended; one word of other events. */
  readonly result: string;
  /** Of the error. */
  readonly code?: string | undefined;
  /** Id of the request, as the gateway's log has it. */
  readonly request?: string | undefined;
  readonly details?: AuditDetails | undefined;
}

const Hash = Type.String({ description: "SHA-256, 64 hex digits." });

export const AuditLineSchema = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  time: Type.String({ description: "RFC 3339, UTC." }),
  actor: Type.String(),
  from: Type.Optional(Type.String()),
  action: Type.String(),
  tenant: Type.Optional(Type.String()),
  result: Type.String(),
  code: Type.Optional(Type.String()),
  request: Type.Optional(Type.String()),
  details: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  ),
  prev: Hash,
  hash: Hash,
});

export type AuditLine = Static<typeof AuditLineSchema>;

/** Where a chain stands: the number and the hash of its last line. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** `prev` of the very first line. */
export const GENESIS: ChainHead = { seq: 0, hash: "0".repeat(64) };

/** No line that is written is longer, in bytes: see the limits below. */
export const MAX_LINE_BYTES = 64 * 1024;

/** Characters of one field. A route's parameter is the caller's choice. */
const MAX_TEXT = 512;
const MAX_DETAILS = 16;

const SUFFIX = /^,"hash":"([0-9a-f]{64})"\}$/;
/** What {@link SUFFIX} matches is so long. */
const SUFFIX_BYTES = 75;

/** The line that follows `before`, with its line break, and where the chain stands then. */
export function encodeLine(
  before: ChainHead,
  time: number,
  entry: AuditEntry,
): { readonly bytes: Buffer; readonly head: ChainHead } {
  const seq = before.seq + 1;
  const body = JSON.stringify({
    seq,
    time: new Date(time).toISOString(),
    actor: cut(entry.actor),
    from: entry.from === undefined ? undefined : cut(entry.from),
    action: cut(entry.action),
    tenant: entry.tenant === undefined ? undefined : cut(entry.tenant),
    result: cut(entry.result),
    code: entry.code === undefined ? undefined : cut(entry.code),
    request: entry.request === undefined ? undefined : cut(entry.request),
    details: shortDetails(entry.details),
    prev: before.hash,
  });
  const hash = createHash("sha256").update(body).digest("hex");
  return { bytes: Buffer.from(`${body.slice(0, -1)},"hash":"${hash}"}\n`), head: { seq, hash } };
}

export interface DecodedLine {
  readonly line: AuditLine;
  /** Its own hash is that of its bytes. */
  readonly intact: boolean;
}

/** Reads a line without its line break; undefined for what is none. */
export function decodeLine(bytes: Buffer): DecodedLine | undefined {
  const end = bytes.length - SUFFIX_BYTES;
  if (end < 1 || bytes.length > MAX_LINE_BYTES) return undefined;
  const stated = SUFFIX.exec(bytes.toString("latin1", end))?.[1];
  if (stated === undefined) return undefined;
  let line: unknown;
  try {
    line = JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
  if (!isLine(line)) return undefined;
  const computed = createHash("sha256").update(bytes.subarray(0, end)).update("}").digest("hex");
  return { line, intact: computed === stated };
}

function isLine(value: unknown): value is AuditLine {
  if (typeof value !== "object" || value === null) return false;
  const line = value as Partial<Record<keyof AuditLine, unknown>>;
  const isText = (key: keyof AuditLine): boolean => typeof line[key] === "string";
  const mayBeText = (key: keyof AuditLine): boolean => line[key] === undefined || isText(key);
  return (
    Number.isSafeInteger(line.seq) &&
    (["time", "actor", "action", "result", "prev", "hash"] as const).every(isText) &&
    (["from", "tenant", "code", "request"] as const).every(mayBeText) &&
    (line.details === undefined || isDetails(line.details))
  );
}

function isDetails(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => ["string", "number", "boolean"].includes(typeof one));
}

function shortDetails(details: AuditDetails | undefined): AuditDetails | undefined {
  const given = Object.entries(details ?? {}).filter(([, value]) => value !== undefined);
  if (given.length === 0) return undefined;
  const short = given
    .slice(0, MAX_DETAILS)
    .map(([key, value]) => [cut(key), typeof value === "string" ? cut(value) : value] as const);
  return Object.fromEntries(short);
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}
