/** Whatever a gateway is restored from, into the directories that it is staged in. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { rawPath } from "../../archive/raw-path.js";
import type { SpaceLimit } from "../../archive/space.js";
import { BackupError } from "../../errors.js";
import type { ObjectInfo, Store } from "../../stores/store.js";
import type { SetPart } from "../gateway/set-manifest.js";
import type { Opening } from "../opening.js";
import { objectSource } from "../thread/object-source.js";
import { withOpened } from "../thread/opened-object.js";
import { spaceFor } from "../thread/space-for.js";
import { extractArchivePart, extractFiles, type ExtractedPart, type PartRequest } from "./extract-part.js";
import type { GatewaySource } from "./find-source.js";
import { nearestPath } from "./kept-paths.js";
import { looseTar } from "./loose-tar.js";
import type { GatewayRestoreOptions } from "./types.js";

/** The part of the state that can lie on a volume of its own. */
const WORKSPACE = "workspace";

export interface SourceRequest extends Pick<
  PartRequest,
  "stateDirectories" | "leaveOut" | "limits" | "signatures"
> {
  readonly store: Store;
  readonly source: GatewaySource;
  readonly opening: Opening;
  /** The state's, and the workspace's where it has a volume of its own. */
  readonly volumes: readonly string[];
  /** Likewise; undefined: everything is checked and nothing written. */
  readonly staged: readonly string[] | undefined;
}

/**
 * Extracts all parts. A workspace goes to its volume where it has one, and into the state where it has none, however it was
 * archived. Throws what `extractArchivePart` throws, and the store.
 */
export async function extractSource(
  request: SourceRequest,
  { signal, onProgress }: GatewayRestoreOptions,
): Promise<readonly ExtractedPart[]> {
  const { store, source, opening, volumes, staged } = request;
  const part = (
    name: SetPart["name"],
    place: Pick<PartRequest, "into" | "routes" | "space">,
  ): PartRequest => ({
    ...request,
    ...place,
    signal,
    onProgress: (progress) => onProgress({ part: name, ...progress }),
  });
  const [state, workspace] = staged ?? [];
  const routes = workspace === undefined ? [] : [{ path: rawPath(WORKSPACE), into: workspace }];
  const whole = part("state", { into: state, routes, space: spaceOn(volumes) });
  const archive = async (key: string, expected: SetPart | undefined, of: PartRequest) => {
    const object = await found(store, key, signal);
    return withOpened(objectSource(store, object, signal), opening.opener, signal, (opened) =>
      extractArchivePart(opened, expected, of),
    );
  };
  switch (source.kind) {
    case "files":
      return [await extractFiles(looseTar(store, source.prefix, source.files, signal), source.layout, whole)];
    case "archive":
      return [await archive(source.key, undefined, whole)];
    case "set": {
      const extracted: ExtractedPart[] = [];
      for (const expected of source.parts) {
        const isWorkspace = expected.name === WORKSPACE;
        const into = isWorkspace ? (workspace ?? directoryIn(state)) : state;
        const space = spaceOn(isWorkspace ? volumes.slice(-1) : volumes.slice(0, 1));
        const of = source.parts.length === 1 ? whole : part(expected.name, { into, routes: [], space });
        extracted.push(await archive(expected.objectKey, expected, of));
      }
      return extracted;
    }
  }
}

async function found(store: Store, key: string, signal: AbortSignal): Promise<ObjectInfo> {
  const object = await store.head(key, signal);
  if (object !== undefined) return object;
  throw new BackupError("ARCHIVE_NOT_FOUND", `There is no archive at ${store.locate(key)}.`);
}

function directoryIn(state: string | undefined): string | undefined {
  if (state === undefined) return undefined;
  const directory = join(state, WORKSPACE);
  mkdirSync(directory, { mode: 0o700 });
  return directory;
}

/** What the volumes have room for, together; where that goes, only the archive knows. */
function spaceOn(volumes: readonly string[]): SpaceLimit {
  const bytes = volumes.map((directory) => spaceFor({ fileSystem: nearestPath(directory) }).bytes);
  return { bytes: bytes.reduce((sum, free) => sum + free, 0), boundBy: "disk" };
}
