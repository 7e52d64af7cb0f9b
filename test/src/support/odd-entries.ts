/**
 * Names, links, modes and times that a careless archiver loses. Each is legal on Linux, and has been seen in the wild.
 */
import type { TreeWriter } from "./tenant-generator.js";

/** Below `workspace/odd`. */
export function writeOddEntries(writer: TreeWriter): void {
  const folder = "workspace/odd";
  const text = (content: string) => Buffer.from(content);
  const names = [
    "with space",
    " leading and trailing ",
    "-rf",
    "quote'\"`$(date)`",
    "back\\slash",
    "new\nline",
    "tab\tand\x01control",
    "...",
    ".hidden",
    "ünïcödé-日本語-🦞",
    "cafe\u0301 decomposed",
    "caf\u00e9 composed",
    "x".repeat(255),
    "percent%2Fencoded",
    "star*?[glob]",
  ];
  names.forEach((name, number) => {
    writer.write(`${folder}/${name}`, text(`odd name ${number}\n`));
  });
  writer.write(
    Buffer.concat([Buffer.from(`${folder}/latin1-`), Buffer.from([0xe9, 0xff])]),
    text("not UTF-8\n"),
  );
  writer.write(`${folder}/empty`, text(""));
  // Longer than ustar's 100 and 155 bytes: these need PAX records.
  writer.write(`${folder}/${"deep/".repeat(30)}file`, text("deep\n"));
  writer.write(`${folder}/${`${"d".repeat(120)}/`.repeat(2)}${"f".repeat(120)}`, text("long\n"));
  // Sizes around tar's block and the archive's limit between small and large files.
  for (const size of [511, 512, 513, 1024 * 1024 - 1, 1024 * 1024]) {
    writer.write(`${folder}/size-${size}`, Buffer.alloc(size, `${size} `));
  }
  writer.write(`${folder}/before-1970`, text("old\n"), { mtime: -86_400.5 });
  writer.write(`${folder}/epoch`, text("zero\n"), { mtime: 0 });
  writer.write(`${folder}/read-only`, text("read-only\n"), { mode: 0o444 });
  writer.makeDirectory(`${folder}/closed`, 0o555);
  writer.write(`${folder}/closed/inside`, text("in a directory without write permission\n"));
  writer.write(`${folder}/script.sh`, text("#!/bin/sh\n"), { mode: 0o755 });

  writer.link(`${folder}/link-to-file`, "empty");
  writer.link(`${folder}/link-to-directory`, "../projects");
  writer.link(`${folder}/link-dangling`, "never/there");
  writer.link(`${folder}/link-up`, "../../sessions");
  writer.link(`${folder}/link-long`, "t".repeat(130));
  writer.makeDirectory(`${folder}/empty-directory`, 0o711);
}
