/**
 * The work of the type checker for a program that uses all errors: the classes and their union, an exhaustive match,
 * and a hundred places that catch one error of the union.
 *
 * It counts instantiations instead of time, so the figure is the same on every machine. The program is checked against
 * the built declarations, as an application is.
 */
import { Errors } from "@effect-venice/core"
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")

const codes = Object.values(Errors).map(({ code }) => code)

const program = `
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

const configuration = {
  extends: join(root, "tsconfig.base.json"),
  compilerOptions: {
    noEmit: true,
    declaration: false,
    declarationMap: false,
    paths: { "@effect-venice/core": [join(root, "packages/core/dist/index.d.ts")] }
  },
  include: ["program.ts"]
}

/** The number of instantiations that the compiler reports. */
export const instantiations = (): number => {
  const directory = join(import.meta.dirname, "node_modules", ".instantiations")
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, "program.ts"), program)
  writeFileSync(join(directory, "tsconfig.json"), JSON.stringify(configuration))
  const { status, stdout } = spawnSync(
    join(root, "node_modules/.bin/tsc"),
    ["-p", directory, "--extendedDiagnostics", "--singleThreaded"],
    { encoding: "utf8" }
  )
  const found = /^Instantiations:\s*(\d+)$/m.exec(stdout)?.[1]
  if (status !== 0 || found === undefined) throw new Error(`the program does not compile\n${stdout}`)
  rmSync(directory, { recursive: true })
  return Number(found)
}
