/** Names and links that an index of ours lists, with a tar that agrees: the entry policy's business. */
import { rawPath, type SampleEntry } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { superJournal } from "../foreign/databases.js";
import { altered, cases, type Expected, inTar, sample, unsafeBy } from "./build.js";

/** The sample and more entries. */
function withEntries(...entries: SampleEntry[]): Buffer {
  return altered({}, [...entries, ...sample]);
}

function link(path: string, target: string): SampleEntry {
  return { path, type: "symlink", target };
}

function unsafe(rule: string, path: string): Expected {
  return unsafeBy(rule, inTar(path));
}

const cut = (path: string): string => `${path.slice(0, 300)}…`;
const LONG_NAME = "n".repeat(256);
const DEEP = Array.from({ length: 2100 }, () => "d").join("/");

export const namesAndLinks: readonly HostileCase[] = cases("the entry policy, with an index that agrees", {
  "path-climbs": [
    "a path climbs out of the tenant",
    () => withEntries({ path: "../bravo/x" }),
    unsafe(".. component", "../bravo/x"),
  ],
  "path-climbs-and-returns": [
    "a path climbs and comes back",
    () => withEntries({ path: "a/../b" }),
    unsafe(".. component", "a/../b"),
  ],
  "path-with-dot": [
    "a path has a component .",
    () => withEntries({ path: "./x" }),
    unsafe(". component", "./x"),
  ],
  "path-with-empty-component": [
    "a path has an empty component",
    () => withEntries({ path: "a//b" }),
    unsafe("empty component", "a//b"),
  ],
  "path-with-nul": [
    "a path goes on behind a NUL",
    () => withEntries({ path: "a\0b" }),
    unsafe("NUL in path", "a\\x00b"),
  ],
  "path-ends-with-slash": [
    "a file's path ends like a directory's",
    () => withEntries({ path: "a/" }),
    unsafe("empty component", "a/"),
  ],
  "name-over-255-bytes": [
    "a name has 256 bytes",
    () => withEntries({ path: LONG_NAME }),
    unsafe("component over 255 bytes", LONG_NAME),
  ],
  "path-over-4096-bytes": [
    "a path is 2,100 directories deep",
    () => withEntries({ path: DEEP }),
    { code: "UNSAFE_ENTRY", rule: "path over 4096 bytes", entry: cut(inTar(DEEP)) },
  ],
  "path-of-another-tenant": [
    "a path belongs to another tenant",
    () => altered({ lines: (lines) => lines.map((line) => elsewhere(line)) }),
    unsafeBy("path outside the root", "tenants/acme2/sessions/a.jsonl"),
  ],
  "path-twice": [
    "two files have one path",
    () => withEntries({ path: "x", content: "1" }, { path: "x", content: "2" }),
    unsafe("path stands twice", "x"),
  ],
  "directory-twice": [
    "two directories have one path",
    () => withEntries({ path: "sessions", type: "directory" }),
    unsafe("path stands twice", "sessions"),
  ],
  "file-and-directory": [
    "a file and a directory have one path",
    () => withEntries({ path: "empty" }),
    unsafe("path stands twice", "empty"),
  ],
  "link-leaves": [
    "a link leaves the tenant",
    () => withEntries(link("x", "../../etc")),
    unsafe("link leaves the root", "x"),
  ],
  "link-absolute": [
    "a link is absolute",
    () => withEntries(link("x", "/etc/passwd")),
    unsafe("link leaves the root", "x"),
  ],
  "link-leaves-and-returns": [
    "a link leaves the tenant and comes back by its name",
    () => withEntries(link("workspace/x", "../../acme/y")),
    unsafe("link leaves the root", "workspace/x"),
  ],
  "link-through-link": [
    "a link leaves the tenant by way of another",
    () => withEntries(link("b", "workspace/a/c"), link("x", "b/../../../..")),
    unsafe("link leaves the root", "x"),
  ],
  "link-through-deep-link": [
    "a link that stays inside by its text leaves by way of another",
    () => withEntries(link("workspace/a/b/c", "../../.."), link("x", "workspace/a/b/c/../y")),
    unsafe("link leaves the root through another link", "x"),
  ],
  "path-through-link": [
    "a file is to be written through a link",
    () => withEntries(link("d", "workspace"), { path: "d/x" }),
    unsafe("path passes through a symlink", "d/x"),
  ],
  "path-through-later-link": [
    "a link takes the place of a directory that holds files",
    () => withEntries({ path: "d/x" }, link("d", "workspace")),
    unsafe("another entry passes through this one", "d"),
  ],
  "path-through-file": [
    "a file stands below a file",
    () => withEntries({ path: "f" }, { path: "f/x" }),
    unsafe("path passes through a file", "f/x"),
  ],
  "directory-below-file": [
    "a directory stands below a file",
    () => withEntries({ path: "tenant.json/x", type: "directory" }),
    unsafe("path passes through a file", "tenant.json/x"),
  ],
  "root-a-link": [
    "the tenant's directory is a link",
    () => altered({}, [link("", "../bravo"), ...sample.filter(({ path }) => path !== "")]),
    unsafe("root is not a directory", ""),
  ],
  "super-journal": [
    "a journal that has SQLite delete a file, in a segment of its own",
    () =>
      withEntries({
        path: "m.sqlite-journal",
        content: Buffer.concat([Buffer.alloc(5_000_000), superJournal("/tmp/victim")]),
      }),
    { code: "UNSAFE_ENTRY", rule: "super-journal", entry: "m.sqlite-journal" },
  ],
  "record-a-link": [
    "tenant.json is a link",
    () => altered({}, [link("tenant.json", "sessions/a.jsonl"), ...withoutRecord()]),
    { code: "UNSAFE_ENTRY", rule: "tenant record", entry: "tenant.json" },
  ],
  "record-a-directory": [
    "tenant.json is a directory",
    () => altered({}, [{ path: "tenant.json", type: "directory" }, ...withoutRecord()]),
    { code: "UNSAFE_ENTRY", rule: "tenant record", entry: "tenant.json" },
  ],
  "record-no-text": [
    "tenant.json is no UTF-8",
    () => altered({}, [{ path: "tenant.json", content: Buffer.of(0x22, 0xff, 0x22) }, ...withoutRecord()]),
    { code: "UNSAFE_ENTRY", rule: "tenant record", entry: "tenant.json" },
  ],
});

function withoutRecord(): SampleEntry[] {
  return sample.filter(({ path }) => path !== "tenant.json");
}

function elsewhere(line: Record<string, unknown>): Record<string, unknown> {
  const path = line["path"];
  return path === inTar("sessions/a.jsonl")
    ? { ...line, path: rawPath("tenants/acme2/sessions/a.jsonl") }
    : line;
}
