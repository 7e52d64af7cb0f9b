import { MAX_COMPONENT_BYTES } from "./entry-name.js";
import { keyedHash, PROCESS_KEY } from "./keyed-hash.js";
import { NumberColumn } from "./number-column.js";
import type { RawPath } from "./raw-path.js";

/** In place of a parent's number, for a path of one component. */
const NO_PARENT = 2 ** 32 - 1;
const NOT_THERE = -1;

const FIRST_SLOTS = 1024;
/** Share of the slots that may be taken; looking up takes longer with more. */
const MAX_LOAD = 0.7;

/**
 * A tree of paths, each with a number, in about 40 bytes a path. Exact: no two paths are ever taken for one. Hashing is
 * keyed, so that no archive can make it slow. Paths are cut at each slash and not looked at otherwise: `a//b` has three
 * components.
 */
export class PathTable {
  #size = 0;
  readonly #parents = new NumberColumn(Uint32Array);
  /** Where in {@link #names} each path's last component stands: a byte with its length, then the bytes. */
  readonly #places = new NumberColumn(Uint32Array);
  readonly #names = new NumberColumn(Uint8Array);
  #namesEnd = 0;
  /** Open addressing, linear probing: number + 1, or 0. */
  #slots = new Uint32Array(FIRST_SLOTS);
  /** Of the hash of each slot the bits that do not choose it, so that hardly a name is looked at in vain. */
  #tags = new Uint8Array(FIRST_SLOTS);
  /** The component that is looked up, with the zeros behind it that {@link keyedHash} wants. */
  readonly #name = new Uint8Array(MAX_COMPONENT_BYTES + 5);
  readonly #nameView = new DataView(this.#name.buffer);
  /** Paths mostly come in an order in which the next has the same parent. */
  #lastParent = { path: "", number: NOT_THERE };

  /** Paths that were added, and their parents. */
  get size(): number {
    return this.#size;
  }

  /** The number of a path; undefined when it is not there. */
  find(path: RawPath): number | undefined {
    const number = this.#lookUp(path, false);
    return number === NOT_THERE ? undefined : number;
  }

  /**
   * The number of a path, which is added if it is not there, behind those parents that are missing. Numbers begin at 0 and
   * follow the order in which paths were added. Throws a RangeError for a component over 255 bytes.
   */
  add(path: RawPath): number {
    return this.#lookUp(path, true);
  }

  /** Number of the parent; undefined for a path of one component. */
  parent(number: number): number | undefined {
    const parent = this.#parents.get(number);
    return parent === NO_PARENT ? undefined : parent;
  }

  /** The path of a number that was given. */
  path(number: number): RawPath {
    const components: string[] = [];
    for (let at: number | undefined = number; at !== undefined; at = this.parent(at)) {
      const length = this.#loadName(at);
      components.push(Buffer.from(this.#name.subarray(0, length)).toString("latin1"));
    }
    return components.reverse().join("/") as RawPath;
  }

  #lookUp(path: RawPath, adding: boolean): number {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? NO_PARENT : this.#lookUpParent(path, slash, adding);
    return parent === NOT_THERE ? NOT_THERE : this.#child(parent, path, slash + 1, path.length, adding);
  }

  #lookUpParent(path: RawPath, slash: number, adding: boolean): number {
    const last = this.#lastParent;
    if (last.number !== NOT_THERE && last.path.length === slash && path.startsWith(last.path))
      return last.number;
    let number = NO_PARENT;
    for (let start = 0; start <= slash;) {
      const end = path.indexOf("/", start);
      number = this.#child(number, path, start, end, adding);
      if (number === NOT_THERE) return NOT_THERE;
      start = end + 1;
    }
    this.#lastParent = { path: path.slice(0, slash), number };
    return number;
  }

  /** The child of a parent whose name stands in `path` from `start` to `end`. */
  #child(parent: number, path: RawPath, start: number, end: number, adding: boolean): number {
    const length = end - start;
    if (length > MAX_COMPONENT_BYTES) {
      if (adding) throw new RangeError(`A component of ${length} bytes is over ${MAX_COMPONENT_BYTES}.`);
      return NOT_THERE;
    }
    for (let i = 0; i < length; i++) this.#name[i] = path.charCodeAt(start + i);
    const hash = this.#hash(parent, length);
    for (let slot = this.#slotOf(hash); ; slot = this.#next(slot)) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number === NOT_THERE) return adding ? this.#append(parent, length, hash, slot) : NOT_THERE;
      if (this.#tags[slot] === tagOf(hash) && this.#is(number, parent, length)) return number;
    }
  }

  /** Whether a path has this parent and the name that is looked up. */
  #is(number: number, parent: number, length: number): boolean {
    if (this.#parents.get(number) !== parent) return false;
    const place = this.#places.get(number);
    if (this.#names.get(place) !== length) return false;
    for (let i = 0; i < length; i++) if (this.#names.get(place + 1 + i) !== this.#name[i]) return false;
    return true;
  }

  #append(parent: number, length: number, hash: number, slot: number): number {
    const number = this.#size++;
    this.#parents.set(number, parent);
    this.#places.set(number, this.#namesEnd);
    this.#names.set(this.#namesEnd++, length);
    for (let i = 0; i < length; i++) this.#names.set(this.#namesEnd++, this.#nameView.getUint8(i));
    this.#take(slot, number, hash);
    if (this.#size > this.#slots.length * MAX_LOAD) this.#grow();
    return number;
  }

  #take(slot: number, number: number, hash: number): void {
    this.#slots[slot] = number + 1;
    this.#tags[slot] = tagOf(hash);
  }

  #grow(): void {
    const length = this.#slots.length * 2;
    this.#slots = new Uint32Array(length);
    this.#tags = new Uint8Array(length);
    for (let number = 0; number < this.#size; number++) {
      const hash = this.#hash(this.#parents.get(number), this.#loadName(number));
      let slot = this.#slotOf(hash);
      while (this.#slots[slot] !== 0) slot = this.#next(slot);
      this.#take(slot, number, hash);
    }
  }

  #slotOf(hash: number): number {
    return (hash & (this.#slots.length - 1)) >>> 0;
  }

  #next(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  #hash(parent: number, length: number): number {
    this.#name.fill(0, length, length + 4);
    return keyedHash(PROCESS_KEY, parent, this.#nameView, length);
  }

  /** Puts the last component of a path where one that is looked up stands, and gives its length. */
  #loadName(number: number): number {
    const place = this.#places.get(number);
    const length = this.#names.get(place);
    for (let i = 0; i < length; i++) this.#name[i] = this.#names.get(place + 1 + i);
    return length;
  }
}

function tagOf(hash: number): number {
  return hash >>> 24;
}
