/** Advisories of Python's tarfile. */
import { gnuLongPart, paxPart, tarOf, tarPart } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { negativeSize } from "./advisories-node.js";
import {
  damaged,
  directory,
  file,
  honest,
  type Part,
  root,
  symlink,
  unsafe,
  UP_TO_OUTSIDE,
} from "./build.js";

const LEAVES_THROUGH = "link leaves the root through another link";

export const pythonAdvisories: readonly HostileCase[] = [
  unsafe(
    "cve-2007-4559-dot-dot",
    "a path with .. that leaves",
    "CVE-2007-4559, Python tarfile",
    [".. component", `${root}/${UP_TO_OUTSIDE}/file`],
    () => [file(`${UP_TO_OUTSIDE}/file`, "overwritten")],
  ),
  damaged(
    "cve-2019-20907-pax-length-zero",
    "a pax record of length 0, which a reader goes over for ever",
    "CVE-2019-20907, Python tarfile",
    ["pax records", `${root}/honest.txt`],
    () => tarOf(honest, tarPart({ typeFlag: "x", content: "0 path=x\n" }), file("a")),
  ),
  damaged(
    "cve-2024-6232-header-backtracking",
    "a megabyte of digits and blanks where pax records should be, for readers that backtrack",
    "CVE-2024-6232, Python tarfile",
    ["pax records", `${root}/honest.txt`],
    () =>
      tarOf(
        honest,
        tarPart({ typeFlag: "x", content: "1".repeat(500_000) + " ".repeat(500_000) }),
        file("a"),
      ),
  ),
  unsafe(
    "cve-2024-12718-metadata-of-the-parent",
    "a directory entry .. with a mode and a time for what lies outside",
    "CVE-2024-12718, Python tarfile",
    [".. component", `${root}/..`],
    () => [directory("..", { mode: 0o777, seconds: 1 })],
  ),
  unsafe(
    "cve-2025-4138-link-normalised-too-early",
    "a link whose target looks harmless when .. is taken out of it before links are followed",
    "CVE-2025-4138, Python tarfile",
    [LEAVES_THROUGH, `${root}/deep/er/escape`],
    () => [directory("deep/er"), symlink("deep/er/up", "../.."), symlink("deep/er/escape", "up/../../er/x")],
  ),
  unsafe(
    "cve-2025-4330-link-to-link",
    "links that stay inside one by one and leave together, the first to be used before the last is there",
    "CVE-2025-4330, Python tarfile",
    [LEAVES_THROUGH, `${root}/a/b/first`],
    () => [
      symlink("a/b/first", "second/../.."),
      symlink("a/b/second", "../../a"),
      symlink("a/b/third", "first"),
    ],
  ),
  unsafe(
    "cve-2025-4435-refused-entry-skipped",
    "a refused entry among good ones: it is neither extracted nor passed over, all is refused",
    "CVE-2025-4435, Python tarfile",
    ["type character device", `${root}/null`],
    () => [{ name: `${root}/null`, typeFlag: "3" }, file("after.txt")],
  ),
  unsafe(
    "cve-2025-4517-path-too-long-to-resolve",
    "a link reached through links to long names: its resolved path passes PATH_MAX and is no longer checked",
    "CVE-2025-4517, Python tarfile",
    ["path passes through a symlink", pathMaxChain().escapeEntry],
    () => pathMaxChain().parts,
  ),
  damaged(
    "cve-2025-8194-negative-offset",
    "an extended header of negative size, which sends a reader backwards for ever",
    "CVE-2025-8194, Python tarfile",
    ["size out of range", "PaxHeaders/x"],
    () => tarOf(honest, negativeSize({ name: "PaxHeaders/x", typeFlag: "x" }), file("a")),
  ),
  damaged(
    "cve-2025-13462-directory-by-cut-name",
    "a long name with content behind a header whose cut name ends with a slash, and headers in that content",
    "CVE-2025-13462, Python tarfile",
    ["cut off", `${root}/${"n".repeat(120)}`],
    () =>
      // Taken for a directory, its content would be read as the end of the tar.
      Buffer.concat([
        tarPart(honest),
        gnuLongPart(`${root}/${"n".repeat(120)}`),
        tarPart({ name: `${"n".repeat(99)}/`, typeFlag: "\0", content: Buffer.alloc(1024) }),
      ]),
  ),
];

/** The shape of the proof of concept: fifteen directories of 247 bytes, each with a short link to the next. */
function pathMaxChain(): { readonly parts: readonly Part[]; readonly escapeEntry: string } {
  const long = "d".repeat(247);
  const parts: Part[] = [];
  let directories = "";
  const letters = "a b c d e f g h i j k l m n o".split(" ");
  for (const letter of letters) {
    // The paths themselves must stay under 4096 bytes, as they did in the original.
    parts.push(paxPart({ path: `${root}/${directories}${long}` }), directory(""));
    parts.push(paxPart({ path: `${root}/${directories}${letter}` }), symlink("", long));
    directories += `${long}/`;
  }
  const links = letters.join("/");
  const last = "l".repeat(254);
  parts.push(paxPart({ path: `${root}/${links}/${last}` }), symlink("", "../".repeat(15)));
  return { parts, escapeEntry: `${root}/${links}/${last}` };
}
