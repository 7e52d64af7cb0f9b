/** The hostile archives with our index again, for what reads an archive in parts: never more lenient than a restore. */
import t from "tap";
import { ADMIN_TOKEN } from "../support/bed.js";
import { besieged, deliver } from "./attack.js";
import { nativeCases } from "./native/index.js";

/** What these are about is in nothing that a path leads to: the end of the tar, and the tenant's own record. */
const ONLY_WHOLE = new Set([
  "native-end-not-zero",
  "native-record-of-another-tenant",
  "native-record-of-another-uid",
  "native-bomb-tenant-record",
  "native-record-a-link",
  "native-record-a-directory",
  "native-record-no-text",
]);

/** There are a hundred of them, and the machine may be busy. */
const TIMEOUT_MS = 240_000;

interface Refusal {
  readonly code: string;
}

t.test(
  "every hostile archive with our index is refused when its paths are restored",
  { timeout: TIMEOUT_MS },
  async (t) => {
    const { bed, outside } = await besieged(t);
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, "content-type": "application/json" };
    const post = async (route: string, body: object): Promise<unknown> =>
      (
        await fetch(`${bed.gateway.url}/api/admin/${route}`, {
          method: "POST",
          headers,
          body: JSON.stringify(body),
        })
      ).json();
    for (const one of nativeCases) {
      const archive = await deliver(bed, one, outside);
      const request = { from: archive, paths: ["**"], as: "bystander", dryRun: true };
      const { job } = (await post("restores", request)) as { readonly job: { readonly id: string } };
      const events = await fetch(`${bed.gateway.url}/api/admin/jobs/${job.id}/events`, { headers });
      const last = (await events.text()).trimEnd().split("\ndata: ").at(-1) ?? "";
      const { error } = JSON.parse(last) as { readonly error?: Refusal };
      // The rule may be another one: an archive whose index is hidden cannot be read in parts at all.
      if (ONLY_WHOLE.has(one.id)) t.equal(error, undefined, one.id);
      else t.match(error, { code: /^(ARCHIVE_|UNSAFE_ENTRY|LIMIT_EXCEEDED)/ }, one.id);
    }
  },
);
