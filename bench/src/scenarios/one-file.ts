import { statSync } from "node:fs";
import { join } from "node:path";
import { inTurn, rounds } from "../scenario.js";
import type { Scenario } from "../scenario.js";
import { filesBelow } from "../tenant/files.js";
import { OURS } from "../results/results.js";
import { describeTenant } from "./describe.js";
import { firstBackups, noteField } from "./first-backup.js";

export const ONE_FILE = "one file";
export const WHOLE_ARCHIVE = "whole archive, downloaded";

/** Files of about this size are what people ask for. */
const WANTED_BYTES = 10_000;

export const oneFile: Scenario = {
  id: "one-file",
  title: "One file of 10 KB out of an archive on S3",
  about:
    "Each tool reads the same file out of its backup. For comparison the whole archive of this project is downloaded with one plain " +
    "GET, which is the fastest way there is, and thrown away.",
  settings: describeTenant,
  run: async (lab, notebook) => {
    const field = await lab.field("s3");
    try {
      noteField(field, notebook);
      const { server, proxy } = await lab.store();
      const wanted = nearest(field.source, WANTED_BYTES);
      await firstBackups(lab, notebook, field.contestants);
      const objects = (await field.storage?.objects()) ?? [];
      const [archive] = objects.filter(({ key }) => key.endsWith(".tar.zst"));
      for (const round of rounds(lab.options.rounds)) {
        await inTurn(lab, notebook, field.contestants, {
          name: ONE_FILE,
          round,
          work: (contestant, watch) => contestant.readFile(wanted.path, wanted.size, watch),
        });
        const bucket = field.storage?.place.bucket;
        if (archive === undefined || bucket === undefined) continue;
        const values = await lab.measure(async () => {
          await server.download(bucket, archive.key, proxy.endpoint);
          return {};
        });
        notebook.record({ tool: OURS, step: WHOLE_ARCHIVE, round, values });
      }
    } finally {
      await field.close();
    }
  },
};

/** The file of the workspace whose size is nearest. */
function nearest(source: string, bytes: number): { readonly path: string; readonly size: number } {
  const files = filesBelow(source, "workspace/projects").map((path) => ({
    path,
    size: statSync(join(source, path)).size,
  }));
  const [first] = files.sort((a, b) => Math.abs(a.size - bytes) - Math.abs(b.size - bytes));
  if (first === undefined) throw new Error("the tenant's workspace is empty");
  return first;
}
