/**
 * The outcomes of mutants that the repository keeps, so that a run judges only what has changed since.
 *
 * A file is in the record when all its mutants have been judged: one letter for each, in their order. The letters count
 * until the file or the operators change. Neither a change of the tests nor one of another source is noticed, so `--fresh`
 * judges again what is in the record, and `--again` the survivors.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Program } from "./program.ts"
import type { Result, Status } from "./results.ts"
import { hash, read } from "./testFiles.ts"

export const recordPath = join(import.meta.dirname, "record.json")

const letters: Readonly<Record<Status, string>> = { killed: "k", timeout: "t", survived: "s", uncovered: "u" }
const statuses = new Map(Object.entries(letters).map(([status, letter]) => [letter, status as Status]))

interface Entry {
  /** Of the file and the operators. */
  readonly hash: string
  readonly outcomes: string
}

const operators = ["mutants", "operators", "regex"].map((name) => read(`scripts/mutate/${name}.ts`))

const hashOf = (text: string): string => hash(text, ...operators)

const filesOf = (program: Program) =>
  [...program.texts].map(([file, text]) => ({ file, text, range: program.range(file) }))

/** By key, what the record says of the mutants of files that have not changed. */
export const recorded = (program: Program): ReadonlyMap<string, Result> => {
  const out = new Map<string, Result>()
  if (!existsSync(recordPath)) return out
  const entries = JSON.parse(readFileSync(recordPath, "utf8")) as Readonly<Record<string, Entry>>
  for (const { file, range: [first, end], text } of filesOf(program)) {
    const entry = entries[file]
    if (entry?.hash !== hashOf(text)) continue
    program.keys.slice(first - 1, end - 1).forEach((key, i) => {
      out.set(key, { key, status: statuses.get(entry.outcomes[i]!)!, isRecorded: true })
    })
  }
  return out
}

export const writeRecord = (program: Program, resultOf: (key: string) => Result | undefined): void => {
  const entries = filesOf(program).flatMap(({ file, range: [first, end], text }): ReadonlyArray<[string, Entry]> => {
    const results = program.keys.slice(first - 1, end - 1).map(resultOf)
    if (results.length === 0 || results.includes(undefined)) return []
    return [[file, { hash: hashOf(text), outcomes: results.map((result) => letters[result!.status]).join("") }]]
  })
  writeFileSync(recordPath, JSON.stringify(Object.fromEntries(entries)))
}
