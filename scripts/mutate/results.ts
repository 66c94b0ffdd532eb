/**
 * What is known of mutants from this run, those before, and the record in the repository. A result is appended as soon
 * as there is one.
 *
 * A killed mutant stays killed while there is a test of the name that killed it, a survivor survives while the test files
 * it was tried on are the same. Both end with a change of the mutated statement, be it a function or a class. Changes of other
 * sources are not noticed, nor that a test states less than it did.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Mutant } from "./mutants.ts"
import { hash } from "./testFiles.ts"

export type Status = "killed" | "timeout" | "survived" | "uncovered"

export interface Result {
  readonly key: string
  readonly status: Status
  /** The test file that killed it. */
  readonly by?: string
  /** The test. */
  readonly test?: string
  /** Of the test files it was tried on, for one that was not killed. */
  readonly tests?: string
  /** Whether it is from the record in the repository. */
  readonly isRecorded?: boolean
}

/** The same for a mutant whose statement has moved in its file. */
export const keyOf = ({ end, file, replacement, start, statement }: Mutant): string => {
  const offset = statement.getStart()
  return hash(file, statement.getText(), String(start - offset), String(end - offset), replacement)
}

export class Results {
  readonly #path: string
  readonly #known: Map<string, Result>

  constructor(store: string, recorded: ReadonlyMap<string, Result>) {
    this.#known = new Map(recorded)
    this.#path = join(store, "results.jsonl")
    if (!existsSync(this.#path)) return
    for (const line of readFileSync(this.#path, "utf8").split("\n")) {
      // The last line of a run that was killed may be half a line.
      if (!line.endsWith("}")) continue
      const result = JSON.parse(line) as Result
      this.#known.set(result.key, result)
    }
  }

  get(key: string): Result | undefined {
    return this.#known.get(key)
  }

  add(result: Result): void {
    this.#known.set(result.key, result)
    appendFileSync(this.#path, `${JSON.stringify(result)}\n`)
  }
}
