import { statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import t from "tap";
import { decodeFacts, encodeFacts, FactsRecorder, STATE_BYTES, stateOf } from "./facts.js";

const HASH = "ab".repeat(32);

t.test("what is written is read again, and nothing else is", (t) => {
  const states = fc.array(
    fc.option(fc.uint8Array({ minLength: STATE_BYTES, maxLength: STATE_BYTES }), { nil: undefined }),
  );
  fc.assert(
    fc.property(states, fc.nat(), fc.integer({ min: 1, max: 255 }), (known, at, change) => {
      const recorder = new FactsRecorder();
      for (const state of known) recorder.add(state);
      const bytes = encodeFacts(recorder.states(), HASH);
      const expected = Buffer.concat(known.map((state) => state ?? new Uint8Array(STATE_BYTES)));
      if (!expected.equals(decodeFacts(bytes, HASH) ?? Buffer.from("none"))) return false;
      const altered = Buffer.from(bytes);
      altered[at % altered.length] = (altered[at % altered.length] ?? 0) ^ change;
      const cut = bytes.subarray(0, at % bytes.length);
      return [altered, cut].every((wrong) => decodeFacts(wrong, HASH) === undefined);
    }),
  );
  t.equal(decodeFacts(encodeFacts(new Uint8Array(0), HASH), "cd".repeat(32)), undefined, "another archive's");
  t.end();
});

t.test("thousands of states", (t) => {
  const recorder = new FactsRecorder();
  for (let i = 0; i < 3000; i++) recorder.add(new Uint8Array(STATE_BYTES).fill(i));
  const states = recorder.states();
  t.equal(states.length, 3000 * STATE_BYTES);
  t.equal(states[2999 * STATE_BYTES], 2999 % 256);
  t.end();
});

t.test("every change of a file, or of what stands beside it, is another state", (t) => {
  const file = join(t.testdir(), "f");
  const look = () => statSync(file, { bigint: true });
  writeFileSync(file, "one");
  const main = look();
  const later = Number(main.ctimeMs) + 2001;
  const state = (files: Parameters<typeof stateOf>[0]) =>
    Buffer.from(stateOf(files, later) ?? []).toString("hex");
  const first = state({ main });
  t.equal(first.length, 2 * STATE_BYTES);
  t.equal(state({ main: look() }), first);
  utimesSync(file, 1, 1);
  const touched = { ...look(), ctimeMs: main.ctimeMs };
  const states = [
    { main: touched },
    { main, wal: main },
    { main, journal: main },
    { main, wal: main, journal: main },
  ];
  t.equal(new Set([first, ...states.map(state)]).size, 5);
  t.end();
});

t.test("a file that changed less than 2 seconds ago is not trusted, nor one whose WAL did", (t) => {
  const file = join(t.testdir(), "f");
  writeFileSync(file, "one");
  const main = statSync(file, { bigint: true });
  const changed = Number(main.ctimeMs);
  t.equal(stateOf({ main }, changed + 1999), undefined);
  t.ok(stateOf({ main }, changed + 2000));
  t.equal(stateOf({ main, wal: { ...main, ctimeMs: main.ctimeMs + 1n } }, changed + 2000), undefined);
  t.equal(stateOf({ main }, changed - 1e10), undefined, "a clock that was set back");
  t.end();
});
