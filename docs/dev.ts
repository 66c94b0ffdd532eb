/** Serves the site while it is written: a changed page is written again, and Astro shows it. */
import { spawn } from "node:child_process"
import { watch } from "node:fs"
import { join } from "node:path"
import { generate } from "./generate/main.ts"

const docs = import.meta.dirname

await generate()
const astro = spawn(
  process.execPath,
  [join(docs, "node_modules/astro/bin/astro.mjs"), "dev", ...process.argv.slice(2)],
  {
    cwd: docs,
    stdio: "inherit",
    env: { ...process.env, ASTRO_TELEMETRY_DISABLED: "1" }
  }
)
astro.on("exit", (status) => process.exit(status ?? 0))

let pending: NodeJS.Timeout | undefined
for (const folder of ["", "ar", "explanation", "guides", "reference", "../examples"]) {
  watch(join(docs, folder), (_, file) => {
    if (file === null || !/\.(?:md|ts|js|html)$/.test(file)) return
    clearTimeout(pending)
    pending = setTimeout(() => void generate().catch((error: Error) => process.stderr.write(`${error.message}\n`)), 200)
  })
}
