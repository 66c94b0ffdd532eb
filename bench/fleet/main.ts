/**
 * A fleet of processes under trouble, beside the same fleet with other clients. Writes `bench/FLEET.md`, and exits with 1
 * if a bound that the library states is broken.
 *
 * `--scenario` and `--subject` choose (also several times, by a part of the name), `--seconds` is how long calls are made,
 * `--processes` how many there are, `--parallel` how many fleets run at the same time, `--json` prints the figures and
 * writes nothing, `--soak 10m` runs one fleet for long with faults instead.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { bundle } from "./bundle.ts"
import { run } from "./cell.ts"
import type { Figures } from "./figures.ts"
import { figuresOf } from "./figures.ts"
import { isInstalled } from "./redis.ts"
import { reportOf, tableOf } from "./report.ts"
import { scenarios } from "./scenarios.ts"
import { soak } from "./soak.ts"
import { subjects } from "./subjects.ts"

const { values } = parseArgs({
  options: {
    scenario: { type: "string", multiple: true },
    subject: { type: "string", multiple: true },
    seconds: { type: "string" },
    seed: { type: "string", default: "1" },
    processes: { type: "string", default: "8" },
    parallel: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
    soak: { type: "string" }
  }
})

const fail = (message: string): never => {
  console.error(message)
  process.exit(2)
}

const numberOf = (name: string, text: string, least: number): number => {
  const number = Number(text)
  return Number.isFinite(number) && number >= least ? number : fail(`--${name}: a number of at least ${least}`)
}

const chosen = <A>(all: ReadonlyArray<A>, nameOf: (item: A) => string, parts: ReadonlyArray<string> | undefined) => {
  if (parts === undefined) return all
  const found = all.filter((item) => parts.some((part) => nameOf(item).toLowerCase().includes(part.toLowerCase())))
  return found.length > 0 ? found : fail(`there are: ${all.map(nameOf).join(", ")}`)
}

const minutesOf = (text: string): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(m|s)$/.exec(text) ?? fail("--soak: a time such as 10m or 90s")
  return Number(amount) * (unit === "m" ? 60 : 1)
}

if (!isInstalled()) fail("redis-server is not installed (apt-get install redis-server)")

const processes = numberOf("processes", values.processes, 1)
const seed = numberOf("seed", values.seed, 0)
const seconds = values.seconds === undefined ? undefined : numberOf("seconds", values.seconds, 1)
const worker = await bundle()

if (values.soak !== undefined) {
  const { broken, text } = await soak({ processes, seed, seconds: minutesOf(values.soak), worker })
  console.log(text)
  process.exit(broken.length === 0 ? 0 : 1)
}

const ours = "all parts"
const chosenScenarios = chosen(scenarios, ({ name }) => name, values.scenario)
const chosenSubjects = chosen(subjects, (name) => name, values.subject)
const cells = chosenScenarios.flatMap((scenario) =>
  chosenSubjects
    .filter((subject) => subject === ours || scenario.redis === undefined)
    .map((subject) => ({ scenario, subject }))
)

const figures: Array<Figures> = []
const waiting = cells.map((cell, n) => ({ ...cell, n }))
const results = new Map<number, Figures>()

const work = async () => {
  while (true) {
    const next = waiting.shift()
    if (next === undefined) return
    const of = figuresOf(await run(next.scenario, next.subject, { processes, seconds, seed, worker }))
    results.set(next.n, of)
    if (!values.json) console.error(`${next.scenario.name}, ${next.subject}: ${of.broken.join("; ") || "done"}`)
  }
}

await Promise.all(Array.from({ length: numberOf("parallel", values.parallel, 1) }, work))
figures.push(...cells.map((_, n) => results.get(n)!))

if (values.json) {
  console.log(JSON.stringify(figures, undefined, 2))
} else {
  for (const { name } of chosenScenarios) {
    console.log(`\n${name}\n\n${tableOf(figures.filter((of) => of.scenario === name))}`)
  }
  if (cells.length === scenarios.length + (subjects.length - 1) * scenarios.filter(({ redis }) => !redis).length) {
    writeFileSync(
      join(import.meta.dirname, "..", "FLEET.md"),
      reportOf(chosenScenarios, figures, { processes, seed, seconds })
    )
  }
}

const broken = figures.flatMap(({ broken, scenario, subject }) =>
  broken.map((text) => `${scenario}, ${subject}: ${text}`)
)
for (const text of broken) console.error(`BROKEN: ${text}`)
process.exit(broken.length === 0 ? 0 : 1)
