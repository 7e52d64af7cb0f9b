import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

/** One entry of a tree on disk, comparable with `t.strictSame`; content and names as Latin-1, so that bytes count. */
export interface TreeEntry {
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly content?: string;
  readonly target?: string;
}

/** Every entry of a tree, by its path below `directory`; the directory itself is "". */
export function readTree(directory: string): Record<string, TreeEntry> {
  const tree: Record<string, TreeEntry> = {};
  const visit = (path: string): void => {
    const bytes = Buffer.from(path === "" ? directory : `${directory}/${path}`, "latin1");
    const status = lstatSync(bytes, { bigint: true });
    const common = { mode: Number(status.mode & 0o7777n), mtimeNs: status.mtimeNs };
    if (status.isFile()) tree[path] = { type: "file", ...common, content: readFileSync(bytes, "latin1") };
    else if (status.isSymbolicLink())
      tree[path] = { type: "symlink", ...common, target: readlinkSync(bytes, "latin1") };
    else if (status.isDirectory()) {
      tree[path] = { type: "directory", ...common };
      for (const name of readdirSync(bytes, "latin1").sort()) visit(path === "" ? name : `${path}/${name}`);
    } else tree[path] = { type: "other", ...common };
  };
  visit("");
  return tree;
}
