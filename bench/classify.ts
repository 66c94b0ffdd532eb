/**
 * The CPU time of a line of the command `classify`: a response that is parsed, decoded, encoded and written as JSON. Reading
 * and splitting the input is not part of it. An ordinary log has one response for each error of Venice's; the other lines
 * are all fixtures, with unknown messages, pages of proxies and credentials.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { classify } from "../packages/testing/src/cli/classify.ts"
import { compareCpu, report, type Runs } from "./measure.ts"

interface Fixture {
  readonly id: string
  readonly isCanonical: boolean
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const { fixtures }: { readonly fixtures: ReadonlyArray<Fixture> } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../packages/testing/src/fixtures.json"), "utf8")
)
// Several times, because a log has more lines than the fixtures, and the engine optimizes what runs often.
const linesOf = (responses: ReadonlyArray<Fixture>, times: number): ReadonlyArray<string> =>
  Array.from(
    { length: times },
    () => responses.map(({ body, headers, id, status }) => JSON.stringify({ id, status, headers, body }))
  ).flat()

const all = linesOf(fixtures, 10)
const ordinary = linesOf(fixtures.filter(({ isCanonical }) => isCanonical), 60)
const now = Date.UTC(2026, 0, 1)

const classifying = (lines: ReadonlyArray<string>): Runs => ({
  run: async () => lines.map((text, line) => JSON.stringify(classify(text, { line, now }))),
  units: lines.length
})

const { micros, ratio } = await compareCpu({
  all: classifying(all),
  ordinary: classifying(ordinary),
  parsing: { run: async () => all.map((text) => JSON.stringify(JSON.parse(text))), units: all.length }
})

report({
  "classify/ordinary/micros": micros("ordinary"),
  "classify/micros": micros("all"),
  "classify/parsing": ratio("all", "parsing")
})
