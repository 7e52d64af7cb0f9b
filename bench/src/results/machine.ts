/** What the figures were measured on. */
import { mustRun, run } from "@openclaw/test/support";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, release, tmpdir, totalmem } from "node:os";
import { basename } from "node:path";
import type { Programs } from "../tools/programs.js";
import type { Machine } from "./results.js";

export async function describeMachine(programs: Programs): Promise<Machine> {
  return {
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    system: systemName(),
    disk: await describeDisk(tmpdir()),
    versions: {
      node: process.version,
      ...Object.fromEntries([...programs].map(([name, { version }]) => [name, version])),
    },
  };
}

function systemName(): string {
  const path = "/etc/os-release";
  if (!existsSync(path)) return "unknown";
  return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync(path, "utf8"))?.[1] ?? "unknown";
}

/** File system and device below a directory: `ext4 on vda (not rotating)`. */
async function describeDisk(directory: string): Promise<string> {
  const [, type = "?", device = "?"] =
    (await mustRun("df", ["--output=fstype,source", directory])).split("\n")[1]?.match(/^(\S+)\s+(\S+)/) ??
    [];
  // Of a partition the file stands with its disk.
  const parent = (await run("lsblk", ["-no", "pkname", device]).catch(() => undefined))?.stdout
    .trim()
    .split("\n")[0];
  const disk = [parent, basename(device)].find(
    (name) => name !== undefined && name !== "" && existsSync(rotational(name)),
  );
  if (disk === undefined) return `${type} on ${device}`;
  const kind =
    readFileSync(rotational(disk), "utf8").trim() === "0" ? "not rotating" : "rotating, by its own account";
  return `${type} on ${device} (${kind})`;
}

function rotational(disk: string): string {
  return `/sys/block/${disk}/queue/rotational`;
}
