/**
 * How much the type checker does for two programs. One uses all of the algebra: all classes and their union, an
 * exhaustive match, and a hundred places that catch one error of the union. The other calls every operation.
 *
 * Counted, not timed, so that it is the same on every machine. The programs are checked against the built declarations,
 * as an application is.
 */
import { Errors, Operation } from "@effect-venice/core"
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")

const codes = Object.values(Errors).map(({ code }) => code)

export const algebra = `
import { Errors, VeniceError } from "@effect-venice/core"
import { Effect } from "effect"

declare const call: Effect.Effect<string, VeniceError.VeniceError>

export const classes: ReadonlyArray<VeniceError.VeniceErrorClass> = Object.values(Errors)

export const matched = (error: VeniceError.VeniceError) =>
  VeniceError.match(error, {
${codes.map((code) => `    ${code}: (error) => error.status`).join(",\n")}
  })

${
  Array.from({ length: 100 }, (_, i) =>
    `export const site${i} = Effect.catchTag(call, "${codes[i % codes.length]}", (error) => Effect.fail(error.status))`)
    .join("\n")
}
`

const pathOf = (operation: string): string =>
  [...operation.matchAll(/\{(.*?)\}/g)].map(([, parameter]) => `path: { ${parameter}: "x" },`).join("")

export const calls = `
import { Success, type VeniceClient } from "@effect-venice/http"
import type { Schema } from "effect"

declare const venice: VeniceClient["Service"]
declare const success: Schema.Codec<string>

const body = { model: "m", messages: [{ role: "user", content: "hi" }], input: "x", prompt: "x" }

export const completion = venice.execute("POST /chat/completions", { body, success: Success.ChatCompletion })

${
  Operation.all.map((operation, i) =>
    `export const call${i} = venice.execute("${operation}", { ${pathOf(operation)} body, success })`
  ).join("\n")
}
`

const configuration = {
  extends: join(root, "tsconfig.base.json"),
  compilerOptions: {
    noEmit: true,
    declaration: false,
    declarationMap: false,
    paths: {
      "@effect-venice/core": [join(root, "packages/core/dist/index.d.ts")],
      "@effect-venice/core/*": [join(root, "packages/core/dist/*.d.ts")],
      "@effect-venice/http": [join(root, "packages/http/dist/index.d.ts")]
    }
  },
  include: ["program.ts"]
}

export interface Diagnostics {
  readonly instantiations: number
  /** Of the whole compilation. */
  readonly seconds: number
}

/** What the compiler reports of a program. */
export const diagnostics = (program: string): Diagnostics => {
  const directory = join(import.meta.dirname, "node_modules", ".instantiations")
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, "program.ts"), program)
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(configuration))
  const { status, stdout } = spawnSync(
    join(root, "node_modules/.bin/tsc"),
    ["-p", directory, "--extendedDiagnostics", "--singleThreaded"],
    { encoding: "utf8" }
  )
  const instantiations = /^Instantiations:\s*(\d+)$/m.exec(stdout)?.[1]
  const seconds = /^Total time:\s*([\d.]+)s$/m.exec(stdout)?.[1]
  if (status !== 0 || instantiations === undefined || seconds === undefined) {
    throw new Error(`the program does not compile\n${stdout}`)
  }
  rmSync(directory, { recursive: true })
  return { instantiations: Number(instantiations), seconds: Number(seconds) }
}

export const instantiations = (program: string): number => diagnostics(program).instantiations
