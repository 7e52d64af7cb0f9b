// Native addons compile against the headers of the Node that runs them. Many distributions put these beside it: then they
// need not be fetched from nodejs.org, and an install works where only the package registry can be reached.
// (In capitals: pnpm takes lower-case npm_* variables out of the environment of install scripts.)
const { existsSync } = require("node:fs");
const { dirname, join } = require("node:path");

const prefix = dirname(dirname(process.execPath));
if (existsSync(join(prefix, "include/node/node.h"))) process.env.NPM_CONFIG_NODEDIR ??= prefix;
