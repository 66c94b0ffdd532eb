/**
 * The command `demo`: every error over real HTTP, and one call that succeeds after two retries.
 *
 * @internal
 */
import { Category, Errors, Operation, Retry, type VeniceError } from "@effect-venice/core"
import { type AnyOperation, type RequestOptions, VeniceClient } from "@effect-venice/http"
import { TerminalCapabilities } from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Emulator from "../Emulator.ts"
import * as Fixtures from "../Fixtures.ts"
import { oneLine } from "../internal/pasted/printable.ts"
import { columns, wrap } from "./output.ts"

interface Paint {
  readonly bold: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly dim: (text: string) => string
}

const paint = Effect.map(TerminalCapabilities, ({ canColor }): Paint => {
  const sgr = (code: number) => (text: string) => canColor ? `\u001b[${code}m${text}\u001b[0m` : text
  return { bold: sgr(1), good: sgr(32), bad: sgr(31), dim: sgr(2) }
})

const inSeconds = (duration: Duration.Duration): string =>
  Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(duration))))

/** What a policy does about a failure of every attempt, in a few words. */
const advice = (policy: Retry.Policy, error: VeniceError.VeniceError): string => {
  const { outcome, retries: [first, ...others] } = Retry.simulate(policy, Array.from({ length: 100 }, () => error), {
    random: 0.5
  })
  if (first !== undefined) {
    const count = others.length + 1
    return `${count === 1 ? "1 retry after" : `${count} retries from`} ${Duration.format(first.floor)}`
  }
  return outcome === "hint" && error.response.retryAfter !== undefined
    ? `no: asks for ${inSeconds(error.response.retryAfter)}`
    : "no retry"
}

const header = ["HTTP", "code", "category", "Retry.standard"] as const

const widths = [4, 34, 14] as const

const row = (cells: readonly [string, string, string, string]): string =>
  cells.map((cell, i) => i < widths.length ? cell.padEnd(widths[i]!) : cell).join("  ")

/** A text of any length, broken into lines below the second column. */
const below = (text: string): string => wrap(oneLine(text), columns - 6).map((line) => `      ${line}`).join("\n")

const errorRow = (error: VeniceError.VeniceError, colors: Paint): string => {
  const line = row([
    String(error.response.status),
    error._tag,
    error.category,
    advice(Retry.standard, error)
  ])
  return Retry.kindOf(error) === undefined ? line : colors.good(line)
}

const transportRow = (error: HttpClientError, colors: Paint): string =>
  colors.bad(`${row(["-", error._tag, "Transport", ""]).trimEnd()}\n${below(error.message)}`)

/** What to do about the errors that are not retried, by category. */
const remedies = (errors: ReadonlyArray<VeniceError.VeniceError>): string =>
  Category.all.filter((category) =>
    errors.some((error) => error.category === category && Retry.kindOf(error) === undefined)
  ).map((category) => `  ${category.padEnd(widths[2])}  ${Category.remedies[category]}`).join("\n")

const Completion = Schema.Struct({
  choices: Schema.NonEmptyArray(Schema.Struct({ message: Schema.Struct({ content: Schema.String }) }))
})

const seconds = (millis: number): string => `${(millis / 1000).toFixed(2).padStart(6)} s`

/** Calls with retries, and prints every failed attempt with its delay. */
const timeline = Effect.fnUntraced(function*<A, E, R>(
  call: Effect.Effect<A, E, R>,
  describe: (success: A) => string,
  colors: Paint
) {
  const start = yield* Clock.currentTimeMillis
  const since = Effect.map(Clock.currentTimeMillis, (now) => seconds(now - start))
  const policy = Retry.standard.pipe(
    Schedule.tap(({ input, output }) =>
      Effect.flatMap(since, (time) => {
        const hint = output.hint === undefined ? "no hint" : `asked for ${Duration.format(output.hint)}`
        return Console.log(
          `  ${time}  ${colors.bad(oneLine((input as VeniceError.VeniceError)._tag).padEnd(22))}  ${
            hint.padEnd(14)
          }  waits ${seconds(Duration.toMillis(output.delay)).trim()}`
        )
      })
    )
  )
  const success = yield* Effect.retry(call, policy)
  yield* Console.log(`  ${yield* since}  ${colors.good("succeeded".padEnd(22))}  ${oneLine(describe(success))}`)
})

const chat = {
  body: { model: "emulated", messages: [{ role: "user", content: "Hello" }] },
  success: Completion
} as const

const emulated = Effect.gen(function*() {
  const colors = yield* paint
  const emulator = yield* Emulator.Emulator
  const venice = yield* VeniceClient

  yield* Console.log(colors.bold(`Every error of the Venice API, sent by ${emulator.baseUrl} and decoded`))
  yield* Console.log(`\n${colors.dim(row(header))}`)
  let decoded = 0
  const failures: Array<VeniceError.VeniceError> = []
  for (const error of Fixtures.errors) {
    yield* emulator.reply(error)
    const path = { slug: "nobody", walletAddress: "0x0", network: "base", id: "1" }
    const operation = Fixtures.operation(error._tag)
    const body = operation.startsWith("GET") ? undefined : chat.body
    yield* venice.request(operation, { path, body }).pipe(
      Effect.matchEffect({
        onFailure: (failure) => {
          if (failure._tag === error._tag) decoded++
          if (failure._tag === "HttpClientError") return Console.log(transportRow(failure, colors))
          failures.push(failure)
          return Console.log(errorRow(failure, colors))
        },
        onSuccess: () => Console.log(colors.bad(row(["200", "-", "-", "not a failure"])))
      })
    )
  }
  yield* Console.log(`\n${decoded} of ${Fixtures.errors.length} errors were decoded as sent.`)
  yield* Console.log(`\n${colors.bold("What to do where a retry does not help")}\n\n${remedies(failures)}\n`)

  yield* Console.log(colors.bold("One call that fails with a rate limit, then with a busy model, and then succeeds"))
  yield* emulator.reply(
    new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: Duration.seconds(1) } }),
    new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(2) } })
  )
  yield* timeline(
    venice.execute("POST /chat/completions", chat),
    ({ choices: [{ message }] }) => JSON.stringify(message.content),
    colors
  )
})

export const demo = emulated.pipe(Effect.provide(Emulator.layerClient), Effect.provide(Emulator.layer))

const probes: ReadonlyArray<readonly [string, AnyOperation, RequestOptions]> = [
  ["an unknown model", "POST /chat/completions", { body: { ...chat.body, model: "no-such-model" } }],
  ["no messages", "POST /chat/completions", { body: { model: "no-such-model" } }],
  ["an unknown character", "GET /characters/{slug}", { path: { slug: "no-such-character" } }],
  ["an unknown job", "POST /video/retrieve", { body: { model: "no-such-model", queue_id: "no-such-job" } }],
  ["a retired route", "GET /billing/usage", {}],
  ["an unknown route", Operation.custom("GET /no/such/route"), {}]
]

/**
 * The demo against the real API: requests that fail without cost, and one call that succeeds. The real API does not
 * fail on demand, so it shows only the mistakes of a caller.
 */
export const live = Effect.gen(function*() {
  const colors = yield* paint
  const options = yield* VeniceClient.config
  const venice = yield* VeniceClient.make(options)
  const unknownKey = yield* VeniceClient.make({ ...options, apiKey: Redacted.make("no-such-key") })
  const noKey = yield* VeniceClient.make({ baseUrl: options.baseUrl })

  yield* Console.log(colors.bold(oneLine(`Requests that fail without cost, sent to ${options.baseUrl}`)))
  yield* Console.log(`\n${colors.dim(row(header))}`)
  const failures: Array<VeniceError.VeniceError> = []
  const show = (cause: string, client: typeof venice, operation: AnyOperation, request: RequestOptions) =>
    client.request(operation, request).pipe(
      Effect.match({
        onFailure: (error) => {
          if (error._tag === "HttpClientError") return transportRow(error, colors)
          failures.push(error)
          return errorRow(error, colors)
        },
        onSuccess: (response) => row([String(response.status), "-", "-", "not a failure"])
      }),
      Effect.flatMap((line) => Console.log(`${line}\n${colors.dim(below(cause))}`))
    )
  yield* show("an unknown key", unknownKey, "GET /api_keys/rate_limits", {})
  yield* show("no key", noKey, "GET /api_keys/rate_limits", {})
  for (const [cause, operation, request] of probes) yield* show(cause, venice, operation, request)

  if (failures.length > 0) {
    yield* Console.log(`\n${colors.bold("What to do where a retry does not help")}\n\n${remedies(failures)}`)
  }
  yield* Console.log(`\n${colors.bold("One call that costs nothing")}`)
  yield* timeline(
    venice.execute("GET /models", { success: Schema.Struct({ data: Schema.Array(Schema.Json) }) }),
    ({ data }) => `${data.length} models`,
    colors
  )
})
