/** This project at work: a gateway process, called by its routes. */
import { GatewayProcess } from "@openclaw/test/support";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { S3Place } from "./place.js";

const ADMIN_TOKEN = "benchmark-admin-token-0123456789";
const HEADERS = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };

/** What the benchmarks read of a job. */
export interface Job {
  readonly id: string;
  readonly state: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly result?: { readonly location?: string; readonly mode?: string; readonly fullReason?: string };
  readonly error?: { readonly code: string; readonly message: string };
}

export class OurGateway {
  /** Holds the tenants: gone when the gateway is closed. */
  readonly stateDirectory: string;
  readonly #place: S3Place | undefined;
  #process: GatewayProcess;

  private constructor(stateDirectory: string, place: S3Place | undefined, process: GatewayProcess) {
    this.stateDirectory = stateDirectory;
    this.#place = place;
    this.#process = process;
  }

  /** @param place default: the state directory's own `backups/` */
  static async start(stateDirectory: string, place?: S3Place): Promise<OurGateway> {
    mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
    return new OurGateway(stateDirectory, place, await startProcess(stateDirectory, place));
  }

  get pid(): number {
    return this.#process.pid;
  }

  get url(): string {
    return this.#process.url;
  }

  /** The process, for what uses the command line. */
  get process(): GatewayProcess {
    return this.#process;
  }

  tenantDirectory(id: string): string {
    return this.#process.tenantDirectory(id);
  }

  /** Forgets every backup: ledger and local archives. The tenants stay. */
  async forget(): Promise<void> {
    await this.#process.stop();
    for (const name of ["backup", "backups"])
      rmSync(join(this.stateDirectory, name), { recursive: true, force: true });
    this.#process = await startProcess(this.stateDirectory, this.#place);
  }

  /** Gives the tenant's token. */
  async createTenant(id: string): Promise<string> {
    const answer = await this.#call("POST", "/api/admin/tenants", { id });
    return ((await answer.json()) as { token: string }).token;
  }

  /** Starts a job. */
  async submit(path: string, body: object): Promise<Job> {
    const answer = await this.#call("POST", path, body);
    return ((await answer.json()) as { job: Job }).job;
  }

  /** Waits for a job's end. Throws unless it succeeded. */
  async finished(id: string): Promise<Job> {
    // The stream of events ends with the job.
    await (await this.#call("GET", `/api/admin/jobs/${id}/events`)).text();
    const job = (await (await this.#call("GET", `/api/admin/jobs/${id}`)).json()) as Job;
    if (job.state !== "succeeded") {
      throw new Error(`the job ${job.state}: ${job.error?.code ?? ""} ${job.error?.message ?? ""}`);
    }
    return job;
  }

  async run(path: string, body: object): Promise<Job> {
    return this.finished((await this.submit(path, body)).id);
  }

  /** Reads a file out of an archive to its end; gives its size. */
  async readFile(archive: string, path: string): Promise<number> {
    const answer = await this.#call("POST", "/api/admin/archives/cat", { archive, path });
    return (await answer.arrayBuffer()).byteLength;
  }

  /** Ends the gateway and removes its state. */
  async close(): Promise<void> {
    await this.#process.stop();
    for (const path of [this.stateDirectory, this.#process.home])
      rmSync(path, { recursive: true, force: true });
  }

  async #call(method: string, path: string, body?: object): Promise<Response> {
    const { "content-type": type, ...authorization } = HEADERS;
    const answer = await fetch(
      `${this.#process.url}${path}`,
      body === undefined
        ? { method, headers: authorization }
        : { method, headers: { ...authorization, "content-type": type }, body: JSON.stringify(body) },
    );
    if (answer.ok) return answer;
    throw new Error(`the gateway refused ${method} ${path} with ${answer.status}: ${await answer.text()}`);
  }
}

function startProcess(stateDirectory: string, place: S3Place | undefined): Promise<GatewayProcess> {
  const env =
    place === undefined
      ? {}
      : {
          S3_ENDPOINT: place.endpoint,
          S3_BUCKET: place.bucket,
          S3_REGION: place.region,
          S3_ACCESS_KEY_ID: place.accessKey,
          S3_SECRET_ACCESS_KEY: place.secretKey,
        };
  return GatewayProcess.start({ stateDirectory, adminToken: ADMIN_TOKEN, env });
}
