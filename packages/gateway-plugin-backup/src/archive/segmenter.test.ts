import t from "tap";
import { FactsRecorder } from "./base/facts.js";
import { DEFAULT_LIMITS, SEGMENT_BYTES } from "./format.js";
import { readEntries } from "./entry-batch.js";
import { EntryPolicy } from "./policy.js";
import { rawPath } from "./raw-path.js";
import { Segmenter } from "./segmenter.js";
import type { FilledSegment } from "./segmenter.js";
import type { TarEntry } from "./tar-header.js";

function segmenterInto(segments: FilledSegment[]): Segmenter {
  const sink = {
    takeBuffer: () => Promise.resolve(new Uint8Array(SEGMENT_BYTES)),
    emit: (segment: FilledSegment) => void segments.push(segment),
  };
  const policy = new EntryPolicy({
    root: rawPath("tenants/acme"),
    limits: DEFAULT_LIMITS,
    subject: "Tenant acme",
  });
  return new Segmenter(sink, { policy, facts: new FactsRecorder(), firstSegment: 0 });
}

function file(name: string, size: number): TarEntry {
  return { path: rawPath(`tenants/acme/${name}`), type: "file", mode: 0o600, size, mtimeNs: 0n };
}

t.test("an entry that does not fit into the open pack begins the next one", async (t) => {
  const segments: FilledSegment[] = [];
  const segmenter = segmenterInto(segments);
  // A pack holds 4 MiB: three of these fill it to 512 bytes.
  const size = SEGMENT_BYTES / 4 - 512;
  for (const name of ["a", "b", "c", "d", "e"]) await segmenter.place(file(name, size));
  segmenter.flush();
  t.strictSame(
    segments.map(({ raw, entries }) => [raw, [...readEntries(entries)].length]),
    [
      [SEGMENT_BYTES, 4],
      [size + 512, 1],
    ],
  );
});

t.test("an entry for whose content no room was made is a fault of the caller", (t) => {
  t.throws(() => segmenterInto([]).add(file("a", 0)), { message: "No room was made for the entry." });
  t.end();
});
