/**
 * The span of a call, from its request to the end of its answer.
 *
 * @internal
 */
import { addGenAIAnnotations } from "effect/ai/Telemetry"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { type Call, CurrentCall } from "./currentCall.ts"
import { boundedModel, count, durationSeries } from "./metrics.ts"
import * as Conventions from "./openTelemetry.ts"

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

/** Observes one attempt of the client: counts its failure, and opens the call's span unless there is one. */
export const observe =
  (operation: string, options: CallOptions) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const attempt = Effect.tapError(markResend(self), (failure) => count(failure, operation))
      return isUnderWay(fiber, operation, options) ? attempt : call(operation, options)(attempt)
    })

/** Observes a stream of the client as {@link observe} does a call, from its beginning to its end. */
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
