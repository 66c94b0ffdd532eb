/**
 * Retries whose delays survive the process, in a workflow of `effect/workflow`.
 *
 * A policy may wait for an hour. If the process ends meanwhile, `Effect.retry` forgets the call. `DurableRetry` keeps every
 * attempt, its decision and its delay in the storage of the workflow engine, so that another process goes on where the
 * first one was: no attempt is made again, and no delay begins anew. The decisions are those of `Effect.retry`.
 *
 * **Details**
 *
 * For a call `name`, the engine stores:
 *
 * | activity or clock | what |
 * | --- | --- |
 * | `name/call` | the deadline and the idempotency key of the call, as they were in its first attempt |
 * | `name/n/begun` | that the n-th attempt was about to be sent |
 * | `name/n` | its success, or its failure and what the policy decided |
 * | `name/n/wait` | the delay after it |
 *
 * - A delay up to `longestInMemory` is made by an activity, a longer one by a durable clock. Both end when the decision
 *   says, also in another process.
 * - Jitter is drawn once, and the token of a `RetryBudget` is taken once.
 * - A process that was killed during an attempt leaves one that began and has no result. It may have been billed. The
 *   policy decides about it as about a lost response: it is sent again only where `Operation.mayRepeat` allows it, and
 *   otherwise the call fails with {@link AttemptLost}.
 * - What is stored has neither headers nor bodies of requests, and known secrets in failures are redacted. The success is
 *   stored as your schema encodes it.
 *
 * **Gotchas**
 *
 * - The name has to be unique within the workflow, and the same in every replay.
 * - `Effect.timeout` in the body of a workflow counts from the latest replay. Use `Retry.withDeadline`, of which the first
 *   value is stored.
 * - `Operation.withIdempotencyKey` around it makes a key in every replay, of which the first is stored and sent.
 *
 * **Example** (A delay that another process can finish)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { DurableRetry } from "@effect-venice/http/resilience"
 * import { Effect, Layer, Schema } from "effect"
 * import { Workflow, WorkflowEngine } from "effect/workflow"
 *
 * let sent = 0
 * // Stands for `venice.execute("POST /embeddings", { body, success })`.
 * const call = Effect.suspend(() => ++sent === 1 ? Effect.fail(new Errors.ModelOffline()) : Effect.succeed("a vector"))
 *
 * const Embed = Workflow.make("Embed", {
 *   payload: { document: Schema.String },
 *   idempotencyKey: ({ document }) => document,
 *   success: Schema.String
 * })
 *
 * const EmbedLive = Embed.toLayer(() =>
 *   call.pipe(
 *     DurableRetry.retry({
 *       name: "embed",
 *       operation: "POST /embeddings",
 *       policy: Retry.override(Retry.patient, "Capacity", { ...Retry.standardRules.Capacity, base: "10 millis" }),
 *       success: Schema.String
 *     }),
 *     Effect.orDie
 *   )
 * )
 *
 * const program = Embed.execute({ document: "1" }).pipe(
 *   Effect.provide(Layer.provideMerge(EmbedLive, WorkflowEngine.layerMemory))
 * )
 *
 * await Effect.runPromise(program) // => "a vector"
 * sent // => 2
 * ```
 *
 * @since 0.1.0
 */
import * as Classification from "@effect-venice/core/Classification"
import * as Operation from "@effect-venice/core/Operation"
import * as Redact from "@effect-venice/core/Redact"
import * as Retry from "@effect-venice/core/Retry"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type { Scope } from "effect/Scope"
import * as Activity from "effect/workflow/Activity"
import * as DurableClock from "effect/workflow/DurableClock"
import type { WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { secretsOf } from "../internal/credentials.ts"
import { durationOf } from "../internal/duration.ts"
import { printed } from "../internal/printed.ts"
import { Storable } from "../internal/resilience/stored.ts"

/**
 * An attempt that began and has no result: the process ended, or was interrupted, while the request was in flight. Venice
 * may have executed and billed it.
 *
 * **Details**
 *
 * Policies treat it like a lost response, by the rule of `Transport`.
 *
 * @category errors
 * @since 0.1.0
 */
export class AttemptLost extends printed(
  Schema.TaggedError<AttemptLost>()("ATTEMPT_LOST", {
    message: Schema.String,
    /** The name of the call. An error has a `name` already. */
    call: Schema.String,
    /** The number of the attempt, from 1. */
    attempt: Schema.Finite,
    operation: Schema.optionalKey(Schema.String)
  })
) implements Classification.Classified {
  /**
   * What policies need to know of it.
   *
   * @since 0.1.0
   */
  get [Classification.key]() {
    return { category: "Transport", outcome: "lost", operation: this.operation } as const
  }

  /**
   * The severity for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.severity]() {
    return "Error" as const
  }

  /**
   * The attributes for error reporters.
   *
   * @since 0.1.0
   */
  override get [ErrorReporter.attributes]() {
    return {
      call: this.call,
      attempt: this.attempt,
      ...(this.operation !== undefined && { operation: this.operation })
    }
  }
}

/**
 * The failures that are stored without a schema of yours: those of `VeniceClient` and of the parts of `resilience`, a
 * request without a response, and a timeout.
 *
 * @category models
 * @since 0.1.0
 */
export type StorableFailure = Storable

/**
 * The options of {@link retry}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<Success extends Schema.Constraint, Failure extends Schema.Constraint> {
  /** The name of the call, unique within the workflow. */
  readonly name: string
  readonly policy: Retry.Policy
  /** Stores the success. */
  readonly success: Success
  /** Stores failures of your own. */
  readonly error?: Failure | undefined
  /** The operation, for an attempt without a result: without it, no such attempt is made again. */
  readonly operation?: string | undefined
  /**
   * The longest delay that keeps the workflow in memory: 10 seconds by default. The clocks of an engine are less precise
   * than a sleep, and a workflow in memory cannot be interrupted during a delay.
   */
  readonly longestInMemory?: Duration.Input | undefined
}

const Call = Schema.Struct({
  deadline: Schema.optionalKey(Schema.Finite),
  idempotencyKey: Schema.optionalKey(Schema.String)
})

const describeCall = Effect.withFiber<typeof Call.Type>((fiber) => {
  const deadline = fiber.getRef(Retry.Deadline)
  const idempotencyKey = fiber.getRef(Operation.IdempotencyKey)
  return Effect.succeed({
    // JSON has no infinite number. One before the epoch has passed as well as the epoch.
    ...(deadline !== undefined && deadline < Infinity && { deadline: Math.max(0, deadline) }),
    ...(idempotencyKey !== undefined && { idempotencyKey })
  })
})

/** What the engine stores of an attempt. */
const Ended = <S extends Schema.Constraint, F extends Schema.Constraint>(success: S, failure: F) =>
  Schema.Struct({
    result: Schema.Result(success, failure),
    /** Absent after a success. */
    decision: Schema.optionalKey(Retry.Decision)
  })

type Made = Extract<Retry.Decision, { readonly _tag: "Retry" }>

/** Sets what `Effect.retry` sets for the attempts after the first, for the span of a request. */
const asRetry = (previous: Made | undefined) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  previous === undefined ? self : Effect.updateService(self, Schedule.CurrentMetadata, (metadata) => ({
    ...metadata,
    attempt: previous.retry,
    output: { kind: previous.kind, retry: previous.retry, hint: previous.attempt.hint, delay: previous.delay }
  }))

const describeDefect = ({ defect }: Cause.Die): Cause.Die => {
  const secrets = isHttpClientError(defect) ? secretsOf(defect.request) : []
  return Cause.makeDieReason(Redact.cause(defect, secrets))
}

/**
 * An engine stores the message of a defect. The failure of a call whose finalizer died is one too: Effect makes it one
 * where failures are caught.
 */
const withoutSecrets = <A, R>(self: Effect.Effect<A, never, R>): Effect.Effect<A, never, R> =>
  Effect.catchCause(self, (cause) =>
    Effect.failCause(Cause.fromReasons(
      cause.reasons.map((reason) => Cause.isDieReason(reason) ? describeDefect(reason) : reason)
    )))

/** Waits until a decision's delay is over, in whichever process. */
const wait = (
  name: string,
  { at, delay }: Made,
  longestInMemory: Duration.Duration
) => {
  // A clock that was set back does not make the delay longer.
  const remaining = Effect.map(
    Clock.currentTimeMillis,
    (now) => Duration.min(delay, Duration.millis(Math.max(0, at + Duration.toMillis(delay) - now)))
  )
  return Effect.flatMap(remaining, (duration) => {
    if (Duration.isZero(duration)) return Effect.void
    return Duration.isLessThanOrEqualTo(delay, longestInMemory)
      ? Activity.make({ name, execute: Effect.flatMap(remaining, Effect.sleep) })
      : DurableClock.sleep({ name, duration, inMemoryThreshold: Duration.zero })
  })
}

/**
 * Retries a call in the body of a workflow, with attempts and delays that survive the process.
 *
 * **Details**
 *
 * A failure that is none of {@link StorableFailure} needs a schema, which you pass as `error`. The failure on which the
 * policy gave up has its history, as from `Effect.retry`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const retry = <Success extends Schema.Constraint, Failure extends Schema.Constraint = Schema.Never>(
  options: Options<Success, Failure>
) => {
  const { name, operation, policy } = options
  const longestInMemory = durationOf("longestInMemory", options.longestInMemory ?? "10 seconds")
  const own: Schema.ConstraintCodec<unknown, unknown, Failure["DecodingServices"], Failure["EncodingServices"]> =
    options.error ?? Schema.Never
  const failure = Schema.Union([AttemptLost, Storable, own])

  const lost = (attempt: number) =>
    new AttemptLost({
      message: `Attempt ${attempt} of ${name} was interrupted. Venice may have executed and billed it.`,
      call: name,
      attempt,
      ...(operation !== undefined && { operation })
    })

  return <E extends StorableFailure | Failure["Type"], R>(
    self: Effect.Effect<Success["Type"], E, R>
  ): Effect.Effect<
    Success["Type"],
    E | AttemptLost,
    | Exclude<R, WorkflowEngine | WorkflowInstance | Scope>
    | WorkflowEngine
    | WorkflowInstance
    | Success["DecodingServices"]
    | Success["EncodingServices"]
    | Failure["DecodingServices"]
    | Failure["EncodingServices"]
  > => {
    // What is stored under the name of a call came from its channel.
    const ended = Ended(
      options.success,
      Schema.refine((stored: unknown): stored is E | AttemptLost => stored !== undefined)(failure)
    )
    const attempt = (n: number, call: typeof Call.Type, past: ReadonlyArray<Made>) => {
      const sendOnce = Effect.gen(function*() {
        const decisions = yield* Retry.decisions(policy)
        for (const decision of past) yield* decisions.restore(decision, undefined)
        let isFirst = false
        // Inside of the attempt: a workflow that is suspended does not end between the two.
        yield* Activity.make({
          name: `${name}/${n}/begun`,
          execute: Effect.sync(() => {
            isFirst = true
          })
        })
        const sent: Effect.Effect<Success["Type"], E | AttemptLost, R> = isFirst
          ? asRetry(past.at(-1))(self)
          : Effect.fail(lost(n))
        const result = yield* Effect.result(sent)
        if (Result.isSuccess(result)) return { result }
        // Here, and not after it was stored: what a policy inside of the call gave up on is known by its identity.
        return { result, decision: yield* decisions.decide(result.failure) }
      })
      return Activity.make({ name: `${name}/${n}`, success: ended, execute: withoutSecrets(sendOnce) }).pipe(
        Effect.provideService(Retry.Deadline, call.deadline),
        Effect.provideService(Operation.IdempotencyKey, call.idempotencyKey),
        Effect.updateService(Operation.Current, (current) => operation ?? current)
      )
    }

    return Effect.gen(function*() {
      const call = yield* Activity.make({ name: `${name}/call`, success: Call, execute: describeCall })
      const past: Array<Made> = []
      for (let n = 1;; n++) {
        const { decision, result } = yield* attempt(n, call, past)
        if (Result.isSuccess(result)) return result.success
        if (decision?._tag !== "Retry") {
          const decisions = yield* Retry.decisions(policy)
          if (decision !== undefined) yield* decisions.restore(decision, result.failure)
          return yield* Effect.fail(result.failure)
        }
        past.push(decision)
        yield* wait(`${name}/${n}/wait`, decision, longestInMemory)
      }
    })
  }
}
