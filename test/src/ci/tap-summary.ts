/**
 * Turns saved TAP output into what CI wants to know: `tap-summary.js FILE` names every failed and skipped assertion and
 * the slowest files, and prints `N passed, N failed` as its last line. With `CI=true` a skipped assertion is a failure:
 * there, everything that the tests need has been installed. Ends with 1 unless there are passes and no failures.
 */
import { createReadStream } from "node:fs";
import { argv, env, exit, stdout } from "node:process";
import { pipeline } from "node:stream/promises";
import { Parser } from "tap-parser";
import type { Result } from "tap-parser";
import { SUMMARY } from "./summary-line.js";

interface Totals {
  passed: number;
  readonly failed: string[];
  readonly skipped: string[];
  /** What tests want to have said. */
  readonly said: string[];
  readonly files: { readonly name: string; readonly milliseconds: number }[];
}

/** Counts leaf assertions; a test that merely sums up its own assertions is not counted again. */
function count(parser: Parser, path: readonly string[], totals: Totals): void {
  let childName: string | undefined;
  parser.on("child", (child: Parser) => {
    childName = child.name;
    count(child, [...path, child.name], totals);
  });
  parser.on("comment", (comment: string) => {
    const text = comment.replace(/^\s*# /, "");
    if (text.startsWith(SUMMARY)) totals.said.push(text.slice(SUMMARY.length).trimEnd());
  });
  parser.on("assert", (result: Result) => {
    const name = [...path, result.name].join(" > ");
    if (path.length === 0 && result.time !== null) {
      totals.files.push({ name: result.name, milliseconds: result.time });
    }
    if (childName !== undefined && childName === result.name) {
      childName = undefined;
      // A file can fail although its assertions pass: it ended with a signal, or ran into its time limit.
      if (!result.ok && !totals.failed.some((failed) => failed.startsWith(name))) totals.failed.push(name);
    } else if (result.skip !== false || result.todo !== false) {
      totals.skipped.push(`${name}${typeof result.skip === "string" ? ` (${result.skip})` : ""}`);
    } else if (result.ok) {
      totals.passed++;
    } else {
      totals.failed.push(name);
    }
  });
  parser.on("bailout", (reason: string) => {
    if (path.length === 0) totals.failed.push(`bail out: ${reason}`);
  });
}

const [file] = argv.slice(2);
if (file === undefined) throw new Error("usage: tap-summary.js FILE");
const totals: Totals = { passed: 0, failed: [], skipped: [], said: [], files: [] };
const parser = new Parser();
count(parser, [], totals);
await pipeline(createReadStream(file), parser);

for (const line of totals.said) stdout.write(`${line}\n`);
const slowest = totals.files.sort((a, b) => b.milliseconds - a.milliseconds).slice(0, 5);
for (const { name, milliseconds } of slowest)
  stdout.write(`${(milliseconds / 1000).toFixed(1)} s  ${name}\n`);
for (const name of totals.skipped) stdout.write(`SKIPPED  ${name}\n`);
for (const name of totals.failed) stdout.write(`FAILED   ${name}\n`);
const failed = totals.failed.length + (env["CI"] === "true" ? totals.skipped.length : 0);
stdout.write(`${totals.passed} passed, ${failed} failed\n`);
exit(failed === 0 && totals.passed > 0 ? 0 : 1);
