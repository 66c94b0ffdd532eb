/**
 * Mutation testing of `packages/core/src` and `packages/http/src`, which writes `docs/mutation.md`.
 *
 *     pnpm mutate                             every mutant without a result
 *     pnpm mutate --minutes 10                as many as there is time for; the next run goes on
 *     pnpm mutate --files packages/http/src/Job.ts   only the files of a glob, more than one with commas
 *     pnpm mutate --sample 0.2 --seed 1       a fifth of the mutants, always the same for a seed
 *     pnpm mutate --workers 1                 how many processes run tests, 2 by default
 *     pnpm mutate --budget 20                 how many seconds of tests a mutant may take, 8 by default
 *     pnpm mutate --again                     once more what survived
 *     pnpm mutate --again --thorough          the same, with every test that reaches it, however slow
 *     pnpm mutate --fresh                     once more what has a result
 *     pnpm mutate --report                    the page from the results there are, without a run
 *     pnpm mutate --count                     how many mutants there are
 *
 * Results are kept in `.mutation`, one by one, so that a run may be interrupted. With a result for every mutant the
 * exit code says whether the score is reached; a run over a part of them fails only on an error.
 *
 * Only tests that run in the process of Vitest see a mutant: one that starts a program of its own does not.
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, matchesGlob } from "node:path"
import { parseArgs } from "node:util"
import type { Limits } from "./mutate/baseline.ts"
import { baseline } from "./mutate/baseline.ts"
import { equivalents, isFor } from "./mutate/equivalents.ts"
import { groupBy } from "./mutate/groups.ts"
import type { Mutant } from "./mutate/mutants.ts"
import { apply, mutantsOf } from "./mutate/mutants.ts"
import { report, sentence, summarize } from "./mutate/report.ts"
import type { Result } from "./mutate/results.ts"
import { keyOf, Results } from "./mutate/results.ts"
import { hash } from "./mutate/testFiles.ts"
import { Worker } from "./mutate/workers.ts"

/** In percent. */
const required = 85

const root = join(import.meta.dirname, "..")
const store = join(root, ".mutation")
const page = join(root, "docs/mutation.md")

const { values: options } = parseArgs({
  options: {
    files: { type: "string", default: "**" },
    minutes: { type: "string" },
    sample: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: "2" },
    budget: { type: "string", default: "8" },
    thorough: { type: "boolean", default: false },
    fresh: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    count: { type: "boolean", default: false }
  }
})

const thorough: Limits = { budget: Infinity, isNearEnough: false }
const limits: Limits = options.thorough
  ? thorough
  : { budget: Number(options.budget) * 1000, isNearEnough: true }

const sources = globSync("packages/{core,http}/src/**/*.ts", { cwd: root }).sort()
const texts = new Map(sources.map((file) => [file, readFileSync(join(root, file), "utf8")]))
const mutants = sources.flatMap((file) =>
  mutantsOf(file, texts.get(file)!).map((mutant) => ({ mutant, key: keyOf(mutant, texts.get(file)!) }))
)
const isWanted = ({ file }: Mutant): boolean => options.files.split(",").some((glob) => matchesGlob(file, glob))
const isSampled = (key: string): boolean =>
  parseInt(hash(options.seed, key).slice(0, 8), 16) / 2 ** 32 < Number(options.sample)
const wanted = mutants.filter(({ key, mutant }) => isWanted(mutant) && isSampled(key))

if (options.count) {
  for (const [file, group] of groupBy(wanted, ({ mutant }) => mutant.file)) {
    console.log(`${String(group.length).padStart(6)} ${file}`)
  }
  console.log(`${String(wanted.length).padStart(6)} in all`)
  process.exit()
}

mkdirSync(store, { recursive: true })
const results = new Results(store)

const run = async (): Promise<void> => {
  const tests = await baseline(store, sources)
  const isKept = (mutant: Mutant, result: Result | undefined): boolean => {
    if (result === undefined || options.fresh) return false
    if (result.by !== undefined) {
      tests.killed(mutant.file, result.by)
      return result.test === undefined || tests.passes(result.by, result.test)
    }
    if (options.again && result.status !== "timeout") return false
    return [limits, thorough].some((limits) =>
      result.tests === tests.hashOf(tests.coverOf(mutant, limits)?.files ?? [])
    )
  }
  const queue = wanted.filter(({ key, mutant }) => !isKept(mutant, results.get(key)))
  console.log(`${queue.length} mutants to run, ${wanted.length - queue.length} with a result`)

  const begin = Date.now()
  const end = options.minutes === undefined ? Infinity : begin + Number(options.minutes) * 60_000
  const workers = Array.from({ length: Number(options.workers) }, () => new Worker())
  let next = 0
  let done = 0
  let alive = 0
  const interruption = new AbortController()
  const isInterrupted = () => interruption.signal.aborted
  process.once("SIGINT", () => {
    interruption.abort()
    for (const worker of workers) worker.stop()
  })

  const judge = async (worker: Worker, mutant: Mutant, key: string): Promise<Result | undefined> => {
    const cover = tests.coverOf(mutant, limits)
    if (cover === undefined) return { key, status: "uncovered", tests: tests.hashOf([]) }
    const text = apply(texts.get(mutant.file)!, mutant)
    const job = { mutated: { file: mutant.file, text }, phases: cover.phases, all: false }
    const verdict = await worker.judge(job, 20_000 + 4 * cover.cost)
    if (isInterrupted()) return undefined
    if (verdict === undefined) return { key, status: "timeout", tests: tests.hashOf(cover.files) }
    const killer = verdict.failed[0]
    if (killer === undefined) return { key, status: "survived", tests: tests.hashOf(cover.files) }
    tests.killed(mutant.file, killer.file)
    // Without a test of its own it is the file that fails.
    return { key, status: "killed", by: killer.file, ...(killer.id !== undefined && { test: killer.name }) }
  }

  const work = async (worker: Worker): Promise<void> => {
    while (next < queue.length && Date.now() < end && !isInterrupted()) {
      const { key, mutant } = queue[next++]!
      const result = await judge(worker, mutant, key)
      if (result === undefined) return
      results.add(result)
      done++
      if (result.status === "survived" || result.status === "uncovered") {
        const known = equivalents.some((equivalent) => isFor(equivalent, mutant))
        if (!known) alive++
        console.log(`${known ? "equivalent" : result.status} ${mutant.file}:${mutant.line} ${mutant.mutation}`)
      }
      if (done % 50 === 0) {
        const each = (Date.now() - begin) / done
        console.log(
          `${done} of ${queue.length}, ${alive} alive, ${(each / 1000).toFixed(2)} s each, ` +
            `${Math.ceil(each * (queue.length - done) / 60_000)} minutes left`
        )
      }
    }
  }
  await Promise.all(workers.map(work))
  for (const worker of workers) worker.stop()
  console.log(`${done} mutants in ${((Date.now() - begin) / 1000).toFixed(0)} s`)
}

if (!options.report) await run()

const judged = mutants.map(({ key, mutant }) => ({ mutant, result: results.get(key) }))
const summary = summarize(judged, equivalents)
const { pending } = summary.counts
writeFileSync(page, report(judged, equivalents))
spawnSync("dprint", ["fmt", page], { cwd: root })

for (const equivalent of equivalents) {
  const found = judged.filter(({ mutant }) => isFor(equivalent, mutant))
  const where = `${equivalent.file}: ${equivalent.mutation} in ${equivalent.line}`
  if (found.length === 0) console.log(`listed as equivalent, but there is no such mutant: ${where}`)
  else if (found.every(({ result }) => result?.status === "killed")) {
    console.log(`listed as equivalent, but killed: ${where}`)
  }
}
console.log(sentence(summarize(judged.filter(({ mutant }) => isWanted(mutant)), equivalents)))
if (pending === 0 && summary.score < required) process.exitCode = 1
