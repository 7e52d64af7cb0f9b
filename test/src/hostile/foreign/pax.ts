/** Extended headers that are malformed, or say what other headers deny. */
import { gnuLongPart, paxPart, tarOf, tarPart } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { damaged, file, honest, root, symlink, UP_TO_OUTSIDE } from "./build.js";

/** A pax header with these bytes, before an entry that it is for. */
function malformed(id: string, title: string, content: string): HostileCase {
  return damaged(id, title, "idea", ["pax records", `${root}/honest.txt`], () =>
    tarOf(honest, tarPart({ name: "PaxHeaders/x", typeFlag: "x", content }), file("a")),
  );
}

function contradiction(
  id: string,
  title: string,
  [rule, entry]: readonly [string, string],
  ...parts: readonly (Buffer | ReturnType<typeof file>)[]
): HostileCase {
  return damaged(id, title, "idea: parser differential", [rule, entry], () => tarOf(honest, ...parts));
}

export const paxCases: readonly HostileCase[] = [
  malformed("pax-without-length", "a record without its length", "path=x\n"),
  malformed("pax-length-too-short", "a record whose length ends within its value", `12 path=${root}/a\n`),
  malformed("pax-length-too-long", "a record whose length reaches into the next", "15 path=x\n10 path=y\n"),
  malformed("pax-length-beyond", "a record whose length passes the end", "999999999 path=x\n"),
  malformed("pax-length-of-many-digits", "a length of forty digits", `${"9".repeat(40)} path=x\n`),
  malformed("pax-length-negative", "a negative length, which leads back", "-10 path=x\n"),
  malformed(
    "pax-length-leading-zeros",
    "a length with zeros before it: octal to some readers",
    "0011 path=x\n",
  ),
  malformed(
    "pax-length-hexadecimal",
    "a length that JavaScript's Number takes, and no other reader",
    "0xb path=xx\n",
  ),
  malformed("pax-length-blank", "a length with a blank before it", " 10 path=x\n"),
  malformed("pax-without-newline", "a record without its newline", "9 path=x\0"),
  malformed("pax-without-equals", "a record without an equals sign", "10 pathxxx\n"),
  malformed(
    "pax-equals-in-the-next",
    "a record whose equals sign stands in the next one",
    "7 path\n10 path=x\n",
  ),
  malformed("pax-newline-in-length", "a length with a newline behind it", "10\npath=x\n"),
  malformed("pax-zeros-behind", "zeros behind the last record", "10 path=x\n\0\0\0"),
  contradiction(
    "pax-path-twice",
    "two paths in one header: the first is shown, the last one used",
    ["pax record twice", `${root}/honest.txt`],
    tarPart({
      typeFlag: "x",
      content: Buffer.concat([paxContent({ path: `${root}/shown` }), paxContent({ path: `${root}/used` })]),
    }),
    file("a"),
  ),
  contradiction(
    "pax-size-negative",
    "a negative pax size",
    ["pax size", `${root}/a`],
    paxPart({ size: "-512" }),
    file("a"),
  ),
  contradiction(
    "pax-size-words",
    "a pax size in words",
    ["pax size", `${root}/a`],
    paxPart({ size: "1e3" }),
    file("a"),
  ),
  contradiction(
    "pax-size-huge",
    "a pax size that wraps around where numbers are 64 bits wide",
    ["pax size", `${root}/a`],
    paxPart({ size: "18446744073709551617" }),
    file("a"),
  ),
  contradiction(
    "pax-size-larger",
    "a pax size larger than the header's: entries hide in the content",
    ["sizes disagree", `${root}/a`],
    paxPart({ size: "1536" }),
    file("a", "x"),
    file("hidden"),
  ),
  contradiction(
    "pax-mtime-words",
    "a pax time in words",
    ["pax mtime", `${root}/a`],
    paxPart({ mtime: "yesterday" }),
    file("a"),
  ),
  contradiction(
    "pax-twice",
    "two pax headers before one entry",
    ["extended header twice", `${root}/honest.txt`],
    paxPart({ path: `${root}/first` }),
    paxPart({ mtime: "1700000000" }),
    file("a"),
  ),
  contradiction(
    "gnu-long-name-twice",
    "two GNU long names before one entry",
    ["extended header twice", `${root}/honest.txt`],
    gnuLongPart(`${root}/first`),
    gnuLongPart(`${root}/second`),
    file("a"),
  ),
  contradiction(
    "gnu-long-name-then-pax",
    "a GNU long name and then a pax path",
    ["names disagree", `${root}/by-pax`],
    gnuLongPart(`${root}/by-gnu`),
    paxPart({ path: `${root}/by-pax` }),
    file("a"),
  ),
  contradiction(
    "gnu-long-target-then-pax",
    "a harmless pax linkpath and then a GNU long target that leaves",
    ["names disagree", `${root}/l`],
    paxPart({ linkpath: "honest.txt" }),
    gnuLongPart(UP_TO_OUTSIDE, "K"),
    symlink("l", "honest.txt"),
  ),
  contradiction(
    "global-path",
    "a global header that renames all entries",
    ["global header with a name or size", `${root}/honest.txt`],
    paxPart({ path: `${root}/${UP_TO_OUTSIDE}/file` }, "g"),
    file("a"),
  ),
  contradiction(
    "global-linkpath",
    "a global header that gives all links another target",
    ["global header with a name or size", `${root}/honest.txt`],
    paxPart({ linkpath: UP_TO_OUTSIDE }, "g"),
    symlink("l", "honest.txt"),
  ),
  contradiction(
    "global-size",
    "a global header that gives all entries a size",
    ["global header with a name or size", `${root}/honest.txt`],
    paxPart({ size: "1" }, "g"),
    file("a"),
  ),
  contradiction(
    "global-between",
    "a global header between a pax header and its entry",
    ["extended header without an entry", `${root}/honest.txt`],
    paxPart({ path: `${root}/renamed` }),
    paxPart({ comment: "x" }, "g"),
    file("a"),
  ),
];

/** The records of {@link paxPart}, without header and padding. */
function paxContent(records: Readonly<Record<string, string>>): Buffer {
  const part = paxPart(records).subarray(512);
  return part.subarray(0, part.lastIndexOf("\n") + 1);
}
