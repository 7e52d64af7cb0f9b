/**
 * Makes what a tenant of a real gateway looks like: session logs, memory databases with embeddings, a workspace of many
 * small files, media, pairings, credentials, usage history, empty directories, links, and names that are hard to carry.
 */
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateDatabase } from "./database-generator.js";
import { writeOddEntries } from "./odd-entries.js";
import { Noise, SeededRandom, TextPool } from "./seeded.js";

export interface TenantScale {
  /** The same seed, files and bytes give the same tree, file times included. */
  readonly seed: number;
  /** Number of regular files; at least 60. */
  readonly files: number;
  /** Sum of their sizes, met within a few per cent; at least 6 MB. */
  readonly bytes: number;
}

export interface GeneratedTenant {
  readonly files: number;
  readonly bytes: number;
  /** Paths of the SQLite databases, relative to the tenant's directory. */
  readonly databases: readonly string[];
}

const DAY = 86_400;
/** 2025-01-01T00:00:00Z, the oldest time that ordinary files get. */
const EPOCH = 1_735_689_600;

/**
 * Fills a directory, which exists and keeps what it has. Shares of the bytes: media 35 %, sessions 25 %, databases 20 %,
 * workspace the rest.
 */
export function generateTenant(directory: string, scale: TenantScale): GeneratedTenant {
  const writer = new TreeWriter(directory, scale.seed);
  const random = new SeededRandom(scale.seed);
  const noise = new Noise(scale.seed);
  const poolBytes = Math.min(8_000_000, Math.max(500_000, Math.floor(scale.bytes / 8)));
  const messages = new TextPool(random, poolBytes, (r, words) =>
    JSON.stringify({
      id: r.hex(16),
      at: new Date((EPOCH + r.integer(0, 300 * DAY)) * 1000).toISOString(),
      role: r.pick(["user", "assistant", "tool"]),
      content: words(r.integer(5, 80)),
      usage: { input: r.integer(10, 4000), output: r.integer(1, 900), cost: Number(r.next().toFixed(6)) },
    }),
  );
  const prose = new TextPool(random, Math.floor(poolBytes / 4), (r, words) => words(r.integer(3, 14)));

  writeAccounts(writer, random);
  for (let day = 0; day < 20; day++)
    writer.write(`usage/2025-06-${String(day + 1).padStart(2, "0")}.jsonl`, messages.read(2000));
  writeOddEntries(writer);

  const databases = ["memory/main.sqlite", "memory/archive.sqlite", "plugins/notes/notes.db"];
  databases.forEach((path, number) => {
    writer.makeParents(path);
    writer.count(
      generateDatabase(join(directory, path), {
        seed: scale.seed + number,
        // The first database is the big one, as it is in life.
        bytes: scale.bytes * (number === 0 ? 0.16 : 0.02),
        journal: number === 1 ? "delete" : "wal",
      }),
    );
    writer.stamp(path, 0o600);
  });

  const sessions = Math.max(3, Math.floor(scale.files * 0.02));
  for (let n = 0; n < sessions; n++) {
    const size = Math.min(
      random.logNormal(1, 0.8) * ((scale.bytes * 0.25) / sessions) * 0.73,
      scale.bytes * 0.1,
    );
    writer.write(
      `sessions/${random.pick(["main", "support", "cron"])}/${random.hex(12)}.jsonl`,
      messages.read(size),
    );
  }
  const media = Math.max(
    2,
    Math.min(Math.floor(scale.files * 0.01), Math.ceil((scale.bytes * 0.35) / 1_500_000)),
  );
  for (let n = 0; n < media; n++) {
    const size = Math.min(
      Math.ceil(random.logNormal(1, 0.9) * ((scale.bytes * 0.35) / media) * 0.67),
      scale.bytes * 0.12,
    );
    writer.write(
      `workspace/media/${random.hex(10)}.${random.pick(["jpg", "ogg", "mp4", "pdf"])}`,
      noise.read(Math.floor(size)),
    );
  }
  fillWorkspace(writer, random, prose, scale);
  for (const path of ["sandboxes/default/home", "workspace/inbox", "plugins/empty"])
    writer.makeDirectory(path);
  writer.write("pty/7/scrollback", prose.read(5000), { counted: false });
  writer.finish();
  return { files: writer.files, bytes: writer.bytes, databases };
}

function writeAccounts(writer: TreeWriter, random: SeededRandom): void {
  const json = (value: unknown) => Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
  writer.write(
    "channels/whatsapp/pairing.json",
    json({
      jid: `${random.integer(1e9, 9e9)}@s.whatsapp.net`,
      noiseKey: random.hex(64),
      registrationId: random.integer(1, 16380),
    }),
  );
  writer.write(
    "channels/telegram/pairing.json",
    json({ botId: random.integer(1e8, 9e8), chats: [random.integer(1, 1e9)] }),
  );
  writer.write(
    "channels/slack/pairing.json",
    json({ team: `T${random.hex(10).toUpperCase()}`, bot: random.hex(24) }),
  );
  writer.write(
    "credentials/providers.json",
    json({
      anthropic: { key: `not-a-key-${random.hex(40)}` },
      openai: { key: `not-a-key-${random.hex(40)}` },
    }),
  );
  writer.write(
    "cron/jobs.json",
    json({
      version: 1,
      jobs: [{ name: "morning-report", schedule: "0 7 * * 1-5", tz: "Europe/Vienna", enabled: true }],
    }),
  );
  writer.write(
    "credentials/oauth/google.json",
    json({ refresh: random.hex(80), scopes: ["calendar", "mail"] }),
  );
}

function fillWorkspace(writer: TreeWriter, random: SeededRandom, prose: TextPool, scale: TenantScale): void {
  const files = Math.max(0, scale.files - writer.files);
  let bytesLeft = Math.max(0, scale.bytes - writer.bytes);
  for (let n = 0; n < files; n++) {
    // The last of them share what is left, so that the total comes out.
    const mean = bytesLeft / (files - n);
    const size = Math.max(
      20,
      Math.floor(n < files * 0.9 ? Math.min(mean * 0.8 * random.logNormal(0.6, 1), mean * 20) : mean),
    );
    const folder = `workspace/projects/p${n % 17}/src/${random.pick(["api", "web", "lib", "docs", "test"])}/m${Math.floor(n / 170) % 40}`;
    const content = prose.read(size);
    writer.write(
      `${folder}/${random.hex(6)}-${n}.${random.pick(["ts", "md", "json", "py", "txt"])}`,
      content,
      {
        mode: random.next() < 0.05 ? 0o755 : 0o644,
      },
    );
    bytesLeft -= content.length;
  }
}

export interface WriteOptions {
  readonly mode?: number;
  /** Seconds since the epoch. Default: drawn from the seed. */
  readonly mtime?: number;
  /** False: never archived, so not in the totals. */
  readonly counted?: boolean;
}

/** Writes files with modes and times that depend on the seed alone. */
export class TreeWriter {
  files = 0;
  bytes = 0;
  readonly #root: string;
  readonly #random: SeededRandom;
  readonly #directories = new Map<string, number>();

  constructor(root: string, seed: number) {
    this.#root = root;
    this.#random = new SeededRandom(seed ^ 0x5eed);
  }

  /** The path may hold bytes that are not UTF-8: then it is a Buffer, and its directory has been made before. */
  write(path: string | Buffer, content: Uint8Array, options: WriteOptions = {}): void {
    if (typeof path === "string") this.makeParents(path);
    const full = this.#full(path);
    writeFileSync(full, content, { mode: options.mode ?? 0o600, flag: "wx" });
    const mtime = options.mtime ?? this.#someTime();
    // Node takes a negative number for "now"; a Date is taken at its word.
    utimesSync(full, new Date(0), mtime < 0 ? new Date(mtime * 1000) : mtime);
    if (options.counted !== false) this.count(content.length);
  }

  link(path: string, target: string): void {
    this.makeParents(path);
    symlinkSync(target, this.#full(path));
  }

  makeDirectory(path: string, mode = 0o700): void {
    if (this.#directories.has(path)) return;
    this.makeParents(path);
    mkdirSync(this.#full(path), { recursive: true });
    this.#directories.set(path, mode);
  }

  makeParents(path: string): void {
    const slash = path.lastIndexOf("/");
    if (slash > 0) this.makeDirectory(path.slice(0, slash), path.startsWith("workspace/") ? 0o755 : 0o700);
  }

  /** Gives a file that something else wrote its mode and time. */
  stamp(path: string, mode: number): void {
    const full = this.#full(path);
    const mtime = this.#someTime();
    chmodSync(full, mode);
    utimesSync(full, mtime, mtime);
  }

  count(bytes: number): void {
    this.files++;
    this.bytes += bytes;
  }

  /** Directories last, deepest first: writing into one changes its time. */
  finish(): void {
    const deepestFirst = [...this.#directories].sort(([a], [b]) => b.split("/").length - a.split("/").length);
    for (const [path, mode] of deepestFirst) this.stamp(path, mode);
  }

  #full(path: string | Buffer): string | Buffer {
    return typeof path === "string"
      ? join(this.#root, path)
      : Buffer.concat([Buffer.from(`${this.#root}/`), path]);
  }

  #someTime(): number {
    return EPOCH + this.#random.next() * 300 * DAY;
  }
}
