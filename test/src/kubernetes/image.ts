/**
 * The image's file system, laid out without a container engine, and processes that run in it as containers do: in a mount
 * namespace of their own, as the image's user, the root read-only, with the mounts that they are given and no others.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Test } from "tap";
import { mustRun } from "../support/run.js";

const IMAGE = fileURLToPath(new URL("../../../deploy/image/", import.meta.url));

/** What the last stage of the Dockerfile sets. */
export interface ImageConfig {
  readonly user: string;
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
}

/** Reads what containers of the image are started with. Throws where the Dockerfile lacks one of these. */
export function imageConfig(): ImageConfig {
  const text = readFileSync(join(IMAGE, "Dockerfile"), "utf8").replaceAll(/\\\n/g, " ");
  const stage = text.slice(text.lastIndexOf("\nFROM "));
  const of = (instruction: string): string => {
    const found = [...stage.matchAll(new RegExp(`^${instruction} (.*)$`, "gm"))].at(-1)?.[1];
    if (found === undefined) throw new Error(`the Dockerfile has no ${instruction}`);
    return found;
  };
  const list = (instruction: string): string[] => JSON.parse(of(instruction)) as string[];
  return {
    user: of("USER"),
    workingDirectory: of("WORKDIR"),
    environment: Object.fromEntries(
      of("ENV")
        .split(" ")
        .map((pair) => pair.split("=") as [string, string]),
    ),
    entrypoint: list("ENTRYPOINT"),
    command: list("CMD"),
  };
}

/** A directory of this machine at a path in the container. */
export interface Mount {
  readonly source: string;
  readonly path: string;
  readonly readOnly?: boolean;
}

export interface ContainerOptions {
  /** Default: the image's entrypoint. */
  readonly command?: readonly string[];
  /** Default: the image's command, unless `command` is given. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly mounts?: readonly Mount[];
}

export interface Finished {
  readonly code: number;
  readonly output: string;
}

export class Container {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  #output = "";

  constructor(child: ChildProcess) {
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => void (this.#output += text));
    }
    this.finished = new Promise((resolve) =>
      child.on("close", (code) => resolve({ code: code ?? 128, output: this.#output })),
    );
  }

  /** Both streams, so far. */
  get output(): string {
    return this.#output;
  }

  stop(): Promise<Finished> {
    this.child.kill("SIGTERM");
    return this.finished;
  }
}

/**
 * Mounts what the container has, makes everything else read-only, and becomes the container's process. Arguments: root, then
 * for each mount its options, source and path, then `--`, user, working directory, and the command.
 */
const ENTER = `
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount --bind /proc "$root/proc"
mount --rbind /dev "$root/dev"
while [ "$1" != -- ]; do
  mkdir -p "$root$3"
  mount --bind "$2" "$root$3"
  mount -o "remount,bind,nosuid,nodev$1" "$root$3"
  shift 3
done
mount -o remount,bind,ro "$root"
shift
user=$1; directory=$2; shift 2
exec chroot --userspec="$user" --groups="\${user#*:}" "$root" /bin/sh -c 'cd "$1"; shift; exec "$@"' sh "$directory" "$@"
`;

export class Image {
  readonly config = imageConfig();
  /** The file system. */
  readonly root: string;
  readonly #directory: string;

  /** Lays the image out, for as long as the test runs. Its root belongs to this process's user and is open to read for all. */
  static async layOut(t: Test): Promise<Image> {
    const directory = mkdtempSync(join(tmpdir(), "openclaw-image-"));
    chmodSync(directory, 0o755);
    t.teardown(() => rmSync(directory, { recursive: true, force: true }));
    const root = join(directory, "root");
    await mustRun(join(IMAGE, "rootfs.sh"), [root]);
    return new Image(directory, root);
  }

  private constructor(directory: string, root: string) {
    this.#directory = directory;
    this.root = root;
  }

  /** Names that lead to this machine. */
  addHost(name: string): void {
    writeFileSync(join(this.root, "etc/hosts"), `127.0.0.1 localhost ${name}\n`);
  }

  /** The directory of a new volume, with the owner and the mode that a cluster gives one: root's, the group's to write. */
  volume(name: string): string {
    const directory = mkdtempSync(join(this.#directory, `${name}-`));
    chownSync(directory, 0, 1000);
    chmodSync(directory, 0o2775);
    return directory;
  }

  /** A directory for this container's own use, like an emptyDir. */
  scratch(): string {
    const directory = mkdtempSync(join(this.#directory, "scratch-"));
    chmodSync(directory, 0o1777);
    return directory;
  }

  /** Starts a process in the image. */
  start(options: ContainerOptions = {}): Container {
    const { config, root } = this;
    const { command, mounts = [] } = options;
    const args = options.args ?? (command === undefined ? config.command : []);
    const child = spawn(
      "unshare",
      [
        ...["--mount", "--propagation", "private", "sh", "-c", ENTER, "enter", root],
        ...mounts.flatMap(({ readOnly, source, path }) => [readOnly === true ? ",ro" : "", source, path]),
        ...["--", config.user, config.workingDirectory, ...(command ?? config.entrypoint), ...args],
      ],
      {
        // As a container has it: nothing of this machine's.
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...config.environment, ...options.env },
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    return new Container(child);
  }

  run(options: ContainerOptions): Promise<Finished> {
    return this.start(options).finished;
  }
}

/** Why nothing can be run in the image here; false where it can. */
export function withoutNamespaces(): string | false {
  if (process.getuid?.() !== 0) return "needs root's rights, to run the image's tree as a container does";
  const { status } = spawnSync("unshare", [
    "--mount",
    "--propagation",
    "private",
    "mount",
    "--bind",
    "/",
    "/",
  ]);
  return status === 0 ? false : "needs mount namespaces, which are not allowed here";
}
