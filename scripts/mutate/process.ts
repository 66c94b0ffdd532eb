/**
 * A process with Vitest in it and a single worker, which does a job. Nothing is written to the sources: Vite is handed
 * the instrumented text when it loads a file.
 */
import { readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { createVitest } from "vitest/node"

process.stdin.resume().once("close", () => process.exit(1))

const root = join(import.meta.dirname, "../..")
const [texts, job] = process.argv.slice(2) as [string, string]

const instrumented = JSON.parse(readFileSync(texts, "utf8")) as Readonly<Record<string, string>>

const vitest = await createVitest("test", {
  root,
  watch: false,
  reporters: [{}],
  runner: join(import.meta.dirname, "runner.ts"),
  provide: { mutate: job },
  isolate: false,
  pool: "threads",
  maxWorkers: 1,
  // The cache goes by the text on the disk.
  fsModuleCache: false,
  passWithNoTests: true,
  update: "none",
  testTimeout: 60_000
}, { plugins: [{ name: "mutate", enforce: "pre", load: (id) => instrumented[relative(root, id)] }] })

await vitest.runTestSpecifications([
  vitest.getRootProject().createSpecification(join(import.meta.dirname, "runner.ts"))
])
await vitest.close()
process.exit()

declare module "vitest" {
  interface ProvidedContext {
    readonly mutate: string
  }
}
