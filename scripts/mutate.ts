/**
 * Mutation testing of `packages/core/src` and `packages/http/src`, which writes `docs/mutation.md`.
 *
 *     pnpm mutate                             every mutant without a result
 *     pnpm mutate --minutes 10                as many as there is time for; the next run goes on
 *     pnpm mutate --files packages/http/src/Job.ts   only the files of a glob, more than one with commas
 *     pnpm mutate --sample 0.2 --seed 1       a fifth of the mutants, always the same for a seed
 *     pnpm mutate --workers 1                 how many processes run tests, 2 by default
 *     pnpm mutate --budget 20                 how many seconds of tests a mutant may take, 4 by default
 *     pnpm mutate --again --budget 60         once more what survived and is not listed, on more tests
 *     pnpm mutate --fresh                     once more what has a result
 *     pnpm mutate --report                    the page from the results there are, without a run
 *     pnpm mutate --count                     how many mutants there are
 *
 * Results are kept in `.mutation`, one by one, so that a run may be interrupted. `mutate/record.json` keeps the outcomes
 * of whole statements in the repository: a run in a fresh clone judges only the functions and classes that have changed.
 * With a result for every mutant the exit code says whether the score is reached; a run over a part of them fails only on an
 * error.
 *
 * All mutants of a file are compiled into it, each behind a number (`mutate/instrument.ts`), and a runner of Vitest calls
 * the tests again and again, with one number after the other (`mutate/runner.ts`): most mutants take milliseconds. Only
 * tests that run in the process of Vitest see a mutant: one that starts a program of its own does not. Those are the fast
 * suite and, since nothing else reaches what is shared through Redis, the slow tests of that (`redis-server` is needed).
 */
import { spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join, matchesGlob } from "node:path"
import { parseArgs } from "node:util"
import { baseline } from "./mutate/baseline.ts"
import { equivalents, isFor, listed, nameOf } from "./mutate/equivalents.ts"
import { groupBy } from "./mutate/groups.ts"
import { Program } from "./mutate/program.ts"
import { recorded, recordPath, writeRecord } from "./mutate/record.ts"
import { report, sentence, summarize } from "./mutate/report.ts"
import type { Result } from "./mutate/results.ts"
import { Results } from "./mutate/results.ts"
import { hash } from "./mutate/testFiles.ts"
import { work } from "./mutate/workers.ts"

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
    budget: { type: "string", default: "4" },
    fresh: { type: "boolean", default: false },
    again: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    count: { type: "boolean", default: false }
  }
})

const program = new Program()
const mutants = program.mutants.map((mutant, i) => ({ mutant, number: i + 1, key: program.keys[i]! }))
const isWanted = (file: string): boolean => options.files.split(",").some((glob) => matchesGlob(file, glob))
const isSampled = (key: string): boolean =>
  parseInt(hash(options.seed, key).slice(0, 8), 16) / 2 ** 32 < Number(options.sample)
const wanted = mutants.filter(({ key, mutant }) => isWanted(mutant.file) && isSampled(key))

if (options.count) {
  for (const [file, group] of groupBy(wanted, ({ mutant }) => mutant.file)) {
    console.log(`${String(group.length).padStart(6)} ${file}`)
  }
  console.log(`${String(wanted.length).padStart(6)} in all`)
  process.exit()
}

mkdirSync(store, { recursive: true })
const results = new Results(store, recorded(program))

const run = async (): Promise<void> => {
  const workers = Number(options.workers)
  const tests = await baseline(store, program, workers)
  const isKnown = (number: number): boolean => equivalents.some((one) => isFor(one, mutants[number - 1]!.mutant))
  const isKept = (number: number, result: Result | undefined): boolean => {
    if (result === undefined || options.fresh) return false
    // No test kills those that are listed as equivalent, and each takes the whole budget.
    if (options.again && result.status === "survived" && isKnown(number)) return true
    if (result.isRecorded === true) return !options.again || result.status === "killed" || result.status === "timeout"
    if (result.by !== undefined) return tests.passes(result.by, result.test!)
    if (options.again && result.status !== "timeout") return false
    return result.tests === tests.hashOf(tests.coverOf(number)?.files ?? [])
  }
  const queue = wanted.filter(({ key, number }) => !isKept(number, results.get(key)))
  console.log(`${queue.length} mutants to run, ${wanted.length - queue.length} with a result`)

  const begin = Date.now()
  const end = options.minutes === undefined ? Infinity : begin + Number(options.minutes) * 60_000
  let isInterrupted = false
  process.once("SIGINT", () => {
    isInterrupted = true
  })
  let done = 0
  let alive = 0
  const queued = new Map(queue.map((one) => [one.key, one]))
  const add = (result: Result): void => {
    const { mutant } = queued.get(result.key)!
    results.add(result)
    done++
    if (result.status === "survived" || result.status === "uncovered") {
      const isListed = isKnown(queued.get(result.key)!.number)
      if (!isListed) alive++
      console.log(`${isListed ? "equivalent" : result.status} ${mutant.file}:${mutant.line} ${mutant.mutation}`)
    }
    if (done % 100 === 0) {
      const each = (Date.now() - begin) / done
      console.log(
        `${done} of ${queue.length}, ${alive} alive, ${(each / 1000).toFixed(2)} s each, ` +
          `${Math.ceil(each * (queue.length - done) / 60_000)} minutes left`
      )
    }
  }
  const covers = new Map(queue.map(({ key, number }) => [key, tests.coverOf(number)]))
  const isCovered = ({ key }: { readonly key: string }) => covers.get(key) !== undefined
  for (const { key } of queue.filter((one) => !isCovered(one))) {
    add({ key, status: "uncovered", tests: tests.hashOf([]) })
  }
  const kills = (): Record<string, number> => {
    const out: Record<string, number> = {}
    for (const { key, mutant } of mutants) {
      const { by, test } = results.get(key) ?? {}
      const place = by === undefined ? undefined : tests.placeOf(by, test!)
      if (place === undefined) continue
      for (const source of [mutant.file, ""]) out[`${source} ${place}`] = (out[`${source} ${place}`] ?? 0) + 1
    }
    return out
  }
  const known = tests.tests.map((test) => {
    const { file, id, milliseconds, name } = test
    return { file, id, milliseconds, name, weight: tests.weightOf(test) }
  })
  await work({
    store,
    program,
    workers,
    items: queue.filter(isCovered).map(({ key }) => key),
    job: (keys) => {
      const lists = new Map<string, number>()
      const place = (list: ReadonlyArray<number>): number => {
        const text = list.join()
        const known = lists.get(text) ?? lists.size
        lists.set(text, known)
        return known
      }
      const tasks = keys.map((key) => {
        const { mutant, number } = queued.get(key)!
        const { fresh, warm } = covers.get(key)!
        return { key, mutant: number, source: mutant.file, warm: place(warm), fresh: place(fresh) }
      })
      return {
        record: [],
        tests: known,
        lists: [...lists.keys()].map((text) => text === "" ? [] : text.split(",").map(Number)),
        tasks,
        kills: kills(),
        loading: tests.loading,
        nearness: Object.fromEntries(
          [...new Set(tasks.map(({ source }) => source))].map((source) => [source, tests.nearnessTo(source)])
        ),
        budget: Number(options.budget) * 1000
      }
    },
    onLine: (line) => {
      if (!("status" in line)) return undefined
      const files = covers.get(line.key)!.files
      add(line.by === undefined ? { ...line, tests: tests.hashOf(files) } : line)
      return line.key
    },
    onHang: (key) => add({ key, status: "timeout", tests: tests.hashOf(covers.get(key)!.files) }),
    isOver: () => isInterrupted || Date.now() > end
  })
  console.log(`${done} mutants in ${((Date.now() - begin) / 1000).toFixed(0)} s`)
}

if (!options.report) await run()

const judged = mutants.map(({ key, mutant }) => ({ mutant, result: results.get(key) }))
const summary = summarize(judged, equivalents)
const { pending } = summary.counts
writeRecord(program, (key) => results.get(key))
writeFileSync(page, report(judged, equivalents))
spawnSync("dprint", ["fmt", page, recordPath], { cwd: root })

for (const equivalent of listed) {
  const found = judged.filter(({ mutant }) => isFor(equivalent, mutant))
  const where = nameOf(equivalent)
  if (found.length === 0) console.log(`listed as equivalent, but there is no such mutant: ${where}`)
  else if (found.every(({ result }) => result?.status === "killed")) {
    console.log(`listed as equivalent, but killed: ${where}`)
  }
}
console.log(sentence(summarize(judged.filter(({ mutant }) => isWanted(mutant.file)), equivalents)))
if (pending === 0 && summary.score < required) process.exitCode = 1
