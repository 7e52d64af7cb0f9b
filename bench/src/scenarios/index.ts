/** All scenarios, in the order in which they run and stand in the report. */
import type { Scenario } from "../scenario.js";
import { encrypted } from "./encrypted.js";
import { firstBackup } from "./first-backup.js";
import { holes } from "./holes.js";
import { randomChanges, unchangedBackup } from "./later-backup.js";
import { latency } from "./latency.js";
import { manyTenants } from "./many-tenants.js";
import { oneFile } from "./one-file.js";
import { restore } from "./restore.js";
import { smallFiles } from "./small-files.js";
import { thirtyDays } from "./thirty-days.js";

export const SCENARIOS: readonly Scenario[] = [
  firstBackup("local"),
  firstBackup("s3"),
  encrypted,
  unchangedBackup("local"),
  unchangedBackup("s3"),
  thirtyDays,
  randomChanges,
  oneFile,
  restore("local"),
  restore("s3"),
  smallFiles,
  holes,
  latency,
  manyTenants,
];
