/** What jobs have left behind, in stores and on disk. */
import { readdir } from "node:fs/promises";
import path from "node:path";
import type { Finding } from "@openclaw/gateway-core";
import type { Services } from "../jobs/services.js";

export async function leftovers(services: Services): Promise<readonly Finding[]> {
  const findings = [...ofJobs(services), ...(await unknownTrash(services))];
  if (findings.length > 0) return findings;
  return [{ severity: "ok", message: "No job has left anything behind." }];
}

/** What a restore has put aside, and no undo can find: the ledger that knew of it was lost. */
async function unknownTrash({ host, ledger }: Services): Promise<readonly Finding[]> {
  const names = (await namesIn(host.paths.trash)).filter((name) => !HANDLED.test(name));
  const unknown = names.filter(
    (name) => ledger.trash.get(name) === undefined && ledger.jobs.get(name) === undefined,
  );
  return unknown.map((name) => ({
    severity: "warning",
    message: `${path.join(host.paths.trash, name)} holds what a restore replaced, and the ledger does not know of it.`,
    fix: "Take from it what is to be kept (`tree` is the tenant's directory), then remove it.",
  }));
}

/** What the next start removes: deleted tenants, and trash that is being removed. */
const HANDLED = /^deleted-|\.removing$/;

/** What restores were extracting when the gateway ended; the next start settles and removes it. Of a gateway that is down. */
export async function cutOffRestores({ host }: Services): Promise<readonly Finding[]> {
  const staged = (await namesIn(host.paths.staging)).filter((name) => !name.startsWith("."));
  const copies = await namesIn(path.join(host.paths.backup, "tmp"));
  if (staged.length + copies.length === 0) return [{ severity: "ok", message: "No job was cut off." }];
  return [
    {
      severity: "warning",
      message: `Jobs were cut off: ${[...staged, ...copies].join(", ")}.`,
      fix: "Start the gateway: it settles what was being replaced, and removes what is of no use.",
    },
  ];
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function ofJobs({ ledger }: Services): readonly Finding[] {
  const remaining = ledger.leftovers.ofEndedJobs();
  const unsettled = ledger.completions.ofEndedJobs();
  const fix =
    "The gateway tries again every ten minutes and at each start; it needs the store's settings for that.";
  const because = (problem = "it was not tried yet"): string => problem.replace(/\.?$/, ".");
  return [
    ...remaining.map(({ jobId, problem }) => ({
      severity: "warning" as const,
      message: `Job ${jobId} left something behind that could not be removed: ${because(problem)}`,
      fix,
    })),
    ...unsettled.map(({ jobId, archive, problem }) => ({
      severity: "warning" as const,
      message: `Whether job ${jobId} has stored ${archive.location} is not known: ${because(problem)}`,
      fix,
    })),
  ];
}
