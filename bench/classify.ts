/**
 * The CPU time of a line of the command `classify`: every response of the fixtures, parsed, decoded, encoded and written as
 * JSON. Reading and splitting the input is not part of it.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { classify } from "../packages/testing/src/cli/classify.ts"
import { compareCpu, report } from "./measure.ts"

interface Fixture {
  readonly id: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const { fixtures }: { readonly fixtures: ReadonlyArray<Fixture> } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../packages/testing/src/fixtures.json"), "utf8")
)
// Ten times, because a log has more lines than the fixtures, and the engine optimizes what runs often.
const lines = Array.from(
  { length: 10 },
  () => fixtures.map(({ body, headers, id, status }) => JSON.stringify({ id, status, headers, body }))
).flat()
const now = Date.UTC(2026, 0, 1)

const { micros, ratio } = await compareCpu({
  classify: {
    run: async () => lines.map((text, line) => JSON.stringify(classify(text, { line, now }))),
    units: lines.length
  },
  parsing: {
    run: async () => lines.map((text) => JSON.stringify(JSON.parse(text))),
    units: lines.length
  }
})

report({ "classify/micros": micros("classify"), "classify/parsing": ratio("classify", "parsing") })
