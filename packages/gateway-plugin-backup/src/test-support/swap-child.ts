/** A process that swaps, or settles swaps, and kills itself before the n-th call to disk or ledger. */
import { Ledger } from "../jobs/ledger/ledger.js";
import { TenantSwap, type SwapPaths, type SwapRequest } from "../jobs/swap.js";
import { atCall, interruptible } from "./interruption.js";
import { TRASH_MS } from "./swap-slot.js";

export interface SwapChildPlan {
  readonly ledgerFile: string;
  readonly paths: SwapPaths;
  readonly killAt: number;
  /** Absent: settle what the journal holds. */
  readonly request?: SwapRequest;
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("still alive");
}

const plan = JSON.parse(process.argv[2] ?? "") as SwapChildPlan;
const parts = interruptible(Ledger.open(plan.ledgerFile), atCall(plan.killAt), die);
const swap = new TenantSwap({
  movePaths: () => Promise.resolve(),
  ...parts,
  clock: { now: () => 1 },
  paths: plan.paths,
  trashMs: TRASH_MS,
});
if (plan.request === undefined) await swap.recover();
else await swap.swap(plan.request);
