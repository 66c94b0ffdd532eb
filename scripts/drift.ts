/**
 * Compares newer copies of Venice's pages with what this repository knows, and prints each difference with the edit that
 * it asks for.
 *
 *     pnpm drift --errors error-codes.mdx            the page of the error codes, in Markdown or HTML
 *     pnpm drift --openapi swagger.yaml              the OpenAPI description, in YAML or JSON
 *     pnpm drift --changelog changelog.mdx           the changelog, in Markdown, RSS or Atom
 *     curl … | pnpm --silent drift --openapi -       one of them from standard input
 *     pnpm drift … --json                            one line of JSON
 *     pnpm drift … --record                          notes in `drift/facts` that the copies were dealt with
 *
 * The codes are compared with the rows of `Errors`, the operations and their failing statuses with those of `Operation`,
 * and the fields and the changelog with `drift/facts`. The exit status is 0 without a difference, 1 with one, and 2 if an
 * input cannot be used.
 */
import { parseArgs } from "node:util"
import { readChangelog } from "./drift/changelog.ts"
import { compareChangelog, compareCodes, comparedWith, compareOperations } from "./drift/compare.ts"
import { readDescription } from "./drift/description.ts"
import { readErrorPage } from "./drift/errorPage.ts"
import * as Facts from "./drift/facts.ts"
import { read, Unusable } from "./drift/input.ts"
import { renderJson, renderText } from "./drift/render.ts"

const options = {
  errors: { type: "string" },
  openapi: { type: "string" },
  changelog: { type: "string" },
  json: { type: "boolean", default: false },
  record: { type: "boolean", default: false }
} as const

const fail = (problem: string, json: boolean): never => {
  if (json) process.stdout.write(`${JSON.stringify({ status: "unusable", problem })}\n`)
  else process.stderr.write(`${problem}\n`)
  process.exit(2)
}

const parsed = (() => {
  try {
    const { tokens, values } = parseArgs({ options, tokens: true })
    const names = tokens.filter((token) => token.kind === "option").map(({ name }) => name)
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    return twice === undefined ? values : fail(`--${twice} is given twice`, values.json)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error), process.argv.includes("--json"))
  }
})()

const paths = [parsed.errors, parsed.openapi, parsed.changelog].filter((path) => path !== undefined)
if (paths.length === 0) {
  fail("give a copy to compare: --errors, --openapi or --changelog, each a file or -", parsed.json)
}
if (paths.filter((path) => path === "-").length > 1) fail("only one copy can come from standard input", parsed.json)

/** Runs a step on a copy; its problem is reported with the name of the copy. */
const about = async <A>(path: string, step: () => A | Promise<A>): Promise<A> => {
  try {
    return await step()
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    return fail(`${path === "-" ? "standard input" : path} ${error.message}`, parsed.json)
  }
}

const facts = Facts.read()

const compared = async <A, B>(
  path: string | undefined,
  parse: (text: string) => A,
  compare: (copy: A, known: Facts.Facts) => ReadonlyArray<B>
): Promise<readonly [A | undefined, ReadonlyArray<B>]> =>
  path === undefined ? [undefined, []] : about(path, async () => {
    const copy = parse(await read(path))
    return [copy, compare(copy, facts)]
  })

const [errors, codeChanges] = await compared(parsed.errors, readErrorPage, compareCodes)
const [openapi, operationChanges] = await compared(parsed.openapi, readDescription, compareOperations)
const [changelog, entries] = await compared(parsed.changelog, readChangelog, compareChangelog)

const copies: Facts.Copies = {
  ...(errors === undefined ? undefined : { errors }),
  ...(openapi === undefined ? undefined : { openapi }),
  ...(changelog === undefined ? undefined : { changelog })
}
const changes = [...codeChanges, ...operationChanges, ...entries]
process.stdout.write((parsed.json ? renderJson : renderText)(changes, comparedWith(copies, facts)))
if (parsed.record) {
  await about(
    parsed.openapi ?? "-",
    () => Facts.write(Facts.recorded(facts, copies, new Date().toISOString().slice(0, 10)))
  )
}
process.exitCode = changes.length === 0 ? 0 : 1
