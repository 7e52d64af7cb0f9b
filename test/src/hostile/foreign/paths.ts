/** Paths that lead elsewhere, or that are no paths. */
import { gnuLongPart, paxPart, tarOf } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, directory, file, root, symlink, unsafe, UP_TO_OUTSIDE } from "./build.js";

const names: readonly HostileCase[] = [
  unsafe(
    "zip-slip",
    "a path with .. that leaves, before any honest entry",
    "Zip Slip",
    [".. component", `${UP_TO_OUTSIDE}/file`],
    () => [{ name: `${UP_TO_OUTSIDE}/file`, content: "overwritten" }],
  ),
  unsafe(
    "path-absolute",
    "an absolute path",
    "entry policy",
    ["absolute path", "{outside}/file"],
    (outside) => [{ name: `${outside}/file`, content: "overwritten" }],
  ),
  unsafe("path-empty", "an entry without a name", "entry policy", ["empty path", ""], () => [
    { content: "x" },
  ]),
  unsafe("path-slash", "the file system's root", "entry policy", ["absolute path", "/"], () => [
    { name: "/", typeFlag: "5" },
  ]),
  unsafe(
    "path-empty-component",
    "two slashes within a path",
    "entry policy",
    ["empty component", `${root}//x`],
    () => [file("/x")],
  ),
  unsafe("path-dot-component", "a . within a path", "entry policy", [". component", `${root}/./x`], () => [
    file("./x"),
  ]),
  unsafe(
    "path-dot-dot-that-stays-inside",
    ".. that leads nowhere bad: what is odd is refused, not judged",
    "entry policy",
    [".. component", `${root}/a/../b`],
    () => [file("a/../b")],
  ),
  unsafe(
    "path-dot-dot-in-prefix",
    ".. in the prefix field of a ustar header",
    "idea: readers that check the name field only",
    [".. component", `${root}/../../../../../../outside/file`],
    () => [{ name: "outside/file", prefix: `${root}/../../../../../..`, content: "overwritten" }],
  ),
  unsafe(
    "path-dot-dot-in-pax",
    ".. in a pax path, behind a harmless name in the header",
    "idea: readers that check the header only",
    [".. component", `${root}/${UP_TO_OUTSIDE}/file`],
    () => [paxPart({ path: `${root}/${UP_TO_OUTSIDE}/file` }), file("harmless", "overwritten")],
  ),
  unsafe(
    "path-dot-dot-in-gnu-long-name",
    ".. in a GNU long name, behind a harmless name in the header",
    "idea: readers that check the header only",
    [".. component", `${root}/${UP_TO_OUTSIDE}/file`],
    () => [gnuLongPart(`${root}/${UP_TO_OUTSIDE}/file`), file("harmless", "overwritten")],
  ),
  unsafe(
    "path-component-of-256-bytes",
    "a name that no file system takes",
    "entry policy",
    ["component over 255 bytes", `${root}/${"n".repeat(256)}`],
    () => [paxPart({ path: `${root}/${"n".repeat(256)}` }), file("long")],
  ),
  unsafe(
    "path-of-4097-bytes",
    "a path that no program can use",
    "entry policy",
    ["path over 4096 bytes", `${`${root}/${"n/".repeat(200)}`.slice(0, 300)}…`],
    () => [paxPart({ path: `${root}/${"n/".repeat(2041)}nn` }), file("long")],
  ),
  unsafe(
    "path-with-line-break-and-bidi",
    "a name that writes a second line into a log and shows its end first",
    "idea: Trojan Source",
    [".. component", `${root}/a\\x0aINFO restored\\u202egpj.exe/../x`],
    () => [file("a\nINFO restored\xe2\x80\xaegpj.exe/../x")],
  ),
  unsafe(
    "path-not-utf8",
    "a name of bytes that are no text, which must be told all the same",
    "idea",
    [".. component", `${root}/caf\\xe9\\x9b/..`],
    () => [file("caf\xe9\x9b/..")],
  ),
];

const roots: readonly HostileCase[] = [
  unsafe(
    "root-is-a-link",
    "the tenant's directory itself is a link",
    "entry policy",
    ["mixed roots", "tenants/other"],
    () => [{ name: "tenants/other", typeFlag: "2", target: UP_TO_OUTSIDE }],
  ),
  {
    id: "root-is-a-link-first",
    title: "the tenant's directory is a link, and nothing stands before it",
    origin: "entry policy",
    archive: (outside) =>
      tarOf({ name: root, typeFlag: "2", target: outside }, file("directory/file", "overwritten")),
    expected: { code: "UNSAFE_ENTRY", rule: "root is not a directory", entry: root },
  },
  {
    id: "root-replaced-by-a-link",
    title: "the tenant's directory, and then a link in its place",
    origin: "entry policy",
    archive: (outside) =>
      tarOf({ name: `${root}/`, typeFlag: "5" }, { name: root, typeFlag: "2", target: outside }),
    expected: { code: "UNSAFE_ENTRY", rule: "root is not a directory", entry: root },
  },
  {
    id: "root-tenants-is-a-link",
    title: "tenants/ itself is a link",
    origin: "idea",
    archive: () =>
      tarOf({ name: "tenants", typeFlag: "2", target: UP_TO_OUTSIDE }, file("file", "overwritten")),
    expected: { code: "UNSAFE_ENTRY", rule: "root is not a directory", entry: "tenants" },
  },
  unsafe(
    "root-second-tenant",
    "another tenant's file",
    "entry policy",
    ["mixed roots", "tenants/bystander/tenant.json"],
    () => [{ name: "tenants/bystander/tenant.json", content: "{}" }],
  ),
  unsafe(
    "root-gateway-config",
    "the gateway's config beside the tenant",
    "entry policy",
    ["path outside the root", "openclaw.json"],
    () => [{ name: "openclaw.json", content: "{}" }],
  ),
  unsafe(
    "root-no-tenant-id",
    "a directory of tenants/ that is no tenant's",
    "entry policy",
    ["mixed roots", "tenants/.staging/x"],
    () => [{ name: "tenants/.staging/x", content: "x" }],
  ),
  {
    id: "root-dot-with-dot-dot",
    title: "a tar of `.` with .. behind the dot",
    origin: "idea: ./ is taken off names before they are judged",
    archive: () =>
      tarOf({ name: "./", typeFlag: "5" }, { name: `./${UP_TO_OUTSIDE}/file`, content: "overwritten" }),
    expected: { code: "UNSAFE_ENTRY", rule: ".. component", entry: `tenants/victim/${UP_TO_OUTSIDE}/file` },
  },
  {
    id: "root-dot-with-absolute-path",
    title: "a tar of `.` with an absolute path",
    origin: "idea",
    archive: (outside) =>
      tarOf({ name: "./", typeFlag: "5" }, { name: `${outside}/file`, content: "overwritten" }),
    expected: { code: "UNSAFE_ENTRY", rule: "empty component", entry: "tenants/victim/{outside}/file" },
  },
  {
    id: "root-dot-and-tenants",
    title: "a tar of `.` in which tenants/ comes late",
    origin: "idea",
    archive: () => tarOf({ name: "./", typeFlag: "5" }, { name: "./a", content: "x" }, file("late")),
    expected: { code: "UNSAFE_ENTRY", rule: "mixed roots", entry: `${root}/late` },
  },
  {
    id: "root-two-directories",
    title: "two directories at the top",
    origin: "entry policy",
    archive: () => tarOf({ name: "a/x", content: "x" }, { name: "b/x", content: "x" }),
    expected: { code: "UNSAFE_ENTRY", rule: "mixed roots", entry: "b/x" },
  },
  {
    id: "root-one-directory-and-dot-dot",
    title: "one directory at the top, and a path beside it by ..",
    origin: "idea",
    archive: () => tarOf({ name: "a/x", content: "x" }, { name: "a/../b/x", content: "x" }),
    expected: { code: "UNSAFE_ENTRY", rule: ".. component", entry: "a/../b/x" },
  },
  {
    id: "root-one-directory-is-a-link",
    title: "the one thing at the top is a link",
    origin: "idea",
    archive: (outside) =>
      tarOf({ name: "a", typeFlag: "2", target: outside }, { name: "a/file", content: "overwritten" }),
    expected: { code: "UNSAFE_ENTRY", rule: "root is not a directory", entry: "a" },
  },
  damaged("root-none", "a tar with no entries but tenants/", "idea", ["no entries"], () =>
    tarOf({ name: "tenants/", typeFlag: "5" }),
  ),
];

const conflicts: readonly HostileCase[] = [
  unsafe(
    "conflict-duplicate-file",
    "a file that stands twice",
    "entry policy",
    ["path stands twice", `${root}/a`],
    () => [file("a", "shown"), file("a", "restored")],
  ),
  unsafe(
    "conflict-file-below-file",
    "a file below a file",
    "entry policy",
    ["path passes through a file", `${root}/a/b`],
    () => [file("a"), file("a/b")],
  ),
  unsafe(
    "conflict-directory-over-file",
    "a directory in a file's place",
    "entry policy",
    ["path stands twice", `${root}/a`],
    () => [file("a"), directory("a")],
  ),
  unsafe(
    "conflict-file-over-directory",
    "a file in a directory's place",
    "entry policy",
    ["path stands twice", `${root}/a`],
    () => [directory("a"), file("a")],
  ),
  unsafe(
    "conflict-file-over-implied-directory",
    "a file where an earlier path has a directory",
    "entry policy",
    ["another entry passes through this one", `${root}/a`],
    () => [file("a/b"), file("a")],
  ),
  unsafe(
    "conflict-link-over-implied-directory",
    "a link where an earlier path has a directory",
    "entry policy",
    ["another entry passes through this one", `${root}/a`],
    () => [file("a/b"), symlink("a", ".")],
  ),
  unsafe(
    "conflict-file-over-link",
    "a file in a link's place, written through it",
    "entry policy",
    ["path stands twice", `${root}/a`],
    () => [symlink("a", "honest.txt"), file("a", "overwritten")],
  ),
  unsafe(
    "conflict-link-over-file",
    "a link in a file's place",
    "entry policy",
    ["path stands twice", `${root}/honest.txt`],
    () => [symlink("honest.txt", "b")],
  ),
];

export const pathCases: readonly HostileCase[] = [...names, ...roots, ...conflicts];
