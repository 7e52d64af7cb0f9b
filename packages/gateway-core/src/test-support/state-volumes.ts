/** One volume or two with entries that can be told apart, for tests of restores of the whole state. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { nodeRestoreDisk, type RestoreDisk } from "../state/restore/disk.js";
import { StateRestores, type ReplacedVolume } from "../state/restore/state-restores.js";

/** By path: a text is a file's content. */
export type Entries = Readonly<Record<string, string>>;

export class StateVolumes {
  readonly state: string;
  readonly workspace: string;
  readonly volumes: readonly ReplacedVolume[];

  /**
   * @param parent Where both directories are made.
   * @param inside Whether the workspace lies in the state directory, as a mounted one does.
   */
  constructor(parent: string, { inside = true, keep = ["backups"] as readonly string[] } = {}) {
    const root = mkdtempSync(path.join(parent, "volumes-"));
    this.state = path.join(root, "state");
    this.workspace = inside ? path.join(this.state, "workspace") : path.join(root, "workspace");
    this.volumes = [
      { name: "state", directory: this.state, keep: keep.map((name) => path.join(this.state, name)) },
      { name: "workspace", directory: this.workspace, keep: [] },
    ];
    for (const { directory } of this.volumes) mkdirSync(directory, { recursive: true });
  }

  restores(disk: RestoreDisk = nodeRestoreDisk): StateRestores {
    return new StateRestores(this.state, disk);
  }

  /** Stages the entries for a job. */
  async staged(job: string, state: Entries, workspace: Entries): Promise<void> {
    const [first = "", second = ""] = await this.restores().stage(job, this.volumes);
    write(first, state);
    write(second, workspace);
  }

  /** What stands, without what belongs to restores. */
  get standing(): { readonly state: Entries; readonly workspace: Entries } {
    const isOutside = !this.workspace.startsWith(`${this.state}/`);
    const state = read(this.state, isOutside ? [] : ["workspace"]);
    return { state, workspace: read(this.workspace, []) };
  }
}

export function write(directory: string, entries: Entries): void {
  for (const [name, content] of Object.entries(entries)) {
    const file = path.join(directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}

export function read(directory: string, without: readonly string[]): Entries {
  if (!existsSync(directory)) return {};
  const found: Record<string, string> = {};
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if ([".restore", ...without].some((one) => name === one || name.startsWith(`${one}/`))) continue;
    const file = path.join(directory, name);
    if (lstatSync(file).isFile()) found[name] = readFileSync(file, "utf8");
  }
  return found;
}

/** Calls that change nothing need no crash before them. */
const CHANGING = ["makeDirectory", "rename", "syncDirectory", "removeEmptyDirectory", "writeText"];

/** The disk, on which from the n-th changing call on nothing changes any more: `die` must not return. */
export function diskUntil(n: number, die: () => never): RestoreDisk {
  let calls = 0;
  return new Proxy(nodeRestoreDisk, {
    get(disk, name): unknown {
      const value: unknown = Reflect.get(disk, name);
      if (typeof value !== "function" || !CHANGING.includes(String(name))) return value;
      return (...given: unknown[]): unknown => {
        if ((calls += 1) >= n) die();
        return Reflect.apply(value, disk, given);
      };
    },
  });
}
