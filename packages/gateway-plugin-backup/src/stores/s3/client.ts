/**
 * Opens an SDK client from settings. The SDK is imported here and only when an S3 store is first used: loading it takes
 * a tenth of a second and 25 MB, which a gateway with local backups should not pay.
 */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { Readable } from "node:stream";
import type * as Sdk from "@aws-sdk/client-s3";
import { BackupError } from "../../errors.js";
import type { AddressGuard } from "../address-guard.js";
import type { RateLimit } from "../rate-limit.js";
import type { S3StoreSettings } from "../settings.js";
import { clientCredentials } from "./credentials.js";

export interface OpenClient {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  /**
   * The host that the last request went to, empty before the first. The settings do not tell: an endpoint can also come
   * from the environment, which the SDK reads by itself and shows nowhere else.
   */
  readonly lastHost: () => string;
  /** `Date` of the last answer: the store's clock. Empty when there was none. */
  readonly lastDate: () => string;
  /** `Server` of the last answer: what the store calls itself. Empty when it does not say. */
  readonly lastServer: () => string;
}

const CONNECT_TIMEOUT_MS = 5_000;
/** A connection on which nothing moves for so long is dead: a stalled network is an error, never a hang. */
const IDLE_TIMEOUT_MS = 30_000;
/** What S3-compatible stores expect in a signature when they have no regions of their own. */
const DEFAULT_REGION = "us-east-1";

/** What the SDK's own agents have. */
const AGENT = { keepAlive: true, maxSockets: 50 };

export interface ClientTimeouts {
  readonly connectMs: number;
  readonly idleMs: number;
}

export const defaultTimeouts: ClientTimeouts = { connectMs: CONNECT_TIMEOUT_MS, idleMs: IDLE_TIMEOUT_MS };

/** Loads the SDK, once in a thread. */
export function loadSdk(): Promise<typeof Sdk> {
  // The SDK's notice about future Node versions is for whoever maintains this package, not for an operator's log, where
  // it would stand once per job.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
  return import("@aws-sdk/client-s3");
}

export interface ClientOptions {
  readonly timeouts: ClientTimeouts;
  /** Limits what goes out in the bodies of requests. */
  readonly upload: RateLimit | undefined;
  /** Of every connection to the store. Those that the SDK makes to find credentials are its own, and lead to metadata services. */
  readonly guard: AddressGuard;
}

export async function openClient(settings: S3StoreSettings, options: ClientOptions): Promise<OpenClient> {
  const { guard, timeouts, upload } = options;
  const sdk = await loadSdk();
  const config: Sdk.S3ClientConfig = {
    ...(settings.endpoint === undefined ? {} : { endpoint: settings.endpoint }),
    forcePathStyle: settings.pathStyle ?? settings.endpoint !== undefined,
    followRegionRedirects: true,
    // Retrying is ours: see retry.ts.
    maxAttempts: 1,
    // The SDK would go over to the store's clock in silence. Archives are named and expire by ours: it must be right.
    disableClockSkewCorrection: true,
    // The SDK's own default, CRC32 in a trailer, is refused by many stores; Content-MD5 is verified by all.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // It would open a new connection for every part; wrong credentials are found by the HEAD that comes first.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: timeouts.connectMs,
      socketTimeout: timeouts.idleMs,
      httpAgent: new HttpAgent({ ...AGENT, lookup: guard.lookup }),
      httpsAgent: new HttpsAgent({ ...AGENT, lookup: guard.lookup }),
    },
    ...(await clientCredentials(settings.credentials)),
  };
  const client = await withRegion(sdk, config, settings);
  let host = "";
  client.middlewareStack.add(
    (next) => (args) => {
      host = (args.request as { readonly hostname: string }).hostname;
      guard.checkHost(host);
      return next(args);
    },
    { step: "finalizeRequest", name: "checkHost" },
  );
  if (upload !== undefined) limitUpload(client, upload);
  let date = "";
  let server = "";
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { headers } = result.response as {
        readonly headers: { readonly date?: string; readonly server?: string };
      };
      date = headers.date ?? "";
      server = headers.server ?? "";
      return result;
    },
    { step: "deserialize", name: "rememberDate", priority: "low" },
  );
  return { sdk, client, lastHost: () => host, lastDate: () => date, lastServer: () => server };
}

/** Each body goes out in small steps; after it was signed, which needs it as a whole. */
function limitUpload(client: Sdk.S3Client, limit: RateLimit): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body?: unknown };
      const { body } = request;
      if (body instanceof Uint8Array) request.body = Readable.from(limit.steps(body), { objectMode: false });
      return next(args);
    },
    { step: "finalizeRequest", name: "limitUpload", priority: "low" },
  );
}

/** The region: the settings', else (without an endpoint) the environment's or the profile's, else the default. */
async function withRegion(
  sdk: typeof Sdk,
  config: Sdk.S3ClientConfig,
  settings: S3StoreSettings,
): Promise<Sdk.S3Client> {
  const region = settings.region ?? (settings.endpoint === undefined ? undefined : DEFAULT_REGION);
  if (region !== undefined) return new sdk.S3Client({ ...config, region });
  const client = new sdk.S3Client(config);
  try {
    await client.config.region();
    return client;
  } catch {
    client.destroy();
    return new sdk.S3Client({ ...config, region: DEFAULT_REGION });
  }
}

/** Refuses an endpoint that is no plain http(s) address; credentials in it would end up in messages. */
export function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const plain =
    url !== undefined &&
    (url.protocol === "http:" || url.protocol === "https:") &&
    url.username === "" &&
    url.password === "" &&
    url.search === "" &&
    url.hash === "";
  if (!plain) {
    throw new BackupError("REQUEST_INVALID", "The S3 endpoint is not a plain http:// or https:// address", {
      hint: "For example https://s3.example.com or http://127.0.0.1:9000; keys and secrets are given apart from it.",
    });
  }
}
