/** Calls to a gateway that may die at any moment: whoever calls learns the answer, or that there was none. */
import type { GatewayProcess } from "../gateway-process.js";

/** A job as the routes show it. */
export interface JobView {
  readonly id: string;
  readonly type: string;
  readonly tenant: string;
  readonly state: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly request: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Request {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: object;
}

/** Undefined when the connection broke before the whole answer was here. */
export async function tryCall(
  { url, adminToken }: GatewayProcess,
  { method, path, body }: Request,
): Promise<Answer | undefined> {
  try {
    const answer = await fetch(`${url}/api/admin${path}`, {
      method,
      headers: {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Answer["body"] };
  } catch {
    return undefined;
  }
}

/** Waits for the end of a job; undefined when the gateway ended before. */
export async function followJob(
  { url, adminToken }: GatewayProcess,
  id: string,
): Promise<JobView | undefined> {
  try {
    const answer = await fetch(`${url}/api/admin/jobs/${id}/events`, {
      headers: { authorization: `Bearer ${adminToken}` },
    });
    const last = (await answer.text()).trimEnd().split("\n\n").at(-1) ?? "";
    const job = JSON.parse(last.slice(last.indexOf("data: ") + "data: ".length)) as JobView;
    return job.state === "queued" || job.state === "running" ? undefined : job;
  } catch {
    return undefined;
  }
}

export async function getAll<T>(gateway: GatewayProcess, path: string): Promise<T> {
  const answer = await tryCall(gateway, { method: "GET", path });
  if (answer?.status !== 200)
    throw new Error(`${path} was answered with ${JSON.stringify(answer)}:\n${gateway.output}`);
  return answer.body as T;
}
