/** A process that swaps the state, undoes that, or settles it, and kills itself before the n-th call that changes the disk. */
import { StateRestores, type ReplacedVolume } from "../state/restore/state-restores.js";
import { diskUntil } from "./state-volumes.js";

export interface RestoreChildPlan {
  readonly state: string;
  readonly volumes: readonly ReplacedVolume[];
  readonly killAt: number;
  readonly act: "swap" | "undo" | "settle";
}

const { state, volumes, killAt, act } = JSON.parse(process.argv[2] ?? "") as RestoreChildPlan;
const disk = diskUntil(killAt, () => {
  process.kill(process.pid, "SIGKILL");
  throw new Error("still alive");
});
const restores = new StateRestores(state, disk);
if (act === "swap") await restores.swap({ job: "j2", from: "there", at: 2, volumes });
else if (act === "undo") await restores.undo({ job: "j3", at: 3, volumes });
else await restores.settle();
