/** SQLite databases like a gateway's memory: chunks of text with their embeddings, and an index over them. */
import Database from "better-sqlite3";
import { statSync } from "node:fs";
import { Noise, SeededRandom, TextPool } from "./seeded.js";

export interface DatabaseShape {
  readonly seed: number;
  /** Size of the file, met roughly. */
  readonly bytes: number;
  readonly journal: "wal" | "delete";
}

/** Dimensions of common embedding models; four bytes each. */
const EMBEDDING_DIMENSIONS = 1536;
const ROW_BYTES = EMBEDDING_DIMENSIONS * 4 + 700;

/** Writes a database and closes it; gives the size of its file. */
export function generateDatabase(path: string, shape: DatabaseShape): number {
  const random = new SeededRandom(shape.seed);
  const texts = new TextPool(random, 200_000, (r, words) => words(r.integer(5, 20)));
  const embeddings = embeddingPool(shape.seed);
  const database = new Database(path);
  try {
    database.pragma(`journal_mode = ${shape.journal}`);
    database.pragma("synchronous = OFF");
    database.exec(`
      CREATE TABLE chunks (id INTEGER PRIMARY KEY, source TEXT NOT NULL, text TEXT NOT NULL, embedding BLOB NOT NULL);
      CREATE INDEX chunks_source ON chunks (source);
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
    `);
    const insert = database.prepare("INSERT INTO chunks (source, text, embedding) VALUES (?, ?, ?)");
    const fill = database.transaction((rows: number) => {
      for (let row = 0; row < rows; row++) {
        const offset = random.integer(0, embeddings.length / 4 - EMBEDDING_DIMENSIONS) * 4;
        const embedding = embeddings.subarray(offset, offset + EMBEDDING_DIMENSIONS * 4);
        insert.run(`sessions/${random.hex(4)}.jsonl`, texts.read(500).toString(), embedding);
      }
      database.prepare("INSERT INTO meta VALUES ('model', 'embedding-1536')").run();
    });
    fill(Math.max(1, Math.floor(shape.bytes / ROW_BYTES)));
  } finally {
    database.close();
  }
  return statSync(path).size;
}

/** Little-endian float32 values between -0.1 and 0.1, as normalised embeddings have them. */
function embeddingPool(seed: number): Buffer {
  const count = 256 * 1024;
  const raw = new Noise(seed).read(count * 4);
  const pool = Buffer.alloc(count * 4);
  for (let n = 0; n < count; n++) pool.writeFloatLE((raw.readInt32LE(n * 4) / 2 ** 31) * 0.1, n * 4);
  return pool;
}
