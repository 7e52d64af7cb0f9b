/** What people read of an archive's contents. */
import type { ArchiveContentsView, EntryLine } from "../views.js";
import { formatBytes, formatCount, formatTime, plural } from "./format.js";
import { signerText } from "./signer.js";
import { formatFacts, formatTable } from "./table.js";

/** More would scroll the figures off the screen; `--json` has them all. */
const SHOWN_WARNINGS = 20;

export function contentsLines(view: ArchiveContentsView): string[] {
  const { totals, catalogue, replaced, flagged, warnings } = view;
  const facts = formatFacts([
    ["location", view.location],
    ["tenant", `${view.tenant} (uid ${view.uid})`],
    ["created", formatTime(view.createdAt)],
    ["stored", formatTime(view.storedAt)],
    ["producer", `${view.producer}, format ${view.formatVersion}`],
    [
      "entries",
      `${plural(totals.files, "file")}, ${plural(totals.directories, "directory", "directories")}, ${plural(totals.symlinks, "link")}`,
    ],
    ["content", formatBytes(totals.contentBytes)],
    ["size", `${formatBytes(view.size)} (${view.ratio.toFixed(2)} : 1)`],
    ["databases", flagged.database === 0 ? undefined : formatCount(flagged.database)],
    [
      "changed",
      flagged.changed === 0 ? undefined : `${plural(flagged.changed, "file")} while they were read`,
    ],
    ["truncated", flagged.truncated === 0 ? undefined : plural(flagged.truncated, "file")],
    ["signed by", view.signedBy && signerText(view.signedBy)],
    ["index", `${formatBytes(view.index.bytes)}, SHA-256 ${view.index.sha256}`],
    [
      "catalogue",
      catalogue === undefined
        ? unknownBecause(replaced?.id)
        : `${catalogue.id ?? ""} ${catalogue.state ?? ""}`,
    ],
    ["pinned", catalogue?.pinnedAt === undefined ? undefined : formatTime(catalogue.pinnedAt)],
  ]);
  const table = formatTable(view.segments, [
    { title: "SEGMENTS", cell: ({ kind }) => kind },
    { title: "COUNT", align: "right", cell: ({ segments }) => formatCount(segments) },
    { title: "STORED", align: "right", cell: ({ storedBytes }) => formatBytes(storedBytes) },
    { title: "RAW", align: "right", cell: ({ rawBytes }) => formatBytes(rawBytes) },
  ]);
  const shown = warnings
    .slice(0, SHOWN_WARNINGS)
    .map(({ path = "", message }) => `warning: ${path}: ${message}`);
  const more = warnings.length - shown.length;
  return [
    ...facts,
    ...table,
    ...shown,
    ...(more > 0 ? [`warning: … and ${formatCount(more)} more; --json lists all`] : []),
  ];
}

function unknownBecause(replaced: string | undefined): string {
  return replaced === undefined
    ? "does not know it"
    : `expects archive ${replaced} here, which this one has replaced`;
}

/** A path alone, or with what `ls -l` shows. */
export function entryLine(line: EntryLine, long: boolean): string {
  const { type, mode, size, mtimeNs } = line;
  const path = nameOf(line.path, line.path64);
  const name = `${path === "" ? "." : path}${type === "directory" ? "/" : ""}`;
  if (!long) return name;
  const letter = type === "directory" ? "d" : type === "symlink" ? "l" : "-";
  const date = new Date(Number(BigInt(mtimeNs) / 1_000_000n));
  // A date that JavaScript does not know stays in nanoseconds.
  const time = Number.isNaN(date.getTime()) ? mtimeNs : formatTime(date.toISOString());
  const to = type === "symlink" ? ` -> ${nameOf(line.target, line.target64)}` : "";
  const flags = line.flags === undefined ? "" : `  [${line.flags.join(", ")}]`;
  return `${letter}${modeText(mode)}  ${formatBytes(size).padStart(7)}  ${time}  ${name}${to}${flags}`;
}

/** A path, or the bytes of one that is not UTF-8. */
export function nameOf(text: string | undefined, base64 = ""): string {
  return text ?? Buffer.from(base64, "base64").toString("latin1");
}

/** `rwxr-x---`. */
function modeText(mode: number): string {
  return "rwxrwxrwx".replace(/./g, (letter, bit: number) => ((mode >> (8 - bit)) & 1 ? letter : "-"));
}
