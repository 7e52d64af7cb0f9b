/** Tenants that are small enough to have hundreds of them, with one of everything that matters. */
import Database from "better-sqlite3";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Noise, SeededRandom } from "../support/seeded.js";

/** Paths of the databases of each, relative to its directory. */
export const DATABASES = ["memory/main.sqlite"];

/** Fills a tenant's directory: sessions, a memory database, a pairing, a workspace with a link, an empty directory. */
export function fillSmallTenant(directory: string, seed: number): void {
  const random = new SeededRandom(seed);
  const noise = new Noise(seed);
  const write = (path: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, path), content, { mode: 0o600 });
  };
  const message = (): string => `${JSON.stringify({ role: "user", content: random.hex(200) })}\n`;
  for (let n = 0; n < 3; n++) write(`sessions/main/${random.hex(12)}.jsonl`, message().repeat(20));
  write("channels/whatsapp/pairing.json", JSON.stringify({ noiseKey: random.hex(64) }));
  write("workspace/notes.md", `# ${random.hex(16)}\n`);
  // Not to be taken for the gateway's own directory of that name.
  write("workspace/backups/notes.md", "an earlier one");
  write("workspace/media/picture.jpg", noise.read(random.integer(5_000, 40_000)));
  symlinkSync("notes.md", join(directory, "workspace/latest"));
  mkdirSync(join(directory, "sandboxes/default"), { recursive: true, mode: 0o700 });
  mkdirSync(join(directory, "memory"), { recursive: true, mode: 0o700 });
  for (const path of DATABASES) {
    const database = new Database(join(directory, path));
    database.pragma("journal_mode = wal");
    database.pragma("synchronous = OFF");
    database.exec("CREATE TABLE chunks (id INTEGER PRIMARY KEY, text TEXT, embedding BLOB)");
    const insert = database.prepare("INSERT INTO chunks (text, embedding) VALUES (?, ?)");
    for (let n = 0; n < 4; n++) insert.run(random.hex(80), noise.read(1536));
    database.close();
  }
}
