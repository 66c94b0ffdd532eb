/** The program of a process, in one file: eight processes that read a thousand modules each would take a minute to start. */
import { build } from "esbuild"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

export const bundle = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "effect-venice-fleet-"))
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }))
  await build({
    entryPoints: { worker: join(import.meta.dirname, "worker.ts") },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    logLevel: "error",
    // CommonJS modules in an ES module need it.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"
    }
  })
  return join(folder, "worker.mjs")
}
