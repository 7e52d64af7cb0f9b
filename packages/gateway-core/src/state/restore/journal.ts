/** `<state>/.restore/journal.json`: what restores of the whole gateway have moved, over all volumes. */
import { type Static, Type } from "@openclaw/schema";
import { GatewayError } from "../../errors.js";
import { faultText, schemaCheck } from "../../schema/check.js";
import { errorText } from "../../system-error.js";
import type { RestoreDisk } from "./disk.js";
import { decodeRaw, joinRaw, type RawPath } from "./raw-path.js";

/** Of each volume: a restore's staged tree, and what it replaced, a directory a job. */
export const RESTORE_DIRECTORY = ".restore";

const strict = { additionalProperties: false } as const;
const RelativePath = Type.String({ minLength: 1, pattern: "^(?!/)(?!(.*/)?\\.\\.(/|$))" });

const Volume = Type.Object(
  {
    name: Type.Union([Type.Literal("state"), Type.Literal("workspace")]),
    /** Absolute, or relative to the state directory where it lies inside. */
    directory: Type.String({ minLength: 1 }),
    /** Where {@link in} comes from; relative to the volume, like the next. */
    staged: RelativePath,
    /** Where {@link out} goes to. */
    replaced: RelativePath,
    /** Entries that stood there, relative to the volume. */
    out: Type.Array(RelativePath),
    /** Entries that take their place. */
    in: Type.Array(RelativePath),
  },
  strict,
);

const Swap = Type.Object(
  {
    job: Type.String({ pattern: "^[a-z0-9]{1,64}$" }),
    kind: Type.Union([Type.Literal("restore"), Type.Literal("undo")]),
    /** Of an undo: the job that it takes back. */
    undoes: Type.Optional(Type.String()),
    /** What was restored, as a person would name it: without secrets. */
    from: Type.String(),
    /**
     * `prepared`: to be carried on, from whatever point. `rolling-back`: to be taken back. `done`: it can be undone.
     */
    phase: Type.Union([Type.Literal("prepared"), Type.Literal("rolling-back"), Type.Literal("done")]),
    /** The audit log of the state that it made has a line about it. */
    isNoted: Type.Optional(Type.Boolean()),
    /** Milliseconds since the epoch: when it was prepared. */
    at: Type.Integer({ minimum: 0 }),
    volumes: Type.Array(Volume, { minItems: 1, maxItems: 2 }),
  },
  strict,
);

const Journal = Type.Object(
  {
    format: Type.Literal("openclaw-gateway-restore"),
    version: Type.Literal(1),
    /** The newest last; only that one may be unsettled, or be undone. The others keep what they replaced for a while. */
    swaps: Type.Array(Swap),
  },
  strict,
);

export type VolumeMoves = Static<typeof Volume>;
export type StateSwap = Static<typeof Swap>;

const check = schemaCheck(Journal);

/** Oldest first; empty where there is no journal. Throws `RESTORE_UNSETTLED` for one that cannot be understood. */
export async function readJournal(disk: RestoreDisk, root: RawPath): Promise<readonly StateSwap[]> {
  const file = journalFile(root);
  let text: string | undefined;
  try {
    text = await disk.readText(file);
  } catch (error) {
    throw unreadable(file, errorText(error));
  }
  if (text === undefined) return [];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unreadable(file, "it is not JSON");
  }
  const checked = check(json);
  if (!checked.ok) throw unreadable(file, faultText(checked.fault, "it"));
  return checked.value.swaps;
}

/** Replaces the journal, durably. */
export async function writeJournal(
  disk: RestoreDisk,
  root: RawPath,
  swaps: readonly StateSwap[],
): Promise<void> {
  const journal = { format: "openclaw-gateway-restore", version: 1, swaps };
  await disk.writeText(journalFile(root), `${JSON.stringify(journal, undefined, 2)}\n`);
}

function journalFile(root: RawPath): RawPath {
  return joinRaw(root, RESTORE_DIRECTORY, "journal.json");
}

function unreadable(file: RawPath, reason: string): GatewayError {
  return new GatewayError(
    "RESTORE_UNSETTLED",
    `The journal of restores ${decodeRaw(file)} cannot be used: ${reason}`,
    {
      hint: "It says which files a restore has moved. Put it back as it was; if it is lost, compare what stands in .restore/ with the state directory before you remove it.",
    },
  );
}
