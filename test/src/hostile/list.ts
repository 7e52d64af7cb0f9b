/** Prints the list of hostile archives; with `--write`, puts it into `test/hostile/README.md`. */
import { hostileCases } from "./cases.js";
import { renderedList, writeList } from "./readme.js";

const list = renderedList(hostileCases);
if (process.argv.includes("--write")) writeList(list);
else process.stdout.write(list);
