/** The audit log's newest file, as it stands on disk while no gateway writes it. */
import { stat } from "node:fs/promises";
import path from "node:path";
import type { DoctorCheck } from "../plugin/host.js";
import { errorText } from "../system-error.js";
import { ChainCheck } from "./chain.js";
import { tamperFinding } from "./doctor.js";
import { listFiles, pieces } from "./files.js";

export function auditFilesCheck(directory: string): DoctorCheck {
  return {
    name: "audit-log",
    run: async () => {
      const newest = (await listFiles(directory)).at(-1);
      if (newest === undefined) return [{ severity: "ok", message: "There is no audit log yet." }];
      const check = new ChainCheck(false);
      check.enter(newest);
      try {
        const file = path.join(directory, newest.name);
        const { size } = await stat(file);
        for await (const some of pieces(file, size)) for (const piece of some) check.feed(piece);
        // A last line that a crash has cut off is noted by the next start.
        if (check.tail?.ended === true) check.finish(undefined);
      } catch (error) {
        check.broken(`cannot be read: ${errorText(error)}`);
      }
      const [fault] = check.faults;
      if (fault !== undefined) return [tamperFinding(fault)];
      return [{ severity: "ok", message: "The audit log's newest file is whole" }];
    },
  };
}
