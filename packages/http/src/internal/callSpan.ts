/**
 * The span of a call, from its request to the end of the response.
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
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { type Call, CurrentCall } from "./currentCall.ts"
import { boundedModel, count, durationSeries } from "./metrics.ts"
import * as Conventions from "./openTelemetry.ts"
import { resendCount } from "./resendCount.ts"

/**
 * The request of a call, for the attributes of the span that {@link call} opens.
 *
 * @category models
 * @since 0.1.0
 */
export interface CallOptions {
  /** The body of the request. Its model and settings are recorded on the span, its content is not. */
  readonly body?: unknown
  /** The URL of the API, for `server.address` and `server.port`. */
  readonly baseUrl?: string | undefined
}

const spanOptions = (operation: string): Tracer.SpanOptionsNoTrace => {
  const [method, path] = operation.split(" ")
  return { kind: "client", attributes: { "http.request.method": method, "url.template": path } }
}

const spanNameOf = (operation: string, options: CallOptions): string =>
  Conventions.spanName(operation, Conventions.modelOf(options.body))

const describeRequest = (span: Tracer.Span, operation: string, { baseUrl = "", body }: CallOptions): void => {
  const attributes = Conventions.requestAttributes(operation, body)
  if (attributes !== undefined) addGenAIAnnotations(span, attributes)
  if (!URL.canParse(baseUrl)) return
  const { hostname, port, protocol } = new URL(baseUrl)
  span.attribute("server.address", hostname)
  span.attribute("server.port", Number(port) || (protocol === "http:" ? 80 : 443))
}

/** The `error.type` of a call that ended with a failure, an interruption, or a defect. */
const errorTypeOf = (exit: Exit.Exit<unknown, unknown>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const failure = Cause.findErrorOption(exit.cause)
  if (Option.isSome(failure)) return Conventions.errorType(failure.value)
  return Cause.hasInterruptsOnly(exit.cause) ? "interrupted" : "_OTHER"
}

const describeExit = (span: Tracer.Span, exit: Exit.Exit<unknown, unknown>): void => {
  const errorType = errorTypeOf(exit)
  if (errorType !== undefined) span.attribute("error.type", errorType)
  const failure = Exit.isFailure(exit) ? Cause.findErrorOption(exit.cause) : Option.none()
  if (Option.isNone(failure)) return
  for (const [name, value] of Object.entries(Conventions.failureAttributes(failure.value))) span.attribute(name, value)
}

const end = (call: Call, start: bigint) => (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (call.span !== undefined) describeExit(call.span, exit)
    const generation = Conventions.generationOf(call.operation)
    if (generation === undefined) return Effect.void
    const elapsed = Number(fiber.getRef(Clock.Clock).currentTimeNanosUnsafe() - start) / 1e9
    const errorType = errorTypeOf(exit)
    const model = errorType === undefined ? boundedModel(call.model) : undefined
    return Metric.update(durationSeries(generation.name, "venice", errorType, model), elapsed)
  })

/**
 * Puts a call and its retries under one span.
 *
 * **When to use**
 *
 * Around `Effect.retry`. Without it every attempt has a span of its own. Inside it the calls of the same operation have
 * none: their requests are children of this span.
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
      let result: A
      const spanned = Effect.useSpan(spanNameOf(operation, options), spanOptions(operation), (span) => {
        describeRequest(span, operation, options)
        const withoutResult = Effect.map(run({ operation, span }), (value) => {
          result = value
        })
        return Effect.withParentSpan(withoutResult, span, { captureStackTrace: false })
      })
      // A span keeps the exit of its effect. The result is large and private, so it is kept out of the exit.
      return Effect.map(spanned, () => result)
    })

// Effect's native tracer exports nothing: its spans would only use memory.
const isTraced = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer

const markResend = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) => {
    if (!isTraced(fiber)) return self
    const resends = resendCount(fiber)
    return resends === undefined ? self : Effect.annotateSpans(self, { "http.request.resend_count": resends })
  })

/** Tests whether {@link call} of the same operation is around, and completes the attributes of its span. */
const joinOuterCall = (fiber: Fiber.Fiber<unknown, unknown>, operation: string, options: CallOptions): boolean => {
  const outer = fiber.getRef(CurrentCall)
  if (outer?.operation !== operation) return false
  // An attempt before this one may have named another model.
  outer.model = undefined
  if (outer.span !== undefined) describeRequest(outer.span, operation, options)
  return true
}

/** Observes one attempt of the client: counts its failure, and opens the span of the call unless it is open. */
export const observe =
  (operation: string, options: CallOptions) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => {
      const attempt = Effect.tapError(markResend(self), (failure) => count(failure, operation))
      return joinOuterCall(fiber, operation, options) ? attempt : call(operation, options)(attempt)
    })

/** Puts a call and its retries under one span, or under that of the same operation around it. */
export const joinCall =
  (operation: string, options: CallOptions) => <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => joinOuterCall(fiber, operation, options) ? self : call(operation, options)(self))

/** {@link joinCall} for a stream, from its start to its end. */
export const joinStream =
  (operation: string, options: CallOptions) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> => {
    const opened = Effect.withFiber((fiber) => {
      if (joinOuterCall(fiber, operation, options)) return Effect.succeed(self)
      const start = fiber.getRef(Clock.Clock).currentTimeNanosUnsafe()
      const run = (call: Call) => Stream.onExit(Stream.provideService(self, CurrentCall, call), end(call, start))
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

/** Observes a stream of the client from its start to its end, as {@link observe} does for a call. */
export const observeStream =
  (operation: string, options: CallOptions) => <A, E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> =>
    joinStream(operation, options)(Stream.tapError(self, (failure) => count(failure, operation)))
