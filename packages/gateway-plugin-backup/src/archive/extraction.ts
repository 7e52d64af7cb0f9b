import type { EntryPlacer } from "./entry-placer.js";
import { shownPath } from "./entry-name.js";
import { ForeignExtractor } from "./extract-foreign.js";
import { ForeignRoot } from "./foreign-root.js";
import { ForeignState, type StatePlacement } from "./foreign-state.js";
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
  /** Given: it holds a gateway's state, or a part of one is taken out of it. */
  readonly state?: StatePlacement;
}

export interface ExtractionResult {
  /** The tenant that the archive names; undefined where another tool's does not. */
  readonly tenant: string | undefined;
  readonly totals: TreeTotals;
  /** Text of `tenant.json`, where the archive has one. */
  readonly tenantRecordJson: string | undefined;
  /** How many links were left out because they lead outside, and which, as far as a list can bear. */
  readonly leftOutLinks: { readonly count: number; readonly paths: readonly string[] };
}

/** Paths that are told by name. */
const SHOWN_PATHS = 1000;

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
    this.#receiver = new TreeReceiver(sink, { subject, space, holdsRecord: !isGateways(archive, limits) });
    const common = { subject, limits, receiver: this.#receiver };
    this.#extractor =
      archive.kind === "native"
        ? new NativeExtractor({ ...common, payload: archive.payload })
        : new ForeignExtractor({ ...common, format: archive.format, placer: placerOf(subject, archive) });
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
    const leftOut = this.#extractor instanceof ForeignExtractor ? this.#extractor.leftOut : [];
    return {
      tenant: this.#extractor.tenant,
      totals: this.#receiver.totals,
      tenantRecordJson: this.#receiver.tenantRecordJson,
      leftOutLinks: { count: leftOut.length, paths: leftOut.slice(0, SHOWN_PATHS).map(shownPath) },
    };
  }

  close(): void {
    this.#sink.close();
  }
}

/** The tree is the gateway's own, where a `tenant.json` at the top is a file like any other. */
function isGateways(archive: NativeArchive | ForeignArchive, limits: ArchiveLimits): boolean {
  return archive.kind === "native"
    ? isGatewayPart(readHeader(archive.payload, limits).tenant)
    : archive.state?.isPart === false;
}

function placerOf(subject: string, { as, state }: ForeignArchive): EntryPlacer {
  return state === undefined ? new ForeignRoot({ subject, as }) : new ForeignState(subject, state);
}
