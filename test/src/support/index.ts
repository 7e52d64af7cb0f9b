/** What the benchmarks take from the tests' support. */
export { steadyLoad, type Latencies } from "../measure/load.js";
export { Cli } from "./cli.js";
export { GatewayProcess } from "./gateway-process.js";
export { cleanEnvironment } from "./processes.js";
export { unexplainedDifferences } from "./restored-tenant.js";
export { hasProgram, mustRun, run, type RunResult } from "./run.js";
export { Noise, SeededRandom, TextPool } from "./seeded.js";
export { generateTenant, type GeneratedTenant, type TenantScale } from "./tenant-generator.js";
