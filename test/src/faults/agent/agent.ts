/**
 * The fault agent: loaded before the gateway's own code (`NODE_OPTIONS=--import …`), and by itself in every thread and
 * helper process of it. It gives each call that touches a file of the gateway a name, a *point*, and makes a fault where
 * the test has ordered one. Without an order the gateway works as ever.
 */
import { isMainThread } from "node:worker_threads";
import { Control } from "./control.js";
import { patchFileSystem } from "./patch-fs.js";
import { patchLedger } from "./patch-ledger.js";
import { patchThreads } from "./patch-threads.js";
import { patchTime } from "./patch-time.js";
import { PID_VARIABLE, PLACE_VARIABLE, SETTINGS_VARIABLE } from "./settings.js";
import type { AgentSettings } from "./settings.js";

const json = process.env[SETTINGS_VARIABLE];
if (json === undefined) throw new Error(`${SETTINGS_VARIABLE} is missing`);
const settings = JSON.parse(json) as AgentSettings;
const place = process.env[PLACE_VARIABLE] ?? "gateway";
if (place === "gateway") process.env[PID_VARIABLE] = String(process.pid);
const control = new Control(settings.control, place);

if (!isMainThread) patchTime(settings.haste);
if (place === "gateway") await patchLedger(control);
patchThreads(import.meta.url, control);
await patchFileSystem(settings, control);
