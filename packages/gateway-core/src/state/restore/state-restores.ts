/**
 * Replacing the whole state of a gateway, on one volume or two, by renames under one journal, so that whatever cuts it
 * off, the next one to hold the state lock makes it the old state or the new one, whole, on every volume:
 *
 *     stage     `<volume>/.restore/<job>/new`, filled by the caller and made durable
 *     journal   prepared, with every path, durable
 *     live   →  `<volume>/.restore/<job>/replaced`, entry by entry
 *     staged →  live, entry by entry
 *     fsync of the directories that changed
 *     journal   done
 *
 * From the journal on the swap is decided: it is carried on, and taken back only where that fails. What was replaced
 * stays for an undo, which is the same swap the other way, until {@link StateRestores.forget} is called.
 *
 * The caller holds the state lock.
 */
import { GatewayError } from "../../errors.js";
import { errorText } from "../../system-error.js";
import { nodeRestoreDisk, type RestoreDisk } from "./disk.js";
import { readJournal, RESTORE_DIRECTORY, type StateSwap, type VolumeMoves, writeJournal } from "./journal.js";
import { moveBack, moveForward, type MovePlan, type PlacedMoves, planMoves, prepareMoves } from "./moves.js";
import { decodeRaw, isWithinRaw, joinRaw, rawPath, type RawPath } from "./raw-path.js";

export interface StateVolume {
  readonly name: "state" | "workspace";
  /** Absolute. The state's is the state directory. */
  readonly directory: string;
}

export interface ReplacedVolume extends StateVolume {
  /** Absolute paths that stay as they are, besides mount points, the lock and what belongs to restores. */
  readonly keep: readonly string[];
}

export interface StateSwapRequest {
  /** Lower-case letters and digits; never used before. */
  readonly job: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The state's first. */
  readonly volumes: readonly ReplacedVolume[];
}

export interface SwappedState {
  readonly job: string;
  /** Of the staged trees, what was not moved in, because something that stays is in its place: absolute paths of those. */
  readonly left: readonly string[];
}

/** What became of a swap that was cut off. */
export interface RestoreSettlement {
  readonly job: string;
  readonly kind: "restore" | "undo";
  readonly from: string;
  readonly outcome: "old" | "new";
}

/** A swap that can be undone. */
export type UndoableRestore = Pick<StateSwap, "job" | "kind" | "from" | "at">;

export class StateRestores {
  readonly #root: RawPath;
  readonly #disk: RestoreDisk;

  /** @param root The state directory, absolute. */
  constructor(root: string, disk: RestoreDisk = nodeRestoreDisk) {
    this.#root = rawPath(root);
    this.#disk = disk;
  }

  /**
   * Carries a swap on that was cut off, or takes it back; undefined where there was none. Call it before anything of the
   * state is read. Throws `RESTORE_UNSETTLED`, with everything as it was found, where that cannot be: a volume is missing.
   */
  async settle(): Promise<RestoreSettlement | undefined> {
    const swaps = await readJournal(this.#disk, this.#root);
    const last = swaps.at(-1);
    if (last === undefined || last.phase === "done") return undefined;
    await this.#requireVolumes(last);
    const outcome = await this.#carryOut(swaps.slice(0, -1), last);
    const { job, kind, from } = last;
    return { job, kind, from, outcome: outcome === undefined ? "new" : "old" };
  }

  /** True where a swap was cut off, and {@link settle} has something to do. */
  async isUnsettled(): Promise<boolean> {
    const last = (await readJournal(this.#disk, this.#root)).at(-1);
    return last !== undefined && last.phase !== "done";
  }

  /** Swaps of which {@link noted} does not know yet that they are on record. */
  async unnoted(): Promise<readonly UndoableRestore[]> {
    return (await this.#settledSwaps()).filter(({ isNoted }) => isNoted !== true);
  }

  /** All swaps so far are on record. */
  async noted(): Promise<void> {
    const swaps = await this.#settledSwaps();
    await writeJournal(
      this.#disk,
      this.#root,
      swaps.map((swap) => ({ ...swap, isNoted: true })),
    );
  }

  /** What stands on the volumes now, and a restore would replace: absolute paths. */
  async standing(volumes: readonly ReplacedVolume[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (const volume of volumes) {
      const { out } = await this.#plan(volume, volumes, joinRaw(RESTORE_DIRECTORY, "none"));
      found.push(...out.map((path) => decodeRaw(joinRaw(rawPath(volume.directory), path))));
    }
    return found;
  }

  /** Makes the directory on each volume that is to be filled, and made durable, before {@link swap}; in the volumes' order. */
  async stage(job: string, volumes: readonly StateVolume[]): Promise<readonly string[]> {
    const staged: string[] = [];
    for (const { directory } of volumes) {
      const top = joinRaw(rawPath(directory), RESTORE_DIRECTORY);
      if ((await this.#disk.exists(top)) && (await this.#disk.resolve(top)) !== (await this.#real(directory)))
        throw new GatewayError(
          "RESTORE_BLOCKED",
          `${decodeRaw(top)} is a link, and no directory of the volume.`,
        );
      const path = joinRaw(top, job, "new");
      await this.#disk.makeDirectory(path);
      staged.push(decodeRaw(path));
    }
    return staged;
  }

  /**
   * Puts what was staged into its place. When it rejects, the old state stands as before, unless the message says
   * otherwise. Throws `RESTORE_BLOCKED`, and what the disk throws.
   */
  async swap(request: StateSwapRequest & { readonly from: string }): Promise<SwappedState> {
    const { job, from, at, volumes } = request;
    const earlier = await this.#settledSwaps();
    const staged = joinRaw(RESTORE_DIRECTORY, job, "new");
    const planned = await this.#planAll(job, volumes, () => staged);
    await this.#run(earlier, {
      ...{ job, kind: "restore", from, phase: "prepared", at },
      volumes: planned.map(({ moves }) => moves),
    });
    return { job, left: planned.flatMap(({ left }) => left) };
  }

  /** The swap that {@link undo} takes back. */
  async undoable(): Promise<UndoableRestore | undefined> {
    return (await readJournal(this.#disk, this.#root)).at(-1);
  }

  /**
   * Puts back what the last swap replaced. What stands now is kept in its turn: the undo can be undone. Throws
   * `UNDO_NOT_POSSIBLE`, and what {@link swap} throws.
   */
  async undo({ job, at, volumes }: StateSwapRequest): Promise<UndoableRestore> {
    const earlier = await this.#settledSwaps();
    const last = earlier.at(-1);
    if (last === undefined)
      throw new GatewayError(
        "UNDO_NOT_POSSIBLE",
        "There is no restore to be undone: none was made, or it is too long ago.",
      );
    await this.#requireVolumes(last);
    const replacedOf = new Map(last.volumes.map(({ name, replaced }) => [name, replaced]));
    const meant = last.volumes.map(({ name, directory }) => ({
      name,
      directory: decodeRaw(this.#placed(directory)),
      keep: volumes.find((volume) => volume.name === name)?.keep ?? [],
    }));
    const planned = await this.#planAll(job, meant, (name) => replacedOf.get(name) as RawPath);
    await this.#run(earlier, {
      ...{ job, kind: "undo", undoes: last.job, from: last.from, phase: "prepared", at },
      volumes: planned.map(({ moves }) => moves),
    });
    return last;
  }

  /**
   * Gives up the undo of swaps that were made before `before`. Returns the directories below `.restore/` that are of no
   * use any more, those that were staged in vain among them, for the caller to remove: that can take long.
   *
   * @param volumes Where to look besides the state directory.
   */
  async forget(before: number, volumes: readonly StateVolume[] = []): Promise<readonly string[]> {
    const swaps = await this.#settledSwaps();
    const kept = swaps.filter(({ at }) => at > before);
    if (kept.length < swaps.length) await writeJournal(this.#disk, this.#root, kept);
    const directories = new Set([
      this.#root,
      ...volumes.map(({ directory }) => rawPath(directory)),
      ...swaps.flatMap((swap) => swap.volumes.map(({ directory }) => this.#placed(directory))),
    ]);
    const jobs = new Set<string>(kept.map(({ job }) => job));
    const stale: string[] = [];
    for (const directory of directories) {
      const top = joinRaw(directory, RESTORE_DIRECTORY);
      for (const { name } of await this.#disk.list(top))
        if (name !== "journal.json" && !jobs.has(name)) stale.push(decodeRaw(joinRaw(top, name)));
    }
    return stale;
  }

  async #settledSwaps(): Promise<readonly StateSwap[]> {
    const swaps = await readJournal(this.#disk, this.#root);
    const last = swaps.at(-1);
    if (last !== undefined && last.phase !== "done")
      throw new GatewayError("RESTORE_UNSETTLED", `The ${last.kind} ${last.job} was cut off.`);
    return swaps;
  }

  async #planAll(
    job: string,
    volumes: readonly ReplacedVolume[],
    stagedIn: (name: StateVolume["name"]) => RawPath,
  ): Promise<{ readonly moves: VolumeMoves; readonly left: readonly string[] }[]> {
    const planned = [];
    for (const volume of volumes) {
      const { name, directory } = volume;
      const staged = stagedIn(name);
      const { out, in: into, left } = await this.#plan(volume, volumes, staged);
      const replaced = joinRaw(RESTORE_DIRECTORY, job, "replaced");
      const raw = rawPath(directory);
      planned.push({
        moves: { name, directory: this.#relative(raw), staged, replaced, out: [...out], in: [...into] },
        left: left.map((path) => decodeRaw(joinRaw(raw, path))),
      });
    }
    return planned;
  }

  #plan(
    { directory, keep }: ReplacedVolume,
    volumes: readonly StateVolume[],
    staged: RawPath,
  ): Promise<MovePlan> {
    const others = volumes.map((volume) => volume.directory).filter((other) => other !== directory);
    const raw = rawPath(directory);
    return planMoves(this.#disk, {
      directory: raw,
      staged: joinRaw(raw, staged),
      keep: [...keep, ...others].map(rawPath),
    });
  }

  async #run(earlier: readonly StateSwap[], swap: StateSwap): Promise<void> {
    await this.#disk.makeDirectory(joinRaw(this.#root, RESTORE_DIRECTORY));
    for (const moves of this.#placedMoves(swap)) await prepareMoves(this.#disk, moves);
    await writeJournal(this.#disk, this.#root, [...earlier, swap]);
    const failure = await this.#carryOut(earlier, swap);
    if (failure !== undefined) throw failure;
  }

  /** Carries a swap on to its end; where that fails, takes it back and returns why. */
  async #carryOut(earlier: readonly StateSwap[], swap: StateSwap): Promise<Error | undefined> {
    let failure: Error | undefined;
    if (swap.phase === "prepared") {
      try {
        for (const moves of this.#placedMoves(swap)) await moveForward(this.#disk, moves);
        const others = earlier.filter(({ job }) => job !== swap.undoes);
        await writeJournal(this.#disk, this.#root, [...others, { ...swap, phase: "done" }]);
        await this.#removeEmpty(swap);
        return undefined;
      } catch (error) {
        failure = error instanceof Error ? error : new Error(errorText(error));
      }
    }
    try {
      await this.#takeBack(earlier, swap);
    } catch (error) {
      throw new GatewayError(
        "RESTORE_UNSETTLED",
        `The ${swap.kind} ${swap.job} could be neither completed (${errorText(failure ?? "it was given up")}) nor taken back (${errorText(error)}).`,
        { cause: error },
      );
    }
    return failure ?? new GatewayError("RESTORE_UNSETTLED", `The ${swap.kind} ${swap.job} was taken back.`);
  }

  async #takeBack(earlier: readonly StateSwap[], swap: StateSwap): Promise<void> {
    // Noted first: a crash in between must not carry it on again.
    await writeJournal(this.#disk, this.#root, [...earlier, { ...swap, phase: "rolling-back" }]);
    for (const moves of this.#placedMoves(swap).toReversed()) await moveBack(this.#disk, moves);
    await writeJournal(this.#disk, this.#root, earlier);
  }

  /** Never rejects: what stays is removed with the rest, some day. */
  async #removeEmpty(swap: StateSwap): Promise<void> {
    for (const { directory, staged } of this.#placedMoves(swap))
      await this.#disk.removeEmptyDirectory(joinRaw(directory, staged)).catch(() => undefined);
  }

  /** A volume that is not mounted looks like one from which everything was moved away. */
  async #requireVolumes(swap: StateSwap): Promise<void> {
    for (const { name, directory, replaced } of this.#placedMoves(swap)) {
      if (await this.#disk.exists(joinRaw(directory, replaced))) continue;
      throw new GatewayError(
        "RESTORE_UNSETTLED",
        `The ${swap.kind} ${swap.job} has moved files on the ${name}'s volume, and ${decodeRaw(directory)} is not that volume.`,
        { hint: "Mount the volume where it was during the restore, then start again." },
      );
    }
  }

  #placedMoves(swap: StateSwap): PlacedMoves[] {
    return swap.volumes.map((moves) => ({ ...moves, directory: this.#placed(moves.directory) }));
  }

  /** The state directory may have been moved, with what lies inside. */
  #relative(directory: RawPath): RawPath {
    if (!isWithinRaw(directory, this.#root)) return directory;
    return directory === this.#root ? ("." as RawPath) : (directory.slice(this.#root.length + 1) as RawPath);
  }

  #placed(directory: string): RawPath {
    if (directory === ".") return this.#root;
    return (directory.startsWith("/") ? directory : joinRaw(this.#root, directory)) as RawPath;
  }

  async #real(directory: string): Promise<RawPath> {
    const raw = rawPath(directory);
    return joinRaw((await this.#disk.resolve(raw)) ?? raw, RESTORE_DIRECTORY);
  }
}
