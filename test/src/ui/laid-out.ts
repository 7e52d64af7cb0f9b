/** What the flows begin with: a gateway, a bucket of a real S3 store behind a proxy that can fail, a tenant with content. */
import {
  s3ForTests,
  startFaultProxy,
  type FaultProxy,
  type S3ForTests,
} from "@openclaw/gateway-plugin-backup/testing";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { Bed, type BedOptions } from "../support/bed.js";
import { Noise } from "../support/seeded.js";
import { missingChromium, TestBrowser } from "./browser.js";

const MB = 1e6;

/** Of a file that cannot be compressed: its upload takes several parts. */
const LARGE_BYTES = 12 * MB;

/** More than the parts that wait for their upload hold, so that a slow store makes the whole backup slow. */
export const VERY_LARGE_BYTES = 64 * MB;

export const NOTES = "# Notes\n\nWater the plants on Friday.\n";

export interface LayOutOptions extends BedOptions {
  /** Of the tenant's large file. */
  readonly bytes?: number;
}

export interface LaidOut {
  readonly bed: Bed;
  readonly proxy: FaultProxy;
  readonly browser: TestBrowser;
  readonly s3: S3ForTests;
  readonly bucket: string;
  /** Of the tenant acme. */
  readonly token: string;
  /** A path in the tenant's workspace. */
  readonly inWorkspace: (name: string) => string;
}

/** Runs `flows` where there is a browser and a store; else the test is skipped, visibly. */
export async function withBrowserAndStore(
  t: Test,
  flows: (layOut: (t: Test, options?: LayOutOptions) => Promise<LaidOut>) => void,
): Promise<void> {
  const lack = missingChromium();
  if (lack !== false) {
    t.pass("control UI", { skip: lack });
    return;
  }
  const s3 = await s3ForTests(t);
  if (s3 !== undefined) flows((t, options) => layOut(t, s3, options));
}

async function layOut(
  t: Test,
  s3: S3ForTests,
  { bytes = LARGE_BYTES, ...options }: LayOutOptions = {},
): Promise<LaidOut> {
  const proxy = await startFaultProxy(t, s3.endpoint);
  const bucket = await s3.newBucket();
  const bed = await Bed.start(t, { ...options, env: s3.environment(bucket, proxy.endpoint) });
  const token = await bed.createTenant("acme");
  const workspace = join(bed.gateway.tenantDirectory("acme"), "workspace");
  mkdirSync(workspace, { recursive: true });
  const inWorkspace = (name: string): string => join(workspace, name);
  writeFileSync(inWorkspace("notes.md"), NOTES);
  writeFileSync(inWorkspace("large.bin"), new Noise(7).read(bytes));
  return { bed, proxy, browser: await TestBrowser.start(t), s3, bucket, token, inWorkspace };
}

/** So that a backup takes seconds, and can be watched. */
export function slowDown(proxy: FaultProxy): void {
  proxy.inject({ when: "UploadPart", fault: { kind: "slow", bytesPerSecond: 4 * MB }, times: 100 });
}
