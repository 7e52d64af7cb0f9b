/** Archives of ours from arbitrary entries, with contradictions put in before they are put together. */
import fc from "fast-check";
import {
  buildArchive,
  type BuildOptions,
  type DraftSegment,
  encodeSeekTable,
  type FrameSize,
  type SampleEntry,
  type SegmentKind,
  skippableFrame,
} from "@openclaw/gateway-plugin-backup/testing";
import { component } from "@openclaw/gateway-plugin-backup/testing/arbitraries";

type Line = Record<string, unknown>;

const hostileName = fc.constantFrom("..", ".", "", "a\0b", "tenant.json", "x".repeat(256), "\\", "a:b", " ");
const name = fc.oneof({ weight: 6, arbitrary: component }, { weight: 1, arbitrary: hostileName });
/** Few names, so that paths meet: twice, a file below a file, a path through a link. */
const fewNames = fc.constantFrom("a", "b", "a/b", "a/b/c", "b/a", "tenant.json");
const path = fc.oneof(
  fewNames,
  fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
);
const target = fc.oneof(
  fewNames,
  fc.constantFrom("..", "../..", "../../..", "/etc", "a/../..", ".", "", "../acme/a", "b/../../a"),
  path,
);
const entry: fc.Arbitrary<SampleEntry> = fc
  .record(
    {
      path: fc.oneof(path, fc.constant("")),
      type: fc.constantFrom("file", "file", "directory", "symlink"),
      mode: fc.integer({ min: 0, max: 0o7777 }),
      mtimeNs: fc.oneof(fc.bigInt({ min: -(10n ** 19n), max: 10n ** 22n }), fc.constant(0n)),
      content: fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
      target,
    },
    { requiredKeys: ["path", "target"], noNullPrototype: true },
  )
  .map(({ target, content, ...rest }) => ({
    ...rest,
    ...(rest.type === "symlink" && { target }),
    ...((rest.type ?? "file") === "file" && content !== undefined && { content }),
  }));

const number = fc.oneof(
  fc.nat({ max: 5000 }),
  fc.constantFrom(-1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308, 512, 1024),
);
const value = fc.oneof(number, fc.string(), path, fc.constant(null), fc.jsonValue(), fc.constant(undefined));
const member = fc.constantFrom(
  ..."kind path path64 type mode size mtime sha256 segment offset target target64 flags stored raw".split(
    " ",
  ),
  ..."format tenant uid root createdAt producer totals warnings __proto__ constructor later".split(" "),
);
const kind = fc.constantFrom<SegmentKind>("pack", "head", "piece", "dirs", "end");

/** One contradiction; all its numbers are taken modulo what is there. */
const contradiction: fc.Arbitrary<BuildOptions> = fc.oneof(
  fc.tuple(fc.nat(), member, value).map(([at, key, to]) => onLines((lines) => setMember(lines, at, key, to))),
  fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => onLines((lines) => moved(lines, a, b))),
  fc.nat().map((at) => onLines((lines) => lines.filter((_, i) => i !== at % lines.length))),
  fc.nat().map((at) => onLines((lines) => lines.flatMap((l, i) => (i === at % lines.length ? [l, l] : [l])))),
  fc
    .tuple(fc.nat(), fc.nat(), fc.string({ minLength: 1, maxLength: 3, unit: "binary" }))
    .map(([at, offset, text]) => onText((lines) => insertText(lines, at, offset, text))),
  fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 255 })).map(([at, offset, byte]) =>
    onDraft((segments) => {
      const { raw } = draftOf(segments, at);
      raw.writeUInt8(byte, offset % raw.length);
    }),
  ),
  fc.tuple(fc.nat(), kind).map(([at, to]) => onDraft((segments) => void (draftOf(segments, at).kind = to))),
  fc
    .tuple(fc.nat(), fc.nat())
    .map(([a, b]) =>
      onDraft((segments) => void segments.splice(0, segments.length, ...moved(segments, a, b))),
    ),
  fc.nat().map((at) => onDraft((segments) => void segments.splice(at % segments.length, 1))),
  fc.nat().map((at) => onDraft((segments) => void segments.push(draftOf(segments, at)))),
  fc.tuple(fc.nat(), number, number).map(([at, stored, raw]): BuildOptions => ({
    table: (frames) => void frames.splice(at % Math.max(frames.length, 1), 1, tableEntry(stored, raw)),
  })),
  fc.tuple(fc.nat(), fc.nat()).map(([a, b]): BuildOptions => ({
    table: (frames) => void frames.splice(0, frames.length, ...moved(frames, a, b)),
  })),
  fc.tuple(fc.nat(), fc.nat()).map(([a, b]): BuildOptions => ({
    parts: (parts) => void parts.splice(0, parts.length, ...moved(parts, a, b)),
  })),
  fc
    .tuple(fc.integer({ min: 0x184d2a50, max: 0x184d2a5f }), fc.uint8Array({ maxLength: 100 }))
    .map(([magic, payload]): BuildOptions => ({ behindIndex: [skippableFrame(magic, payload)] })),
  fc.nat({ max: 255 }).map((byte): BuildOptions => ({
    parts: (parts) => void parts.at(-1)?.writeUInt8(byte, (parts.at(-1)?.length ?? 5) - 5),
  })),
  fc.constant<BuildOptions>({ parts: (parts) => void parts.push(encodeSeekTable([])) }),
);

export interface Structured {
  readonly archive: Buffer;
  readonly honest: boolean;
}

/** Archives with none to four contradictions. */
export const structuredArchive: fc.Arbitrary<Structured> = fc
  .tuple(fc.array(entry, { maxLength: 8 }), fc.array(contradiction, { maxLength: 4 }), fc.boolean())
  .map(([entries, contradictions, small]) => ({
    archive: buildArchive(entries, {
      ...(small && { largeBytes: 600, pieceBytes: 512 }),
      ...combined(contradictions),
    }),
    honest: contradictions.length === 0,
  }));

function combined(list: readonly BuildOptions[]): BuildOptions {
  return {
    draft: (segments) => list.forEach(({ draft }) => draft?.(segments)),
    table: (frames) => list.forEach(({ table }) => table?.(frames)),
    parts: (parts) => list.forEach(({ parts: change }) => change?.(parts)),
    lines: (lines) => list.reduce((changed, { lines: change }) => change?.(changed) ?? changed, lines),
    text: (lines) => list.reduce((changed, { text: change }) => change?.(changed) ?? changed, lines),
    behindIndex: list.flatMap(({ behindIndex = [] }) => behindIndex),
  };
}

function onLines(lines: (lines: Line[]) => Line[]): BuildOptions {
  return { lines: (all) => (all.length === 0 ? all : lines(all)) };
}

function onText(text: (lines: string[]) => string[]): BuildOptions {
  return { text: (all) => (all.length === 0 ? all : text(all)) };
}

function onDraft(draft: (segments: DraftSegment[]) => void): BuildOptions {
  return { draft: (segments) => (segments.length === 0 ? undefined : draft(segments)) };
}

function draftOf(segments: DraftSegment[], at: number): DraftSegment {
  const segment = segments[at % segments.length];
  if (segment === undefined) throw new Error("There are no segments.");
  return segment;
}

function setMember(lines: readonly Line[], at: number, key: string, to: unknown): Line[] {
  return lines.map((line, i) =>
    i === at % lines.length ? Object.fromEntries<unknown>([...Object.entries(line), [key, to]]) : line,
  );
}

function insertText(lines: readonly string[], at: number, offset: number, text: string): string[] {
  return lines.map((line, i) => {
    const place = offset % (line.length + 1);
    return i === at % lines.length ? line.slice(0, place) + text + line.slice(place) : line;
  });
}

function moved<T>(list: readonly T[], a: number, b: number): T[] {
  const copy = [...list];
  if (copy.length === 0) return copy;
  copy.splice(b % copy.length, 0, ...copy.splice(a % copy.length, 1));
  return copy;
}

function tableEntry(stored: number, raw: number): FrameSize {
  const clamp = (size: number): number => Math.min(Math.max(Math.trunc(size), 0), 2 ** 32 - 1);
  return { stored: clamp(stored), raw: clamp(raw) };
}
