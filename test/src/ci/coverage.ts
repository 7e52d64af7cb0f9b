/**
 * Is every line, branch and function of the plugin's core (`archive/`, `jobs/`, `stores/`) run by a test, or named as an
 * exception with its reason?
 *
 *     coverage.js               run the plugin's tests, then judge
 *     coverage.js --judge DIR   judge what NODE_V8_COVERAGE=DIR has collected
 *
 * An exception is a comment of c8 with a reason: `c8 ignore next 2 -- why no test can get here`. All of them are printed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { argv, env, exit, stdout } from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SOURCES = "packages/gateway-plugin-backup/src";
const JUDGED = ["archive", "jobs", "stores"];
/** Code that only tests run: builders of archives, and the suite that every store must pass. */
const TEST_CODE = ["**/*.test.ts", "**/archive/testing/**", "**/stores/conformance.ts"];

const directory = argv[2] === "--judge" ? argv[3] : undefined;
const collected = directory ?? join(ROOT, ".cache/coverage");
if (directory === undefined) await collect();
keepJudged(collected);
const exceptions = listExceptions();
for (const { place, reason } of exceptions) stdout.write(`${place}: ${reason ?? "NO REASON GIVEN"}\n`);
stdout.write(`${exceptions.length} exceptions\n`);
const code = await report();
exit(exceptions.some(({ reason }) => reason === undefined) ? 1 : code);

async function collect(): Promise<void> {
  rmSync(collected, { recursive: true, force: true });
  mkdirSync(collected, { recursive: true });
  const code = await run(["tap", "packages/gateway-plugin-backup/dist/**/*.test.js"], {
    NODE_V8_COVERAGE: collected,
  });
  if (code !== 0) exit(code);
}

/**
 * Each process and thread notes all that it has loaded, gigabytes in all, most of it the libraries'. Reading only what is
 * judged, c8 takes seconds instead of many minutes; the source maps that are noted as well stand beside the code, too.
 */
function keepJudged(directory: string): void {
  const isJudged = new RegExp(`/gateway-plugin-backup/dist/(${JUDGED.join("|")})/(?!.*\\.test\\.js$)`);
  for (const name of readdirSync(directory)) {
    const file = join(directory, name);
    const noted = JSON.parse(readFileSync(file, "utf8")) as { readonly result: readonly { url: string }[] };
    const result = noted.result.filter(({ url }) => isJudged.test(url));
    if (result.length === 0) rmSync(file);
    else writeFileSync(file, JSON.stringify({ result }));
  }
}

interface Exception {
  /** File and line. */
  readonly place: string;
  readonly reason: string | undefined;
}

function listExceptions(): Exception[] {
  return JUDGED.flatMap((layer) =>
    readdirSync(join(ROOT, SOURCES, layer), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .sort()
      .flatMap((name) => exceptionsOf(`${SOURCES}/${layer}/${name}`)),
  );
}

function exceptionsOf(path: string): Exception[] {
  const lines = readFileSync(join(ROOT, path), "utf8").split("\n");
  return lines.flatMap((line, index) => {
    const found = /\/\* [cv]8 ignore (?<what>next(?: \d+)?|start|stop)(?: -- (?<reason>\S.*?))? ?\*\//.exec(
      line,
    );
    if (found?.groups === undefined || found.groups["what"] === "stop") return [];
    return [{ place: `${path}:${index + 1}`, reason: found.groups["reason"] }];
  });
}

function report(): Promise<number> {
  const thresholds = ["lines", "branches", "functions", "statements"].flatMap((what) => [`--${what}`, "100"]);
  return run([
    "c8",
    "report",
    ...["--temp-directory", collected, "--merge-async", "--exclude-after-remap"],
    ...["--include", `${SOURCES}/{${JUDGED.join(",")}}/**`],
    ...TEST_CODE.flatMap((pattern) => ["--exclude", pattern]),
    ...["--reporter", "text", "--skip-full", "--check-coverage", ...thresholds],
  ]);
}

async function run([program = "", ...parameters]: string[], more: NodeJS.ProcessEnv = {}): Promise<number> {
  const bin = join(ROOT, "node_modules/.bin", program);
  const child = spawn(bin, parameters, { cwd: ROOT, stdio: "inherit", env: { ...env, ...more } });
  const [code] = (await once(child, "exit")) as [number | null];
  return code ?? 1;
}
