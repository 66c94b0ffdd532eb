/**
 * Laws for your own retry policies, decoders and handlers: the properties that ours are tested with.
 *
 * {@link policy}, {@link decoder} and {@link channel} list the laws of a subject. {@link check} tests them with
 * generated failures, and fails with a report of those that are broken: the law, the smallest counterexample that was
 * found, and the seed to find it again.
 *
 * **When to use**
 *
 * In the tests of what you write yourself. Each law can be a test of its own: `it.effect.each(Laws.policy(mine))("$name",
 * Laws.check)`. Without Effect's test helpers, `await Laws.verify(Laws.policy(mine))`.
 *
 * **Example** (Finding what is wrong with a schedule)
 *
 * ```ts
 * import { Laws } from "@effect-venice/testing"
 * import { Effect, Schedule } from "effect"
 *
 * const mine = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 3 }))
 *
 * const broken = await Effect.runPromise(Effect.flip(Laws.check(Laws.policy(mine), { seed: 1 })))
 *
 * broken.violations.map(({ law }) => law)[0] // => "never repeats what is final"
 * broken.violations[0]?.counterexample // => "1. INVALID_REQUEST from POST /chat/completions"
 * broken.violations[0]?.reason // => "attempt 1: it is retried, and no retry can help"
 * ```
 *
 * @since 0.1.0
 */
import type { Decode, Operation, Retry } from "@effect-venice/core"
import type { Failure } from "@effect-venice/http"
import type { ExecuteFailure, RequestFailure } from "@effect-venice/http/VeniceClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Schedule from "effect/Schedule"
import * as Channel from "./internal/laws/channel.ts"
import * as Decoder from "./internal/laws/decoder.ts"
import * as internal from "./internal/laws/law.ts"
import * as Policy from "./internal/laws/policy.ts"

/**
 * A law of one subject. Pass it to {@link check}, and use its name as the name of a test.
 *
 * @category models
 * @since 0.1.0
 */
export interface Law extends internal.Law {}

/**
 * How a law is broken: its name, the counterexample after shrinking, what happened, and the seed that finds it again.
 *
 * @category models
 * @since 0.1.0
 */
export interface Violation extends internal.Violation {}

/**
 * How thoroughly laws are tested.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** How many values each law is tested with: 100 by default. Laws whose runs are alike take a part of it. */
  readonly runs?: number | undefined
  /** The seed of the values. Random by default: a report says which one it was. */
  readonly seed?: number | undefined
}

/**
 * What {@link check} fails with: the laws that are broken. The message is the report.
 *
 * @category errors
 * @since 0.1.0
 */
export class BrokenLaws extends Error {
  readonly _tag = "BrokenLaws"
  override readonly name = "BrokenLaws"
  readonly violations: ReadonlyArray<Violation>

  constructor(violations: ReadonlyArray<Violation>, checked: number) {
    super([`${violations.length} of ${checked} laws are broken:`, ...violations.map(internal.render)].join("\n\n"))
    this.violations = violations
  }
}

const list = (laws: Law | ReadonlyArray<Law>): ReadonlyArray<Law> => "check" in laws ? [laws] : laws

/**
 * Tests one law or several. Fails with a report of all that are broken.
 *
 * @category checking
 * @since 0.1.0
 */
export const check = (laws: Law | ReadonlyArray<Law>, options: Options = {}): Effect.Effect<void, BrokenLaws> =>
  Effect.gen(function*() {
    const { runs = 100, seed = yield* Random.nextIntBetween(0, 1_000_000) } = options
    const all = list(laws)
    const verdicts = yield* Effect.forEach(all, (law) => law.check({ runs, seed }))
    const violations = verdicts.filter((verdict) => verdict !== undefined)
    if (violations.length > 0) return yield* Effect.fail(new BrokenLaws(violations, all.length))
  })

/**
 * Tests laws as {@link check} does, for test runners that take promises: it rejects with {@link BrokenLaws}.
 *
 * **Example** (Checking a policy in any test runner)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 * import { Laws } from "@effect-venice/testing"
 *
 * await Laws.verify(Laws.policy(Retry.without(Retry.standard, "Timeout"), { attempts: 5 }), { runs: 20 })
 * ```
 *
 * @category checking
 * @since 0.1.0
 */
export const verify = (laws: Law | ReadonlyArray<Law>, options?: Options): Promise<void> =>
  Effect.runPromise(check(laws, options))

/**
 * The laws of a retry policy, which may be any schedule.
 *
 * **Details**
 *
 * - It never repeats what is final: an error that no retry can help, a stream that has delivered something.
 * - It waits at least as long as the server asks, whatever the jitter.
 * - It waits for a finite time.
 * - It never repeats what may be charged or executed twice: see `Operation.mayRepeat`.
 * - It never waits past `Retry.Deadline`.
 * - It ends within the limits that you pass, or after 1000 attempts.
 * - It decides the same for the same seed of Effect's `Random`.
 *
 * **Gotchas**
 *
 * `longestHint` is checked for hints of up to 90 seconds. A policy is not asked about failures of your own classes.
 *
 * @category laws
 * @since 0.1.0
 */
export const policy = (
  policy: Schedule.Schedule<unknown, any>,
  limits: Pick<Retry.Limits, "attempts" | "elapsed" | "longestHint"> = {}
): ReadonlyArray<Law> =>
  Policy.laws(policy, {
    attempts: limits.attempts,
    elapsed: limits.elapsed === undefined ? undefined : Duration.fromInputUnsafe(limits.elapsed),
    longestHint: limits.longestHint === undefined ? undefined : Duration.fromInputUnsafe(limits.longestHint)
  })

/**
 * What {@link decoder} may know of a decoder.
 *
 * @category models
 * @since 0.1.0
 */
export interface DecoderOptions<A> {
  /** The part of a result that must not depend on the order of members: `_tag`, `code`, `category` and hint by default. */
  readonly identify?: ((result: A) => unknown) | undefined
  /** How long all texts of a result may be together: 64 Ki by default. */
  readonly maxLength?: number | undefined
}

/**
 * The laws of a decoder: a function from a response to an error, a record of a log, or anything else.
 *
 * **Details**
 *
 * - It decodes every response: it neither throws nor returns `undefined`.
 * - It keeps a bounded part of a response.
 * - It keeps no secret of the request, in no property of the result, enumerable or not.
 * - It decodes the same bytes to the same result.
 * - It does not depend on the order of members.
 *
 * **Example** (Checking a decoder)
 *
 * ```ts
 * import { Decode } from "@effect-venice/core"
 * import { Laws } from "@effect-venice/testing"
 *
 * await Laws.verify(Laws.decoder(Decode.response), { runs: 20 })
 * ```
 *
 * @category laws
 * @since 0.1.0
 */
export const decoder = <A>(
  decode: (input: Decode.Input) => A,
  options: DecoderOptions<A> = {}
): ReadonlyArray<Law> =>
  Decoder.laws({
    decode,
    identify: options.identify ?? Decoder.identify,
    maxLength: options.maxLength ?? 64 * 1024
  })

/**
 * The kind of a call, which decides what it can fail with: `execute`, `request` or `stream` of `VeniceClient`.
 *
 * @category models
 * @since 0.1.0
 */
export type CallKind = Channel.Kind

/**
 * What a call can fail with, by its operation and kind.
 *
 * @category models
 * @since 0.1.0
 */
export type ChannelOf<Op extends Operation.Operation, Kind extends CallKind> = Kind extends "request"
  ? RequestFailure<Op>
  : Kind extends "stream" ? RequestFailure<Op> | Failure.UnexpectedBody | Failure.UnfinishedStream
  : ExecuteFailure<Op>

/**
 * What {@link channel} needs to know of a handler.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChannelOptions<Op extends Operation.Operation, Kind extends CallKind> {
  /** The operation of the call. Without it, the errors of all operations occur. */
  readonly operation?: Op | undefined
  /** `execute` by default. */
  readonly kind?: Kind | undefined
  /** The codes and tags of the failures that the handler passes on: `["RATE_LIMIT_EXCEEDED"]`. None by default. */
  readonly passesOn?: ReadonlyArray<ChannelOf<Op, Kind>["_tag"]> | undefined
}

/**
 * The laws of a handler: a function that takes a call and handles its failures, as `Effect.catchTags` in a pipe does.
 *
 * **Details**
 *
 * There is a law for each member of the failure channel: the handler ends with a success, or with a failure of your own,
 * and not with a defect, an interruption, or an error of the channel. An unrecognized response occurs in each category.
 * Waits of the handler pass on virtual time. A success must stay one.
 *
 * **Example** (Checking a handler)
 *
 * ```ts
 * import { Laws } from "@effect-venice/testing"
 * import { Effect } from "effect"
 *
 * const broken = await Effect.runPromise(Effect.flip(Laws.check(
 *   Laws.channel(
 *     (call) => Effect.catchTag(Effect.asVoid(call), "HttpClientError", () => Effect.void),
 *     { operation: "GET /models", kind: "request" }
 *   )
 * )))
 *
 * broken.violations.some(({ law }) => law === "handles RATE_LIMIT_EXCEEDED") // => true
 * broken.violations.some(({ law }) => law === "handles HttpClientError") // => false
 * ```
 *
 * @category laws
 * @since 0.1.0
 */
export const channel = <const Op extends Operation.Operation = Operation.Operation, Kind extends CallKind = "execute">(
  handle: (call: Effect.Effect<unknown, ChannelOf<Op, Kind>>) => Effect.Effect<unknown, unknown>,
  options: ChannelOptions<Op, Kind> = {}
): ReadonlyArray<Law> =>
  Channel.laws({
    handle,
    operation: options.operation,
    kind: options.kind ?? "execute",
    passesOn: options.passesOn ?? []
  })
