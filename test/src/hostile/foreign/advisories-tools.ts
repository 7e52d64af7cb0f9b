/** Advisories of Go's archive/tar, libarchive, the Rust crates, GNU tar, busybox and Perl's Archive::Tar. */
import { gnuLongPart, paxPart, tarOf, tarPart } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, directory, file, hardlink, honest, root, symlink, unsafe, UP_TO_OUTSIDE } from "./build.js";

const NO_EARLIER_FILE = "hard link to no earlier file of the archive";
const LEAVES = "link leaves the root";
const TWICE = "path stands twice";
const SPARSE = "type sparse file";

const go: readonly HostileCase[] = [
  damaged(
    "cve-2022-2879-endless-pax-header",
    "a pax header of a gigabyte, to be read into memory",
    "CVE-2022-2879, Go archive/tar",
    ["extended header too long", `${root}/honest.txt`],
    () => tarOf(honest, tarPart({ typeFlag: "x", size: 2 ** 30 }), file("a")),
  ),
  damaged(
    "cve-2022-2879-endless-long-name",
    "a GNU long name of a gigabyte",
    "CVE-2022-2879, Go archive/tar",
    ["extended header too long", `${root}/honest.txt`],
    () => tarOf(honest, tarPart({ typeFlag: "L", size: 2 ** 30 }), file("a")),
  ),
  unsafe(
    "cve-2025-58183-pax-sparse-map",
    "a pax 1.0 sparse file that claims a hundred million regions",
    "CVE-2025-58183, Go archive/tar",
    [SPARSE, `${root}/sparse`],
    () => [
      paxPart({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "1000000000000" }),
      file("sparse", "100000000\n0\n1\n"),
    ],
  ),
  unsafe(
    "cve-2026-32288-old-gnu-sparse-map",
    "an old GNU sparse file whose map goes on in block after block",
    "CVE-2026-32288, Go archive/tar",
    [SPARSE, `${root}/sparse`],
    () => [
      file("sparse", Buffer.alloc(4096, "\x01"), {
        typeFlag: "S",
        magic: "ustar  \0",
        patch: { 482: "\x01" },
      }),
    ],
  ),
];

const libarchive: readonly HostileCase[] = [
  damaged(
    "cve-2007-3644-pax-record-beyond-its-header",
    "a pax record whose length passes the end of its header",
    "CVE-2007-3644, libarchive",
    ["pax records", `${root}/honest.txt`],
    () => tarOf(honest, tarPart({ typeFlag: "x", content: "4000 path=x\n" }), file("a")),
  ),
  damaged(
    "cve-2016-5418-hard-link-with-content",
    "a hard link with content, written to what it links to",
    "CVE-2016-5418, libarchive",
    ["size of a hardlink", `${root}/hard`],
    () => tarOf(honest, hardlink("hard", `${root}/honest.txt`, { content: "overwritten" })),
  ),
  unsafe(
    "cve-2021-31566-mode-through-a-link",
    "a link, then a directory of its name whose mode and time are set through it",
    "CVE-2021-31566, libarchive",
    [TWICE, `${root}/d`],
    () => [symlink("d", "."), directory("d", { mode: 0o777, seconds: 1 })],
  ),
  unsafe(
    "cve-2021-23177-acl-through-a-link",
    "a link with access rules of its own, which are set on what it leads to",
    "CVE-2021-23177, libarchive",
    [LEAVES, `${root}/link`],
    (outside) => [
      paxPart({ "SCHILY.acl.access": "user::rwx,group::rwx,other::rwx" }),
      symlink("link", `${outside}/file`),
    ],
  ),
  damaged(
    "cve-2024-57970-cut-in-long-target",
    "a tar that ends in the middle of a GNU long link target",
    "CVE-2024-57970, libarchive",
    ["cut off", `${root}/honest.txt`],
    () => Buffer.concat([tarPart(honest), gnuLongPart("t".repeat(400), "K").subarray(0, 512 + 100)]),
  ),
];

const rust: readonly HostileCase[] = [
  damaged(
    "cve-2025-62518-tarmageddon",
    "a pax size beside a size of 0: one reader passes over a nested tar, the other unpacks it",
    "CVE-2025-62518, async-tar, tokio-tar and forks",
    ["sizes disagree", `${root}/nested.tar`],
    () => {
      const nested = tarOf(file("hidden", "smuggled"));
      return tarOf(
        honest,
        paxPart({ size: String(nested.length) }),
        tarPart({ name: `${root}/nested.tar`, content: "" }),
        nested,
      );
    },
  ),
  damaged(
    "cve-2026-33055-pax-size-ignored",
    "a pax size of 0 beside a size: one reader passes over what the other reads as headers",
    "CVE-2026-33055, tar-rs",
    ["sizes disagree", `${root}/nested.tar`],
    () => tarOf(honest, paxPart({ size: "0" }), file("nested.tar", tarOf(file("hidden", "smuggled")))),
  ),
  unsafe(
    "cve-2026-33056-mode-of-a-directory-outside",
    "a link outside, then a directory of its name: its mode is set on the target",
    "CVE-2026-33056 (RUSTSEC-2026-0067), tar-rs",
    [LEAVES, `${root}/foo`],
    (outside) => [symlink("foo", `${outside}/directory`), directory("foo/.", { mode: 0o777 })],
  ),
  unsafe(
    "rustsec-2026-0113-mode-of-a-linked-directory",
    "a link inside, then a directory of its name",
    "RUSTSEC-2026-0113 (GHSA-xx64-wwv2-hcqq), astral-tokio-tar",
    [TWICE, `${root}/foo`],
    () => [directory("real"), symlink("foo", "real"), directory("foo", { mode: 0o777 })],
  ),
  damaged(
    "ghsa-3cv2-h65g-fgmm-pax-path-before-long-name",
    "a pax path and a GNU long name for one entry, each of which is right for some readers",
    "GHSA-3cv2-h65g-fgmm, astral-tokio-tar and tar-rs",
    ["names disagree", `${root}/by-pax`],
    () =>
      tarOf(honest, paxPart({ path: `${root}/by-pax` }), gnuLongPart(`${root}/by-gnu`), file("by-header")),
  ),
  damaged(
    "cve-2026-32766-malformed-pax-skipped",
    "a malformed pax record, which a reader passes over with all that stands in its header",
    "CVE-2026-32766, astral-tokio-tar",
    ["pax records", `${root}/honest.txt`],
    () =>
      tarOf(
        honest,
        tarPart({ typeFlag: "x", content: `30 mtime1700000000\n25 path=${root}/a\n` }),
        file("b"),
      ),
  ),
  unsafe(
    "cve-2026-5223-link-to-a-neighbour",
    "a link to what another archive of the same place is unpacked to",
    "CVE-2026-5223, Cargo",
    [LEAVES, `${root}/src`],
    () => [symlink("src", "../../bystander/tree"), file("src/file", "overwritten")],
  ),
];

const gnu: readonly HostileCase[] = [
  unsafe(
    "cve-2006-6097-names-record",
    "a record of names (type N), by which old versions make links",
    "CVE-2006-6097, GNU tar",
    ['type "N"', `${root}/names`],
    (outside) => [
      file("names", `Symlink ${outside}/file to ${root}/x\n`, { typeFlag: "N", magic: "ustar  \0" }),
    ],
  ),
  unsafe(
    "cve-2016-6321-prefix-before-dot-dot",
    "a wanted directory before .. in a path, which is stripped together with it",
    "CVE-2016-6321, GNU tar",
    [".. component", `${root}/workspace/../${UP_TO_OUTSIDE}/file`],
    () => [file(`workspace/../${UP_TO_OUTSIDE}/file`, "overwritten")],
  ),
  unsafe(
    "cve-2019-9923-malformed-sparse-headers",
    "pax headers of a sparse file without what they must have",
    "CVE-2019-9923, GNU tar",
    [SPARSE, `${root}/sparse`],
    () => [paxPart({ "GNU.sparse.map": "," }), file("sparse")],
  ),
  damaged(
    "cve-2022-48303-time-of-blanks",
    "a v7 header whose time is blanks up to the end of its field",
    "CVE-2022-48303, GNU tar (tested: blanks with a digit that is none behind them)",
    ["mtime field", `${root}/blank-time`],
    () => tarOf(honest, file("blank-time", "x", { magic: "", patch: { 136: "           9" } })),
  ),
  damaged(
    "cve-2023-39804-attribute-without-name",
    "an extended attribute whose record has no equals sign",
    "CVE-2023-39804, GNU tar",
    ["pax records", `${root}/honest.txt`],
    () => tarOf(honest, tarPart({ typeFlag: "x", content: "21 SCHILY.xattr.user\n" }), file("a")),
  ),
  unsafe(
    "cve-2025-45582-two-archives",
    "the first of two archives: a link to the parent, through which the second would write",
    "CVE-2025-45582, GNU tar",
    [LEAVES, `${root}/x`],
    () => [symlink("x", "../")],
  ),
  damaged(
    "cve-2026-5704-hidden-entry",
    "an entry within the content of a directory: listed by one reading, not by the other",
    "CVE-2026-5704, GNU tar (tested: a directory and a link with content)",
    ["size of a directory", `${root}/d`],
    () => tarOf(honest, directory("d", { content: tarPart(file("hidden", "smuggled")) })),
  ),
  damaged(
    "cve-2026-5704-hidden-entry-in-a-link",
    "an entry within the content of a link",
    "CVE-2026-5704, GNU tar (tested: a directory and a link with content)",
    ["size of a symlink", `${root}/l`],
    () => tarOf(honest, symlink("l", "honest.txt", { content: tarPart(file("hidden", "smuggled")) })),
  ),
  unsafe(
    "cve-2026-18477-dump-directory",
    "a dump directory (type D), whose content says what to rename and remove",
    "CVE-2026-18477, GNU tar",
    ['type "D"', `${root}/dump`],
    () => [directory("dump", { typeFlag: "D", magic: "ustar  \0", content: "Rhonest.txt\0T../../x\0\0" })],
  ),
];

const busybox: readonly HostileCase[] = [
  unsafe(
    "cve-2011-5325-file-through-a-link",
    "a link outside, then a file through it",
    "CVE-2011-5325, busybox tar",
    [LEAVES, `${root}/link`],
    (outside) => [symlink("link", outside), file("link/file", "overwritten")],
  ),
  unsafe(
    "cve-2025-46394-terminal-sequences",
    "a name with escape sequences that would wipe its line from the terminal",
    "CVE-2025-46394, busybox tar",
    [LEAVES, `${root}/innocent\\x1b[2K\\x1b[1A\\x0d`],
    () => [symlink("innocent\x1b[2K\x1b[1A\r", UP_TO_OUTSIDE)],
  ),
  unsafe(
    "cve-2026-26157-trailing-dot-dot",
    "a link target that ends in /.. without a slash behind it",
    "CVE-2026-26157, busybox",
    [LEAVES, `${root}/link`],
    () => [symlink("link", "sub/../..")],
  ),
  unsafe(
    "cve-2026-26158-hard-link-outside",
    "a hard link outside, then a file through it",
    "CVE-2026-26158, busybox tar",
    [NO_EARLIER_FILE, `${root}/hard`],
    () => [hardlink("hard", "../../../../../../../outside/file"), file("hard", "overwritten")],
  ),
];

const perl: readonly HostileCase[] = [
  unsafe(
    "cve-2026-42496-link-outside",
    "a link with .. in its target",
    "CVE-2026-42496, Archive::Tar",
    [LEAVES, `${root}/d/link`],
    () => [symlink("d/link", `../${UP_TO_OUTSIDE}/file`)],
  ),
  unsafe(
    "cve-2026-42497-mode-through-a-hard-link",
    "a hard link outside with a mode and a time, which are set on the file they share",
    "CVE-2026-42497, Archive::Tar",
    [NO_EARLIER_FILE, `${root}/hard`],
    (outside) => [hardlink("hard", `${outside}/directory/file`, { mode: 0o777, seconds: 1 })],
  ),
];

export const toolAdvisories: readonly HostileCase[] = [
  ...go,
  ...libarchive,
  ...rust,
  ...gnu,
  ...busybox,
  ...perl,
];
