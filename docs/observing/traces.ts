/** Draws the traces of the scenarios as `docs/observing/<name>.svg`. */
import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { record } from "./record.ts"
import { scenarios } from "./scenarios.ts"
import { draw } from "./waterfall.ts"

for (const scenario of scenarios) {
  const file = join(import.meta.dirname, `${scenario.name}.svg`)
  writeFileSync(file, draw(scenario.title, await Effect.runPromise(record(scenario))))
  console.log(file)
}
