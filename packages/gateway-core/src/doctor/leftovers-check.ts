import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import type { DoctorCheck, Finding } from "../plugin/host.js";
import { GATEWAY_TEMPORARY } from "../state/atomic-write.js";
import type { GatewayPaths } from "../state/directory.js";
import { isSystemError } from "../system-error.js";
import type { TenantDisk } from "../tenants/disk.js";
import { removeTree } from "../tenants/tree.js";

/**
 * What a crash left of the gateway's own: files that were being written when it ended, tenants that were being made or
 * deleted. None of it was ever in use. Only for a gateway that is down: one that runs has such files at any time.
 */
export function leftoversCheck(paths: GatewayPaths, disk: TenantDisk): DoctorCheck {
  return { name: "leftovers", run: () => checkLeftovers(paths, disk) };
}

async function checkLeftovers(paths: GatewayPaths, disk: TenantDisk): Promise<readonly Finding[]> {
  const cron = path.join(paths.root, "cron");
  const directories = [paths.root, paths.tenantRecords, cron, path.join(cron, "runs")];
  const files = (await Promise.all(directories.map(temporaries))).flat();
  const trees = await disk.leftovers();
  if (files.length + trees.length === 0) {
    return [{ severity: "ok", message: "The gateway itself has left nothing behind." }];
  }
  const [first = ""] = [...files, ...trees];
  return [
    {
      severity: "info",
      message: `A crash has left ${files.length} half-written files and ${trees.length} trees of tenants that were being made or deleted: ${first}`,
      fix: "`openclaw doctor --yes` removes them.",
      repair: async () => {
        for (const file of files) await rm(file, { force: true });
        for (const tree of trees) await removeTree(tree);
        return `${files.length} files and ${trees.length} trees were removed.`;
      },
    },
  ];
}

async function temporaries(directory: string): Promise<readonly string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => TEMPORARY.test(name)).map((name) => path.join(directory, name));
  } catch (error) {
    if (isSystemError(error, "ENOENT", "ENOTDIR")) return [];
    throw error;
  }
}

/** As `writeFileAtomic` names them. */
const TEMPORARY = new RegExp(`^\\${GATEWAY_TEMPORARY}[0-9a-f]{16}$`);
