/** Hostile archives that carry our own index. */
import type { HostileCase } from "../case.js";
import { claimCases } from "./claims.js";
import { contradictions } from "./contradictions.js";
import { cutOff } from "./cut-off.js";
import { indexLines } from "./index-lines.js";
import { namesAndLinks } from "./names-and-links.js";
import { objectLayout } from "./object-layout.js";
import { signatures } from "./signatures.js";

export const nativeCases: readonly HostileCase[] = [
  ...contradictions,
  ...claimCases,
  ...objectLayout,
  ...signatures,
  ...indexLines,
  ...namesAndLinks,
  ...cutOff,
];
