/**
 * Rules for the emulator: which requests fail, how, how often, and how their answers arrive.
 *
 * A rule is data: what it matches, how often it answers, and what it does. The first rule of a script that matches a
 * request and is not used up answers it; what no rule matches, the emulated Venice answers. A script is the same in a
 * test and in a JSON file, for `effect-venice emulate --script`.
 *
 * **When to use**
 *
 * `emulator.reply` is enough for the next answers of one client. Use rules where a test has several clients, models or
 * operations, or where it matters how an answer arrives: late, slowly, or not to its end.
 *
 * **Details**
 *
 * What a rule matches:
 *
 * - `on`: an operation (`POST /chat/completions`), or a pattern in which `*` is any text (`POST /image/*`, `*`)
 * - `method`, `path`: the same for a route that Venice does not have; `{name}` in a path is one segment
 * - `model`, `headers`: patterns with `*`
 * - `body`: a subset of the JSON body. The elements of an array are looked for in their order.
 * - `when`: a predicate, only in a test
 *
 * How often it answers: `times` is a number, `"once"`, or `"always"` (by default); `rate` is the probability with which
 * it answers a request at all. What is drawn depends only on the seed of the script and on the order in which requests
 * arrive, so the same requests get the same bytes.
 *
 * What it does: `fail` or `respond` answers; without either, Venice does. `form` is one of `WireResponse.forms`. `delay` waits before the header, `pace` and
 * `drip` slow the body down, `disconnect` ends the connection before its time. They can be combined.
 *
 * **Gotchas**
 *
 * Where a rule disconnects or delays the answer of Venice, Venice has already counted and charged the request, as it
 * does for a response that is lost.
 *
 * **Example** (Failing twice, then cutting a stream)
 *
 * ```ts
 * import { Emulator, Script } from "@effect-venice/testing"
 * import { VeniceClient } from "@effect-venice/http"
 * import { Effect } from "effect"
 *
 * const script = Script.make({
 *   rules: [
 *     Script.on("POST /embeddings", { times: 2, fail: { code: "RATE_LIMIT_EXCEEDED", retryAfter: "1 second" } }),
 *     Script.on("POST /chat/completions", { model: "llama-*", disconnect: { afterEvents: 3 } })
 *   ]
 * })
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *   yield* emulator.script(script)
 *
 *   const body = { model: "text-embedding-bge-m3", input: "Venice" }
 *   const error = yield* Effect.flip(venice.request("POST /embeddings", { body }))
 *   return error._tag
 * }).pipe(Effect.provide(Emulator.layerInProcess))
 *
 * await Effect.runPromise(program) // => "RATE_LIMIT_EXCEEDED"
 * ```
 *
 * @since 0.1.0
 */
import type { Operation, VeniceError } from "@effect-venice/core"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Dynamics from "./Dynamics.ts"
import type { Received } from "./Emulator.ts"
import * as internalRule from "./internal/script/rule.ts"
import * as internal from "./internal/script/script.ts"
import type { forms, WireResponse } from "./WireResponse.ts"

/**
 * An error as a rule writes it: a code of Venice with the fields of its error. `status`, `retryAfter`, `requestId` and
 * `rayId` are those of its response. Absent fields are those of the example in `Fixtures`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  readonly code: VeniceError.Code
  readonly message?: string
  readonly status?: number
  readonly retryAfter?: Duration.Input
  readonly requestId?: string
  readonly rayId?: string
  readonly [field: string]: unknown
}

/**
 * A response as a rule writes it, with at most one of `body`, `json`, `base64` and `events`. `events` are the data of
 * the events of a stream: a text as it is, anything else as JSON. A {@link WireResponse} is one, too.
 *
 * @category models
 * @since 0.1.0
 */
export interface Response {
  /** 200 by default. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: WireResponse["body"]
  readonly json?: unknown
  readonly base64?: string
  readonly events?: ReadonlyArray<unknown>
}

/**
 * How fast the events of a stream arrive: the time to the first one, their number per second, and the share by which
 * the time between two of them varies. Of any other body, its chunks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Pace {
  readonly first?: Duration.Input
  readonly perSecond?: number
  /** Between 0 and 1: 0.2 is up to 20 percent more or less. */
  readonly jitter?: number
}

/**
 * Where a connection ends: before the header is sent, within it, or in the body after a number of bytes or of whole
 * events. Pass it as `disconnect` of a rule.
 *
 * @category models
 * @since 0.1.0
 */
export type Disconnect =
  | "before-header"
  | "within-header"
  | { readonly afterBytes: number }
  | { readonly afterEvents: number }

/**
 * What a rule does and how often, as a test writes it. {@link on} makes a rule of it.
 *
 * @category models
 * @since 0.1.0
 */
export interface RuleOptions {
  readonly method?: string
  /** Below the base URL: `/chat/completions`. */
  readonly path?: string
  readonly model?: string
  /** Names in any case; values are patterns with `*`. */
  readonly headers?: Readonly<Record<string, string>>
  /** A subset of the JSON body. */
  readonly body?: unknown
  /** Only in a test, not in a file. */
  readonly when?: (request: Received) => boolean
  /** How many requests the rule answers, `always` by default. */
  readonly times?: number | "always" | "once"
  /** The probability with which it answers a request. */
  readonly rate?: number
  readonly fail?: Failure | VeniceError.Code | VeniceError.VeniceError
  /** How the error is written: `openAi`, `customMessage`, `cloudflare`, …; Venice's own form by default. */
  readonly form?: keyof typeof forms
  readonly respond?: Response | WireResponse
  /** The time before the header. */
  readonly delay?: Duration.Input
  /** Sends the events of a stream with time between them. */
  readonly pace?: Pace
  /** Sends the body in pieces of so many bytes, with so much time between them. */
  readonly drip?: { readonly bytes: number; readonly every: Duration.Input }
  readonly disconnect?: Disconnect
}

/**
 * The schema of a rule. Use it to check or to write rules as JSON.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Rule = internalRule.Rule

/**
 * A rule that is checked. Make one with {@link on}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Rule extends Schema.Schema.Type<typeof Rule> {}

/**
 * The schema of a script, for a JSON file: `{"seed", "strict", "dynamics", "rules", "chaos"}`, all optional.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Script = internal.Script

/**
 * Rules with a seed, the strictness and the dynamics of Venice. Pass it to `script` of the emulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Script extends Schema.Schema.Type<typeof Script> {}

/**
 * A problem of a script: where it is, such as `rules[0].fail`, and what it is. {@link validate} returns them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Problem {
  readonly path: string
  readonly message: string
}

/**
 * A script is invalid. `message` has a line for each problem.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidScript extends Data.TaggedError("InvalidScript")<{ readonly problems: ReadonlyArray<Problem> }> {
  override get message(): string {
    return this.problems.map(({ message, path }) => path === "" ? message : `${path}: ${message}`).join("\n")
  }
}

/**
 * The emulator did not get the requests that its replies and rules are for, or a strict one got others. `verify` of the
 * emulator fails with it; the message lists them.
 *
 * @category errors
 * @since 0.1.0
 */
export class UnmetExpectations extends Data.TaggedError("UnmetExpectations")<{
  /** Replies and rules that no request used up. */
  readonly unused: ReadonlyArray<string>
  /** Requests that no rule matched, each with the nearest rules. */
  readonly unmatched: ReadonlyArray<string>
}> {
  override get message(): string {
    return [
      ...(this.unused.length === 0 ? [] : ["Unused:", ...this.unused.map((text) => `  ${text}`)]),
      ...this.unmatched
    ].join("\n")
  }
}

const checked = <A>(result: Result.Result<A, Schema.SchemaError>): A => {
  if (Result.isSuccess(result)) return result.success
  throw new InvalidScript({ problems: internal.problemsOf(result.failure) })
}

/**
 * Makes a rule for an operation, or for what a pattern such as `POST /image/*` or `*` matches.
 *
 * **Gotchas**
 *
 * Throws {@link InvalidScript} where an option is none, so that a test with a typing error does not pass.
 *
 * **Example** (Delaying the answers of Venice)
 *
 * ```ts
 * import { Script } from "@effect-venice/testing"
 * import { Duration } from "effect"
 *
 * const slow = Script.on("POST /chat/completions", { delay: "2 seconds" })
 *
 * slow.delay // => Duration.seconds(2)
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const on = (target: Operation.Operation | (string & {}), options: RuleOptions = {}): Rule =>
  checked(Schema.decodeUnknownResult(Rule, internal.exact)({ on: target, ...options }))

/**
 * The failures of {@link chaos} by their probabilities: a code of Venice; `disconnect` before the header; `truncate`,
 * which ends the connection in the body; `delay`.
 *
 * @category models
 * @since 0.1.0
 */
export type Rates = { readonly [Kind in VeniceError.Code | "delay" | "disconnect" | "truncate"]?: number }

/**
 * Makes rules that let a share of all requests fail, drawn from the seed of the script. The rates are exact: a request
 * has one failure at most, and they are at most 1 together.
 *
 * **Example** (Failing one request of ten)
 *
 * ```ts
 * import { Script } from "@effect-venice/testing"
 *
 * const script = Script.make({
 *   seed: 7,
 *   rules: Script.chaos({ MODEL_OVERLOADED: 0.07, disconnect: 0.02, delay: 0.01 }, { delay: "10 seconds" })
 * })
 *
 * script.rules?.length // => 3
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const chaos = (
  rates: Rates,
  options: {
    readonly on?: Operation.Operation | (string & {})
    readonly model?: string
    /** How much longer an answer takes that is drawn for `delay`; 5 seconds by default. */
    readonly delay?: Duration.Input
  } = {}
): ReadonlyArray<Rule> =>
  internal.chaosRules(checked(Schema.decodeUnknownResult(internal.Chaos, internal.exact)({ rates, ...options })))

/**
 * Makes a script of rules. `seed` is 0 by default.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly seed?: number | string
  /** Whether a request that no rule matches fails. Else Venice answers it. */
  readonly strict?: boolean
  readonly dynamics?: Dynamics.Dynamics
  readonly rules?: ReadonlyArray<Rule>
}): Script => options

/**
 * Decodes a script, such as the parsed text of a file. Every problem is reported at once, also of unknown keys.
 *
 * **Example** (Reading a misspelt script)
 *
 * ```ts
 * import { Script } from "@effect-venice/testing"
 * import { Effect } from "effect"
 *
 * const script = Script.decode({ rules: [{ on: "POST /chat/completion", fail: "MODEL_OVERLODED" }] })
 *
 * const { problems } = await Effect.runPromise(Effect.flip(script))
 * problems.map(({ path }) => path) // => ["rules[0].on", "rules[0].fail"]
 * ```
 *
 * @category decoding
 * @since 0.1.0
 */
export const decode = (input: unknown): Effect.Effect<Script, InvalidScript> =>
  Effect.fromResult(Result.mapError(internal.decodeScript(input), (problems) => new InvalidScript({ problems })))

/**
 * Returns the problems of a script, or none if it is valid. Use it in a check of your own for script files.
 *
 * @category decoding
 * @since 0.1.0
 */
export const validate = (input: unknown): ReadonlyArray<Problem> =>
  Result.match(internal.decodeScript(input), { onSuccess: () => [], onFailure: (problems) => problems })
