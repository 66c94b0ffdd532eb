/**
 * The time to import this library in a new process that has already imported the parts of Effect that it needs.
 *
 * The library is bundled into one JavaScript file, so that the figure does not include stripping its types.
 */
import { build } from "esbuild"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { report } from "./measure.ts"

const out = join(import.meta.dirname, "node_modules", ".imports")
mkdirSync(out, { recursive: true })
const file = join(out, `${process.pid}.mjs`)

await build({
  stdin: {
    contents: "export * from \"@effect-venice/core\"\nexport * as http from \"@effect-venice/http\"\n",
    resolveDir: import.meta.dirname
  },
  bundle: true,
  format: "esm",
  platform: "node",
  external: ["effect"],
  outfile: file,
  logLevel: "error"
})

const timeOf = async (specifier: string): Promise<number> => {
  const start = performance.now()
  await import(specifier)
  return performance.now() - start
}

const ofEffect = [...new Set(readFileSync(file, "utf8").match(/"effect\/[\w/-]+"/g))].map((name) => name.slice(1, -1))
let effect = 0
for (const specifier of ofEffect) effect += await timeOf(specifier)
const ours = await timeOf(pathToFileURL(file).href)
const openai = await timeOf("openai")
rmSync(file)

report({ "import/ours": ours, "import/effect": effect, "import/openai": openai })
