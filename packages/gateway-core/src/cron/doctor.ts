import { readdir } from "node:fs/promises";
import path from "node:path";
import type { DoctorCheck, Finding, StatePaths } from "../plugin/host.js";
import { isSystemError } from "../system-error.js";
import type { Cron } from "./cron.js";
import { DAMAGED } from "./json-file.js";
import { ownerText, tenantOf, type Owner } from "./owner.js";

/** A file that the next start will set aside. */
export interface DamagedFile {
  readonly file: string;
  /** `is not JSON`. */
  readonly problem: string;
}

/**
 * What `doctor` says of schedules: files that are damaged, were set aside or cannot be read, and schedules that cannot run.
 *
 * @param damaged Files that stand damaged where they belong: of a gateway that is down.
 */
export function scheduleCheck(
  cron: Cron,
  directories: (owner: Owner) => readonly string[],
  damaged: readonly DamagedFile[] = [],
): DoctorCheck {
  return {
    name: "schedules",
    run: async () => {
      const findings: Finding[] = damaged.map(({ file, problem }) => ({
        severity: "critical",
        message: `${file} is damaged (${problem}): what stands in it does not run.`,
        fix: "Correct it before the gateway starts, which sets it aside and goes on without it; or add the schedules anew then, with `openclaw cron add`.",
      }));
      for (const owner of cron.owners()) {
        for (const directory of directories(owner)) findings.push(...(await damagedFiles(owner, directory)));
      }
      for (const { owner, problem } of cron.unreadable()) {
        findings.push({
          severity: "critical",
          ...tenantOf(owner),
          message: `The schedules of ${ownerText(owner)} cannot be read, and do not run: ${problem}`,
          fix: "Make cron/ a directory and jobs.json in it a file of the gateway's user, then restart the gateway.",
        });
      }
      for (const { owner, unknown } of cron.unknown()) {
        for (const { name = "without a name", problem } of unknown) {
          findings.push({
            severity: "info",
            ...tenantOf(owner),
            message: `Schedule ${name} of ${ownerText(owner)} makes no sense to this gateway, and does not run: ${problem}`,
            fix: `openclaw cron rm ${tenantOf(owner).tenant ?? "--gateway"} ${name}, then add it anew.`,
          });
        }
      }
      let running = 0;
      for (const found of cron.all()) {
        const { schedule } = found.entry;
        const problem = schedule.enabled ? cron.problem(found) : undefined;
        if (schedule.enabled && problem === undefined) running += 1;
        if (problem === undefined) continue;
        const whose = tenantOf(found.book.owner).tenant ?? "--gateway";
        findings.push({
          severity: "warning",
          ...tenantOf(found.book.owner),
          message: problem,
          fix: `openclaw cron show ${whose} ${schedule.name}`,
        });
      }
      if (findings.length > 0) return findings;
      return [{ severity: "ok", message: `${running} schedules are enabled and may run` }];
    },
  };
}

/** Where the files of an owner's schedules stand. */
export function cronDirectories(paths: StatePaths): (owner: Owner) => readonly string[] {
  return (owner) =>
    owner.kind === "tenant"
      ? [path.join(paths.tenants, owner.id, "cron")]
      : [path.join(paths.root, "cron"), path.join(paths.root, "cron", "runs")];
}

async function damagedFiles(owner: Owner, directory: string): Promise<readonly Finding[]> {
  try {
    return (await readdir(directory))
      .filter((name) => name.includes(DAMAGED))
      .map((name) => ({
        severity: "warning",
        ...tenantOf(owner),
        message: `A damaged file of schedules was set aside: ${path.join(directory, name)}`,
        fix: "Compare it with `openclaw cron list`, add what is missing, then remove the file.",
      }));
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}
