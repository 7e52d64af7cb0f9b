import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Test } from "tap";
import { temporaryDirectory } from "../support/bed.js";
import { missing } from "../support/needs.js";
import { mustRun } from "../support/run.js";
import { FaultBed } from "./fault-bed.js";
import { runMatrix } from "./matrix.js";
import type { Combination, Row } from "./row.js";
import { judgeEnd, runAndCheck } from "./run-row.js";
import { Scenarios } from "./scenarios.js";
import type { Scenario } from "./scenarios.js";
import { makeSource } from "./source-tenant.js";

const NOISE_BYTES = 2_500_000;
const FILE_SYSTEM_BYTES = 64 * 1024 * 1024;
/** Bytes left on a full disk: nothing, too little for anything large, almost enough. */
const LEFT = [0, 200_000, 1_500_000];

interface Condition {
  readonly point: string;
  readonly fault: string;
  readonly codes: RegExp;
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
}

t.test(
  "file systems that are full or read-only",
  { skip: await missing({ root: true, programs: ["mount"] }) },
  async (t) => {
    const directory = temporaryDirectory(t);
    const state = await mountMemory(t, join(directory, "state"));
    const archives = await mountMemory(t, join(directory, "archives"));
    const faultBed = await FaultBed.start(t, { directory });
    const source = await makeSource(t, faultBed, NOISE_BYTES);
    const all = new Scenarios(faultBed, source, `${archives}/`);
    const scenarios = [all.backup(), await all.restore(), await all.forcedRestore()];
    const [backup] = scenarios;

    const onState = [
      ...LEFT.map((left) => full(state, "the state's file system", left)),
      readOnly(join(state, "backup/tmp"), "backup/tmp"),
      readOnly(join(state, "tenants/.staging"), "tenants/.staging"),
      readOnly(join(state, "tenants/.trash"), "tenants/.trash"),
    ];
    const onArchives = [
      ...LEFT.map((left) => full(archives, "the archives' file system", left)),
      readOnly(archives, "the local root"),
    ];
    const runs = new Map<Combination, () => Promise<Row | undefined>>();
    for (const scenario of scenarios) {
      for (const condition of scenario === backup ? [...onState, ...onArchives] : onState) {
        const { point, fault } = condition;
        const combination = { scenario: scenario.name, point, hit: 1, fault };
        runs.set(combination, () => runUnder(faultBed, scenario, combination, condition));
      }
    }
    await runMatrix(t, {
      title: "file systems",
      combinations: [...runs.keys()],
      run: async (one) => runs.get(one)?.(),
      cleanRun: () => all.cleanRun(),
      minimum: 20,
    });
  },
);

function runUnder(
  faultBed: FaultBed,
  scenario: Scenario,
  combination: Combination,
  { fault, codes, begin, end }: Condition,
): Promise<Row | undefined> {
  return runAndCheck(faultBed, scenario, combination, {
    run: async () => {
      await begin();
      const ended = await scenario.run();
      await end();
      // A ledger on a full disk cannot note how a job ended: that is the next start's work.
      return { ended, struck: true, restart: true };
    },
    judge: (ended) => judgeEnd(ended, (code) => codes.test(code), fault),
  });
}

function full(directory: string, point: string, left: number): Condition {
  const filler = join(directory, "filler");
  return {
    point,
    fault: `${left} bytes left`,
    // A job that cannot be noted as ended is found by the next start.
    codes: /^(DISK_FULL|JOB_INTERRUPTED)$/,
    begin: () => {
      const { bavail, bsize } = statfsSync(directory);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - left)));
      return Promise.resolve();
    },
    end: () => {
      rmSync(filler);
      return Promise.resolve();
    },
  };
}

/** A read-only mount over the directory, of itself. */
function readOnly(directory: string, point: string): Condition {
  return {
    point,
    fault: "read-only",
    codes: /^READ_ONLY$/,
    begin: async () => {
      mkdirSync(directory, { recursive: true });
      await mustRun("mount", ["--bind", directory, directory]);
      await mustRun("mount", ["-o", "remount,bind,ro", directory]);
    },
    end: async () => {
      await mustRun("umount", ["-l", directory]);
    },
  };
}

async function mountMemory(t: Test, directory: string): Promise<string> {
  mkdirSync(directory, { recursive: true });
  await mustRun("mount", ["-t", "tmpfs", "-o", `size=${FILE_SYSTEM_BYTES}`, "tmpfs", directory]);
  t.teardown(() => mustRun("umount", ["-l", directory]));
  return directory;
}
