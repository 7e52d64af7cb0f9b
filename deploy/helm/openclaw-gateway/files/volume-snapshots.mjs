// Takes a VolumeSnapshot of each claim, waits until all are ready, and only then removes those beyond the newest so many.
// It talks to the cluster's API with the rights of its pod's service account: create, get, list and delete volumesnapshots in
// the release's namespace.
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";

const POLL_MS = 2000;

const { API, RELEASE, CLASS_NAME } = process.env;
const claims = process.env.CLAIMS.split(" ");
const keep = Number(process.env.KEEP);
const account = process.env.ACCOUNT_DIR;
const namespace = readFileSync(`${account}/namespace`, "utf8");
const snapshots = `${API}/apis/snapshot.storage.k8s.io/v1/namespaces/${namespace}/volumesnapshots`;

async function call(method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: {
      // Read each time: the cluster replaces it.
      authorization: `Bearer ${readFileSync(`${account}/token`, "utf8")}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const document = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${document.message ?? ""}`);
  return document;
}

/** Two runs of one minute must not be taken for one: a name is a time in seconds. */
const time = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-");

async function take(claim) {
  const { metadata } = await call("POST", snapshots, {
    apiVersion: "snapshot.storage.k8s.io/v1",
    kind: "VolumeSnapshot",
    metadata: {
      name: `${claim}-${time}`,
      labels: {
        "app.kubernetes.io/instance": RELEASE,
        "app.kubernetes.io/component": "volume-snapshots",
        "openclaw/claim": claim,
      },
    },
    spec: {
      ...(CLASS_NAME === "" ? {} : { volumeSnapshotClassName: CLASS_NAME }),
      source: { persistentVolumeClaimName: claim },
    },
  });
  return metadata.name;
}

/** The job's deadline ends the waiting, not this. */
async function ready(name) {
  for (;;) {
    const { status } = await call("GET", `${snapshots}/${name}`);
    if (status?.readyToUse === true) return;
    if (status?.error?.message !== undefined) console.error(`${name}: ${status.error.message}`);
    await setTimeout(POLL_MS);
  }
}

async function prune(claim) {
  const selector = encodeURIComponent(
    `app.kubernetes.io/instance=${RELEASE},app.kubernetes.io/component=volume-snapshots,openclaw/claim=${claim}`,
  );
  const { items } = await call("GET", `${snapshots}?labelSelector=${selector}`);
  // Names of one claim sort by time. What is not ready protects nothing, and counts for nothing.
  const good = items.filter(({ status }) => status?.readyToUse === true).map(({ metadata }) => metadata.name);
  for (const name of good.sort().slice(0, -keep)) {
    await call("DELETE", `${snapshots}/${name}`);
    console.log(`removed ${name}`);
  }
}

const names = [];
for (const claim of claims) names.push(await take(claim));
for (const name of names) {
  await ready(name);
  console.log(`ready ${name}`);
}
for (const claim of claims) await prune(claim);
