/** What happens to the bytes of a file: by a fault of a disk, a cut connection, or a person with a hex editor. */
import fc from "fast-check";

type Mutation = (bytes: Buffer) => Buffer;

/** A position in bytes of any length, so that shrinking the one does not move the other. */
const place = fc.nat({ max: 1_000_000 });

/** Numbers that fields of formats dislike, of 1 to 8 bytes. */
const awkward = fc
  .constantFrom("00", "ff", "7f", "80", "0000", "ffff", "00000000", "ffffffff", "ffffff7f")
  .map(hex);
/** Bytes that mean something to one of the decoders. */
const magics = fc
  .constantFrom(
    "28b52ffd",
    "5b2a4d18",
    "5c2a4d18",
    "5e2a4d18",
    "502a4d18",
    "b1ea928f",
    "1f8b0800",
    "7573746172",
  )
  .map(hex);
const some = fc.uint8Array({ minLength: 1, maxLength: 24 }).map((bytes) => Buffer.from(bytes));
const inserted = fc.oneof(
  some,
  awkward,
  magics,
  fc.nat({ max: 1500 }).map((length) => Buffer.alloc(length)),
);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(place, fc.nat({ max: 7 })).map(([at, bit]) => flipBit(at, bit)) },
  {
    weight: 4,
    arbitrary: fc.tuple(place, fc.oneof(some, awkward, magics)).map(([at, what]) => overwrite(at, what)),
  },
  { weight: 2, arbitrary: fc.tuple(place, inserted).map(([at, what]) => replace(at, 0, what)) },
  {
    weight: 2,
    arbitrary: fc.tuple(place, fc.integer({ min: 1, max: 600 })).map(([at, length]) => replace(at, length)),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Mutation =>
        (bytes) =>
          bytes.subarray(0, at % (bytes.length + 1)),
    ),
  },
  {
    weight: 1,
    arbitrary: place.map(
      (at): Mutation =>
        (bytes) =>
          bytes.subarray(at % (bytes.length + 1)),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(place, place, fc.constantFrom(1, 8, 64, 512, 1024))
      .map(([from, to, length]) => moveBlock(from, to, length)),
  },
);

/** One to six changes, one after the other. */
export const mutations: fc.Arbitrary<Mutation> = fc
  .array(mutation, { minLength: 1, maxLength: 6 })
  .map((list) => (bytes) => list.reduce((changed, mutate) => mutate(changed), bytes));

function flipBit(at: number, bit: number): Mutation {
  return (bytes) => {
    const position = at % Math.max(bytes.length, 1);
    return overwrite(at, Buffer.of((bytes[position] ?? 0) ^ (1 << bit)))(bytes);
  };
}

function overwrite(at: number, what: Buffer): Mutation {
  return (bytes) => {
    const position = at % Math.max(bytes.length, 1);
    const changed = Buffer.from(bytes);
    what.copy(changed, position);
    return changed;
  };
}

function replace(at: number, length: number, what: Buffer = Buffer.alloc(0)): Mutation {
  return (bytes) => {
    const position = at % (bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, position), what, bytes.subarray(position + length)]);
  };
}

/** Moves a block, aligned to its size, so that whole tar blocks change places. */
function moveBlock(from: number, to: number, length: number): Mutation {
  return (bytes) => {
    const blocks = Math.ceil(bytes.length / length);
    if (blocks === 0) return bytes;
    const start = (from % blocks) * length;
    const block = bytes.subarray(start, start + length);
    const rest = Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
    const position = Math.min((to % blocks) * length, rest.length);
    return Buffer.concat([rest.subarray(0, position), block, rest.subarray(position)]);
  };
}

function hex(text: string): Buffer {
  return Buffer.from(text, "hex");
}
