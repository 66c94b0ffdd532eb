/**
 * A call on virtual time: its attempts, when each began, and how the call ended.
 *
 * {@link observe} runs a call to its end and moves the clock from one wait to the next, so that a test of retries that
 * take hours takes milliseconds. `Assertions` checks what it recorded.
 *
 * **When to use**
 *
 * To test a policy, or anything else that repeats a call: a fallback, a breaker, a loop of your own.
 *
 * **Details**
 *
 * The call runs on the `TestClock` of the test. Without one, as in `node:test` or Jest, it gets one of its own, which
 * starts at zero. When the call has ended, the clock stands at that moment. {@link fromJournal} makes the same record of
 * the requests that an emulator received.
 *
 * **Gotchas**
 *
 * Time only passes while the call waits for time. A real socket answers at some other moment: use
 * `Emulator.layerInProcess`, or an effect that stands for the request.
 *
 * **Example** (Observing retries)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { Call } from "@effect-venice/testing"
 * import { Duration, Effect } from "effect"
 *
 * const busy = Effect.suspend(() =>
 *   Effect.fail(new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(30) } }))
 * )
 * const policy = Retry.jittered(Retry.standard, "none")
 *
 * const call = await Effect.runPromise(Call.observe(busy, (attempt) => Effect.retry(attempt, policy)))
 *
 * Call.render(call).split("\n")[1] // => "2. at 30s: MODEL_OVERLOADED (HTTP 429), asked for 30s"
 * call.attempts.length // => 5
 * Duration.format(call.elapsed) // => "2m"
 * ```
 *
 * @since 0.1.0
 */
import { Attempts, Decode, Retry } from "@effect-venice/core"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Observation from "./internal/call/observation.ts"

/**
 * One attempt of a call: a request, or the effect that stands for it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempt {
  /** When the attempt began, since the call did. */
  readonly at: Duration.Duration
  readonly took: Duration.Duration
  /** The operation, if the options or the failure name it. */
  readonly operation: string | undefined
  /** The failure, or the defect; nothing for a success. */
  readonly failure: unknown
  /** How the attempt ended. It is `interrupted` if it was still running when the call ended. */
  readonly end: "succeeded" | "failed" | "died" | "interrupted"
}

/**
 * The attempts of a call, or of several, in the order in which they began. `Assertions` takes it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Attempted {
  readonly attempts: ReadonlyArray<Attempt>
}

/**
 * A call that has ended: the result of {@link observe}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call<A, E> extends Attempted {
  readonly exit: Exit.Exit<A, E>
  readonly elapsed: Duration.Duration
}

/**
 * What {@link observe} allows a call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The operation of the attempts, for failures that do not name it, such as a timeout of your own. */
  readonly operation?: string | undefined
  /** How long the call may take, in virtual time: two days by default. */
  readonly within?: Duration.Input | undefined
  /** How many attempts the call may make: 1000 by default. */
  readonly attempts?: number | undefined
}

/**
 * Runs a call on virtual time until it ends, and records its attempts.
 *
 * **Details**
 *
 * `attempt` is what may be repeated, and `around` what repeats it. A call that goes on after the time or the attempts of
 * the options, or that waits for something else than time, is interrupted, and the effect dies with an error that lists
 * the attempts so far.
 *
 * @category running
 * @since 0.1.0
 */
export const observe = <A, E, R, A2, E2, R2>(
  attempt: Effect.Effect<A, E, R>,
  around: (attempt: Effect.Effect<A, E, R>) => Effect.Effect<A2, E2, R2>,
  options: Options = {}
): Effect.Effect<Call<A2, E2>, never, R2> => {
  const within = Duration.fromInputUnsafe(options.within ?? "2 days")
  const maxAttempts = options.attempts ?? 1000
  return Effect.suspend(() => {
    const attempts: Array<Attempt> = []
    let endless: Error | undefined
    const fail = (why: string) => new Error(`${why}\n${lines({ attempts })}`)
    return Observation.run({
      within,
      attempt,
      around,
      begin: (at) => {
        if (attempts.length >= maxAttempts) {
          endless = fail(`The call went on after ${maxAttempts} attempts:`)
          throw endless
        }
        const index = attempts.length
        attempts.push({
          at,
          took: Duration.zero,
          operation: options.operation,
          failure: undefined,
          end: "interrupted"
        })
        return (took, exit) => {
          attempts[index] = { ...attempts[index]!, took, ...endOf(exit, options.operation) }
        }
      },
      stuck: () => fail("The call waits for something else than time, such as a real socket:"),
      late: () => fail(`The call went on after ${Duration.format(within)}:`)
    }).pipe(
      Effect.flatMap(({ elapsed, exit }) =>
        endless === undefined ? Effect.succeed({ attempts, exit, elapsed }) : Effect.die(endless)
      )
    )
  })
}

const endOf = (
  exit: Exit.Exit<unknown, unknown>,
  operation: string | undefined
): Pick<Attempt, "end" | "failure" | "operation"> => {
  if (Exit.isSuccess(exit)) return { end: "succeeded", failure: undefined, operation }
  const reason = exit.cause.reasons.find(({ _tag }) => _tag !== "Interrupt")
  if (reason === undefined || reason._tag === "Interrupt") return { end: "interrupted", failure: undefined, operation }
  const failure = reason._tag === "Fail" ? reason.error : reason.defect
  return {
    end: reason._tag === "Fail" ? "failed" : "died",
    failure,
    operation: operation ?? Retry.operationOf(failure)
  }
}

/**
 * An entry of the journal of an emulator, as far as it is read here: an `Entry` of `Journal`, or one of a page of
 * `GET /__emulator/journal`, decoded.
 *
 * @category models
 * @since 0.1.0
 */
export interface JournalEntry {
  readonly receivedAt: DateTime.Utc
  readonly endedAt?: DateTime.Utc | undefined
  readonly request: { readonly operation?: string | undefined }
  readonly response?: {
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: { readonly text?: string | undefined }
  } | undefined
  readonly outcome: "pending" | "completed" | "disconnected" | "aborted"
}

/**
 * Makes attempts of the requests that an emulator received, for assertions on what was really sent, by whatever client.
 *
 * **Details**
 *
 * A failing status is decoded to its error. A request that the emulator did not answer in full ends as `interrupted`.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromJournal = (entries: ReadonlyArray<JournalEntry>): Attempted => ({
  attempts: entries.map(({ endedAt, outcome, receivedAt, request: { operation }, response }) => {
    const failure = response !== undefined && response.status >= 300 && outcome === "completed"
      ? Decode.response({
        ...response,
        body: response.body.text ?? "",
        operation,
        now: DateTime.toEpochMillis(endedAt ?? receivedAt)
      })
      : undefined
    return {
      at: DateTime.distance(entries[0]!.receivedAt, receivedAt),
      took: endedAt === undefined ? Duration.zero : DateTime.distance(receivedAt, endedAt),
      operation,
      failure,
      end: outcome !== "completed" ? "interrupted" : failure === undefined ? "succeeded" : "failed"
    }
  })
})

const described = ({ end, failure }: Attempt): string => {
  if (end === "succeeded") return "success"
  if (end === "interrupted") return "interrupted"
  // The last line of a history is that of a single attempt, up to the reason to give up.
  const line = Attempts.render(Attempts.make([Retry.attemptOf(failure)], "outside"))
  return `${line.slice("1. ".length, line.lastIndexOf(", gave up"))}${end === "died" ? ", which is a defect" : ""}`
}

const lines = ({ attempts }: Attempted): string =>
  attempts.length === 0
    ? "(no attempt)"
    : attempts.map((attempt, i) =>
      `${i + 1}. at ${Duration.isZero(attempt.at) ? "0s" : Duration.format(attempt.at)}: ${described(attempt)}`
    ).join("\n")

/**
 * Formats the attempts, a line for each: when it began, and how it ended. Use it in a snapshot, or to look at a call.
 *
 * @category rendering
 * @since 0.1.0
 */
export const render = (attempted: Attempted): string => lines(attempted)
