/** What a scenario is, and the notebook in which it writes down what it measured. */
import type { Lab } from "./lab.js";
import type { Run, Values } from "./results/results.js";
import type { Contestant, Watch } from "./tools/contestant.js";
import type { BenchOptions } from "./options.js";

export interface Scenario {
  readonly id: string;
  readonly title: string;
  /** A sentence or two for the report: what is done, in what order. */
  readonly about: string;
  /** What it measures at these options: `1.0 GB, 20,000 files, 3 rounds`. */
  readonly settings: (options: BenchOptions) => string;
  run(lab: Lab, notebook: Notebook): Promise<void>;
}

export class Notebook {
  readonly runs: Run[] = [];
  readonly notes: string[] = [];
  readonly commands: Record<string, string> = {};
  readonly #say: (line: string) => void;
  readonly #out = new Set<string>();

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  record(run: Run): void {
    this.runs.push(run);
    const { ms } = run.values;
    const took = ms === undefined ? "" : ` ${(ms / 1000).toFixed(2)} s`;
    this.#say(`  ${run.step} ${run.round}: ${run.tool}${took}`);
  }

  /** Once, however often it is said. */
  note(text: string): void {
    if (this.notes.includes(text)) return;
    this.notes.push(text);
    this.#say(`  ${text}`);
  }

  /** A contestant that failed once takes no part any more. */
  isOut(contestant: Contestant): boolean {
    return this.#out.has(contestant.name);
  }

  /** Runs what belongs to one contestant; a failure is written down and puts it out. */
  async attempt(contestant: Contestant, step: string, work: () => Promise<void>): Promise<void> {
    if (this.isOut(contestant)) return;
    try {
      await work();
    } catch (error) {
      this.#out.add(contestant.name);
      this.note(`${contestant.name}, ${step}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

export interface Step {
  readonly name: string;
  readonly round: number;
  /** Not measured. */
  readonly before?: (contestant: Contestant) => Promise<void>;
  readonly work: (contestant: Contestant, watch: Watch) => Promise<Values>;
  /** Not measured; what it gives is added to the run. */
  readonly after?: (contestant: Contestant) => Promise<Values>;
}

/** One step by each contestant in turn, each measured. */
export async function inTurn(
  lab: Lab,
  notebook: Notebook,
  contestants: readonly Contestant[],
  step: Step,
): Promise<void> {
  for (const contestant of contestants) {
    await notebook.attempt(contestant, step.name, async () => {
      await step.before?.(contestant);
      const values = await lab.measure((watch) => step.work(contestant, watch), contestant.standingPid());
      const more = await step.after?.(contestant);
      notebook.record({
        tool: contestant.name,
        step: step.name,
        round: step.round,
        values: { ...values, ...more },
      });
    });
  }
}

/** 1, 2, … */
export function rounds(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n + 1);
}
