/**
 * The time to import this library in a new process that has already imported the parts of Effect that it needs.
 *
 * The library is bundled into one JavaScript file, so that the figure does not include stripping its types. Each bundle is
 * imported by a process of its own, because the first import warms up what the second one uses.
 */
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { report } from "./measure.ts"

const timeOf = async (specifier: string): Promise<number> => {
  const start = performance.now()
  await import(specifier)
  return performance.now() - start
}

interface Times {
  readonly ours: number
  readonly effect: number
}

/** The times to import a bundle and the parts of Effect that it names, in this process. */
const importBundle = async (file: string): Promise<Times> => {
  const ofEffect = new Set(readFileSync(file, "utf8").match(/"effect\/[\w/-]+"/g))
  let effect = 0
  for (const specifier of ofEffect) effect += await timeOf(specifier.slice(1, -1))
  return { effect, ours: await timeOf(pathToFileURL(file).href) }
}

const inNewProcess = async (contents: string): Promise<Times> => {
  const out = join(import.meta.dirname, "node_modules", ".imports")
  mkdirSync(out, { recursive: true })
  const file = join(out, `${process.pid}.mjs`)
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: "esm",
    platform: "node",
    external: ["effect"],
    outfile: file,
    logLevel: "error"
  })
  const output = execFileSync(process.execPath, [import.meta.filename, file], { encoding: "utf8" })
  rmSync(file)
  return JSON.parse(output)
}

const [bundle] = process.argv.slice(2)
if (bundle === undefined) {
  const whole = await inNewProcess(
    "export * from \"@effect-venice/core\"\nexport * as http from \"@effect-venice/http\"\n"
  )
  const errors = await inNewProcess(
    "export * as Decode from \"@effect-venice/core/Decode\"\nexport * as Errors from \"@effect-venice/core/Errors\"\n"
  )
  report({
    "import/share": whole.ours / whole.effect,
    "import/errors/share": errors.ours / errors.effect,
    "import/ours": whole.ours,
    "import/errors/ours": errors.ours,
    "import/effect": whole.effect,
    "import/openai": await timeOf("openai")
  })
} else process.stdout.write(JSON.stringify(await importBundle(bundle)))
