/**
 * Which tests evaluate the place of a mutant, and how long they take. Kept for a test file until it changes, and for all of
 * them until a source does.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { groupBy } from "./groups.ts"
import type { Program } from "./program.ts"
import type { RecordedFile, RecordedTest } from "./runner.ts"
import { hash, hashOfTest, read } from "./testFiles.ts"
import { work } from "./workers.ts"

export interface Cover {
  /** Places of tests to call with the mutant in the modules that are there. */
  readonly warm: ReadonlyArray<number>
  /** Places of tests to call in modules that are loaded with the mutant. */
  readonly fresh: ReadonlyArray<number>
  readonly files: ReadonlyArray<string>
}

const root = join(import.meta.dirname, "../..")

const add = <K, V>(map: Map<K, Array<V>>, key: K, value: V): void => {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}

export class Baseline {
  readonly tests: ReadonlyArray<RecordedTest>
  /** By test file, what it takes to load it and its modules anew. In milliseconds. */
  readonly loading: Readonly<Record<string, number>>
  readonly #program: Program
  readonly #hashes = new Map<string, string>()
  readonly #passing = new Set<string>()
  /** By the number of a counter, the places of the tests that move it. */
  readonly #reaching = new Map<number, Array<number>>()
  /** The files whose modules move it as they load, and those that do it themselves. */
  readonly #loading = new Map<number, Array<string>>()
  readonly #collecting = new Map<number, Array<string>>()
  readonly #ofFile = new Map<string, ReadonlyArray<number>>()
  readonly #tables = new Set<string>()

  constructor(files: ReadonlyArray<RecordedFile>, program: Program) {
    this.#program = program
    this.tests = files.flatMap(({ tests }) => tests)
    this.loading = Object.fromEntries(files.map(({ file, milliseconds }) => [file, milliseconds]))
    for (const { collects, file, loads } of files) {
      this.#hashes.set(file, hashOfTest(file))
      if (/assertGolden|toMatchFileSnapshot/.test(read(file))) this.#tables.add(file)
      for (const counter of loads) add(this.#loading, counter, file)
      for (const counter of collects) add(this.#collecting, counter, file)
    }
    this.tests.forEach(({ file, hits, name, passed }, i) => {
      if (!passed) return
      this.#passing.add(`${file} ${name}`)
      for (const hit of hits) add(this.#reaching, hit, i)
    })
    const places = this.tests.map((test, i) => ({ ...test, i })).filter(({ passed }) => passed)
    for (const [file, group] of groupBy(places, ({ file }) => file)) this.#ofFile.set(file, group.map(({ i }) => i))
  }

  hashOf(files: ReadonlyArray<string>): string {
    return hash(...files.map((file) => this.#hashes.get(file) ?? "").sort())
  }

  passes(file: string, test: string): boolean {
    return this.#passing.has(`${file} ${test}`)
  }

  placeOf(file: string, test: string): number | undefined {
    return this.#ofFile.get(file)?.find((i) => this.tests[i]!.name === test)
  }

  coverOf(number: number): Cover | undefined {
    const counter = this.#program.counterOf(number)
    const reaching = this.#reaching.get(counter) ?? []
    const loaded = this.#loading.get(counter) ?? []
    const collected = this.#collecting.get(counter) ?? []
    const isLoaded = new Set(loaded)
    const warm = reaching.filter((i) => !isLoaded.has(this.tests[i]!.file))
    const fresh = [...new Set([...loaded, ...collected])].flatMap((file) => this.#ofFile.get(file) ?? [])
    if (warm.length + fresh.length === 0) return undefined
    return { warm, fresh, files: [...new Set([...warm, ...fresh].map((i) => this.tests[i]!.file))] }
  }

  /** By the place of a test, how near it is to a source: how much of it the test evaluates, and whether its file names it. */
  nearnessTo(source: string): ReadonlyArray<number> {
    const [first, end] = this.#program.range(source)
    const name = new RegExp(`\\b${basename(source, ".ts")}\\b`)
    const naming = new Set([...this.#ofFile.keys()].filter((file) => name.test(read(file))))
    return this.tests.map(({ file, hits }) =>
      hits.filter((hit) => first <= hit && hit < end).length + (naming.has(file) ? 20 : 0)
    )
  }

  /** A test of much notices much, and a table of what a function answers more than others. */
  weightOf({ file, hits }: RecordedTest): number {
    return (this.#tables.has(file) ? 5 : 1) + hits.length / 100
  }
}

interface Kept {
  /** Of everything but the tests. */
  readonly sources: string
  readonly tests: Readonly<Record<string, string>>
  readonly files: ReadonlyArray<RecordedFile>
}

export const baseline = async (store: string, program: Program, workers: number): Promise<Baseline> => {
  const glob = (...patterns: ReadonlyArray<string>) => globSync(patterns, { cwd: root }).sort()
  const ofSources = hash(
    ...glob("packages/*/src/**/*.ts", "scripts/mutate/{instrument,operators,regex,runner}.ts", "pnpm-lock.yaml")
      .flatMap((file) => [file, read(file)])
  )
  const tests = Object.fromEntries(
    glob("packages/*/test/**/*.test.ts", "examples/**/*.test.ts")
      .filter((file) => !file.endsWith(".slow.test.ts") || file.endsWith("Redis.slow.test.ts"))
      .map((file) => [file, hashOfTest(file)])
  )
  const path = join(store, "baseline.json")
  const last = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) as Kept : undefined
  const kept =
    (last?.sources === ofSources ? last : undefined)?.files.filter(({ file }) =>
      tests[file] !== undefined && last?.tests[file] === tests[file]
    ) ?? []
  const changed = Object.keys(tests).filter((file) => !kept.some((one) => one.file === file))
  const recorded: Array<RecordedFile> = []
  if (changed.length > 0) {
    console.log(`recording what ${changed.length} test files reach`)
    await work({
      store,
      program,
      workers,
      items: changed,
      job: (record) => ({ record, tests: [], lists: [], tasks: [], kills: {}, loading: {}, nearness: {}, budget: 0 }),
      onLine: (line) => {
        if (!("recorded" in line)) return undefined
        recorded.push(line.recorded)
        const { file, tests } = line.recorded
        const failing = tests.filter(({ passed }) => !passed).length
        if (failing > 0) console.log(`left out, since they fail without a mutant: ${failing} tests of ${file}`)
        return file
      },
      onHang: (file) => {
        throw new Error(`the recording of ${file} did not end`)
      },
      isOver: () => false
    })
  }
  const files = [...kept, ...recorded].toSorted((a, b) => a.file < b.file ? -1 : 1)
  writeFileSync(path, JSON.stringify({ sources: ofSources, tests, files } satisfies Kept))
  return new Baseline(files, program)
}
