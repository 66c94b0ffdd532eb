/**
 * Mutants that no test can kill, since the mutated program does the same. Each is listed with its reason in
 * `equivalents.json`, by the text of its line, so that the entry outlives changes elsewhere in the file.
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Mutant } from "./mutants.ts"

export interface Equivalent {
  readonly file: string
  /** The line without the white space around it. */
  readonly line: string
  /** As the report prints it, one or more of the same line and for the same reason. Without it, all of the line. */
  readonly mutation?: string | ReadonlyArray<string>
  readonly reason: string
}

const path = join(import.meta.dirname, "equivalents.json")

export const equivalents: ReadonlyArray<Equivalent> = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : []

export const isFor = ({ file, line, mutation }: Equivalent, mutant: Mutant): boolean =>
  mutant.file === file && mutant.source === line &&
  (mutation === undefined || (typeof mutation === "string" ? [mutation] : mutation).includes(mutant.mutation))

/** An entry for each mutation that an entry lists. */
export const listed: ReadonlyArray<Equivalent> = equivalents.flatMap((equivalent) =>
  equivalent.mutation === undefined
    ? [equivalent]
    : [equivalent.mutation].flat().map((mutation) => ({ ...equivalent, mutation }))
)

/** For the reader. */
export const nameOf = ({ file, line, mutation }: Equivalent): string =>
  `${file}: ${mutation === undefined ? "all" : [mutation].flat().join(" and ")} in ${line}`
