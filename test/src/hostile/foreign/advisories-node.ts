/** Advisories of tar libraries for Node.js: node-tar (`tar`) and tar-fs. */
import { gzipSync } from "node:zlib";
import { gnuLongPart, paxPart, tarOf, tarPart, type TarPart } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, directory, file, hardlink, honest, root, symlink, unsafe, UP_TO_OUTSIDE } from "./build.js";

const NO_EARLIER_FILE = "hard link to no earlier file of the archive";
const LEAVES = "link leaves the root";
const NFC = "caf\xc3\xa9";
const NFD = "cafe\xcc\x81";

export const nodeAdvisories: readonly HostileCase[] = [
  unsafe(
    "cve-2018-20834-hard-link-then-file",
    "a hard link to a file outside, then a file of the same name that is written through it",
    "CVE-2018-20834, node-tar",
    [NO_EARLIER_FILE, `${root}/loot`],
    (outside) => [hardlink("loot", `${outside}/file`), file("loot", "overwritten")],
  ),
  unsafe(
    "cve-2021-32803-directory-then-link",
    "a directory, a link outside in its place, then a file below: a cache still knows the directory",
    "CVE-2021-32803, node-tar",
    [LEAVES, `${root}/d`],
    (outside) => [directory("d"), symlink("d", `${outside}/directory`), file("d/file", "overwritten")],
  ),
  unsafe(
    "cve-2021-32803-directory-then-inner-link",
    "the same with a link that stays inside: nothing takes a directory's place",
    "CVE-2021-32803, node-tar",
    ["path stands twice", `${root}/d`],
    () => [directory("d"), symlink("d", "."), file("d/file")],
  ),
  unsafe(
    "cve-2021-32804-repeated-slashes",
    "an absolute path with many slashes, of which one is stripped",
    "CVE-2021-32804, node-tar",
    ["absolute path", "///{outside}/file"],
    (outside) => [{ name: `///${outside}/file`, content: "overwritten" }],
  ),
  unsafe(
    "cve-2021-37701-backslashes",
    "a directory and a link with a backslash in their name, which a cache takes for a separator",
    "CVE-2021-37701, node-tar",
    ["path stands twice", `${root}/d\\x`],
    () => [directory("d\\x"), symlink("d\\x", "."), file("d\\x/file")],
  ),
  unsafe(
    "cve-2021-37712-unicode-twins",
    "a directory and a link outside whose names are one after Unicode normalisation",
    "CVE-2021-37712, node-tar",
    [LEAVES, `${root}/cafe\u0301`],
    (outside) => [directory(NFC), symlink(NFD, `${outside}/directory`), file(`${NFC}/file`, "overwritten")],
  ),
  unsafe(
    "cve-2021-37713-drive-relative",
    "a path that begins with a drive (an attack on Windows; on Linux `C:` is an ordinary name, `..` is not)",
    "CVE-2021-37713, node-tar",
    [".. component", `${root}/C:../${UP_TO_OUTSIDE}/file`],
    () => [file(`C:../${UP_TO_OUTSIDE}/file`, "overwritten")],
  ),
  unsafe(
    "cve-2024-28863-deep-directories",
    "a file below hundreds of thousands of directories",
    "CVE-2024-28863, node-tar",
    ["path over 4096 bytes", `${root}/${"d/".repeat(300)}`.slice(0, 300) + "…"],
    () => [paxPart({ path: `${root}/${"d/".repeat(400_000)}x` }), file("deep")],
  ),
  unsafe(
    "cve-2026-23745-absolute-hard-link",
    "a hard link with an absolute target",
    "CVE-2026-23745, node-tar",
    [NO_EARLIER_FILE, `${root}/exploit-hard`],
    (outside) => [hardlink("exploit-hard", `${outside}/file`)],
  ),
  unsafe(
    "cve-2026-23745-absolute-link",
    "a link with an absolute target",
    "CVE-2026-23745, node-tar",
    [LEAVES, `${root}/exploit-link`],
    (outside) => [symlink("exploit-link", `${outside}/file`)],
  ),
  unsafe(
    "cve-2026-23950-ligature-collision",
    "names that collide where ß is ss: a file and a link outside",
    "CVE-2026-23950, node-tar",
    [LEAVES, `${root}/collision_ß`],
    (outside) => [
      file("collision_ss"),
      symlink("collision_\xc3\x9f", `${outside}/file`),
      file("collision_ss/x"),
    ],
  ),
  unsafe(
    "cve-2026-24842-hard-link-resolved-twice",
    "a hard link whose target stays inside seen from its own directory, and leaves seen from the root",
    "CVE-2026-24842, node-tar",
    [NO_EARLIER_FILE, `${root}/a/b/c/d/e/x`],
    () => [hardlink("a/b/c/d/e/x", `${UP_TO_OUTSIDE}/file`)],
  ),
  unsafe(
    "cve-2026-26960-hard-link-through-links",
    "a hard link whose target leaves through a chain of links, each of which stays inside",
    "CVE-2026-26960, node-tar",
    [NO_EARLIER_FILE, `${root}/exfil`],
    () => [
      symlink("a/b/c/up", "../.."),
      symlink("a/b/escape", "c/up/../.."),
      hardlink("exfil", `${root}/a/b/escape/../../../../outside/file`),
    ],
  ),
  unsafe(
    "cve-2026-29786-drive-relative-hard-link",
    "a hard link to a target that begins with a drive",
    "CVE-2026-29786, node-tar",
    [NO_EARLIER_FILE, `${root}/hard`],
    () => [hardlink("hard", `C:${UP_TO_OUTSIDE}/file`)],
  ),
  unsafe(
    "cve-2026-31802-drive-relative-link",
    "a link to a target that begins with a drive",
    "CVE-2026-31802, node-tar",
    [LEAVES, `${root}/link`],
    () => [symlink("link", `C:${UP_TO_OUTSIDE}/file`)],
  ),
  damaged(
    "cve-2026-53655-pax-size-on-long-name",
    "a pax size before a GNU long name: given to the wrong header, it hides entries from one reader",
    "CVE-2026-53655 (GHSA-vmf3-w455-68vh), node-tar",
    ["sizes disagree", `${root}/long-name.txt`],
    () =>
      tarOf(
        honest,
        paxPart({ size: "2048" }),
        gnuLongPart(`${root}/long-name.txt`),
        file("a", "AAAA"),
        file("b", "BBBB"),
      ),
  ),
  unsafe(
    "cve-2026-59871-numeric-path",
    "a pax path of digits only, which a reader takes for a number",
    "CVE-2026-59871 (GHSA-w8wr-v893-vjvp), node-tar",
    ["path outside the root", "12345"],
    () => [paxPart({ path: "12345" }), file("named")],
  ),
  {
    id: "cve-2026-59873-gzip-bomb",
    title: "a few kilobytes of gzip that unpack to gigabytes",
    origin: "CVE-2026-59873 (GHSA-23hp-3jrh-7fpw), node-tar",
    archive: () => {
      const zeros = gzipSync(Buffer.alloc(8 * 1024 * 1024), { level: 9 });
      const head = gzipSync(tarPart({ ...file("zeros"), content: "", size: 120 * 1024 * 1024 }));
      return Buffer.concat([head, ...Array.from({ length: 14 }, () => zeros)]);
    },
    expected: { code: "LIMIT_EXCEEDED", rule: "ratio", entry: `${root}/zeros` },
  },
  damaged(
    "cve-2026-59874-negative-size",
    "a negative size in base 256, which sends a reader backwards for ever",
    "CVE-2026-59874 (GHSA-8x88-c5mf-7j5w), node-tar",
    ["size out of range", `${root}/negative`],
    () => tarOf(honest, negativeSize(file("negative"))),
  ),
  unsafe(
    "cve-2026-59875-nul-in-path",
    "a NUL in a pax path, behind which readers see different names",
    "CVE-2026-59875 (GHSA-gvwx-54wh-qm9j), node-tar",
    ["NUL in path", `${root}/safe.txt\\x00evil.txt`],
    () => [paxPart({ path: `${root}/safe.txt\0evil.txt` }), file("safe.txt")],
  ),
  unsafe(
    "cve-2026-59875-nul-in-link-path",
    "a NUL in a pax linkpath",
    "CVE-2026-59875 (GHSA-gvwx-54wh-qm9j), node-tar",
    ["NUL in link target", `${root}/link`],
    () => [paxPart({ linkpath: `safe\0${UP_TO_OUTSIDE}` }), symlink("link", "safe")],
  ),
  unsafe(
    "cve-2026-73566-recursion",
    "a name of half a million components, for readers that recurse over them",
    "CVE-2026-73566 (GHSA-r292-9mhp-454m), node-tar",
    ["path over 4096 bytes", `${root}/${"a/".repeat(300)}`.slice(0, 300) + "…"],
    () => [gnuLongPart(`${root}/${"a/".repeat(500_000)}x`), file("deep")],
  ),
  unsafe(
    "cve-2018-20835-hard-link-then-file",
    "a relative hard link to a file outside, then a file of the same name",
    "CVE-2018-20835, tar-fs",
    [NO_EARLIER_FILE, `${root}/loot`],
    () => [hardlink("loot", `${UP_TO_OUTSIDE}/file`), file("loot", "overwritten")],
  ),
  unsafe(
    "cve-2024-12905-link-then-file",
    "a link with .. in its target, then a file through it",
    "CVE-2024-12905, tar-fs",
    [LEAVES, `${root}/link`],
    () => [symlink("link", `${UP_TO_OUTSIDE}/directory`), file("link/file", "overwritten")],
  ),
  unsafe(
    "cve-2025-48387-hard-link-through-link",
    "a hard link whose target passes a link that is there already",
    "CVE-2025-48387, tar-fs",
    [NO_EARLIER_FILE, `${root}/hard`],
    () => [symlink("dir", "."), hardlink("hard", `${root}/dir/${UP_TO_OUTSIDE}/file`)],
  ),
  unsafe(
    "cve-2025-59343-prefix-of-the-destination",
    "a link to a neighbour whose name begins like the destination's: a comparison without the slash lets it pass",
    "CVE-2025-59343, tar-fs",
    [LEAVES, `${root}/link`],
    () => [symlink("link", "../tree-of-another/file")],
  ),
  unsafe(
    "cve-2025-59343-prefix-of-the-root",
    "an entry beside the root, whose name begins like the root's",
    "CVE-2025-59343, tar-fs",
    ["mixed roots", "tenants/acme-evil/x"],
    () => [{ name: "tenants/acme-evil/x", content: "x" }],
  ),
];

/** Base 256, two's complement: -512. */
export function negativeSize(part: TarPart): TarPart {
  return { ...part, content: "", patch: { 124: `${"\xff".repeat(10)}\xfe\0` } };
}
