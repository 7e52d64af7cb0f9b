import type * as Sdk from "@aws-sdk/client-s3";
import { BackupError } from "../../errors.js";
import { AddressGuard, type Resolve } from "../address-guard.js";
import { rateLimits, type RateLimits } from "../rate-limit.js";
import type { S3StoreSettings } from "../settings.js";
import { realClock } from "../timing.js";
import {
  checkEndpoint,
  defaultTimeouts,
  openClient,
  type ClientTimeouts,
  type OpenClient,
} from "./client.js";
import { faultOf, type Fault } from "./fault.js";
import { Retrier, type RetryTally, type Timing } from "./retry.js";

/** A request that failed for good, with what the store said. */
export class S3Error extends BackupError {
  readonly fault: Fault;

  constructor(message: string, fault: Fault, attempts: number) {
    // No `cause`: the SDK's errors can hold parts of the signed request.
    super(fault.code, message, {
      ...(fault.hint === undefined ? {} : { hint: fault.hint }),
      details: {
        store: fault.name,
        attempts,
        ...(fault.status === undefined ? {} : { status: fault.status }),
      },
    });
    this.fault = fault;
  }
}

/** True when the store itself refused with this status. */
export function isRefusal(error: unknown, ...statuses: readonly number[]): boolean {
  return (
    error instanceof S3Error && error.fault.status !== undefined && statuses.includes(error.fault.status)
  );
}

export interface CallOptions<T> {
  readonly key: string;
  /** Follows "Could not", and is followed by the object's URL: `read`, `look for`, `send part 3 of`. */
  readonly doing: string;
  readonly signal?: AbortSignal | undefined;
  /** That are on their way at the same time, for how long a limited upload may take. */
  readonly bytes?: number;
  readonly tally?: RetryTally | undefined;
  /** See `RetryOptions`. */
  readonly settled?: (() => Promise<T | undefined>) | undefined;
}

/** One attempt. `http` is to be given to `client.send` with the command. */
export type Send<T> = (
  client: Sdk.S3Client,
  sdk: typeof Sdk,
  http: { readonly abortSignal?: AbortSignal },
) => Promise<T>;

export interface BucketOptions {
  readonly timing?: Timing;
  readonly timeouts?: ClientTimeouts;
  readonly resolve?: Resolve;
}

const realTiming: Timing = { ...realClock, random: Math.random };

/** One bucket of one store: sends requests, repeats them where that helps, and turns failures into clear errors. */
export class Bucket {
  readonly name: string;
  readonly retrier: Retrier;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly limits: RateLimits;
  readonly #settings: S3StoreSettings;
  readonly #timeouts: ClientTimeouts;
  readonly #guard: AddressGuard;
  #opening: Promise<OpenClient> | undefined;
  #closed = false;

  constructor(settings: S3StoreSettings, options: BucketOptions = {}) {
    if (settings.endpoint !== undefined) checkEndpoint(settings.endpoint);
    this.name = settings.bucket;
    const timing = options.timing ?? realTiming;
    this.retrier = new Retrier(timing);
    this.now = () => timing.now();
    this.limits = rateLimits(settings.rates, timing);
    this.#settings = settings;
    this.#timeouts = options.timeouts ?? defaultTimeouts;
    this.#guard = new AddressGuard(settings.allowAddresses ?? [], options.resolve);
  }

  locate(key: string): string {
    return `s3://${this.name}/${key}`;
  }

  /** The store as a person knows it. */
  get endpoint(): string {
    return this.#settings.endpoint ?? "AWS";
  }

  /**
   * Sends one request, and repeats it where that helps. `send` is called anew for each attempt, so that every attempt
   * is signed with its own time.
   */
  async call<T>(options: CallOptions<T>, send: Send<T>): Promise<T> {
    const { signal } = options;
    const { sdk, client } = await this.#open();
    return this.retrier.run(() => send(client, sdk, signal === undefined ? {} : { abortSignal: signal }), {
      ...options,
      sendingMs: this.limits.upload?.timeFor(options.bytes ?? 0),
      faultOf,
      failure: (fault, attempts) => new S3Error(this.#explain(options, fault, attempts), fault, attempts),
    });
  }

  /** The host that requests go to; known after the first, and empty before. */
  async host(): Promise<string> {
    const { lastHost } = await this.#open();
    return lastHost();
  }

  /** True for Amazon's own S3; known after the first request. */
  async isAws(): Promise<boolean> {
    return /(^|\.)amazonaws\.com(\.cn)?$/.test(await this.host());
  }

  /** The store's clock as its last answer told it, in milliseconds since the epoch; ours where none did. */
  async storeTime(): Promise<number> {
    const { lastDate } = await this.#open();
    const time = Date.parse(lastDate());
    return Number.isNaN(time) ? Date.now() : time;
  }

  /** What the store calls itself in its answers; empty when it does not say. */
  async serverName(): Promise<string> {
    const { lastServer } = await this.#open();
    return lastServer();
  }

  close(): void {
    this.#closed = true;
    // A client that could not be opened has said so to whoever asked for it.
    this.#opening?.then(
      ({ client }) => client.destroy(),
      () => undefined,
    );
  }

  async #open(): Promise<OpenClient> {
    if (this.#closed) throw new BackupError("STORE_FAILED", `The store of bucket ${this.name} is closed`);
    this.#opening ??= openClient(this.#settings, {
      timeouts: this.#timeouts,
      upload: this.limits.upload,
      guard: this.#guard,
    });
    return this.#opening;
  }

  #explain(options: { doing: string; key: string }, fault: Fault, attempts: number): string {
    const { destination } = this.#settings;
    const named = destination === undefined ? "" : ` (destination ${destination})`;
    const subject = `Could not ${options.doing} ${this.locate(options.key)} at ${this.endpoint}${named}`;
    return `${subject}: ${fault.reason}${attempts > 1 ? ` (${attempts} attempts)` : ""}`;
  }
}
