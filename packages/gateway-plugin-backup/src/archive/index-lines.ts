/**
 * The lines of the index: one JSON object each, written with its members in a fixed order. Readers take members in any
 * order and ignore those they do not know; everything they know is checked here, by hand, because an index has a line
 * for every entry.
 */
import { brokenNameRule, shownPath } from "./entry-name.js";
import { FORMAT_VERSION, MAX_FRAME_RAW_BYTES } from "./format.js";
import type {
  ArchiveTotals,
  ArchiveWarning,
  ArchiveWarningCode,
  EntryFlag,
  EntryRecord,
  EntryType,
  IndexHeader,
  SegmentKind,
  SegmentRecord,
} from "./format.js";
import { displayPath, rawPath, rawPathBytes, rawPathFromBytes, rawPathText } from "./raw-path.js";
import type { RawPath } from "./raw-path.js";

export type ParsedLine =
  | { readonly kind: "header"; readonly header: IndexHeader }
  | { readonly kind: "segment"; readonly segment: SegmentRecord }
  | { readonly kind: "entry"; readonly entry: EntryRecord };

/** Of the header's warnings as JSON: a header has one frame, and that has a limit. */
const MAX_WARNINGS_BYTES = MAX_FRAME_RAW_BYTES / 2;

/** What is wrong with a line, fit to follow "line 7 "; the rule says whether alone or among the others. */
export class LineError extends Error {
  readonly rule: "index line" | "index layout" | "index totals" | "format version";
  /** The entry that the line is about, fit to be shown. */
  entry: string | undefined;
  constructor(message: string, rule: LineError["rule"] = "index line") {
    super(message);
    this.rule = rule;
  }
}

export function headerLine(header: IndexHeader): string {
  const { format, tenant, uid, root, createdAt, producer, totals } = header;
  const { entries, files, directories, symlinks, contentBytes, segments, tarBytes } = totals;
  return JSON.stringify({
    kind: "header",
    format,
    tenant,
    uid,
    root,
    createdAt,
    producer,
    totals: { entries, files, directories, symlinks, contentBytes, segments, tarBytes },
    warnings: fittingWarnings(header.warnings),
  });
}

/** As many warnings as a header can hold; the rest is counted in one last warning. */
function fittingWarnings(warnings: readonly ArchiveWarning[]): readonly ArchiveWarning[] {
  const fitting: ArchiveWarning[] = [];
  let bytes = 0;
  for (const { code, path, message } of warnings) {
    const warning = { code, path: withoutControls(path), message: withoutControls(message) };
    bytes += Buffer.byteLength(JSON.stringify(warning)) + 1;
    if (bytes > MAX_WARNINGS_BYTES) {
      const omitted = warnings.length - fitting.length;
      const count = `${omitted} more warnings are not listed in the archive.`;
      return [...fitting, { code: "WARNINGS_OMITTED", path: "", message: count }];
    }
    fitting.push(warning);
  }
  return fitting;
}

export function segmentLine({ kind, offset, stored, raw, sha256 }: SegmentRecord): string {
  return `{"kind":"segment","type":"${kind}","offset":${offset},"stored":${stored},"raw":${raw},"sha256":"${sha256}"}`;
}

export function entryLine(entry: EntryRecord): string {
  let line = `{"kind":"entry",${pathMember(entry.path)},"type":"${entry.type}","mode":${entry.mode}`;
  line += `,"size":${entry.size},"mtime":"${entry.mtimeNs}"`;
  if (entry.sha256 !== undefined) line += `,"sha256":"${entry.sha256}"`;
  line += `,"segment":${entry.segment},"offset":${entry.offset}`;
  if (entry.target !== undefined) line += `,${nameMember("target", entry.target)}`;
  if (entry.flags.length > 0) line += `,"flags":${JSON.stringify(entry.flags)}`;
  return `${line}}`;
}

/** As it stands in the line of the entry at `path`, however its other members are arranged. */
export function pathMember(path: RawPath): string {
  return nameMember("path", path);
}

function nameMember(name: string, value: RawPath): string {
  const text = rawPathText(value);
  return text === undefined
    ? `"${name}64":"${rawPathBytes(value).toString("base64")}"`
    : `"${name}":${JSON.stringify(text)}`;
}

/** Reads one line. Throws {@link LineError}. */
export function parseLine(text: string): ParsedLine {
  return parsePlainEntry(text) ?? parseAnyLine(text);
}

/**
 * Nearly every line of an index: a file or directory with a plain path, in the writer's order of members. An index has a
 * million of them, and this takes a fifth of the time that {@link parseAnyLine} takes to say the same.
 */
const PLAIN_ENTRY =
  /^\{"kind":"entry","path":"([ !#-[\]-~]+)","type":"(file|directory)","mode":(0|[1-9]\d{0,2}),"size":(0|[1-9]\d{0,14}),"mtime":"(0|-?[1-9]\d{0,29})"(?:,"sha256":"([0-9a-f]{64})")?,"segment":(0|[1-9]\d{0,14}),"offset":(0|[1-9]\d{0,14})\}$/;

/** Undefined for every line that is anything else, or broken: {@link parseAnyLine} tells. */
function parsePlainEntry(text: string): ParsedLine | undefined {
  const match = PLAIN_ENTRY.exec(text);
  if (match === null) return undefined;
  const [, path, type, modeText, sizeText, mtime, sha256, segment, offset] = match;
  const mode = Number(modeText);
  const size = Number(sizeText);
  const fits = type === "file" ? sha256 !== undefined : sha256 === undefined && size === 0;
  if (!fits || mode > 0o777 || mtime === undefined) return undefined;
  const entry = {
    path: path as RawPath,
    type: type as EntryType,
    mode,
    size,
    mtimeNs: BigInt(mtime),
    ...(sha256 !== undefined && { sha256 }),
    segment: Number(segment),
    offset: Number(offset),
    flags: NO_FLAGS,
  };
  return { kind: "entry", entry };
}

function parseAnyLine(text: string): ParsedLine {
  const line = parseObject(text);
  // Before anything else: what else stands there is the later version's business.
  if (line["kind"] === "header") checkVersion(integer(line, "format"));
  checkCompact(line, text);
  switch (line["kind"]) {
    case "entry": {
      const path = nameOf(line, "path", "path64");
      if (path === undefined) throw new LineError("has no path");
      return { kind: "entry", entry: aboutEntry(path, () => parseEntry(path, line)) };
    }
    case "segment":
      return { kind: "segment", segment: parseSegment(line) };
    case "header":
      return { kind: "header", header: parseHeader(line) };
    default:
      throw new LineError(`is of an unknown kind`);
  }
}

type Members = Readonly<Record<string, unknown>>;

const SHA256 = /^[0-9a-f]{64}$/;
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,29})$/;
const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
/** Ids and program names: they are shown, so no control characters. */
const LABEL = /^[^\p{Cc}]{1,255}$/u;
const WARNING_CODE = /^[A-Z][A-Z0-9_]{0,63}$/;
const SEGMENT_KINDS: ReadonlySet<SegmentKind> = new Set<SegmentKind>([
  "pack",
  "head",
  "piece",
  "dirs",
  "end",
]);
const ENTRY_TYPES: ReadonlySet<EntryType> = new Set<EntryType>(["file", "directory", "symlink"]);
const ENTRY_FLAGS: ReadonlySet<unknown> = new Set<EntryFlag>(["database", "truncated", "changed"]);
const NO_FLAGS: readonly EntryFlag[] = [];

function parseObject(text: string): Members {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LineError("is not JSON");
  }
  if (!isObject(value)) throw new LineError("is not a JSON object");
  return value;
}

/** A member given twice would be one thing to this reader and another to the next: JSON.parse keeps the last. */
function checkCompact(line: Members, text: string): void {
  let compact: string;
  try {
    compact = JSON.stringify(line);
  } catch {
    // JSON.stringify recurses; JSON.parse does not.
    throw new LineError("is nested too deeply");
  }
  if (compact !== text) throw new LineError("is not compact JSON, or has a member twice");
}

function checkVersion(format: number): void {
  if (format > FORMAT_VERSION) throw new LineError(`is of format version ${format}`, "format version");
  if (format !== FORMAT_VERSION) throw new LineError(`is of the unknown format version ${format}`);
}

/** Runs a check of the entry at `path`; its LineError names it. */
export function aboutEntry<T>(path: RawPath, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof LineError) error.entry = shownPath(path);
    throw error;
  }
}

function parseEntry(path: RawPath, line: Members): EntryRecord {
  const type = oneOf(line, "type", ENTRY_TYPES);
  const mode = integer(line, "mode");
  if (mode > 0o777) throw new LineError("has a mode beyond 0777");
  const size = integer(line, "size");
  if (type !== "file" && size !== 0) throw new LineError(`has a size, but is a ${type}`);
  const target = nameOf(line, "target", "target64");
  if ((type === "symlink") !== (target !== undefined))
    throw new LineError(type === "symlink" ? "has no target" : `has a target, but is a ${type}`);
  if (type !== "file" && line["sha256"] !== undefined) throw new LineError(`has a sha256, but is a ${type}`);
  return {
    path,
    type,
    mode,
    size,
    mtimeNs: BigInt(matching(line, "mtime", DECIMAL)),
    ...(type === "file" && { sha256: matching(line, "sha256", SHA256) }),
    ...(target !== undefined && { target }),
    segment: integer(line, "segment"),
    offset: integer(line, "offset"),
    flags: flagsOf(line, type),
  };
}

function parseSegment(line: Members): SegmentRecord {
  return {
    kind: oneOf(line, "type", SEGMENT_KINDS),
    offset: integer(line, "offset"),
    stored: integer(line, "stored"),
    raw: integer(line, "raw"),
    sha256: matching(line, "sha256", SHA256),
  };
}

function parseHeader(line: Members): IndexHeader {
  const root = matching(line, "root", LABEL);
  const broken = brokenNameRule(rawPath(root));
  if (broken !== undefined) throw new LineError(`has an unsafe root (${broken})`);
  return {
    format: FORMAT_VERSION,
    tenant: matching(line, "tenant", LABEL),
    uid: matching(line, "uid", LABEL),
    root,
    createdAt: instant(line, "createdAt"),
    producer: matching(line, "producer", LABEL),
    totals: parseTotals(line["totals"]),
    warnings: parseWarnings(line["warnings"]),
  };
}

function parseTotals(value: unknown): ArchiveTotals {
  if (!isObject(value)) throw new LineError("has no totals");
  return {
    entries: integer(value, "entries"),
    files: integer(value, "files"),
    directories: integer(value, "directories"),
    symlinks: integer(value, "symlinks"),
    contentBytes: integer(value, "contentBytes"),
    segments: integer(value, "segments"),
    tarBytes: integer(value, "tarBytes"),
  };
}

function parseWarnings(value: unknown): ArchiveWarning[] {
  if (!Array.isArray(value)) throw new LineError("has no list of warnings");
  return value.map((warning: unknown) => {
    if (!isObject(warning)) throw new LineError("has a warning that is no object");
    const { path, message } = warning;
    if (typeof path !== "string" || typeof message !== "string")
      throw new LineError("has a warning without path or message");
    return {
      // A later producer may warn of more than this one knows; a code is only ever shown and compared.
      code: matching(warning, "code", WARNING_CODE) as ArchiveWarningCode,
      path: withoutControls(path),
      message: withoutControls(message),
    };
  });
}

/** Warnings are printed on terminals, and an archive may come from anywhere. */
function withoutControls(text: string): string {
  return displayPath(rawPath(text));
}

/** A name, from its member as text or as base64 of bytes that are not UTF-8; undefined when neither is there. */
function nameOf(line: Members, key: string, key64: string): RawPath | undefined {
  const text = line[key];
  const base64 = line[key64];
  if (text === undefined && base64 === undefined) return undefined;
  if (text !== undefined && base64 !== undefined) throw new LineError(`has both ${key} and ${key64}`);
  if (text !== undefined) {
    if (typeof text !== "string") throw new LineError(`has a ${key} that is no string`);
    const raw = rawPath(text);
    // Lone surrogates of JSON have no bytes.
    if (raw !== text && rawPathText(raw) !== text) throw new LineError(`has a ${key} that is not Unicode`);
    return raw;
  }
  if (typeof base64 !== "string") throw new LineError(`has a ${key64} that is no string`);
  const bytes = Buffer.from(base64, "base64");
  if (bytes.toString("base64") !== base64) throw new LineError(`has a ${key64} that is not canonical base64`);
  const raw = rawPathFromBytes(bytes);
  if (rawPathText(raw) !== undefined)
    throw new LineError(`has a ${key64} that is UTF-8 and belongs in ${key}`);
  return raw;
}

function flagsOf(line: Members, type: EntryType): readonly EntryFlag[] {
  const flags = line["flags"];
  if (flags === undefined) return NO_FLAGS;
  if (!Array.isArray(flags) || !flags.every((flag) => typeof flag === "string"))
    throw new LineError("has flags that are no list of strings");
  if (new Set(flags).size < flags.length) throw new LineError("has a flag twice");
  if (type !== "file" && flags.some((flag) => ENTRY_FLAGS.has(flag)))
    throw new LineError(`has a flag of files, but is a ${type}`);
  // Flags inform; a reader that does not know one restores the same bytes.
  return flags.filter((flag): flag is EntryFlag => ENTRY_FLAGS.has(flag));
}

function integer(line: Members, name: string): number {
  const value = line[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new LineError(`has no valid ${name}`);
  return value;
}

function matching(line: Members, name: string, pattern: RegExp): string {
  const value = line[name];
  if (typeof value !== "string" || !pattern.test(value)) throw new LineError(`has no valid ${name}`);
  return value;
}

function instant(line: Members, name: string): string {
  const value = matching(line, name, RFC3339_UTC);
  if (Number.isNaN(Date.parse(value))) throw new LineError(`has no valid ${name}`);
  return value;
}

function oneOf<T extends string>(line: Members, name: string, allowed: ReadonlySet<T>): T {
  const value = line[name] as T;
  if (!allowed.has(value)) throw new LineError(`has an unknown ${name}`);
  return value;
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
