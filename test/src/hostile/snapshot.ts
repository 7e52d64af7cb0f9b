import { hash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";

/** A tree of files as text, one line an entry, in the order of paths: compared before and after an attack. */
export interface SnapshotOptions {
  /** Paths below the root that are left out, with all that lies below them. */
  readonly without: ReadonlySet<string>;
  /** Directories whose own time may change. */
  readonly busy: ReadonlySet<string>;
}

/** Type, mode, size, mtime and content (a link's target) of everything below `root`. */
export function snapshot(root: string, { without, busy }: SnapshotOptions): string[] {
  const lines: string[] = [];
  const visit = (path: string): void => {
    const name = relative(root, path);
    if (without.has(name)) return;
    const status = lstatSync(path, { bigint: true });
    const time = busy.has(name) ? "" : String(status.mtimeNs);
    const meta = `${JSON.stringify(name)} ${status.mode.toString(8)} ${time}`;
    if (status.isDirectory()) {
      lines.push(meta);
      for (const child of readdirSync(path).sort()) visit(join(path, child));
    } else if (status.isSymbolicLink()) lines.push(`${meta} -> ${readlinkSync(path)}`);
    else if (status.isFile()) lines.push(`${meta} ${status.size} ${hash("sha256", readFileSync(path))}`);
    else lines.push(meta);
  };
  visit(root);
  return lines;
}
