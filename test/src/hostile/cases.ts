import type { HostileCase } from "./case.js";
import { foreignCases } from "./foreign/index.js";
import { nativeCases } from "./native/index.js";

/** Every hostile archive, in the order of the list in `test/hostile/README.md`. */
export const hostileCases: readonly HostileCase[] = [...foreignCases, ...nativeCases];
