// The layers of the backup plugin, and the walls between packages: imports point one way only.
const plugin = "^packages/gateway-plugin-backup/src";
const test = "\\.test\\.ts$|/test-support/|/testing/|conformance\\.ts$";
/** As they are resolved, or, for what is imported as text, as they are written. */
const browserLibraries = "(^|/node_modules/)(lit|@lit/task|uplot)(/|$)";

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      severity: "error",
      from: {},
      to: { circular: true, dependencyTypesNot: ["type-only"] },
    },
    {
      name: "archive-knows-bytes-only",
      comment: "archive/ knows bytes and directories, nothing of stores, jobs or HTTP.",
      severity: "error",
      from: { path: `${plugin}/archive/`, pathNot: test },
      to: { path: `${plugin}/(stores|jobs|routes|ui)/` },
    },
    {
      name: "stores-know-objects-only",
      severity: "error",
      from: { path: `${plugin}/stores/`, pathNot: test },
      to: { path: `${plugin}/(archive|jobs|routes|ui)/` },
    },
    {
      name: "jobs-know-no-http",
      severity: "error",
      from: { path: `${plugin}/jobs/`, pathNot: test },
      to: { path: `${plugin}/(routes|ui)/|node_modules/(fastify|@fastify)/` },
    },
    {
      name: "plugin-sees-host-types-only",
      comment: "Another host could implement PluginHost.",
      severity: "error",
      from: { path: plugin, pathNot: test },
      to: { path: "gateway-core", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "host-knows-no-plugin",
      severity: "error",
      from: { path: "^packages/gateway-core/" },
      to: { path: "gateway-plugin-|cli-shim" },
    },
    {
      name: "the-sdk-stays-in-the-s3-store",
      severity: "error",
      from: { path: plugin, pathNot: `${plugin}/stores/s3/|${test}` },
      to: { path: "node_modules/(@aws-sdk|@smithy)/" },
    },
    {
      name: "schemas-come-in-one-file",
      comment: "See packages/schema.",
      severity: "error",
      from: { pathNot: "^packages/schema/" },
      to: {
        path: "node_modules/(typebox|@fastify/type-provider-typebox)/",
        dependencyTypesNot: ["type-only"],
      },
    },
    {
      name: "ui-code-imports-little",
      comment: "A browser loads it: the shared kit, its own package, and three small libraries.",
      severity: "error",
      from: { path: "^packages/([^/]+)/ui/src/", pathNot: test },
      to: {
        pathNot: `^packages/(ui-kit/src|$1/ui/src|$1/src|$1/dist)/|${browserLibraries}`,
      },
    },
    {
      name: "ui-code-takes-types-from-its-package-only",
      severity: "error",
      from: { path: "^packages/([^/]+)/ui/src/", pathNot: test },
      to: { path: "^packages/$1/(src|dist)/", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "the-ui-kit-stands-alone",
      severity: "error",
      from: { path: "^packages/ui-kit/src/", pathNot: test },
      to: { pathNot: `^packages/ui-kit/src/|${browserLibraries}` },
    },
    {
      name: "no-orphans",
      severity: "error",
      from: { orphan: true, pathNot: "\\.d\\.ts$|\\.cjs$" },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "default"] },
  },
};
