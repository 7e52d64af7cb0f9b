import { rmSync } from "node:fs";
import { COMPANION_SUFFIXES } from "./protocol.js";

/** Removes what there is of a copy, finished or not. */
export function removeCopy(copy: string): void {
  for (const suffix of ["", ".source", ...COMPANION_SUFFIXES]) rmSync(`${copy}${suffix}`, { force: true });
}
