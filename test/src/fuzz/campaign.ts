/** Runs the fuzz targets for a while. */
import fc from "fast-check";
import { Sandbox } from "./sandbox.js";
import { targets } from "./targets.js";

export interface CampaignOptions {
  readonly seed: number;
  /** For all targets together. */
  readonly milliseconds: number;
  /** Called with each input before it is tried: what remains of a run that crashes. */
  readonly onInput?: (input: Uint8Array) => void;
}

export interface Outcome {
  readonly target: string;
  readonly runs: number;
  readonly failure?: {
    /** The error, and the path that leads fast-check to the input from the seed. */
    readonly report: string;
    /** The smallest input that fails. */
    readonly input: Uint8Array;
  };
}

/** One outcome for each target, in equal shares of the time. */
export async function fuzz({ seed, milliseconds, onInput }: CampaignOptions): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const target of targets) {
    const sandbox = new Sandbox();
    // Shrinking ends with the smallest input that fails, so the last is the one to keep.
    let failing: Uint8Array | undefined;
    const trial = async (input: Uint8Array, check: () => Promise<void> | void): Promise<void> => {
      onInput?.(input);
      try {
        await check();
      } catch (error) {
        failing = Buffer.from(input);
        throw error;
      }
    };
    try {
      const details = await fc.check(target.property(sandbox, trial), {
        seed,
        numRuns: Number.MAX_SAFE_INTEGER,
        interruptAfterTimeLimit: milliseconds / targets.length,
      });
      outcomes.push({
        target: target.name,
        runs: details.numRuns,
        ...(details.failed && {
          failure: { report: reportOf(details), input: failing ?? new Uint8Array() },
        }),
      });
    } finally {
      sandbox.close();
    }
  }
  return outcomes;
}

function reportOf({ counterexamplePath, errorInstance }: fc.RunDetails<unknown>): string {
  const error = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : "";
  return `path ${counterexamplePath ?? "?"}: ${error}`;
}
