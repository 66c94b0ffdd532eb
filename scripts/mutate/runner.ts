/**
 * A process that runs tests, warm from one mutant to the next. Nothing is written to the sources: Vite is handed the
 * mutated text when it loads the file.
 *
 * With `record`, source files and test files as its arguments it runs every test once, over sources with counters.
 */
import { readFileSync } from "node:fs"
import { join, relative } from "node:path"
import type { TestModule } from "vitest/node"
import { createVitest } from "vitest/node"
import type { Instrumented } from "./regions.ts"
import { instrument } from "./regions.ts"

/** The tests of a file, all of them without `ids`. */
export interface Selection {
  readonly file: string
  readonly ids?: ReadonlyArray<string>
}

export interface Job {
  /** Without it the sources are as they are. */
  readonly mutated?: { readonly file: string; readonly text: string }
  /** One after the other, until a test fails. */
  readonly phases: ReadonlyArray<ReadonlyArray<Selection>>
  /** Whether to go on after a failure. */
  readonly all: boolean
}

export interface Verdict {
  readonly failed: ReadonlyArray<{ readonly file: string; readonly id?: string; readonly name: string }>
}

export interface RecordedTest {
  readonly file: string
  readonly id: string
  readonly name: string
  readonly milliseconds: number
  readonly passed: boolean
  readonly hits: ReadonlyArray<number>
}

export interface Recording {
  readonly tests: ReadonlyArray<RecordedTest>
  /** What moves whenever a test file runs, whichever of its tests. */
  readonly loads: Readonly<Record<string, ReadonlyArray<number>>>
  /** The first counter of each source file. */
  readonly bases: Readonly<Record<string, number>>
}

const root = join(import.meta.dirname, "../..")
const isRecording = process.argv[2] === "record"
const sources: ReadonlyArray<string> = isRecording ? JSON.parse(process.argv[3]!) : []

const tests: ReadonlyArray<string> = isRecording ? JSON.parse(process.argv[4]!) : []

const bases: Record<string, number> = {}
const instrumented = new Map<string, Instrumented>()
let count = 0
for (const file of sources) {
  const made = instrument(file, readFileSync(join(root, file), "utf8"), count)
  bases[file] = count
  instrumented.set(file, made)
  count += made.regions.length
}

let mutated: Job["mutated"]

const load = (id: string): string | undefined => {
  const file = relative(root, id)
  if (mutated !== undefined) return mutated.file === file ? mutated.text : undefined
  return instrumented.get(file)?.text
}

class AsGiven {
  sort<A>(files: A): A {
    return files
  }
  shard<A>(files: A): A {
    return files
  }
}

const vitest = await createVitest("test", {
  root,
  watch: false,
  reporters: [{}],
  bail: isRecording ? 0 : 1,
  // One set of modules for all files of a run, and a new one for the next run.
  isolate: isRecording,
  pool: isRecording ? "forks" : "threads",
  maxWorkers: 1,
  // The cache goes by the text on the disk.
  fsModuleCache: false,
  passWithNoTests: true,
  sequence: { sequencer: AsGiven },
  ...(isRecording
    ? { setupFiles: [join(import.meta.dirname, "recorder.ts")], testTimeout: 120_000 }
    : { testTimeout: 15_000 })
}, { plugins: [{ name: "mutate", enforce: "pre", load }] })

const project = vitest.getRootProject()

const run = async (selections: ReadonlyArray<Selection>) => {
  vitest.state.filesMap.clear()
  vitest.state.errorsSet.clear()
  return vitest.runTestSpecifications(
    selections.map(({ file, ids }) =>
      project.createSpecification(join(root, file), ids === undefined ? undefined : { testIds: [...ids] })
    )
  )
}

const fileOf = (module: TestModule): string => relative(root, module.moduleId)

const record = async (): Promise<Recording> => {
  const found = (await vitest.globTestSpecifications()).map(({ moduleId }) => relative(root, moduleId))
  const { testModules } = await run(found.filter((file) => tests.includes(file)).map((file) => ({ file })))
  return {
    bases,
    loads: Object.fromEntries(testModules.map((module) => [fileOf(module), module.meta().hits ?? []])),
    tests: testModules.flatMap((module) =>
      [...module.children.allTests()].filter((test) => test.result().state !== "skipped").map((test) => ({
        file: fileOf(module),
        id: test.id,
        name: test.fullName,
        milliseconds: test.diagnostic()?.duration ?? 0,
        passed: test.ok(),
        hits: test.meta().hits ?? []
      }))
    )
  }
}

const judge = async (job: Job): Promise<Verdict> => {
  for (const file of [mutated?.file, job.mutated?.file]) {
    if (file !== undefined) vitest.invalidateFile(join(root, file))
  }
  mutated = job.mutated
  vitest.config.bail = job.all ? 0 : 1
  for (const phase of job.phases) {
    const { testModules, unhandledErrors } = await run(phase)
    const failed = testModules.flatMap((module) => {
      const tests = [...module.children.allTests()].filter((test) => test.result().state === "failed")
      if (tests.length > 0) return tests.map(({ fullName, id }) => ({ file: fileOf(module), id, name: fullName }))
      return module.state() === "failed" ? [{ file: fileOf(module), name: "(the file does not load)" }] : []
    })
    if (failed.length > 0) return { failed }
    if (unhandledErrors.length > 0) return { failed: [{ file: phase[0]!.file, name: "(an unhandled error)" }] }
  }
  return { failed: [] }
}

if (isRecording) {
  process.send!(await record())
  await vitest.close()
  process.exit()
}

process.on("message", async (job: Job) => {
  process.send!(await judge(job))
})
// An interruption from the keyboard reaches every process, but it is for the first to say what ends.
process.on("SIGINT", () => {})
process.on("disconnect", () => process.exit())
process.send!("ready")
