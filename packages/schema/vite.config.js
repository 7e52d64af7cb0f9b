import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** `src/index.ts` with all that it imports, beside the declarations that the compiler writes. */
export default defineConfig({
  root: here("."),
  build: {
    ssr: "src/index.ts",
    outDir: "dist",
    emptyOutDir: false,
    target: "node20",
    sourcemap: false,
    rollupOptions: { output: { entryFileNames: "bundle.js" } },
  },
  ssr: { noExternal: true },
});
