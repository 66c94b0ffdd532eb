/** The sources with their mutants, which are numbered from 1. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { groupBy } from "./groups.ts"
import { Instrumented } from "./instrument.ts"
import type { Mutant } from "./mutants.ts"
import { mutantsOf } from "./mutants.ts"
import { keyOf } from "./results.ts"

const root = join(import.meta.dirname, "../..")

export class Program {
  readonly texts: ReadonlyMap<string, string>
  readonly mutants: ReadonlyArray<Mutant>
  readonly keys: ReadonlyArray<string>
  readonly #instrumented: ReadonlyMap<string, Instrumented>
  readonly #first: ReadonlyMap<string, number>

  constructor() {
    const sources = globSync("packages/{core,http}/src/**/*.ts", { cwd: root }).sort()
    this.texts = new Map(sources.map((file) => [file, readFileSync(join(root, file), "utf8")]))
    this.mutants = [...this.texts].flatMap(([file, text]) => mutantsOf(file, text))
    this.keys = this.mutants.map(keyOf)
    const groups = groupBy(this.mutants, ({ file }) => file)
    const first = new Map<string, number>()
    let next = 1
    for (const file of sources) {
      first.set(file, next)
      next += groups.get(file)?.length ?? 0
    }
    this.#first = first
    this.#instrumented = new Map(
      [...this.texts].map(([file, text]) => [file, new Instrumented(text, groups.get(file) ?? [], first.get(file)!)])
    )
  }

  get instrumented(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#instrumented].map(([file, { text }]) => [file, text]))
  }

  counterOf(number: number): number {
    const { file } = this.mutants[number - 1]!
    return this.#instrumented.get(file)!.counterOf(number - this.#first.get(file)!)
  }

  /** The numbers of the mutants of a file, the end excluded. */
  range(file: string): readonly [number, number] {
    const first = this.#first.get(file)!
    return [first, first + this.mutants.filter((mutant) => mutant.file === file).length]
  }
}
