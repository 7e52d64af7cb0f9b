/**
 * A tenant's days: people chat, agents work in a few folders, the memory grows, media arrive. Everything that happens depends on
 * a seed alone; file times are those of the moment, as in life.
 *
 * What counts as truly changed: appended bytes, inserted rows, and new or edited files as a whole. Of a file over
 * {@link WHOLE_FILE_BYTES} that is edited in place only the bytes that were written.
 */
import { Noise, SeededRandom, TextPool } from "@openclaw/test/support";
import Database from "better-sqlite3";
import {
  appendFileSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { filesBelow } from "./files.js";
import { Tally } from "./tally.js";
import type { Changed } from "./tally.js";

const SHARE_OF_SESSIONS = 0.05;
const NEW_SESSIONS = 20;
const EDITED_FILES = 100;
const EDITED_FOLDERS = 3;
const SHARE_OF_ROWS = 0.01;
const NEW_MEDIA = 10;
/** Medians, in bytes; sizes spread around them as those of real files do. */
const APPENDED_BYTES = 12_000;
const SESSION_BYTES = 30_000;
const MEDIA_BYTES = 300_000;
/** Nothing that is made in a day is larger. */
const MAX_BYTES = 4_000_000;
const WHOLE_FILE_BYTES = 1024 * 1024;
const DATABASE = "memory/main.sqlite";

export class TenantLife {
  readonly #directory: string;
  readonly #random: SeededRandom;
  readonly #noise: Noise;
  readonly #messages: TextPool;
  readonly #prose: TextPool;
  /** Relative paths; the one that was appended to last is the last. */
  readonly #sessions: string[];

  /** @param directory that `generateTenant` has filled */
  constructor(directory: string, seed: number) {
    this.#directory = directory;
    this.#random = new SeededRandom(seed);
    this.#noise = new Noise(seed);
    this.#messages = new TextPool(this.#random, 500_000, (random, words) =>
      JSON.stringify({
        id: random.hex(16),
        role: random.pick(["user", "assistant", "tool"]),
        content: words(random.integer(5, 80)),
      }),
    );
    this.#prose = new TextPool(this.#random, 200_000, (random, words) => words(random.integer(3, 14)));
    const age = (path: string) => statSync(join(directory, path)).mtimeMs;
    this.#sessions = filesBelow(directory, "sessions")
      .map((path) => ({ path, age: age(path) }))
      .sort((a, b) => a.age - b.age)
      .map(({ path }) => path);
  }

  /**
   * One day: {@link SHARE_OF_SESSIONS} of the sessions are appended to, mostly recent ones, {@link NEW_SESSIONS} begin,
   * {@link EDITED_FILES} files in {@link EDITED_FOLDERS} folders of the workspace are edited, {@link SHARE_OF_ROWS} of the
   * database's rows are added, {@link NEW_MEDIA} media files arrive.
   */
  day(): Changed {
    const tally = new Tally();
    this.#continueSessions(tally);
    this.#beginSessions(tally);
    this.#editFolders(tally);
    this.#addRows(tally);
    for (let n = 0; n < NEW_MEDIA; n++) {
      const name = `workspace/media/${this.#random.hex(12)}.${this.#random.pick(["jpg", "ogg", "mp4", "pdf"])}`;
      this.#create(name, this.#noise.read(this.#size(MEDIA_BYTES)), tally);
    }
    return tally.total();
  }

  /** The worst case: a share of all files, databases apart, changes somewhere. */
  randomChanges(share: number): Changed {
    const tally = new Tally();
    const candidates = filesBelow(this.#directory, "workspace", "sessions", "usage", "channels").filter(
      (path) => lstatSync(join(this.#directory, path)).size > 0,
    );
    for (const path of this.#some(candidates, Math.max(1, Math.round(candidates.length * share)))) {
      this.#edit(path, tally);
    }
    return tally.total();
  }

  #continueSessions(tally: Tally): void {
    const count = Math.max(1, Math.round(this.#sessions.length * SHARE_OF_SESSIONS));
    for (let n = 0; n < count; n++) {
      // The cube prefers the end, where the recent ones are.
      const place = Math.floor((1 - this.#random.next() ** 3) * this.#sessions.length);
      const [path] = this.#sessions.splice(Math.min(place, this.#sessions.length - 1), 1);
      if (path === undefined) return;
      this.#sessions.push(path);
      const more = this.#messages.read(this.#size(APPENDED_BYTES));
      appendFileSync(join(this.#directory, path), more);
      tally.add(more);
    }
  }

  #beginSessions(tally: Tally): void {
    for (let n = 0; n < NEW_SESSIONS; n++) {
      const path = `sessions/${this.#random.pick(["main", "support", "cron"])}/${this.#random.hex(14)}.jsonl`;
      this.#create(path, this.#messages.read(this.#size(SESSION_BYTES)), tally);
      this.#sessions.push(path);
    }
  }

  #editFolders(tally: Tally): void {
    const folders = new Map<string, string[]>();
    for (const path of filesBelow(this.#directory, "workspace/projects")) {
      // workspace/projects/p3/src/web: deeper ones belong to it.
      const folder = path.split("/").slice(0, 5).join("/");
      folders.set(folder, [...(folders.get(folder) ?? []), path]);
    }
    const enough = Math.ceil(EDITED_FILES / EDITED_FOLDERS);
    const largestFirst = [...folders.values()].sort((a, b) => b.length - a.length);
    const large = largestFirst.filter(({ length }) => length >= enough);
    const eligible = large.length >= EDITED_FOLDERS ? large : largestFirst.slice(0, EDITED_FOLDERS);
    const chosen = this.#some(eligible, EDITED_FOLDERS);
    for (const path of chosen.flatMap((paths) => this.#some(paths, enough)).slice(0, EDITED_FILES)) {
      this.#edit(path, tally);
    }
  }

  #addRows(tally: Tally): void {
    const database = new Database(join(this.#directory, DATABASE));
    try {
      const rows = database.prepare<[], { count: number; size: number }>(
        "SELECT count(*) AS count, max(length(embedding)) AS size FROM chunks",
      );
      const { count, size } = rows.get() ?? { count: 0, size: 0 };
      const insert = database.prepare("INSERT INTO chunks (source, text, embedding) VALUES (?, ?, ?)");
      database.transaction(() => {
        for (let n = Math.max(1, Math.round(count * SHARE_OF_ROWS)); n > 0; n--) {
          const source = `sessions/${this.#random.hex(4)}.jsonl`;
          const [text, embedding] = [this.#prose.read(500), this.#noise.read(size)];
          insert.run(source, text.toString(), embedding);
          tally.add(Buffer.concat([text, embedding]));
        }
      })();
    } finally {
      database.close();
    }
  }

  #create(path: string, content: Buffer, tally: Tally): void {
    const full = join(this.#directory, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content, { flag: "wx", mode: 0o600 });
    tally.add(content);
  }

  /** Writes a line or two over what stands somewhere in a file; a small file grows or shrinks by it. */
  #edit(path: string, tally: Tally): void {
    const full = join(this.#directory, path);
    const { size } = statSync(full);
    const patch = this.#prose.read(this.#random.integer(40, 400));
    const offset = this.#random.integer(0, Math.max(0, size - patch.length));
    if (size > WHOLE_FILE_BYTES) {
      const descriptor = openSync(full, "r+");
      writeSync(descriptor, patch, 0, patch.length, offset);
      closeSync(descriptor);
      tally.add(patch);
    } else {
      const before = readFileSync(full);
      const removed = this.#random.integer(0, patch.length);
      const after = Buffer.concat([before.subarray(0, offset), patch, before.subarray(offset + removed)]);
      writeFileSync(full, after);
      tally.add(after);
    }
    // An edit within the clock tick of the last one would leave the time as it was.
    utimesSync(full, new Date(), new Date());
  }

  #size(median: number): number {
    return Math.floor(Math.min(MAX_BYTES, Math.max(200, this.#random.logNormal(median, 0.9))));
  }

  /** So many of them, each at most once. */
  #some<T>(from: readonly T[], count: number): T[] {
    const left = [...from];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) {
      taken.push(...left.splice(this.#random.integer(0, left.length - 1), 1));
    }
    return taken;
  }
}
