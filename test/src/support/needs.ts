/** What a test needs of its machine. Where it is not there, the test is skipped with one visible line that names it. */
import { hasProgram } from "./run.js";

export interface Needs {
  readonly programs?: readonly string[];
  /** Root's rights: to mount a small file system, for example. */
  readonly root?: boolean;
}

/** For a test's `skip` option: false when everything is there, else what is missing. */
export async function missing(needs: Needs): Promise<string | false> {
  const absent: string[] = [];
  for (const program of needs.programs ?? []) {
    if (!(await hasProgram(program))) absent.push(`the program ${program}`);
  }
  if (needs.root === true && process.getuid?.() !== 0) absent.push("root's rights");
  return absent.length === 0 ? false : `needs ${absent.join(" and ")}`;
}
