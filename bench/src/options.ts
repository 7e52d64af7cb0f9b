/** The command line of the benchmarks. */
import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Ids of scenarios; empty: all. */
  readonly scenarios: readonly string[];
  /** Of the tenant: bytes and files. */
  readonly bytes: number;
  readonly files: number;
  readonly rounds: number;
  readonly days: number;
  /** Of the scenario of many small files. */
  readonly smallFiles: number;
  /** Of the scenario of holes, in bytes. */
  readonly sparseBytes: number;
  /** Of the scenario where all are due at once. */
  readonly tenants: number;
  /** How long to wait, at most, for the machine to come to rest before each measured run. */
  readonly settleMs: number;
  /** Where results.json, RESULTS.md and plots/ are written. */
  readonly out: string | undefined;
  readonly list: boolean;
  readonly install: boolean;
  readonly report: boolean;
}

export const USAGE = `bench [scenario…]            measure, then write RESULTS.md; without a name: every scenario
  --list                     the scenarios
  --size 1GB --files 20000   the tenant
  --rounds 3                 rounds of each scenario; in each every tool runs once, in turn
  --days 30                  days of the scenario thirty-days
  --small-files 1000000      files of the scenario small-files
  --sparse 50GB              size of the scenario holes
  --tenants 200              tenants of the scenario many-tenants
  --settle 10                seconds to wait, at most, for a machine at rest before each run
  --out DIR                  where results.json, RESULTS.md and plots/ go (default: bench/)
  --report                   only write RESULTS.md again from results.json
  --install                  first install the rivals that are missing, with apt-get
`;

/** Throws an error that says what is wrong. */
export function parseOptions(args: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: "boolean", default: false },
      install: { type: "boolean", default: false },
      report: { type: "boolean", default: false },
      size: { type: "string", default: "1GB" },
      files: { type: "string", default: "20000" },
      rounds: { type: "string", default: "3" },
      days: { type: "string", default: "30" },
      "small-files": { type: "string", default: "1000000" },
      sparse: { type: "string", default: "50GB" },
      tenants: { type: "string", default: "200" },
      settle: { type: "string", default: "10" },
      out: { type: "string" },
    },
  });
  return {
    scenarios: positionals,
    bytes: parseBytes("size", values.size),
    files: parseCount("files", values.files),
    rounds: parseCount("rounds", values.rounds),
    days: parseCount("days", values.days),
    smallFiles: parseCount("small-files", values["small-files"]),
    sparseBytes: parseBytes("sparse", values.sparse),
    tenants: parseCount("tenants", values.tenants),
    settleMs: parseSeconds("settle", values.settle) * 1000,
    out: values.out,
    list: values.list,
    install: values.install,
    report: values.report,
  };
}

const UNITS: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

function parseBytes(flag: string, text: string): number {
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)\s*([KMGT]B)$/.exec(text) ?? [];
  const factor = UNITS[unit];
  if (factor === undefined) throw new Error(`--${flag} ${text}: a size is a number with KB, MB, GB or TB`);
  return Math.round(Number(number) * factor);
}

function parseCount(flag: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`--${flag} ${text}: a whole number from 1 is needed`);
  return Number(text);
}

function parseSeconds(flag: string, text: string): number {
  if (!/^\d+(?:\.\d+)?$/.test(text)) throw new Error(`--${flag} ${text}: a number of seconds is needed`);
  return Number(text);
}
