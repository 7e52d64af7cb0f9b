import type { RawPath } from "./raw-path.js";

const TYPES = ["file", "directory", "symlink", "special"] as const;

export type ChildType = (typeof TYPES)[number];

export interface Child {
  readonly name: RawPath;
  readonly type: ChildType;
}

/** What a directory holds, in the order of the paths below it. */
export type Children = Pick<readonly Child[], "length" | "at" | "slice">;

const SLASH = 0x2f;
const FIRST_NAME_BYTES = 1024;
const FIRST_CHILDREN = 32;
const NUMBER_BYTES = 4;

/**
 * The names of one directory, which can be millions: their bytes and ten more for each, out of the garbage collector's
 * reach. To be filled, then sorted, then read.
 */
export class Listing implements Children {
  #length = 0;
  /** Type, then name, of one child after the other; a directory's name ends with a slash. */
  #names = new DataView(new ArrayBuffer(FIRST_NAME_BYTES));
  /** Where each of them ends, behind the 0 where the first begins. */
  #ends = new DataView(new ArrayBuffer(FIRST_CHILDREN * NUMBER_BYTES));
  #order = new Uint32Array(0);

  get length(): number {
    return this.#length;
  }

  add(name: RawPath, type: ChildType): void {
    const start = this.#start(this.#length);
    this.#names = withRoom(this.#names, start + name.length + 2);
    this.#names.setUint8(start, TYPES.indexOf(type));
    for (let i = 0; i < name.length; i++) this.#names.setUint8(start + 1 + i, name.charCodeAt(i));
    let end = start + 1 + name.length;
    // With its slash a directory sorts where the paths of what it holds sort: `a-b` stands before `a/x`.
    if (type === "directory") this.#names.setUint8(end++, SLASH);
    this.#length++;
    this.#ends = withRoom(this.#ends, (this.#length + 1) * NUMBER_BYTES);
    this.#ends.setUint32(this.#length * NUMBER_BYTES, end);
  }

  /** To be called once, after the last child. */
  sort(): void {
    this.#order = Uint32Array.from({ length: this.#length }, (_, number) => number);
    this.#order.sort((a, b) => this.#compare(a, b));
  }

  at(index: number): Child | undefined {
    const number = this.#order[index];
    if (number === undefined) return undefined;
    const start = this.#start(number);
    const type = TYPES[this.#names.getUint8(start)];
    const end = this.#start(number + 1) - (type === "directory" ? 1 : 0);
    const name = Buffer.from(this.#names.buffer, start + 1, end - start - 1).toString("latin1");
    return type && { name: name as RawPath, type };
  }

  slice(start = 0, end = this.#length): Child[] {
    const children: Child[] = [];
    for (const number of this.#order.subarray(start, end).keys()) {
      const child = this.at(start + number);
      if (child !== undefined) children.push(child);
    }
    return children;
  }

  /** By byte; a name is less than those that it begins. */
  #compare(a: number, b: number): number {
    let atA = this.#start(a) + 1;
    let atB = this.#start(b) + 1;
    const endA = this.#start(a + 1);
    const endB = this.#start(b + 1);
    for (; atA < endA && atB < endB; atA++, atB++) {
      const difference = this.#names.getUint8(atA) - this.#names.getUint8(atB);
      if (difference !== 0) return difference;
    }
    return endA - atA - (endB - atB);
  }

  /** Where the entry of a number begins in {@link #names}, and that of the number before it ends. */
  #start(number: number): number {
    return this.#ends.getUint32(number * NUMBER_BYTES);
  }
}

/** The same, or a longer one with the same content. */
function withRoom(view: DataView<ArrayBuffer>, bytes: number): DataView<ArrayBuffer> {
  if (bytes <= view.byteLength) return view;
  const longer = new Uint8Array(view.byteLength * 2);
  longer.set(new Uint8Array(view.buffer));
  return new DataView(longer.buffer);
}
