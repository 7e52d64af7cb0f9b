import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The backup panel, which the shell loads as a module from `/ui/panels/backup/panel.js`. */
export default defineConfig({
  root: here("."),
  base: "/ui/panels/backup/",
  build: {
    outDir: here("../dist/ui"),
    emptyOutDir: true,
    target: "es2023",
    modulePreload: false,
    assetsInlineLimit: 0,
    lib: { entry: here("src/panel.ts"), formats: ["es"], fileName: () => "panel.js" },
    rollupOptions: { output: { chunkFileNames: "[name]-[hash].js" } },
  },
});
