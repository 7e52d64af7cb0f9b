/** Which rivals this machine has, and in which versions. */
import { hasProgram, mustRun, run } from "@openclaw/test/support";

interface Program {
  readonly version: readonly string[];
  /** Debian's package; absent for what every system has. */
  readonly debianPackage?: string;
}

const PROGRAMS: Readonly<Record<string, Program>> = {
  tar: { version: ["--version"] },
  zstd: { version: ["--version"], debianPackage: "zstd" },
  aws: { version: ["--version"], debianPackage: "awscli" },
  restic: { version: ["version"], debianPackage: "restic" },
  borg: { version: ["--version"], debianPackage: "borgbackup" },
  rclone: { version: ["version"], debianPackage: "rclone" },
  age: { version: ["--version"], debianPackage: "age" },
};

/** Paths of programs by name: only those that are there. */
export type Programs = ReadonlyMap<string, { readonly path: string; readonly version: string }>;

export async function findPrograms(): Promise<Programs> {
  const found = new Map<string, { path: string; version: string }>();
  for (const [name, { version: versionFlags }] of Object.entries(PROGRAMS)) {
    if (!(await hasProgram(name))) continue;
    const path = await realPath(name);
    const answer = await run(path, versionFlags);
    const version = /\d+\.\d[^\s,]*/.exec(answer.stdout || answer.stderr)?.[0] ?? "unknown";
    found.set(name, { path, version });
  }
  return found;
}

/** Installs with apt-get what is missing and has a package. */
export async function installPrograms(): Promise<void> {
  const packages: string[] = [];
  for (const [name, { debianPackage }] of Object.entries(PROGRAMS)) {
    if (debianPackage !== undefined && !(await hasProgram(name))) packages.push(debianPackage);
  }
  if (packages.length === 0) return;
  await mustRun("apt-get", ["install", "-y", "--no-install-recommends", ...packages]);
}

/** A shim of pyenv starts the program through several scripts: that time is not the program's. */
async function realPath(name: string): Promise<string> {
  const path = firstLine((await run("sh", ["-c", `command -v -- "$1"`, "sh", name])).stdout);
  if (!path.includes("/shims/")) return path;
  const behind = await run("pyenv", ["which", name]);
  return behind.code === 0 ? firstLine(behind.stdout) : path;
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.trim() ?? "";
}
