import { randomInt } from "node:crypto";
import { env } from "node:process";

/** Over both files of random kills. */
const DEFAULT_KILLS = 100;

/** `OPENCLAW_TEST_SEED` and `OPENCLAW_TEST_KILLS` (all in all) override; without a seed each run has another one. */
export function randomKillSettings(): { readonly seed: number; readonly kills: number } {
  return {
    seed: Number(env["OPENCLAW_TEST_SEED"] ?? randomInt(2 ** 31)),
    kills: Math.ceil(Number(env["OPENCLAW_TEST_KILLS"] ?? DEFAULT_KILLS) / 2),
  };
}
