/** Hostile archives of other tools' formats: tar, tar.gz and tar.zst without our index. */
import type { HostileCase } from "../case.js";
import { nodeAdvisories } from "./advisories-node.js";
import { pythonAdvisories } from "./advisories-python.js";
import { toolAdvisories } from "./advisories-tools.js";
import { bombCases } from "./bombs.js";
import { compressionCases } from "./compression.js";
import { databaseCases } from "./databases.js";
import { headerCases } from "./headers.js";
import { linkCases } from "./links.js";
import { pathCases } from "./paths.js";
import { paxCases } from "./pax.js";
import { tenantRecordCases } from "./tenant-record.js";

export const foreignCases: readonly HostileCase[] = [
  ...nodeAdvisories,
  ...pythonAdvisories,
  ...toolAdvisories,
  ...pathCases,
  ...linkCases,
  ...headerCases,
  ...paxCases,
  ...bombCases,
  ...compressionCases,
  ...tenantRecordCases,
  ...databaseCases,
];
