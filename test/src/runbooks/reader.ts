/** Somebody at a machine who follows the runbooks: an empty home directory, the program, and a shell. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { temporaryDirectory } from "../support/bed.js";
import { cleanEnvironment, freePort, OPENCLAW } from "../support/processes.js";
import { run, type RunResult } from "../support/run.js";
import type { Book } from "./book.js";

const ADMIN_TOKEN = "admin-token-of-the-runbooks-0123456789";
/** Without what `pnpm test` adds to PATH: this workspace's own `openclaw` would never be missing. */
const OTHERS_PROGRAMS = (process.env["PATH"] ?? "")
  .split(":")
  .filter((directory) => !directory.endsWith("node_modules/.bin"));

export interface ReaderOptions {
  /** `S3_*`, and other settings than usual; those that are empty are left out. */
  readonly settings: Readonly<Record<string, string>>;
  /** Default: a free one. */
  readonly port?: number;
}

export class Reader {
  /** Where they work; holds `openclaw.env`. */
  readonly home: string;
  readonly state: string;
  readonly workspace: string;
  readonly port: number;
  readonly #book: Book;
  readonly #programs: string;

  static async atAMachine(t: Test, book: Book, options: ReaderOptions): Promise<Reader> {
    const reader = new Reader(temporaryDirectory(t), book, options.port ?? (await freePort()));
    const values: Readonly<Record<string, string>> = {
      OPENCLAW_STATE_DIR: reader.state,
      OPENCLAW_WORKSPACE_DIR: reader.workspace,
      OPENCLAW_GATEWAY_URL: reader.url,
      OPENCLAW_GATEWAY_TOKEN: ADMIN_TOKEN,
      S3_PREFIX: "gateways/eu1",
      ...options.settings,
    };
    // Every line of the document's own, with a value for this machine.
    const lines = book.settings.replaceAll(/^(\w+)=.*\n/gm, (_line, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`the runbooks ask for ${name}, which the tests do not set`);
      return value === "" ? "" : `${name}=${value}\n`;
    });
    writeFileSync(join(reader.home, "openclaw.env"), lines, { mode: 0o600 });
    // A test that is cut off takes the gateway along.
    const kill = (): void => reader.kill();
    process.once("exit", kill);
    t.teardown(() => {
      kill();
      process.off("exit", kill);
    });
    return reader;
  }

  private constructor(directory: string, book: Book, port: number) {
    this.home = join(directory, "home");
    this.state = join(directory, "state");
    this.workspace = join(directory, "workspace");
    this.port = port;
    this.#book = book;
    this.#programs = join(directory, "programs");
    for (const made of [this.home, this.#programs]) mkdirSync(made);
    this.installProgram();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  path(name: string): string {
    return join(this.home, name);
  }

  installProgram(): void {
    symlinkSync(OPENCLAW, join(this.#programs, "openclaw"));
  }

  uninstallProgram(): void {
    rmSync(join(this.#programs, "openclaw"));
  }

  /** Makes the volumes of a gateway that is to be started for the first time. */
  configure(backup: object = {}): void {
    for (const volume of [this.state, this.workspace]) mkdirSync(volume, { mode: 0o700 });
    const config = { gateway: { port: this.port }, plugins: { backup } };
    writeFileSync(join(this.state, "openclaw.json"), JSON.stringify(config), { mode: 0o600 });
  }

  /** Follows the blocks below these headings in one new shell, to the letter; gives what they print. Fails as they do. */
  async follow(...headings: readonly string[]): Promise<string> {
    return this.type(headings.map((heading) => this.#book.read(heading)).join("\n"));
  }

  /** Types lines into a new shell. */
  async type(lines: string): Promise<string> {
    const { code, stdout, stderr } = await this.try(lines);
    if (code !== 0) throw new Error(`ended with ${code}:\n${lines}\n${stdout}${stderr}`);
    return stdout;
  }

  /** As {@link type}, for lines that may fail. */
  try(lines: string): Promise<RunResult> {
    const script = join(this.home, ".script");
    writeFileSync(script, `set -eu\n${this.#book.read("In every shell")}\n${lines}`);
    const env = cleanEnvironment(this.home, { PATH: [this.#programs, ...OTHERS_PROGRAMS].join(":") });
    return run("sh", [script], { cwd: this.home, env });
  }

  async json<T>(command: string): Promise<T> {
    return JSON.parse(await this.type(`openclaw ${command} --json`)) as T;
  }

  /** An admin call. */
  async #post(path: string, body: unknown): Promise<unknown> {
    const answer = await fetch(`${this.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Makes tenants; gives their tokens. */
  async createTenants(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const tokens = new Map<string, string>();
    for (const id of ids) {
      const { token } = (await this.#post("/api/admin/tenants", { id })) as { token: string };
      tokens.set(id, token);
    }
    return tokens;
  }

  /** Which tenants of these answer to their tokens, as who, or with which status. */
  async answers(tokens: ReadonlyMap<string, string>): Promise<Record<string, string | number>> {
    const found: Record<string, string | number> = {};
    for (const [id, token] of tokens) {
      const answer = await fetch(`${this.url}/api/tenant/whoami`, {
        headers: { authorization: `Bearer ${token}` },
      });
      found[id] = answer.ok ? ((await answer.json()) as { tenant: string }).tenant : answer.status;
    }
    return found;
  }

  tenant(id: string): string {
    return join(this.state, "tenants", id);
  }

  /** As a power cut does. */
  kill(): void {
    const file = this.path("gateway.pid");
    if (!existsSync(file)) return;
    try {
      process.kill(Number(readFileSync(file, "utf8")), "SIGKILL");
    } catch {
      // It has ended.
    }
  }

  /** Writes a file of theirs. */
  write(name: string, content: string | Buffer): void {
    writeFileSync(this.path(name), content);
    chmodSync(this.path(name), 0o600);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  /** Changes `openclaw.env` as with an editor. */
  set(name: string, value: string): void {
    this.write(
      "openclaw.env",
      this.read("openclaw.env").replace(new RegExp(`^${name}=.*$`, "m"), () => `${name}=${value}`),
    );
  }
}

/** What {@link Reader.answers} gives when every token opens its own tenant. */
export function everybody(tokens: ReadonlyMap<string, string>): Record<string, string> {
  return Object.fromEntries([...tokens.keys()].map((id) => [id, id]));
}
