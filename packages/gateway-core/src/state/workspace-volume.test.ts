import t from "tap";
import { workspaceVolume } from "./workspace-volume.js";

await t.test("the workspace is on a volume of its own where environment or config say so", (t) => {
  t.equal(workspaceVolume({}, {}, "/state"), undefined);
  t.equal(workspaceVolume({ OPENCLAW_WORKSPACE_DIR: "" }, {}, "/state"), undefined);
  t.equal(workspaceVolume({}, { workspaceDir: "/data/w" }, "/state"), "/data/w");
  t.equal(workspaceVolume({}, { workspaceDir: "workspace" }, "/state"), "/state/workspace");
  const env = { OPENCLAW_WORKSPACE_DIR: "/env/w/" };
  t.equal(workspaceVolume(env, { workspaceDir: "/data/w" }, "/state"), "/env/w");
  t.end();
});
