/** The list of cases in `test/hostile/README.md`: a table between two marks. */
import { readFileSync, writeFileSync } from "node:fs";
import type { HostileCase } from "./case.js";

const README = new URL("../../hostile/README.md", import.meta.url);
const BEGIN = "<!-- The cases: written by `node test/dist/hostile/list.js --write`. -->\n";
const END = "<!-- End of the cases. -->\n";

/** The table as the README has it. */
export function readList(): string {
  const { list } = readmeParts();
  return list;
}

export function writeList(list: string): void {
  const { before, after } = readmeParts();
  writeFileSync(README, `${before}${list}${after}`);
}

/** The table as it should be. */
export function renderedList(cases: readonly HostileCase[]): string {
  const rows = cases.map(
    ({ id, title, origin, expected }) =>
      `| \`${id}\` | ${cell(title)} | ${cell(origin)} | \`${expected.code}\`, ${cell(expected.rule)} |\n`,
  );
  return ["\n| id | what it tries | origin | refused with |\n", "|---|---|---|---|\n", ...rows, "\n"].join(
    "",
  );
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function readmeParts(): { readonly before: string; readonly list: string; readonly after: string } {
  const text = readFileSync(README, "utf8");
  const begin = text.indexOf(BEGIN) + BEGIN.length;
  const end = text.indexOf(END);
  if (begin < BEGIN.length || end < begin) throw new Error("test/hostile/README.md has lost its marks.");
  return { before: text.slice(0, begin), list: text.slice(begin, end), after: text.slice(end) };
}
