import { isWithin } from "./entry-name.js";
import type { RawPath } from "./raw-path.js";
import { StagingWriter } from "./staging-writer.js";
import type { TreeSink } from "./tree-sink.js";

/** A directory of the tree that is written elsewhere: on a volume of its own. */
export interface TreeRoute {
  /** Below the tree. */
  readonly path: RawPath;
  /** Existing, empty directory. */
  readonly into: string;
}

interface Place {
  readonly path: RawPath;
  readonly writer: StagingWriter;
}

/** Writes a tree whose directories lie on several volumes. */
export class RoutedTree implements TreeSink {
  readonly #main: StagingWriter;
  readonly #routes: readonly Place[];
  /** That of the file that was begun last. */
  #current: StagingWriter;

  constructor(into: string, routes: readonly TreeRoute[]) {
    this.#main = new StagingWriter(into);
    this.#current = this.#main;
    this.#routes = routes.map((route) => ({ path: route.path, writer: new StagingWriter(route.into) }));
  }

  directory(path: RawPath, mode: number, mtimeNs: bigint): void {
    const place = this.#placeOf(path);
    place.writer.directory(place.path, mode, mtimeNs);
  }

  symlink(path: RawPath, target: RawPath, mtimeNs: bigint): void {
    const place = this.#placeOf(path);
    place.writer.symlink(place.path, target, mtimeNs);
  }

  beginFile(path: RawPath, mode: number, mtimeNs: bigint): void {
    const place = this.#placeOf(path);
    this.#current = place.writer;
    place.writer.beginFile(place.path, mode, mtimeNs);
  }

  content(bytes: Uint8Array): void {
    this.#current.content(bytes);
  }

  endFile(): void {
    this.#current.endFile();
  }

  copyFile(from: RawPath, path: RawPath, mode: number, mtimeNs: bigint): void {
    const source = this.#placeOf(from);
    const place = this.#placeOf(path);
    place.writer.copyFile(source.path, place.path, mode, mtimeNs, source.writer);
  }

  finish(): void {
    for (const writer of this.#writers) writer.finish();
  }

  close(): void {
    for (const writer of this.#writers) writer.close();
  }

  get #writers(): readonly StagingWriter[] {
    return [this.#main, ...this.#routes.map(({ writer }) => writer)];
  }

  #placeOf(path: RawPath): Place {
    const route = this.#routes.find((one) => isWithin(path, one.path));
    if (route === undefined) return { path, writer: this.#main };
    return { path: path.slice(route.path.length + 1) as RawPath, writer: route.writer };
  }
}
