import { ForeignExtractor } from "./extract-foreign.js";
import { NativeExtractor } from "./extract-native.js";
import type { ArchiveLimits } from "./format.js";
import { isGatewayPart } from "./gateway-parts.js";
import { readHeader } from "./index-codec.js";
import type { SpaceLimit } from "./space.js";
import { TreeReceiver, type TreeTotals } from "./tree-receiver.js";
import type { TreeSink } from "./tree-sink.js";

/** One extraction; can be cloned to the thread that does it. */
export interface ExtractionTask {
  /** The archive, as it begins a message. */
  readonly subject: string;
  readonly archive: NativeArchive | ForeignArchive;
  readonly limits: ArchiveLimits;
  readonly space: SpaceLimit;
}

/** An archive of ours, of which the segments' frames follow. */
export interface NativeArchive {
  readonly kind: "native";
  /** Of an index that `openIndex` has checked. */
  readonly payload: Uint8Array;
}

/** Another tool's archive, of which all bytes follow. */
export interface ForeignArchive {
  readonly kind: "foreign";
  readonly format: "zstd" | "gzip" | "tar";
  /** The tenant's name given with `--as`; without it the paths must say which tenant they are of. */
  readonly as: string | undefined;
}

export interface ExtractionResult {
  /** The tenant that the archive names; undefined where another tool's does not. */
  readonly tenant: string | undefined;
  readonly totals: TreeTotals;
  /** Text of `tenant.json`, where the archive has one. */
  readonly tenantRecordJson: string | undefined;
}

/**
 * From stored bytes to a checked tree. Synchronous (gunzip apart), for a worker thread. `close` is called in any
 * case, and lets go of descriptors.
 */
export class Extraction {
  readonly #sink: TreeSink;
  readonly #receiver: TreeReceiver;
  readonly #extractor: NativeExtractor | ForeignExtractor;

  /** The sink is closed with the extraction. */
  constructor({ subject, archive, limits, space }: ExtractionTask, sink: TreeSink) {
    this.#sink = sink;
    const isGateways = archive.kind === "native" && isGatewayPart(readHeader(archive.payload, limits).tenant);
    this.#receiver = new TreeReceiver(sink, { subject, space, holdsRecord: !isGateways });
    const common = { subject, limits, receiver: this.#receiver };
    this.#extractor =
      archive.kind === "native"
        ? new NativeExtractor({ ...common, payload: archive.payload })
        : new ForeignExtractor({ ...common, format: archive.format, as: archive.as });
  }

  /** Of what was extracted so far. */
  get totals(): TreeTotals {
    return this.#receiver.totals;
  }

  /** Takes the next stored bytes, which must stay as they are until it is done with them. */
  write(chunk: Uint8Array): Promise<void> | void {
    return this.#extractor.write(chunk);
  }

  /** After the last byte: checks that nothing is missing, and sets the directories' modes and times. */
  async end(): Promise<ExtractionResult> {
    await this.#extractor.end();
    this.#receiver.finish();
    return {
      tenant: this.#extractor.tenant,
      totals: this.#receiver.totals,
      tenantRecordJson: this.#receiver.tenantRecordJson,
    };
  }

  close(): void {
    this.#sink.close();
  }
}
