/**
 * Which tests reach which piece of the sources, and how long they take. Kept for a test file until it changes, and for
 * all of them until a source does.
 */
import { fork } from "node:child_process"
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { groupBy } from "./groups.ts"
import type { Mutant } from "./mutants.ts"
import type { Region } from "./regions.ts"
import { instrument, regionAt } from "./regions.ts"
import type { RecordedTest, Recording, Selection } from "./runner.ts"
import { hash, hashOfTest, read } from "./testFiles.ts"
import { Uses } from "./uses.ts"
import { judgeAll } from "./workers.ts"

/** How much is done to kill a mutant. */
export interface Limits {
  /** The tests of a mutant take no longer in all; the cheapest are chosen. In milliseconds. */
  readonly budget: number
  /** Of what is computed as a module loads, only tests that mention or reach a use. */
  readonly isNearEnough: boolean
}

export interface Cover {
  /** Quick tests first. */
  readonly phases: ReadonlyArray<ReadonlyArray<Selection>>
  /** In milliseconds, as far as known. */
  readonly cost: number
  readonly files: ReadonlyArray<string>
}

const root = join(import.meta.dirname, "../..")

/** What takes longer than this is left for the second phase. In milliseconds. */
const quick = 100

export class Baseline {
  readonly recording: Recording
  readonly regions = new Map<string, ReadonlyArray<Region>>()
  readonly textOf = new Map<string, string>()
  readonly #hashes = new Map<string, string>()
  readonly #passing = new Set<string>()
  /** How many mutants of a source file the tests of a file have killed. */
  readonly kills = new Map<string, number>()
  readonly #uses: Uses
  /** The words of each test file. */
  readonly #words = new Map<string, ReadonlySet<string>>()

  constructor(recording: Recording, sources: ReadonlyArray<string>) {
    this.recording = recording
    for (const file of sources) {
      const text = read(file)
      this.textOf.set(file, text)
      this.regions.set(file, instrument(file, text, 0).regions)
    }
    for (const file of Object.keys(recording.loads)) {
      this.#hashes.set(file, hashOfTest(file))
      this.#words.set(file, new Set(read(file).match(/\w+/g)))
    }
    for (const { file, name, passed } of recording.tests) if (passed) this.#passing.add(`${file} ${name}`)
    this.#uses = new Uses(this.textOf, this.regions, recording.bases)
  }

  hashOf(files: ReadonlyArray<string>): string {
    return hash(...files.map((file) => this.#hashes.get(file) ?? "").sort())
  }

  passes(file: string, test: string): boolean {
    return this.#passing.has(`${file} ${test}`)
  }

  killed(source: string, test: string): void {
    const key = `${source} ${test}`
    this.kills.set(key, (this.kills.get(key) ?? 0) + 1)
  }

  coverOf(mutant: Mutant, limits: Limits): Cover | undefined {
    const { bases, loads, tests } = this.recording
    const counter = bases[mutant.file]! + regionAt(this.regions.get(mutant.file)!, mutant.start, mutant.end)
    const reaching = tests.filter(({ file, hits, passed }) =>
      passed && (hits.includes(counter) || loads[file]!.includes(counter))
    )
    if (reaching.length === 0) return undefined
    const users = this.#uses.of(mutant.file, mutant.start)
    const mentions = (file: string) => [...users.names].some((name) => this.#words.get(file)!.has(name))
    const isNear = ({ file, hits }: RecordedTest) =>
      hits.includes(counter) || mentions(file) || hits.some((hit) => users.counters.has(hit))
    const near = reaching.filter(isNear)
    const cheapest = (limits.isNearEnough && near.length > 0 ? near : reaching).toSorted((a, b) =>
      Number(b.hits.includes(counter)) - Number(a.hits.includes(counter)) || a.milliseconds - b.milliseconds
    )
    let left = limits.budget
    const affordable = cheapest.filter(({ milliseconds }, i) => {
      left -= milliseconds
      return left >= 0 || i === 0
    })
    const phases = [
      affordable.filter(({ milliseconds }) => milliseconds <= quick),
      affordable.filter(({ milliseconds }) => milliseconds > quick)
    ].filter((phase) => phase.length > 0)
    const chosen = phases.flat()
    return {
      phases: phases.map((phase) => this.#select(mutant.file, phase)),
      cost: chosen.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      files: [...new Set(chosen.map(({ file }) => file))]
    }
  }

  /** By file. First those that killed before, then those that reach much of the source in little time. */
  #select(source: string, tests: ReadonlyArray<RecordedTest>): ReadonlyArray<Selection> {
    const base = this.recording.bases[source]!
    const end = base + this.regions.get(source)!.length
    return [...groupBy(tests, ({ file }) => file)].map(([file, group]) => {
      const cost = group.reduce((sum, { milliseconds }) => sum + milliseconds, 50)
      const reached = new Set(group.flatMap(({ hits }) => hits.filter((hit) => base <= hit && hit < end)))
      const kills = this.kills.get(`${source} ${file}`) ?? 0
      return { file, ids: group.map(({ id }) => id), rank: (1 + reached.size + 10 * kills) / cost }
    }).toSorted((a, b) => b.rank - a.rank).map(({ file, ids }) => ({ file, ids }))
  }
}

const recordAll = (sources: ReadonlyArray<string>, tests: ReadonlyArray<string>): Promise<Recording> =>
  new Promise((resolve, reject) => {
    const child = fork(
      join(import.meta.dirname, "runner.ts"),
      ["record", JSON.stringify(sources), JSON.stringify(tests)],
      { cwd: root, stdio: ["ignore", "ignore", "inherit", "ipc"] }
    )
    child.on("message", (recording) => resolve(recording as Recording))
    child.on("exit", (code) => reject(new Error(`the recording of the tests ended with ${code}`)))
  })

/** Marks as failed what fails where tests share their modules, as they do for mutants. */
const withControl = async (recording: Recording): Promise<Recording> => {
  const tests = recording.tests.filter(({ passed }) => passed)
  const phase = [...groupBy(tests, ({ file }) => file)].map(([file, group]) => ({
    file,
    ids: group.map(({ id }) => id)
  }))
  const { failed } = await judgeAll({ phases: [phase], all: true })
  for (const { file, name } of failed) console.log(`left out, since it fails without a mutant: ${file} ${name}`)
  const ids = new Set(failed.map(({ file, id }) => id ?? file))
  return {
    ...recording,
    tests: recording.tests.map((test) => ids.has(test.id) || ids.has(test.file) ? { ...test, passed: false } : test)
  }
}

interface Kept {
  /** Of everything but the tests. */
  readonly sources: string
  readonly tests: Readonly<Record<string, string>>
  readonly recording: Recording
}

export const baseline = async (store: string, sources: ReadonlyArray<string>): Promise<Baseline> => {
  const glob = (...patterns: ReadonlyArray<string>) => globSync(patterns, { cwd: root }).sort()
  const ofSources = hash(
    ...glob(
      "packages/*/src/**/*.ts",
      "scripts/mutate/{recorder,regions,runner}.ts",
      "vitest.config.ts",
      "pnpm-lock.yaml"
    ).flatMap((file) => [
      file,
      read(file)
    ])
  )
  // More than Vitest finds does no harm.
  const tests = Object.fromEntries(
    glob("packages/*/test/**/*.test.ts", "examples/**/*.test.ts").map((file) => [file, hashOfTest(file)])
  )
  const path = join(store, "baseline.json")
  const last = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) as Kept : undefined
  const kept = last?.sources === ofSources ? last : undefined
  const isSame = (file: string) => tests[file] !== undefined && kept?.tests[file] === tests[file]
  const changed = Object.keys(tests).filter((file) => !isSame(file))
  let recording: Recording = {
    bases: kept?.recording.bases ?? {},
    loads: Object.fromEntries(Object.entries(kept?.recording.loads ?? {}).filter(([file]) => isSame(file))),
    tests: kept?.recording.tests.filter(({ file }) => isSame(file)) ?? []
  }
  if (changed.length > 0) {
    console.log(`recording what is reached by ${changed.length} test files`)
    const { bases, loads, tests } = await withControl(await recordAll(sources, changed))
    recording = { bases, loads: { ...recording.loads, ...loads }, tests: [...recording.tests, ...tests] }
  }
  writeFileSync(path, JSON.stringify({ sources: ofSources, tests, recording } satisfies Kept))
  return new Baseline(recording, sources)
}
