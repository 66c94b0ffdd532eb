/**
 * What can be seen of the calls from outside: spans, metrics and logs.
 *
 * Every call of `VeniceClient` has a span by the conventions of OpenTelemetry for generative AI, with the HTTP requests
 * as its children, and every failure is counted by code, category and operation. Nothing has to be switched on but an
 * exporter, such as `Otlp.layerJson` of `effect/observability`.
 *
 * **Details**
 *
 * - A span is named `chat llama-3.3-70b`, or by the operation, `GET /models`. `error.type` is Venice's code. Without a
 *   tracer there is none, and it costs nothing.
 * - {@link call} puts a call and its retries under one span. A policy of `Retry` leaves an event for each retry on the
 *   span around it, and one where it gives up; a request that is a repeat has `http.request.resend_count`.
 * - {@link logged} logs failures at the level Venice's table gives them, as does an `ErrorReporter`.
 * - An answer that nobody has described is counted by its fingerprint, see `Fingerprint`.
 *
 * No content of a request or of an answer is recorded, and no credential. A failure's message is, as the server wrote it.
 *
 * **Example** (Counting failures)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { Telemetry, VeniceClient } from "@effect-venice/http"
 * import { Emulator } from "@effect-venice/testing"
 * import { Effect, Layer, Metric, Schema } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const venice = yield* VeniceClient
 *
 *   yield* emulator.reply(new Errors.ModelOffline())
 *   yield* Effect.ignore(venice.execute("POST /embeddings", { success: Schema.Unknown }))
 *
 *   const { count } = yield* Metric.value(Metric.withAttributes(Telemetry.failures, {
 *     "error.type": "MODEL_OFFLINE",
 *     "venice.error.category": "Capacity",
 *     "venice.operation": "POST /embeddings"
 *   }))
 *   return count
 * }).pipe(
 *   Effect.provide(Layer.provideMerge(Emulator.layerClient, Emulator.layer))
 * )
 *
 * await Effect.runPromise(program) // => 1
 * ```
 *
 * @since 0.1.0
 */
import { isOperation } from "@effect-venice/core/Operation"
import { addGenAIAnnotations } from "effect/ai/Telemetry"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { type Call, CurrentCall } from "./internal/currentCall.ts"
import * as Conventions from "./internal/openTelemetry.ts"

/**
 * Counts failures, each attempt for itself. Attributes: `error.type` (Venice's code, or the tag of a failure without
 * one), `venice.error.category` (`Transport` where there was no answer, `Unreadable` where it could not be read, `Node` where a
 * blockchain's node refused), and `venice.operation`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const failures: Metric.Counter<number> = Metric.counter("venice.client.failures", {
  description: "Failed requests to Venice, by code, category and operation",
  incremental: true,
  attributes: { unit: "{failure}" }
})

/**
 * Counts answers that nobody has described. Attributes: `venice.response.fingerprint`, and `venice.operation`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const unknown: Metric.Counter<number> = Metric.counter("venice.client.unknown_responses", {
  description: "Answers of Venice that no rule describes, by their fingerprint",
  incremental: true,
  attributes: { unit: "{response}" }
})

/**
 * How long the calls of generative operations take, in seconds, with their retries where {@link call} is around them. By
 * the conventions for generative AI; the model is only said of successes, since a wrong one can be any text.
 *
 * @category metrics
 * @since 0.1.0
 */
export const duration: Metric.Histogram<number> = Metric.histogram("gen_ai.client.operation.duration", {
  description: "GenAI operation duration",
  attributes: { unit: "s" },
  boundaries: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
})

const operationAttribute = (operation: string | undefined): string =>
  // A path outside of Venice's documentation may hold ids, and each would be a series of its own.
  operation !== undefined && isOperation(operation) ? operation : "_OTHER"

// As many series as somebody could look at; a server that makes up ever new names fills no memory.
const maxNames = 1000

const bounding = () => {
  const names = new Set<string>()
  return (name: string): string => {
    if (names.has(name)) return name
    if (names.size >= maxNames) return "_OTHER"
    names.add(name)
    return name
  }
}

const boundedFingerprint = bounding()
const boundedModel = bounding()

/** The series of a metric by the values of its attributes. Making one costs as much as a failure's other telemetry. */
const series = <State>(metric: Metric.Metric<number, State>, ...names: ReadonlyArray<string>) => {
  const known = new Map<string, Metric.Metric<number, State>>()
  return (...values: ReadonlyArray<string | undefined>): Metric.Metric<number, State> => {
    const key = values.join("\n")
    const found = known.get(key)
    if (found !== undefined) return found
    const attributes = names.map((name, i) => [name, values[i]] as const).filter(([, value]) => value !== undefined)
    const made = Metric.withAttributes(metric, Object.fromEntries(attributes) as Record<string, string>)
    if (known.size < maxNames) known.set(key, made)
    return made
  }
}

const failureSeries = series(failures, "error.type", "venice.error.category", "venice.operation")
const unknownSeries = series(unknown, "venice.response.fingerprint", "venice.operation")
const durationSeries = series(
  duration,
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "error.type",
  "gen_ai.response.model"
)

/**
 * Counts a failure of an operation. `VeniceClient` and `HttpFailure.typed` do; use it for a failure that you decoded
 * yourself.
 *
 * @category metrics
 * @since 0.1.0
 */
export const count = (failure: unknown, operation: string | undefined): Effect.Effect<void> =>
  Effect.suspend(() => {
    const name = operationAttribute(operation)
    const counted = Metric.update(
      failureSeries(Conventions.errorType(failure), Conventions.categoryOf(failure), name),
      1
    )
    const fingerprint = Conventions.fingerprintOf(failure)
    return fingerprint === undefined
      ? counted
      : Effect.andThen(counted, Metric.update(unknownSeries(boundedFingerprint(fingerprint), name), 1))
  })

/**
 * What is known of a call beforehand.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallOptions {
  /** The body of the request: its model and settings go onto the span, its content does not. */
  readonly body?: unknown
  /** Where the API is, for `server.address`. */
  readonly baseUrl?: string | undefined
}

const spanOptions = (operation: string): Tracer.SpanOptionsNoTrace => {
  const [method, path] = operation.split(" ", 2)
  return { kind: "client", attributes: { "http.request.method": method, "url.template": path } }
}

const spanNameOf = (operation: string, options: CallOptions): string =>
  Conventions.spanName(operation, Conventions.modelOf(options.body))

const describeRequest = (span: Tracer.Span, operation: string, { baseUrl, body }: CallOptions): void => {
  const attributes = Conventions.requestAttributes(operation, body)
  if (attributes !== undefined) addGenAIAnnotations(span, attributes)
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return
  const { hostname, port, protocol } = new URL(baseUrl)
  span.attribute("server.address", hostname)
  span.attribute("server.port", Number(port) || (protocol === "http:" ? 80 : 443))
}

/** `error.type` of how a call ended: by a failure, by an interruption, or by a defect. */
const endingOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const failure = Cause.findErrorOption(exit.cause)
  if (Option.isSome(failure)) return Conventions.errorType(failure.value)
  return Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "_OTHER"
}

const describeEnding = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  const ending = endingOf(exit)
  if (ending !== undefined) span.attribute("error.type", ending)
  const failure = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
  if (Option.isNone(failure)) return
  for (const [name, value] of Object.entries(Conventions.failureAttributes(failure.value))) span.attribute(name, value)
}

const end = (call: Call, start: bigint) => (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (call.span !== undefined) describeEnding(call.span, exit)
    const genre = Conventions.genreOf(call.operation)
    if (genre === undefined) return Effect.void
    const elapsed = Number(fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() - start) / 1e9
    const ending = endingOf(exit)
    const model = ending === undefined && call.model !== undefined ? boundedModel(call.model) : undefined
    return Metric.update(durationSeries(genre.name, "venice", ending, model), elapsed)
  })

/**
 * Puts a call, with its retries, under one span. Calls of the same operation inside have none of their own: their requests
 * are its children.
 *
 * **Example** (One span for a call and its retries)
 *
 * ```ts no-run
 * import { Retry } from "@effect-venice/core"
 * import { Telemetry, VeniceClient } from "@effect-venice/http"
 * import { Effect, Schema } from "effect"
 *
 * const body = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Why is the sky blue?" }] }
 *
 * const program = Effect.flatMap(
 *   VeniceClient,
 *   (venice) => venice.execute("POST /chat/completions", { body, success: Schema.Unknown })
 * ).pipe(
 *   Effect.retry(Retry.standard),
 *   Telemetry.call("POST /chat/completions", { body })
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const call =
  (operation: string, options: CallOptions = {}) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const start = fiber.getRef(Clock.Clock).currentTimeNanosUnsafe()
      const run = (call: Call) => Effect.onExit(Effect.provideService(self, CurrentCall, call), end(call, start))
      if (!isTraced(fiber)) return run({ operation, span: undefined })
      let answer: A
      const spanned = Effect.useSpan(spanNameOf(operation, options), spanOptions(operation), (span) => {
        describeRequest(span, operation, options)
        const kept = Effect.map(run({ operation, span }), (value) => {
          answer = value
        })
        return Effect.withParentSpan(kept, span, { captureStackTrace: false })
      })
      // A span keeps what it ended with, and an answer is large and the user's own.
      return Effect.map(spanned, () => answer)
    })

// Effect's own tracer keeps spans that nobody reads.
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer

const resendCount = ({ output }: Schedule.Metadata): number | undefined =>
  typeof output === "object" && output !== null && "retry" in output && typeof output.retry === "number"
    ? output.retry
    : undefined

const markResend = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isTraced(fiber)) return self
    const count = resendCount(fiber.getRef(Schedule.CurrentMetadata))
    return count === undefined ? self : Effect.annotateSpans(self, { "http.request.resend_count": count })
  })

/** Whether the call is under way already; its span learns what only the client knows of it. */
const isUnderWay = (fiber: Fiber.Fiber<unknown, unknown>, operation: string, options: CallOptions): boolean => {
  const outer = fiber.getRef(CurrentCall)
  if (outer?.operation !== operation) return false
  if (outer.span !== undefined) describeRequest(outer.span, operation, options)
  return true
}

/**
 * Observes one attempt of the client: counts its failure, and opens the call's span unless there is one.
 *
 * @internal
 */
export const observe =
  (operation: string, options: CallOptions) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const attempt = Effect.tapError(markResend(self), (failure) => count(failure, operation))
      return isUnderWay(fiber, operation, options) ? attempt : call(operation, options)(attempt)
    })

/**
 * Observes a stream of the client as {@link observe} does a call, from its beginning to its end.
 *
 * @internal
 */
export const observeStream =
  (operation: string, options: CallOptions) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> => {
    const counted = Stream.tapError(self, (failure) => count(failure, operation))
    const opened = Effect.withFiber((fiber) => {
      if (isUnderWay(fiber, operation, options)) return Effect.succeed(counted)
      const start = fiber.getRef(Clock.Clock).currentTimeNanosUnsafe()
      const run = (call: Call) => Stream.onExit(Stream.provideService(counted, CurrentCall, call), end(call, start))
      if (!isTraced(fiber)) return Effect.succeed(run({ operation, span: undefined }))
      return Effect.map(
        Effect.makeSpanScoped(spanNameOf(operation, options), spanOptions(operation)),
        (span) => {
          describeRequest(span, operation, options)
          return Stream.provideService(run({ operation, span }), Tracer.ParentSpan, span)
        }
      )
    })
    return Stream.unwrap(opened)
  }

/**
 * Logs a failure: an error of Venice at the level of Venice's table, with code, category, status, operation and request
 * id as annotations; a request without an answer as a warning, anything else as an error.
 *
 * @category logging
 * @since 0.1.0
 */
export const log = (failure: unknown): Effect.Effect<void> => {
  const error = failure instanceof Error ? failure : new Error(String(failure))
  const level = error[ErrorReporter.severity] ?? (Conventions.categoryOf(failure) === "Transport" ? "Warn" : "Error")
  return Effect.logWithLevel(level)(error.message).pipe(
    Effect.annotateLogs({ ...error[ErrorReporter.attributes], "error.type": Conventions.errorType(failure) })
  )
}

/**
 * Logs the failure of a call, and fails with it.
 *
 * @category logging
 * @since 0.1.0
 */
export const logged = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => Effect.tapError(self, log)
