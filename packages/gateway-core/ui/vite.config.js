import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The shell of the control UI, which the gateway serves at `/`. */
export default defineConfig({
  root: here("."),
  base: "/",
  // What vite would put in by itself is inline, and the gateway's CSP allows none of it.
  build: {
    outDir: here("../dist/ui"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: false,
    assetsInlineLimit: 0,
    assetsDir: "ui/shell",
    reportCompressedSize: true,
  },
});
