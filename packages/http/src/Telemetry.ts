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
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Conventions from "./internal/openTelemetry.ts"

export { call, type CallOptions } from "./internal/callSpan.ts"
export { count, duration, failures, unrecognized } from "./internal/metrics.ts"

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
