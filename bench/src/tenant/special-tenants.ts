/** Tenants that are hard in one respect: very many files, or very large ones that are mostly holes. */
import { SeededRandom, TextPool } from "@openclaw/test/support";
import type { GeneratedTenant } from "@openclaw/test/support";
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";

const FILES_PER_DIRECTORY = 1000;
const LEAST_BYTES = 200;
const MOST_BYTES = 4096;

/** Adds so many files of 200 bytes to 4 KB below `workspace/small`. */
export function addSmallFiles(directory: string, files: number): GeneratedTenant {
  const random = new SeededRandom(6);
  let bytes = 0;
  const text = new TextPool(random, 2_000_000, (r, words) => words(r.integer(3, 14)));
  for (let n = 0; n < files; n++) {
    const folder = join(directory, "workspace/small", `d${Math.floor(n / FILES_PER_DIRECTORY)}`);
    if (n % FILES_PER_DIRECTORY === 0) mkdirSync(folder, { recursive: true });
    const content = text.read(random.integer(LEAST_BYTES, MOST_BYTES));
    writeFileSync(join(folder, `f${n}.txt`), content);
    bytes += content.length;
  }
  return { files, bytes, databases: [] };
}

const SPARSE_FILES = 5;
const ISLANDS_PER_FILE = 200;
const ISLAND_BYTES = 64 * 1024;

/** Adds files of `bytes` together below `workspace/sparse`: holes, with islands of text at random places. */
export function addSparseFiles(directory: string, bytes: number): GeneratedTenant {
  const random = new SeededRandom(7);
  const text = new TextPool(random, 2_000_000, (r, words) => words(r.integer(3, 14)));
  mkdirSync(join(directory, "workspace/sparse"), { recursive: true });
  const size = Math.floor(bytes / SPARSE_FILES);
  for (let n = 0; n < SPARSE_FILES; n++) {
    const descriptor = openSync(join(directory, "workspace/sparse", `disk-${n}.img`), "wx");
    ftruncateSync(descriptor, size);
    for (let island = 0; island < ISLANDS_PER_FILE; island++) {
      const content = text.read(Math.min(ISLAND_BYTES, size / 4));
      writeSync(descriptor, content, 0, content.length, Math.floor(random.next() * (size - content.length)));
    }
    closeSync(descriptor);
  }
  return { files: SPARSE_FILES, bytes: size * SPARSE_FILES, databases: [] };
}
