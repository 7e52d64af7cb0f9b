/** Jobs of a gateway, started and followed by its routes, beside the command line. */
import { readdir } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { ADMIN_TOKEN, type Bed } from "./bed.js";

const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };

/** Starts a job; gives it as it is then. */
export async function startJob<J>(bed: Bed, path: string, body: object = {}): Promise<J> {
  const answer = await fetch(`${bed.gateway.url}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  if (answer.status !== 202) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return ((await answer.json()) as { job: J }).job;
}

/** Waits for a job's end; gives it then. */
export async function endOfJob<J>(bed: Bed, id: string): Promise<J> {
  const path = `/api/admin/jobs/${id}`;
  // The stream of events ends with the job.
  await fetch(`${bed.gateway.url}${path}/events`, { headers }).then((answer) => answer.text());
  return (await bed.get(path)) as J;
}

/** {@link becomes}: a directory holds nothing. */
export function becomesEmpty(directory: string): Promise<boolean> {
  return becomes(async () => (await readdir(directory)).length === 0);
}

/** Until something that goes on in the background has come true: false when that takes half a minute. */
export async function becomes(condition: () => Promise<boolean>): Promise<boolean> {
  for (let left = 600; left > 0; left--) {
    if (await condition()) return true;
    await delay(50);
  }
  return false;
}
