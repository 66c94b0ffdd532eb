/** TypeScript over the programs and the declarations that a project has installed, as Node and as bundlers resolve them. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { root } from "../pack.ts"
import { run } from "./process.ts"
import { captured, receivedAt } from "./programs/captured.ts"
import type { Outcome } from "./programs/check.ts"
import type { Runtime } from "./runtimes.ts"
import * as Supported from "./supported.ts"

const programs = join(import.meta.dirname, "programs")

const compilerOptions = {
  target: "ES2023",
  lib: ["ES2023", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  types: []
}

interface Compilation {
  readonly options: object
  readonly file: string
}

const compilations: Readonly<Record<string, Compilation>> = {
  // The declarations are checked too, and need nothing of Node.
  "as Node resolves": { options: { module: "NodeNext", skipLibCheck: false }, file: "web" },
  "as bundlers resolve": {
    options: { module: "ESNext", moduleResolution: "Bundler", skipLibCheck: false },
    file: "web"
  },
  "with testing": { options: { module: "NodeNext", skipLibCheck: true }, file: "full" }
}

const writeSources = (directory: string): void => {
  const sources = join(directory, "src")
  mkdirSync(sources, { recursive: true })
  for (const name of ["check", "small", "web", "full"]) {
    copyFileSync(join(programs, `${name}.ts`), join(sources, `${name}.ts`))
  }
  const declared = readFileSync(join(programs, "captured.ts"), "utf8")
  const type = /export interface Captured \{[^}]*\}/.exec(declared)![0]
  writeFileSync(
    join(sources, "captured.ts"),
    `${type}\nexport const receivedAt: string = ${JSON.stringify(receivedAt)}\n` +
      `export const captured: ReadonlyArray<Captured> = JSON.parse(${JSON.stringify(JSON.stringify(captured))})\n`
  )
}

const compiler = (module: string, version: string): Runtime => ({
  name: `TypeScript ${version}`,
  program: "web",
  find: async () => {
    const manifest = JSON.parse(readFileSync(join(root, "node_modules", module, "package.json"), "utf8"))
    if (!manifest.version.startsWith(`${version}.`)) throw new Error(`${module} is ${manifest.version}`)
  },
  // One layout with copies and one with links: what is installed is the same in all.
  runs: ({ name }) => name === "npm 11" || name === "pnpm 12",
  check: ({ places: { directory } }) => {
    writeSources(directory)
    const tsc = join(root, "node_modules", module, "bin/tsc")
    return Promise.all(
      Object.entries(compilations).map(async ([name, { file, options }], index): Promise<Outcome> => {
        const project = join(directory, `tsconfig.${module}.${index}.json`)
        const config = { compilerOptions: { ...compilerOptions, ...options }, files: [`src/${file}.ts`] }
        writeFileSync(project, JSON.stringify(config))
        try {
          await run([process.execPath, tsc, "-p", project], { cwd: directory })
          return { name, failure: null }
        } catch (error) {
          return { name, failure: String(error) }
        }
      })
    )
  }
})

export const compilers: ReadonlyArray<Runtime> = Object.entries(Supported.compilers).map(([module, version]) =>
  compiler(module, version)
)
