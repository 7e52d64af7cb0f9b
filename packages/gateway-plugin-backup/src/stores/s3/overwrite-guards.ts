/**
 * Whether a store honours `If-None-Match: *`, which makes "never overwrite" its own atomic decision. Some stores ignore
 * the condition without a word, on PutObject, on CompleteMultipartUpload or on both, so it is believed of AWS only, or
 * after the store was seen to refuse.
 *
 * The probe makes a tiny object beside the archive and tries to overwrite it: three requests for `put`, about
 * eight for `complete`. Its key is fixed, so that no more than one object stays where credentials may write but not delete. Only
 * the probe that made the object removes it, so that probes at the same time do not mislead each other.
 */
import { createHash, randomUUID } from "node:crypto";
import type { CreateOptions } from "../store.js";
import type { Abilities } from "./abilities.js";
import { isRefusal, S3Error, type Bucket } from "./bucket.js";
import { abortMultipart, beginMultipart, completeMultipart, sendPart } from "./multipart.js";
import { putObject, removeObject, type RequestOptions, type Written } from "./objects.js";

/** An object made by one request, or of parts. */
export type GuardedWrite = "put" | "complete";

const PROBE_NAME = ".openclaw-overwrite-probe";

/** Objects of a check of the store: `.openclaw-check-<16 hex>-<what>`. */
const CHECK_NAME = /^\.openclaw-check-[0-9a-f]{16}-[a-z]+$/;

/** True for the key of a probe, which is no archive and is not listed. */
export function isProbe(key: string): boolean {
  const name = key.slice(key.lastIndexOf("/") + 1);
  return name === PROBE_NAME || CHECK_NAME.test(name);
}

const bytes = Buffer.from("This object may be deleted.\n");
const contentMd5 = createHash("md5").update(bytes).digest("base64");

/** Whether something of a probe may still be in the store when it is over. */
interface Traces {
  mayRemain: boolean;
}

export class OverwriteGuardProbe {
  readonly #bucket: Bucket;
  readonly #abilities: Abilities;

  constructor(bucket: Bucket, abilities: Abilities) {
    this.#bucket = bucket;
    this.#abilities = abilities;
  }

  /** Is an existing object safe from a conditional write? `beside` is the key that is to be written. */
  async honours(
    kind: GuardedWrite,
    beside: string,
    options: Pick<CreateOptions, "onLeftover" | "onGone">,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const known = this.#abilities.known[kind];
    if (known !== undefined) return known;
    const found = (await this.#bucket.isAws())
      ? true
      : await this.#probeBeside(kind, beside, options, signal);
    if (found !== undefined) this.#abilities.learn({ [kind]: found });
    return found ?? false;
  }

  async #probeBeside(
    kind: GuardedWrite,
    beside: string,
    { onLeftover, onGone }: Pick<CreateOptions, "onLeftover" | "onGone">,
    signal: AbortSignal | undefined,
  ): Promise<boolean | undefined> {
    const key = beside.slice(0, beside.lastIndexOf("/") + 1) + PROBE_NAME;
    const leftover = { kind: "probe", key } as const;
    await onLeftover(leftover);
    const traces: Traces = { mayRemain: false };
    const tally = { retries: 0 };
    const found = await this.#probe(kind, key, { signal, tally }, traces);
    // A request whose answer was lost may have made something that the probe does not know of.
    if (!traces.mayRemain && tally.retries === 0) onGone?.(leftover);
    return found;
  }

  /** Undefined when the probe gave no clear answer; whatever its trouble is, the archive itself may be fine. */
  async #probe(
    kind: GuardedWrite,
    key: string,
    options: RequestOptions,
    traces: Traces,
  ): Promise<boolean | undefined> {
    const made: Written[] = [];
    try {
      const existed = await this.#isRefused(made, () => this.#put(key, options));
      if (kind === "put") return existed || (await this.#isRefused(made, () => this.#put(key, options)));
      const refused = await this.#completesRefused(key, made, options, traces);
      // An object of another probe may have been removed meanwhile: then there was nothing to refuse for.
      return existed && !refused ? undefined : refused;
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isRefusal(error, 501)) return false;
      if (!(error instanceof S3Error) || error.fault.uncertain) traces.mayRemain = true;
    } finally {
      await this.#remove(key, made, traces);
    }
    return undefined;
  }

  async #put(key: string, options: RequestOptions): Promise<Written> {
    return putObject(this.#bucket, key, { bytes, contentMd5, mark: randomUUID(), onlyNew: true }, options);
  }

  async #completesRefused(
    key: string,
    made: Written[],
    options: RequestOptions,
    traces: Traces,
  ): Promise<boolean> {
    const uploadId = await beginMultipart(this.#bucket, key, randomUUID(), options);
    try {
      const part = await sendPart(this.#bucket, key, uploadId, { number: 1, bytes, contentMd5 }, options);
      const content = { parts: [part], onlyNew: true };
      return await this.#isRefused(made, () =>
        completeMultipart(this.#bucket, key, uploadId, content, options),
      );
    } finally {
      await abortMultipart(this.#bucket, key, uploadId, {}).catch(() => (traces.mayRemain = true));
    }
  }

  async #isRefused(made: Written[], write: () => Promise<Written>): Promise<boolean> {
    try {
      made.push(await write());
      return false;
    } catch (error) {
      if (isRefusal(error, 412)) return true;
      throw error;
    }
  }

  async #remove(key: string, made: readonly Written[], traces: Traces): Promise<void> {
    // Where versions are kept, each is removed by its id: a plain DELETE would only hide them.
    for (const version of new Set(made.map((written) => written.version))) {
      await removeObject(this.#bucket, key, {}, version).catch(() => (traces.mayRemain = true));
    }
  }
}
