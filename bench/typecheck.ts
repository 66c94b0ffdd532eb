/**
 * How much longer the type checker works on a project with typed failures than on the same project without: a hundred
 * calls of `VeniceClient`, each with a match of all its failures, against a hundred calls that fail with `Error`.
 *
 *     pnpm build && node bench/typecheck.ts [runs]
 *
 * Both projects load the same declarations, and their successes have the same types. The runs alternate, and the medians
 * are compared. Times depend on the machine; the counts of instantiations do not.
 */
import { Operation, OperationFailure } from "@effect-venice/core"
import { diagnostics } from "./instantiations.ts"

const sites = 100

const operations = Operation.all.filter((operation) => !operation.includes("{"))

const header = `import { Failure, Success, type VeniceClient } from "@effect-venice/http"
import { Effect, type Schema } from "effect"

declare const success: Schema.Codec<string>

export const models = Success.Models

const body = { model: "m", messages: [{ role: "user", content: "hi" }], input: "x", prompt: "x" }
`

const operationOf = (i: number): Operation.Operation => operations[i % operations.length]!

const handlersOf = (operation: Operation.Operation): string =>
  [...OperationFailure.codes(operation), "HttpClientError", "UnexpectedBody"].map((tag) =>
    `    ${tag}: (error) => error.message`
  ).join(",\n")

const site = (i: number, match: string): string => {
  const operation = operationOf(i)
  return `export const call${i} = venice.execute("${operation}", { body, success })
export const handled${i} = Effect.catch(call${i}, (failure) =>
  Effect.succeed(${match}(failure, {
${handlersOf(operation)}
  })))
`
}

const project = (declarations: string, match: string): string =>
  `${header}\n${declarations}\n${Array.from({ length: sites }, (_, i) => site(i, match)).join("\n")}`

const typed = project("declare const venice: VeniceClient[\"Service\"]", "Failure.match")

const untyped = project(
  `interface Untyped extends Pick<VeniceClient["Service"], "http"> {
  readonly execute: <S extends Schema.Constraint>(
    operation: string,
    options: { readonly body?: unknown; readonly success: S }
  ) => Effect.Effect<S["Type"], Error, S["DecodingServices"]>
}

declare const venice: Untyped
declare const match: <A>(failure: Error, handlers: Readonly<Record<string, (error: Error) => A>>) => A

export const matched = Failure.match
`,
  "match"
)

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

const runs = Number(process.argv[2] ?? 9)
const measured = { typed: [] as Array<number>, untyped: [] as Array<number> }
const counts = { typed: 0, untyped: 0 }
for (let run = 0; run < runs; run++) {
  for (const [name, program] of [["typed", typed], ["untyped", untyped]] as const) {
    const { instantiations, seconds } = diagnostics(program)
    measured[name].push(seconds)
    counts[name] = instantiations
  }
}

const seconds = { typed: median(measured.typed), untyped: median(measured.untyped) }
process.stdout.write(
  `${sites} calls and matches, ${runs} runs\n`
    + `with typed failures:    ${seconds.typed.toFixed(3)} s, ${counts.typed} instantiations\n`
    + `without:                ${seconds.untyped.toFixed(3)} s, ${counts.untyped} instantiations\n`
    + `ratio of the times:     ${(seconds.typed / seconds.untyped).toFixed(2)}\n`
)
