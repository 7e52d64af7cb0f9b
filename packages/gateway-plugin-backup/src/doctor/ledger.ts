/** Whether the ledger is whole. */
import type { DoctorCheck, Finding } from "@openclaw/gateway-core";
import { ledgerFile, type Services } from "../jobs/services.js";
import type { LedgerCopy } from "./ledger-copy.js";
import { keptLedgers, salvageLedger } from "./salvage.js";

/** SQLite reads all of it: some 100 MB a second. */
const CHECK_MS = 15_000;

/** Of a gateway that runs: nothing can be put in the place of a ledger that is in use. */
export function ledgerInUse({ host, threads }: Services): DoctorCheck {
  return {
    name: "backup-ledger",
    takesTime: true,
    run: async () => {
      const file = ledgerFile(host.paths);
      const problem = await threads
        .run("checkLedger", { file }, { signal: AbortSignal.timeout(CHECK_MS) })
        .catch(
          // What cannot be opened is damaged, too.
          (error: unknown) => (error as Error).message,
        );
      if (problem === undefined) return [good(), ...(await kept(file))];
      const fix =
        "Stop the gateway, then run `openclaw doctor --yes`: it makes a new ledger of what can be read, and keeps the damaged one.";
      return [damaged(file, problem, fix)];
    },
  };
}

export interface LedgerAtRest {
  readonly file: string;
  readonly copy: LedgerCopy;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Of a gateway that is down. */
export function ledgerAtRest({ file, copy, now }: LedgerAtRest): DoctorCheck {
  return {
    name: "backup-ledger",
    run: async () => {
      const { look } = copy;
      switch (look.state) {
        case "missing":
          return [
            {
              severity: "warning",
              message: `There is no ledger at ${file}; the next start makes an empty one.`,
              fix: "Fine for a gateway that is new. Else put it back if you have it, or start the gateway and run `openclaw backups rebuild --pin`: it finds the archives again, and pins them.",
            },
            ...(await kept(file)),
          ];
        case "unusable":
          return [
            {
              severity: "critical",
              message: `The ledger ${file} cannot be used: ${look.problem}`,
              fix: look.hint ?? "Make the file readable and writable for the gateway's user.",
            },
          ];
        case "damaged":
          return [
            {
              ...damaged(
                file,
                look.problem,
                "`openclaw doctor --yes` makes a new ledger of what can be read, and keeps the damaged one.",
              ),
              repair: () => salvage(file, copy, now),
            },
          ];
        case "good":
          return [good(), ...(await kept(file))];
      }
    },
  };
}

function good(): Finding {
  return { severity: "ok", message: "The ledger is whole." };
}

function damaged(file: string, problem: string, fix: string): Finding {
  return { severity: "critical", message: `The ledger ${file} is damaged: ${problem}`, fix };
}

async function salvage(file: string, copy: LedgerCopy, now: number): Promise<string> {
  const { kept, rows } = await salvageLedger(file, copy.file ?? file, now);
  const { archives = 0, jobs = 0 } = rows;
  return `The damaged ledger is kept as ${kept}; a new one has the ${archives} archives and ${jobs} jobs that could be read.`;
}

async function kept(file: string): Promise<readonly Finding[]> {
  return (await keptLedgers(file)).map((path) => ({
    severity: "warning",
    message: `A damaged ledger was kept aside, and rows of it may have been lost: ${path}`,
    fix: "With the gateway running, `openclaw backups rebuild --pin` finds archives that are missing, and pins what it adds. Then remove the file, with its `-wal` and `-shm`.",
  }));
}
