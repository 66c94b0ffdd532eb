/**
 * A runner of Vitest that judges mutants: it loads the test files once and calls their tests as often as it needs to,
 * with one mutant after the other. What is evaluated as modules load takes new modules for each mutant.
 *
 * What it finds goes to a file, line by line, where a supervisor reads it.
 */
import { appendFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { RunnerTask, RunnerTestCase, RunnerTestSuite, TestContext } from "vitest"
import { test as register, TestRunner } from "vitest"
import { collectTests, startTests } from "vitest/internal/browser"
import { groupBy } from "./groups.ts"
import type { Switch } from "./instrument.ts"
import { switchName } from "./instrument.ts"

export interface RecordedTest {
  readonly file: string
  readonly id: string
  readonly name: string
  readonly milliseconds: number
  readonly passed: boolean
  /** The numbers of what it evaluates. */
  readonly hits: ReadonlyArray<number>
}

export interface RecordedFile {
  readonly file: string
  /** To load the file and its modules anew. */
  readonly milliseconds: number
  /** What the modules evaluate as the file loads them, or once in the process. */
  readonly loads: ReadonlyArray<number>
  /** What the file itself evaluates as it is loaded. */
  readonly collects: ReadonlyArray<number>
  readonly tests: ReadonlyArray<RecordedTest>
}

export interface Task {
  readonly key: string
  readonly mutant: number
  readonly source: string
  /** The list of tests to call with the mutant in the modules that are there. */
  readonly warm: number
  /** Those to call in modules that are loaded with the mutant. */
  readonly fresh: number
}

export interface Test extends Pick<RecordedTest, "file" | "id" | "name" | "milliseconds"> {
  /** How much it is worth, if nothing is known. */
  readonly weight: number
}

export interface Job {
  /** Where the lines go. */
  readonly out: string
  /** How many mutants there are. */
  readonly size: number
  /** Test files to record. */
  readonly record: ReadonlyArray<string>
  readonly tests: ReadonlyArray<Test>
  /** Of places of tests. */
  readonly lists: ReadonlyArray<ReadonlyArray<number>>
  readonly tasks: ReadonlyArray<Task>
  /** What killed mutants before, by the source and the place of the test. */
  readonly kills: Readonly<Record<string, number>>
  /** By test file, what it takes to load it and its modules anew. In milliseconds. */
  readonly loading: Readonly<Record<string, number>>
  /** By source and the place of a test, how near it is to the source. */
  readonly nearness: Readonly<Record<string, ReadonlyArray<number>>>
  /** What the tests of a mutant may take in all, the best first. In milliseconds. */
  readonly budget: number
}

export type Line =
  | { readonly recorded: RecordedFile }
  /** A mutant begins. */
  | { readonly begin: string }
  /** The next line comes within so many milliseconds. */
  | { readonly wait: number }
  | {
    readonly key: string
    readonly status: "killed" | "timeout" | "survived"
    readonly by?: string
    readonly test?: string
  }

type Outcome = "passed" | "failed" | "late"

const root = join(import.meta.dirname, "../..")

// Tests may replace those of the global object.
const { clearTimeout, setTimeout } = globalThis

/** What lives on with a process that keeps something of every mutant. In bytes. */
const mostMemory = 4e9

/** What a test may take with a mutant: much more than without. In milliseconds. */
const limitOf = ({ milliseconds }: Test): number => 5000 + 20 * milliseconds

const testsOf = (task: RunnerTask): ReadonlyArray<RunnerTestCase> =>
  task.type === "test" ? (task.mode === "run" || task.mode === "queued" ? [task] : []) : task.tasks.flatMap(testsOf)

/** The suites around a test, the outermost first, with their hooks. */
const suitesAround = ({ file, suite }: RunnerTestCase) => {
  const suites: Array<RunnerTestSuite> = []
  for (let one = suite; one !== undefined && one !== file; one = one.suite) suites.unshift(one)
  return [file, ...suites].map((one) => ({ suite: one, ...TestRunner.getSuiteHooks(one) }))
}

interface Collected {
  readonly failed: boolean
  readonly tests: ReadonlyMap<string, RunnerTestCase>
}

interface Internals {
  readonly snapshotClient: { setup(file: string, options: unknown): Promise<void> }
  readonly workerState: { config: { snapshotOptions: unknown }; providedContext: { mutate: string } }
  readonly moduleRunner: {
    evaluatedModules: {
      idToModuleMap: Map<string, { promise: unknown; exports: unknown; evaluated: boolean; importers: Set<string> }>
    }
  }
}

export default class Judge extends TestRunner {
  #isDone = false

  async onBeforeCollect(): Promise<void> {
    if (this.#isDone) return
    this.#isDone = true
    const internals = this as unknown as Internals
    const job = JSON.parse(readFileSync(internals.workerState.providedContext.mutate, "utf8")) as Job
    await new Session(this, internals, job).run()
  }

  /** There is nothing to run after that. */
  override importFile(): void {}
}

class Session {
  readonly #runner: TestRunner
  readonly #internals: Internals
  readonly #job: Job
  readonly #quiet: TestRunner
  readonly #switch: Switch
  readonly #loads: Uint8Array
  readonly #collects: Uint8Array
  readonly #files = new Map<string, Collected>()
  readonly #kills: Map<string, number>
  /** When the next line is due. */
  #until = 0

  constructor(runner: TestRunner, internals: Internals, job: Job) {
    this.#runner = runner
    this.#internals = internals
    this.#job = job
    this.#kills = new Map(Object.entries(job.kills))
    // Vitest's own process need not hear of every call of a test.
    this.#quiet = Object.create(runner, {
      importFile: { value: (file: string) => TestRunner.prototype.importFile.call(runner, file, "collect") },
      onBeforeCollect: { value: undefined },
      onCollectStart: { value: (file: never) => TestRunner.prototype.onCollectStart.call(runner, file) },
      onCollected: { value: undefined },
      onTaskUpdate: { value: undefined }
    }) as TestRunner
    this.#loads = new Uint8Array(job.size + 1)
    this.#collects = new Uint8Array(job.size + 1)
    const hits = new Uint8Array(job.size + 1)
    const flush = (into: Uint8Array) => {
      if (job.record.length === 0) return
      hits.forEach((hit, i) => {
        if (hit !== 0) into[i] = 1
      })
      hits.fill(0)
    }
    this.#switch = {
      active: 0,
      hits,
      enter: () => flush(this.#collects),
      leave: () => flush(this.#loads)
    }
    Object.assign(globalThis, { [switchName]: this.#switch })
  }

  #write(line: Line): void {
    appendFileSync(this.#job.out, `${JSON.stringify(line)}\n`)
    this.#until = Date.now() + ("wait" in line ? line.wait : 0)
  }

  /** The supervisor waits half a minute more than it is told. */
  #wait(milliseconds: number): void {
    const until = Date.now() + milliseconds
    if (until > this.#until + 1000 || until < this.#until - 30_000) this.#write({ wait: milliseconds + 2000 })
  }

  async run(): Promise<void> {
    const [first] = this.#job.record
    if (first !== undefined) await this.#warmUp(first)
    for (const file of this.#job.record) this.#write({ recorded: await this.#record(file) })
    for (const task of this.#job.tasks) {
      if (process.memoryUsage().rss > mostMemory) return
      this.#write({ begin: task.key })
      const isUnsound = await this.#judge(task)
      if (isUnsound) return
    }
  }

  #forget(): void {
    this.#files.clear()
    const own = [`${root}/packages/`, `${root}/examples/`]
    for (const [id, module] of this.#internals.moduleRunner.evaluatedModules.idToModuleMap) {
      if (!own.some((prefix) => id.startsWith(prefix)) || id.includes("/node_modules/")) continue
      module.promise = undefined
      module.exports = undefined
      module.evaluated = false
      module.importers.clear()
    }
  }

  async #collect(file: string): Promise<Collected> {
    const known = this.#files.get(file)
    if (known !== undefined) return known
    this.#wait(60_000)
    const path = join(root, file)
    const [found] = await collectTests([path], this.#quiet)
    await this.#internals.snapshotClient.setup(path, this.#internals.workerState.config.snapshotOptions)
    const collected: Collected = {
      failed: found!.result?.state === "fail",
      tests: new Map(testsOf(found!).map((test) => [test.id, test]))
    }
    this.#files.set(file, collected)
    return collected
  }

  /** Calls `body` as a test, which is what an `expect` looks for. The test can be made to look like any other. */
  async #inside<A>(body: (host: RunnerTestCase) => Promise<A>): Promise<A> {
    let outcome: PromiseSettledResult<A> | undefined
    const host = Object.create(this.#quiet, {
      importFile: { value: () => register("host", () => {}) },
      onBeforeRunSuite: { value: undefined },
      onAfterRunSuite: { value: undefined },
      onBeforeTryTask: { value: undefined },
      onAfterTryTask: { value: undefined },
      onBeforeRunFiles: { value: undefined },
      onAfterRunFiles: { value: undefined },
      runTask: {
        value: async (test: RunnerTestCase) => {
          outcome = (await Promise.allSettled([body(test)]))[0]
        }
      }
    }) as TestRunner
    await startTests([join(root, "host.test.ts")], host)
    if (outcome?.status === "fulfilled") return outcome.value
    throw outcome === undefined ? new Error("Vitest did not call the test") : outcome.reason
  }

  /** What became of a test. */
  async #call(host: RunnerTestCase, test: RunnerTestCase, limit: number): Promise<Outcome> {
    Object.assign(host, { file: test.file, id: test.id, name: test.name, fullName: test.fullName, suite: test.suite })
    host.promises = []
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), limit)
    })
    const undone: Array<() => Promise<void>> = []
    const run = async (): Promise<"passed" | "failed"> => {
      try {
        this.#runner.onBeforeTryTask(test, { retry: 0, repeats: 0 })
        for (const { beforeEach, suite } of suitesAround(test)) {
          for (const hook of beforeEach) {
            const undo: unknown = await hook(test.context, suite)
            if (typeof undo === "function") undone.push(async () => void await undo())
          }
        }
        await TestRunner.getTestFn(test)()
        const settled = await Promise.allSettled(host.promises ?? [])
        for (const one of settled) if (one.status === "rejected") return "failed"
        this.#runner.onAfterTryTask(test)
        return "passed"
      } catch {
        return "failed"
      } finally {
        for (const { afterEach, suite } of suitesAround(test)) {
          for (const hook of afterEach) undone.push(async () => void await hook(test.context, suite))
        }
        for (const undo of undone.toReversed()) await undo().catch(() => {})
        const hooks = test as { onFinished?: ReadonlyArray<(context: TestContext) => unknown>; onFailed?: unknown }
        for (const hook of hooks.onFinished ?? []) await hook(test.context)
        hooks.onFinished = []
        hooks.onFailed = []
      }
    }
    try {
      return await Promise.race([run(), late])
    } finally {
      clearTimeout(timer)
    }
  }

  #taken(from: Uint8Array): ReadonlyArray<number> {
    const out: Array<number> = []
    from.forEach((hit, i) => {
      if (hit !== 0) out.push(i)
    })
    from.fill(0)
    return out
  }

  /** What is outside of the repository loads once in a process, which would count as the cost of the first file. */
  async #warmUp(file: string): Promise<void> {
    await this.#collect(file)
    this.#switch.enter()
    this.#loads.fill(0)
    this.#collects.fill(0)
  }

  async #record(file: string): Promise<RecordedFile> {
    this.#forget()
    this.#switch.active = 0
    this.#switch.hits.fill(0)
    const begin = performance.now()
    const { tests } = await this.#collect(file)
    const milliseconds = Math.round(performance.now() - begin)
    this.#switch.enter()
    const loads = this.#taken(this.#loads)
    const collects = this.#taken(this.#collects)
    const recorded: Array<RecordedTest> = []
    const first = new Set<number>()
    const later = new Set<number>()
    await this.#inside(async (host) => {
      for (const [id, test] of tests) {
        this.#wait(60_000)
        const begin = performance.now()
        const outcome = await this.#call(host, test, 60_000)
        const milliseconds = performance.now() - begin
        const hits = this.#taken(this.#switch.hits)
        // One that passes only once says nothing about mutants.
        const again = performance.now()
        const passed = outcome === "passed" && await this.#call(host, test, 60_000) === "passed"
        const least = Math.min(milliseconds, performance.now() - again)
        for (const hit of hits) first.add(hit)
        for (const hit of this.#taken(this.#switch.hits)) later.add(hit)
        recorded.push({ file, id, name: test.fullName, milliseconds: Math.round(10 * least) / 10, passed, hits })
      }
    })
    // What is kept after its first use, such as a table, is as old as the modules.
    const once = [...first].filter((hit) => !later.has(hit))
    return { file, milliseconds, loads: [...new Set([...loads, ...once])], collects, tests: recorded }
  }

  /** What is worth most for its time comes first, as much as the time allows. */
  #ranked(source: string, tests: ReadonlyArray<number>, time: number): ReadonlyArray<number> {
    let left = time
    return tests.map((i) => {
      const { milliseconds } = this.#job.tests[i]!
      return { i, milliseconds, rank: this.#worth(source, i) / (1 + milliseconds) }
    }).sort((a, b) => b.rank - a.rank).filter(({ milliseconds }, n) => {
      const isTaken = milliseconds <= left || n === 0
      if (isTaken) left -= milliseconds
      return isTaken
    }).map(({ i }) => i)
  }

  #worth(source: string, i: number): number {
    return this.#promiseOf(source, i) + this.#provenOf(source, i)
  }

  #promiseOf(source: string, i: number): number {
    return this.#job.tests[i]!.weight + 5 * (this.#job.nearness[source]?.[i] ?? 0)
  }

  #provenOf(source: string, i: number): number {
    return 50 * this.#killsOf(source, i) + this.#killsOf("", i)
  }

  #killsOf(source: string, i: number): number {
    return this.#kills.get(`${source} ${i}`) ?? 0
  }

  /**
   * By file, since a file takes time to load. None takes more than an eighth of the time, so that others have a chance. For
   * the same reason only the best test of a file says how much the file promises: tests of one file are alike. What its
   * tests have killed says more, and counts for each.
   */
  #rankedFiles(source: string, tests: ReadonlyArray<number>): ReadonlyArray<readonly [string, ReadonlyArray<number>]> {
    let left = this.#job.budget
    return [...groupBy(tests, (i) => this.#job.tests[i]!.file)].map(([file, group]) => {
      const chosen = this.#ranked(source, group, this.#job.budget / 8)
      const cost = chosen.reduce((sum, i) => sum + this.#job.tests[i]!.milliseconds, this.#job.loading[file]!)
      const promise = chosen.reduce((best, i) => Math.max(best, this.#promiseOf(source, i)), 0)
      return { file, chosen, cost, rank: chosen.reduce((sum, i) => sum + this.#provenOf(source, i), promise) / cost }
    }).sort((a, b) => b.rank - a.rank).filter(({ cost }, n) => {
      const isTaken = cost <= left || n === 0
      if (isTaken) left -= cost
      return isTaken
    }).map(({ chosen, file }) => [file, chosen] as const)
  }

  #killed(task: Task, i: number, status: "killed" | "timeout"): void {
    const { file, name } = this.#job.tests[i]!
    for (const source of [task.source, ""]) this.#kills.set(`${source} ${i}`, this.#killsOf(source, i) + 1)
    this.#write({ key: task.key, status, by: file, test: name })
  }

  /** Whether the process is no longer as it was. */
  async #judge(task: Task): Promise<boolean> {
    return await this.#judgeWarm(task) ?? await this.#judgeFresh(task)
  }

  /** `undefined` for a survivor. */
  async #judgeWarm(task: Task): Promise<boolean | undefined> {
    const warm = this.#ranked(task.source, this.#job.lists[task.warm]!, this.#job.budget)
    for (const isSecond of [false, true]) {
      for (const i of warm) await this.#collect(this.#job.tests[i]!.file)
      const killer = await this.#inside(async (host) => {
        for (const i of warm) {
          const test = this.#job.tests[i]!
          const found = this.#files.get(test.file)!.tests.get(test.id)
          if (found === undefined) continue
          const limit = limitOf(test)
          this.#wait(limit)
          this.#switch.active = task.mutant
          const outcome = await this.#call(host, found, limit)
          this.#switch.active = 0
          if (outcome === "passed") continue
          // It has to be the mutant that it fails for, and not what an earlier one left behind.
          this.#wait(limit)
          return { i, outcome, isSound: outcome === "failed" && await this.#call(host, found, limit) === "passed" }
        }
        return undefined
      })
      if (killer === undefined) return undefined
      const { i, isSound, outcome } = killer
      if (isSound || isSecond || outcome === "late") {
        this.#killed(task, i, outcome === "late" ? "timeout" : "killed")
        // What hangs and cannot be stopped may still do something.
        if (!isSound) this.#forget()
        return !isSound && isSecond
      }
      this.#forget()
    }
    return undefined
  }

  async #judgeFresh(task: Task): Promise<boolean> {
    if (this.#job.lists[task.fresh]!.length > 0) {
      this.#forget()
      this.#switch.active = task.mutant
      const killer = await this.#freshKiller(task)
      this.#switch.active = 0
      this.#forget()
      if (killer !== undefined) {
        this.#killed(task, killer.i, killer.outcome === "late" ? "timeout" : "killed")
        return false
      }
    }
    this.#write({ key: task.key, status: "survived" })
    return false
  }

  async #freshKiller(task: Task): Promise<{ readonly i: number; readonly outcome: Outcome } | undefined> {
    for (const [file, group] of this.#rankedFiles(task.source, this.#job.lists[task.fresh]!)) {
      const { failed, tests } = await this.#collect(file)
      if (failed) return { i: group[0]!, outcome: "failed" }
      const killer = await this.#inside(async (host) => {
        for (const i of group) {
          const test = this.#job.tests[i]!
          const found = tests.get(test.id)
          // A name that a mutant changes makes another test.
          if (found === undefined) continue
          const limit = limitOf(test)
          this.#wait(limit)
          const outcome = await this.#call(host, found, limit)
          if (outcome !== "passed") return { i, outcome }
        }
        return undefined
      })
      if (killer !== undefined) return killer
    }
    return undefined
  }
}
