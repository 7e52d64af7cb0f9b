/** The sample, cut off at each of its borders and one byte beside them: generated from its parts. */
import { sampleKey } from "@openclaw/gateway-plugin-backup/testing";
import type { HostileCase } from "../case.js";
import { altered, damagedBy } from "./build.js";

/** The parts, each with the last entry that a reader of tars has met behind it. */
const PARTS: readonly (readonly [name: string, lastEntry: string])[] = [
  ["pack", "workspace/latest"],
  ["head", "workspace/large.bin"],
  ["first piece", "workspace/large.bin"],
  ["second piece", "workspace/large.bin"],
  ["last piece", "workspace/large.bin"],
  ["directories", "workspace/"],
  ["end", "workspace/"],
  ["index", "workspace/"],
  ["signature", "workspace/"],
  ["seek table", "workspace/"],
];

/** The border behind which the tar is whole: an archive that is cut there is an ordinary `.tar.zst`. */
const WHOLE_TAR = PARTS.findIndex(([name]) => name === "end");

function cutOffCases(): HostileCase[] {
  const sizes: number[] = [];
  const archive = altered({
    signingKey: sampleKey(),
    parts: (parts) => sizes.push(...parts.map(({ length }) => length)),
  });
  let border = 0;
  return PARTS.flatMap(([name, lastEntry], part) => {
    const start = border;
    border += sizes[part] ?? 0;
    const places: [string, string, number, string | undefined][] = [
      [
        "in-the-middle-of-the",
        "in the middle of the",
        start + Math.floor((border - start) / 2),
        PARTS[part - 1]?.[1],
      ],
      ["a-byte-before-the-end-of-the", "a byte before the end of the", border - 1, lastEntry],
      ["behind-the", "behind the", border, lastEntry],
    ];
    return places
      .filter(([, , length]) => length < archive.length && !(part === WHOLE_TAR && length === border))
      .map(([id, place, length, entry]) => ({
        id: `native-cut-${id}-${name.replaceAll(" ", "-")}`,
        title: `the archive is cut off ${place} ${name}`,
        origin: "an interrupted copy",
        archive: () => archive.subarray(0, length),
        // Behind the index's magic number it is known for one of ours; before, for a tar that is not whole.
        expected: damagedBy(
          part > WHOLE_TAR ? "lost end" : length === border ? "cut off" : "compression",
          entry,
        ),
      }));
  });
}

export const cutOff: readonly HostileCase[] = cutOffCases();
