/** The goals that the project has set itself, and the verdicts on them. A goal whose figures are missing has no verdict. */
import { OURS } from "../results/results.js";
import type { Metric, Results, Run } from "../results/results.js";
import { mean, medianOf, valuesOf } from "../results/statistics.js";
import { OURS_ENCRYPTED } from "../scenarios/encrypted.js";
import { FIRST_BACKUP } from "../scenarios/first-backup.js";
import { HOLES, USUAL } from "../scenarios/holes.js";
import { RANDOM, UNCHANGED } from "../scenarios/later-backup.js";
import { DURING_BACKUP, IDLE } from "../scenarios/latency.js";
import { ALL, A_TENTH } from "../scenarios/many-tenants.js";
import { ONE_FILE, WHOLE_ARCHIVE } from "../scenarios/one-file.js";
import { RESTORE } from "../scenarios/restore.js";
import { DAY, LAST_DAY_RESTORED } from "../scenarios/thirty-days.js";
import { RESTIC, TAR_ZSTD_LOCAL, TAR_ZSTD_S3 } from "../tools/shell-tools.js";
import { formatBytes, formatCount, formatMilliseconds, formatRatio } from "./format.js";

export interface Verdict {
  readonly met: boolean;
  /** The figure that decides, and the limit: `1.42 × (at least 1.30 ×)`. */
  readonly by: string;
}

export interface Goal {
  readonly scenario: string;
  readonly text: string;
  /** Undefined where something was not measured. */
  judge(runs: readonly Run[]): Verdict | undefined;
}

/** "Memory as for", "no worse than": what a repetition of the very same run may differ by. */
const SAME_MEMORY = 1.25;
const NO_WORSE = 1.1;
/** Days that are compared at either end: one day alone is a matter of luck. */
const DAYS_COMPARED = 3;

const ours = (step: string) => ({ tool: OURS, step });

export const GOALS: readonly Goal[] = [
  fasterThan("first-s3", FIRST_BACKUP, TAR_ZSTD_S3, 1.3),
  fasterThan("first-s3", FIRST_BACKUP, RESTIC, 2),
  {
    scenario: "first-local",
    text: `first backup: at most 1.15 times the time of ${TAR_ZSTD_LOCAL}, with every file hashed`,
    judge: (runs) =>
      ratioAtMost(runs, "ms", ours(FIRST_BACKUP), { tool: TAR_ZSTD_LOCAL, step: FIRST_BACKUP }, 1.15),
  },
  {
    scenario: "encrypted",
    text: "native encryption: under 30 % of throughput, so at most 1.43 times the time",
    judge: (runs) =>
      ratioAtMost(runs, "ms", { tool: OURS_ENCRYPTED, step: FIRST_BACKUP }, ours(FIRST_BACKUP), 1 / 0.7),
  },
  fasterThan("unchanged-s3", UNCHANGED, RESTIC, 1),
  {
    scenario: "unchanged-s3",
    text: "second backup, nothing changed: under 2 MB sent",
    judge: (runs) => atMost(medianOf(runs, ours(UNCHANGED), "sentBytes"), 2e6, formatBytes),
  },
  {
    scenario: "thirty-days",
    text: "a day's backup sends on average at most 2.5 times what truly changed, compressed, plus 8 MB",
    judge: (runs) => {
      const changed = mean(valuesOf(runs, ours(DAY), "changedCompressedBytes"));
      const sent = mean(valuesOf(runs, ours(DAY), "sentBytes"));
      return changed === undefined ? undefined : atMost(sent, 2.5 * changed + 8e6, formatBytes);
    },
  },
  {
    scenario: "thirty-days",
    text: "a day's backup is at least 4 times as fast as a first backup",
    judge: (runs) => ratioAtLeast(runs, ours(FIRST_BACKUP), ours(DAY), 4),
  },
  {
    scenario: "thirty-days",
    text: "the last days are no worse than the first: time, and sent bytes for each that truly changed",
    judge: judgeLastDays,
  },
  {
    scenario: "random",
    text: "with 1 % of all files changed at random: never more sent than by a full upload",
    judge: (runs) => {
      const full = medianOf(runs, ours(FIRST_BACKUP), "sentBytes");
      const sent = valuesOf(runs, ours(RANDOM), "sentBytes");
      return full === undefined || sent.length === 0
        ? undefined
        : atMost(Math.max(...sent), full, formatBytes);
    },
  },
  {
    scenario: "thirty-days",
    text: "the last archive restores without a difference when all the others are gone",
    judge: (runs) => atMost(medianOf(runs, ours(LAST_DAY_RESTORED), "differences"), 0, formatCount),
  },
  {
    scenario: "one-file",
    text: "one file of 10 KB: at most 3 requests",
    judge: (runs) => atMost(medianOf(runs, ours(ONE_FILE), "requests"), 3, formatCount),
  },
  {
    scenario: "one-file",
    text: "one file of 10 KB: under 5 % of the time of a full download",
    judge: (runs) => ratioAtMost(runs, "ms", ours(ONE_FILE), ours(WHOLE_ARCHIVE), 0.05),
  },
  fasterThan("restore-s3", RESTORE, TAR_ZSTD_S3, 1),
  fasterThan("restore-s3", RESTORE, RESTIC, 1),
  {
    scenario: "small-files",
    text: "a million small files: within 400 MB of memory, whatever is done",
    judge: (runs) => atMost(mostOf(runs, "peakBytes"), 400e6, formatBytes),
  },
  fasterThan("small-files", FIRST_BACKUP, RESTIC, 1),
  {
    scenario: "holes",
    text: "a very large tenant: memory as for a usual one",
    judge: (runs) => ratioAtMost(runs, "peakBytes", ours(HOLES), ours(USUAL), SAME_MEMORY),
  },
  {
    scenario: "latency",
    text: "p99 of whoami during a backup: at most 1.5 times the idle one, or 5 ms more",
    judge: (runs) => {
      const idle = medianOf(runs, ours(IDLE), "p99");
      const busy = medianOf(runs, ours(DURING_BACKUP), "p99");
      return idle === undefined
        ? undefined
        : atMost(busy, Math.max(1.5 * idle, idle + 5), formatMilliseconds);
    },
  },
  {
    scenario: "many-tenants",
    text: "all tenants due at once: every one backed up",
    judge: (runs) => atMost(medianOf(runs, ours(ALL), "failed"), 0, formatCount),
  },
  {
    scenario: "many-tenants",
    text: "all tenants due at once: in order",
    judge: (runs) => atMost(medianOf(runs, ours(ALL), "overtaken"), 0, formatCount),
  },
  {
    scenario: "many-tenants",
    text: "all tenants due at once: memory as for a tenth of them",
    judge: (runs) => ratioAtMost(runs, "peakBytes", ours(ALL), ours(A_TENTH), SAME_MEMORY),
  },
];

/** The verdict on a goal; undefined where its figures are missing. */
export function judge(goal: Goal, results: Results): Verdict | undefined {
  const scenario = results.scenarios[goal.scenario];
  return scenario === undefined ? undefined : goal.judge(scenario.runs);
}

function fasterThan(scenario: string, step: string, rival: string, factor: number): Goal {
  const text =
    factor === 1
      ? `${step}: at least as fast as ${rival}`
      : `${step}: at least ${factor} times as fast as ${rival}`;
  return { scenario, text, judge: (runs) => ratioAtLeast(runs, { tool: rival, step }, ours(step), factor) };
}

interface Which {
  readonly tool: string;
  readonly step: string;
}

/** Of medians of the time: `over / under`. */
function ratioAtLeast(runs: readonly Run[], over: Which, under: Which, factor: number): Verdict | undefined {
  const ratio = ratioOf(runs, "ms", over, under);
  if (ratio === undefined) return undefined;
  return { met: ratio >= factor, by: `${formatRatio(ratio)} (at least ${formatRatio(factor)})` };
}

function ratioAtMost(
  runs: readonly Run[],
  metric: Metric,
  over: Which,
  under: Which,
  factor: number,
): Verdict | undefined {
  return atMost(ratioOf(runs, metric, over, under), factor, formatRatio);
}

function ratioOf(runs: readonly Run[], metric: Metric, over: Which, under: Which): number | undefined {
  const above = medianOf(runs, over, metric);
  const below = medianOf(runs, under, metric);
  return above === undefined || below === undefined ? undefined : above / below;
}

function atMost(
  value: number | undefined,
  limit: number,
  format: (value: number) => string,
): Verdict | undefined {
  if (value === undefined) return undefined;
  return { met: value <= limit, by: `${format(value)} (at most ${format(limit)})` };
}

function mostOf(runs: readonly Run[], metric: Metric): number | undefined {
  const values = runs.filter(({ tool }) => tool === OURS).flatMap(({ values }) => values[metric] ?? []);
  return values.length === 0 ? undefined : Math.max(...values);
}

function judgeLastDays(runs: readonly Run[]): Verdict | undefined {
  const last = Math.max(0, ...runs.filter(({ step }) => step === DAY).map(({ round }) => round));
  if (last < 1 + 2 * DAYS_COMPARED) return undefined;
  // The first day comes after a full backup; the second is the first that comes after a day's one.
  const [early, late] = [
    { ...ours(DAY), rounds: { from: 2, to: 1 + DAYS_COMPARED } },
    { ...ours(DAY), rounds: { from: last - DAYS_COMPARED + 1, to: last } },
  ];
  const quotient = (metric: Metric) => {
    const [before, after] = [mean(valuesOf(runs, early, metric)), mean(valuesOf(runs, late, metric))];
    return before === undefined || after === undefined ? undefined : after / before;
  };
  const [time, sent, changed] = [quotient("ms"), quotient("sentBytes"), quotient("changedCompressedBytes")];
  if (time === undefined || sent === undefined || changed === undefined) return undefined;
  return {
    met: time <= NO_WORSE && sent / changed <= NO_WORSE,
    by: `time ${formatRatio(time)}, sent ${formatRatio(sent / changed)} (at most ${formatRatio(NO_WORSE)})`,
  };
}
