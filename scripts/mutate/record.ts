/**
 * The outcomes of mutants that the repository keeps, so that a run judges only what has changed since.
 *
 * A statement of a module is in the record when all its mutants have been judged: one letter for each, in their order. The
 * letters count until the statement or the operators change. Neither a change of the tests nor one of another statement is
 * noticed, so `--fresh` judges again what is in the record, and `--again` the survivors.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { groupBy } from "./groups.ts"
import type { Program } from "./program.ts"
import type { Result, Status } from "./results.ts"
import { hash, read } from "./testFiles.ts"

export const recordPath = join(import.meta.dirname, "record.json")

const letters: Readonly<Record<Status, string>> = { killed: "k", timeout: "t", survived: "s", uncovered: "u" }
const statuses = new Map(Object.entries(letters).map(([status, letter]) => [letter, status as Status]))

/** By file, the letters of each statement, by the hash of its text and the operators. */
type Kept = Readonly<{ [file: string]: Readonly<{ [hash: string]: string }> }>

const operators = ["mutants", "operators", "regex"].map((name) => read(`scripts/mutate/${name}.ts`))

interface Statement {
  readonly file: string
  readonly hash: string
  /** Of its mutants. */
  readonly keys: ReadonlyArray<string>
}

const statementsOf = ({ keys, mutants }: Program): ReadonlyArray<Statement> => {
  const byStatement = groupBy(
    mutants.map((mutant, i) => ({ mutant, key: keys[i]! })),
    ({ mutant }) => mutant.statement
  )
  return [...byStatement].map(([statement, group]) => ({
    file: group[0]!.mutant.file,
    hash: hash(statement.getText(), ...operators),
    keys: group.map(({ key }) => key)
  }))
}

/** By key, what the record says of the mutants of statements that have not changed. */
export const recorded = (program: Program): ReadonlyMap<string, Result> => {
  const out = new Map<string, Result>()
  if (!existsSync(recordPath)) return out
  const record: Kept = JSON.parse(readFileSync(recordPath, "utf8"))
  for (const { file, hash, keys } of statementsOf(program)) {
    const outcomes = record[file]?.[hash]
    if (outcomes === undefined) continue
    keys.forEach((key, i) => out.set(key, { key, status: statuses.get(outcomes[i]!)!, isRecorded: true }))
  }
  return out
}

export const writeRecord = (program: Program, resultOf: (key: string) => Result | undefined): void => {
  const record: { [file: string]: { [hash: string]: string } } = {}
  for (const { file, hash, keys } of statementsOf(program)) {
    const results = keys.map(resultOf)
    if (results.includes(undefined)) continue
    ;(record[file] ??= {})[hash] = results.map((result) => letters[result!.status]).join("")
  }
  writeFileSync(recordPath, JSON.stringify(record))
}
