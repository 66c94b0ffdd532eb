/**
 * Simulates an outage of ten minutes for 1,000 clients, with each part of `resilience` and with all, and writes the table
 * into `docs/resilience.md` and the drawing to `docs/resilience-outage.svg`. `--clients`, `--minutes` and `--seed` print
 * the table of another outage instead.
 */
import { Duration, Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { draw } from "./drawing.ts"
import { parts, simulate } from "./simulate.ts"
import { figuresOf, tableOf } from "./table.ts"

const { values } = parseArgs({
  options: {
    clients: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string" }
  }
})

const settings = {
  clients: Number(values.clients ?? 1000),
  outage: Duration.minutes(Number(values.minutes ?? 10)),
  seed: Number(values.seed ?? 1)
}

const simulations = await Effect.runPromise(Effect.forEach(parts, (part) => simulate(part, settings)))
const table = tableOf(simulations.map(figuresOf))
console.log(table)

if (Object.keys(values).length === 0) {
  const docs = join(import.meta.dirname, "..", "..", "docs")
  const page = join(docs, "resilience.md")
  const [begin, end] = ["<!-- outage: begin -->", "<!-- outage: end -->"]
  const text = readFileSync(page, "utf8")
  const [before, rest] = text.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) {
    throw new Error(`${page} has no place for the table: ${begin} … ${end}`)
  }
  writeFileSync(page, `${before}${begin}\n\n${table}\n\n${end}${after}`)
  writeFileSync(join(docs, "resilience-outage.svg"), draw(simulations))
}
