/**
 * Assertions about failures and retries, for any test runner.
 *
 * They throw an {@link AssertionError}, of which vitest, Jest and `node:test` print the difference. Each message says
 * what was expected and what happened, with the attempts of the call.
 *
 * **When to use**
 *
 * With `Call.observe` for calls on virtual time, with `Call.fromJournal` for the requests that an emulator received, and
 * with any `Exit`.
 *
 * **Example** (Testing that hints are respected)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { Assertions, Call } from "@effect-venice/testing"
 * import { Duration, Effect } from "effect"
 *
 * const limited = new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: Duration.seconds(2) } })
 * const policy = Retry.limit(Retry.jittered(Retry.standard, "none"), { attempts: 2 })
 *
 * const call = await Effect.runPromise(
 *   Call.observe(Effect.fail(limited), (attempt) => Effect.retry(attempt, policy))
 * )
 *
 * Assertions.attemptedAt(call, ["0 seconds", "2 seconds"])
 * Assertions.respectedHints(call)
 * Assertions.failed(call.exit, "RATE_LIMIT_EXCEEDED", { response: { status: 429 } }).attempts?.reason // => "attempts"
 * ```
 *
 * @since 0.1.0
 */
import { Operation, Retry, VeniceError } from "@effect-venice/core"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Predicate from "effect/Predicate"
import * as Call from "./Call.ts"

/**
 * What an assertion throws. Test runners know it by its name and code, and print the difference between `actual` and
 * `expected`.
 *
 * @category errors
 * @since 0.1.0
 */
export class AssertionError extends Error {
  override readonly name = "AssertionError"
  readonly code = "ERR_ASSERTION"
  readonly generatedMessage = false
  readonly showDiff = true
  readonly operator = "deepStrictEqual"
  readonly actual: unknown
  readonly expected: unknown

  constructor(message: string, actual: unknown, expected: unknown) {
    super(message)
    this.actual = actual
    this.expected = expected
  }
}

/**
 * What a test expects of the fields of a failure: any of them. Members of objects that are left out may have any value.
 *
 * @category models
 * @since 0.1.0
 */
export type Fields<E> = {
  readonly [K in Exclude<keyof E & string, "_tag" | "name" | "stack" | "cause">]?: E[K] extends
    Duration.Duration | ReadonlyArray<unknown> | undefined ? E[K]
    : E[K] extends object ? Partial<E[K]>
    : E[K]
}

interface Tagged {
  readonly _tag: string
}

type Of<E, Tag> = Extract<E, { readonly _tag: Tag }>

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  const prototype = Predicate.isObject(value) ? Object.getPrototypeOf(value) : undefined
  return prototype === Object.prototype || prototype === null
}

/** The parts of a value that a test expects something of. */
const pick = (actual: unknown, expected: unknown): unknown =>
  isPlain(expected) && Predicate.isObjectKeyword(actual)
    ? Object.fromEntries(
      Object.entries(expected).map(([name, part]) => [name, pick((actual as Record<string, unknown>)[name], part)])
    )
    : actual

/** Values as they read best in a difference. */
const shown = (value: unknown): unknown => {
  if (Duration.isDuration(value)) return Duration.isZero(value) ? "0s" : Duration.format(value)
  if (Array.isArray(value)) return value.map(shown)
  return isPlain(value) ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shown(part)])) : value
}

const json = (value: unknown): string => JSON.stringify(value) ?? "undefined"

/** The paths at which two values differ, a line for each. */
const differences = (actual: unknown, expected: unknown, path: string): ReadonlyArray<string> => {
  if (isPlain(expected) && isPlain(actual)) {
    return Object.keys(expected).flatMap((name) =>
      differences(actual[name], expected[name], path === "" ? name : `${path}.${name}`)
    )
  }
  return Equal.equals(actual, expected) ? [] : [`  ${path} is ${json(shown(actual))}, not ${json(shown(expected))}`]
}

const describeCause = (cause: Cause.Cause<unknown>): string =>
  cause.reasons.map((reason) =>
    reason._tag === "Interrupt"
      ? "was interrupted"
      : reason._tag === "Die"
      ? `died with ${String(reason.defect)}`
      : `failed with ${describeFailure(reason.error)}`
  ).join(" and ") || "failed without a reason"

const describeFailure = (failure: unknown): string =>
  Predicate.hasProperty(failure, "_tag") && !VeniceError.isVeniceError(failure)
    ? `${String(failure._tag)}: ${Predicate.hasProperty(failure, "message") ? String(failure.message) : ""}`
    : String(failure)

const describeExit = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit) ? `succeeded with ${json(exit.value)}` : describeCause(exit.cause)

/** What a difference shows of an exit: the tag of its failure, if it has one. */
const tagOf = (exit: Exit.Exit<unknown, unknown>): string => {
  if (Exit.isSuccess(exit)) return "success"
  const failure = exit.cause.reasons.find(Cause.isFailReason)?.error
  return Predicate.hasProperty(failure, "_tag") ? String(failure._tag) : describeExit(exit)
}

/**
 * Asserts that a call failed with this code, or with the tag of another failure, and with these fields. Returns the
 * error, narrowed to its class.
 *
 * @category assertions
 * @since 0.1.0
 */
export const failed = <A, E extends Tagged, const Tag extends E["_tag"]>(
  exit: Exit.Exit<A, E>,
  code: Tag,
  fields?: Fields<Of<E, Tag>>
): Of<E, Tag> => {
  const failure = Exit.isFailure(exit) ? exit.cause.reasons.find(Cause.isFailReason)?.error : undefined
  if (failure?._tag !== code) {
    throw new AssertionError(
      `Expected a failure with ${code}, but the call ${describeExit(exit)}`,
      tagOf(exit),
      code
    )
  }
  const actual = pick(failure, fields ?? {})
  const wrong = differences(actual, fields ?? {}, "")
  if (wrong.length > 0) {
    throw new AssertionError(
      [`Expected ${code} with other fields:`, ...wrong].join("\n"),
      shown(actual),
      shown(fields)
    )
  }
  return failure as Of<E, Tag>
}

/**
 * Runs a call and asserts that it fails with this code, or with the tag of another failure, and with these fields.
 *
 * **Example** (Expecting a failure)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Assertions } from "@effect-venice/testing"
 * import { Effect } from "effect"
 *
 * const call = Effect.fail(new Errors.ModelNotFound({ model: "lama" }))
 *
 * const error = await Effect.runPromise(Assertions.fails(call, "MODEL_NOT_FOUND", { model: "lama" }))
 * error.category // => "NotFound"
 * ```
 *
 * @category assertions
 * @since 0.1.0
 */
export const fails = <A, E extends Tagged, R, const Tag extends E["_tag"]>(
  call: Effect.Effect<A, E, R>,
  code: Tag,
  fields?: Fields<Of<E, Tag>>
): Effect.Effect<Of<E, Tag>, never, R> => Effect.map(Effect.exit(call), (exit) => failed(exit, code, fields))

/**
 * Asserts that a call succeeded, and returns its value.
 *
 * @category assertions
 * @since 0.1.0
 */
export const succeeded = <A, E>(exit: Exit.Exit<A, E>): A => {
  if (Exit.isSuccess(exit)) return exit.value
  throw new AssertionError(`Expected a success, but the call ${describeExit(exit)}`, tagOf(exit), "success")
}

/**
 * Asserts that a call was not interrupted: it ended by itself, with a success, a failure or a defect.
 *
 * @category assertions
 * @since 0.1.0
 */
export const notInterrupted = <A, E>(exit: Exit.Exit<A, E>): void => {
  if (Exit.isSuccess(exit) || !Cause.hasInterrupts(exit.cause)) return
  throw new AssertionError("Expected a call that ends by itself, but it was interrupted", "interrupted", "ended")
}

const count = (n: number): string => n === 1 ? "1 attempt" : `${n} attempts`

const withAttempts = (what: string, call: Call.Attempted): string =>
  `${what}\n${Call.render(call).replace(/^/gm, "  ")}`

/**
 * Asserts how many attempts a call made, the first one included.
 *
 * @category assertions
 * @since 0.1.0
 */
export const attempted = (call: Call.Attempted, times: number): void => {
  const { length } = call.attempts
  if (length === times) return
  throw new AssertionError(
    withAttempts(`Expected ${count(times)}, but there ${length === 1 ? "was" : "were"} ${length}:`, call),
    length,
    times
  )
}

/**
 * A moment since the beginning of a call, or an interval for one, for delays with jitter.
 *
 * @category models
 * @since 0.1.0
 */
export type Moment = Duration.Input | { readonly from: Duration.Input; readonly to: Duration.Input }

const isInterval = (moment: Moment): moment is { readonly from: Duration.Input; readonly to: Duration.Input } =>
  Predicate.hasProperty(moment, "from") && Predicate.hasProperty(moment, "to")

const short = (duration: Duration.Duration): string => shown(duration) as string

/**
 * Asserts when the attempts of a call began, since its beginning. A moment is exact, or an interval for delays with
 * jitter.
 *
 * **Example** (Expecting intervals)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { Assertions, Call } from "@effect-venice/testing"
 * import { Effect } from "effect"
 *
 * const call = await Effect.runPromise(
 *   Call.observe(
 *     Effect.fail(new Errors.InferenceFailed()),
 *     (attempt) => Effect.retry(attempt, Retry.limit(Retry.standard, { attempts: 2 }))
 *   )
 * )
 *
 * Assertions.attemptedAt(call, ["0 seconds", { from: "500 millis", to: "625 millis" }])
 * ```
 *
 * @category assertions
 * @since 0.1.0
 */
export const attemptedAt = (call: Call.Attempted, moments: ReadonlyArray<Moment>): void => {
  const actual = call.attempts.map(({ at }) => at)
  const expected = moments.map((moment) => {
    const { from, to } = isInterval(moment) ? moment : { from: moment, to: moment }
    return { from: Duration.fromInputUnsafe(from), to: Duration.fromInputUnsafe(to) }
  })
  const isRight = actual.length === expected.length
    && actual.every((at, i) => Duration.between(at, { minimum: expected[i]!.from, maximum: expected[i]!.to }))
  if (isRight) return
  const texts = expected.map(({ from, to }) =>
    Duration.equals(from, to) ? short(from) : `${short(from)} to ${short(to)}`
  )
  throw new AssertionError(
    withAttempts(`Expected attempts at ${texts.join(", ")}:`, call),
    // What is inside its interval is no difference.
    actual.map((at, i) => {
      const interval = expected[i]
      return interval !== undefined && Duration.between(at, { minimum: interval.from, maximum: interval.to })
        ? texts[i]
        : short(at)
    }),
    texts
  )
}

const waitBefore = (call: Call.Attempted, retry: number): Duration.Duration => {
  const before = call.attempts[retry - 1]!
  const wait = Duration.subtract(call.attempts[retry]!.at, Duration.sum(before.at, before.took))
  return Duration.isNegative(wait) ? Duration.zero : wait
}

const checkWaits = (
  call: Call.Attempted,
  leastBefore: (retry: number) => Duration.Duration | undefined,
  why: string
): void => {
  for (let retry = 1; retry < call.attempts.length; retry++) {
    const least = leastBefore(retry)
    const wait = waitBefore(call, retry)
    if (least === undefined || Duration.isGreaterThanOrEqualTo(wait, least)) continue
    throw new AssertionError(
      withAttempts(
        `Expected at least ${short(least)} before attempt ${retry + 1}${why}, but it came after ${short(wait)}:`,
        call
      ),
      short(wait),
      `at least ${short(least)}`
    )
  }
}

/**
 * Asserts that a call waited at least so long before every retry, counted from the end of the attempt before.
 *
 * @category assertions
 * @since 0.1.0
 */
export const waitedAtLeast = (call: Call.Attempted, least: Duration.Input): void => {
  const duration = Duration.fromInputUnsafe(least)
  checkWaits(call, () => duration, "")
}

/**
 * Asserts that every retry waited at least as long as the server had asked for.
 *
 * @category assertions
 * @since 0.1.0
 */
export const respectedHints = (call: Call.Attempted): void =>
  checkWaits(
    call,
    (retry) => Retry.attemptOf(call.attempts[retry - 1]!.failure).hint,
    ", as the server asked"
  )

/**
 * Asserts that a call was not retried: it made one attempt, or none.
 *
 * @category assertions
 * @since 0.1.0
 */
export const neverRetried = (call: Call.Attempted): void => {
  const { length } = call.attempts
  if (length <= 1) return
  throw new AssertionError(
    withAttempts(`Expected no retry, but there were ${count(length)}:`, call),
    length,
    1
  )
}

// Venice has answered, and may have billed, what failed so.
const answered: ReadonlySet<unknown> = new Set(["UnexpectedBody", "UnfinishedStream", "JsonRpcError"])

/** Whether another request after this attempt may be charged, or executed, a second time. */
const mayCharge = ({ end, failure, operation = Retry.operationOf(failure) }: Call.Attempt): boolean => {
  if (end !== "failed" || (Predicate.hasProperty(failure, "_tag") && answered.has(failure._tag))) {
    return !Operation.mayRepeat(operation, "lost")
  }
  const outcome = Retry.outcomeOf(failure)
  // A final error of Venice is a refusal: nothing was executed.
  return outcome !== undefined && !Operation.mayRepeat(operation, outcome)
}

/**
 * Asserts that nothing was charged or executed twice: no attempt came after one that may have been carried out, as far
 * as its operation and its end tell.
 *
 * **Details**
 *
 * An attempt that succeeded, whose response was lost, or which was interrupted, may have been charged if the operation
 * costs something. One that Venice refused or reported as failed was not, except where the operation charges before it
 * answers. See `Operation.mayRepeat`.
 *
 * **Gotchas**
 *
 * It takes all attempts for one call: filter a journal with several calls first.
 *
 * @category assertions
 * @since 0.1.0
 */
export const chargedOnce = (call: Call.Attempted): void => {
  const index = call.attempts.slice(0, -1).findIndex(mayCharge)
  if (index < 0) return
  const { operation = "the operation" } = call.attempts[index]!
  throw new AssertionError(
    withAttempts(
      `Expected no attempt after one that may have been charged, but attempt ${
        index + 1
      } of ${operation} may have been:`,
      call
    ),
    count(call.attempts.length),
    count(index + 1)
  )
}
