import { defineConfig } from "vite";

/** `src/index.ts` with all that it imports, beside the declarations that the compiler writes. */
export default defineConfig({
  build: {
    ssr: "src/index.ts",
    outDir: "dist",
    emptyOutDir: false,
    target: "node20",
    rollupOptions: { output: { entryFileNames: "bundle.js" } },
  },
  ssr: { noExternal: true },
});
