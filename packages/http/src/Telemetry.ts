/**
 * Spans, metrics and logs of the calls.
 *
 * Every call of `VeniceClient` has a span by OpenTelemetry's conventions for generative AI, with the HTTP requests as
 * its children, and every failure is counted by code, category and operation. You only provide an exporter, such as
 * `Otlp.layerJson` of `effect/observability`.
 *
 * **Details**
 *
 * - A span has the name `chat llama-3.3-70b`, or that of the operation, `GET /models`. `error.type` is Venice's code.
 *   Without a tracer no span is created.
 * - {@link call} puts a call and its retries under one span. A policy of `Retry` adds a span event for each retry and
 *   for giving up; the request of a retry has `http.request.resend_count`.
 * - {@link logged} logs a failure at the log level that Venice documents for its code. An `ErrorReporter` gets the same
 *   level.
 * - An unrecognized response is counted by its fingerprint, see `Fingerprint`.
 *
 * The content of requests and responses is not recorded, and secrets are redacted. The message of a failure is recorded
 * as the server sent it.
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
 *   const body = { model: "text-embedding-bge-m3", input: "Venice" }
 *   yield* Effect.ignore(venice.execute("POST /embeddings", { body, success: Schema.Unknown }))
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
import * as Redact from "@effect-venice/core/Redact"
import * as Effect from "effect/Effect"
import * as ErrorReporter from "effect/ErrorReporter"
import * as Record from "effect/Record"
import * as Conventions from "./internal/openTelemetry.ts"

export { call, type CallOptions } from "./internal/callSpan.ts"
export { count, duration, failures, unrecognized } from "./internal/metrics.ts"
export { held } from "./internal/resilience/held.ts"

/**
 * Logs one failure, in an error handler of your own. {@link logged} does it for every failure of a call.
 *
 * **Details**
 *
 * An error of Venice is logged at the documented log level, with code, category, status, operation and request id as
 * annotations; a request without a response as a warning; anything else as an error. Control characters in the text of
 * a server become spaces, so that it cannot forge a line or paint a terminal.
 *
 * @category logging
 * @since 0.1.0
 */
export const log = (failure: unknown): Effect.Effect<void> => {
  const error = failure instanceof Error ? failure : new Error(String(failure))
  const level = error[ErrorReporter.severity] ?? (Conventions.categoryOf(failure) === "Transport" ? "Warn" : "Error")
  const attributes = { ...error[ErrorReporter.attributes], "error.type": Conventions.errorType(failure) }
  return Effect.logWithLevel(level)(Redact.printable(error.message)).pipe(
    Effect.annotateLogs(
      Record.map(attributes, (value: unknown) => typeof value === "string" ? Redact.printable(value) : value)
    )
  )
}

/**
 * Logs every failure of a call as {@link log} does, and fails with it. Put it around the retries to log the last
 * failure only.
 *
 * @category logging
 * @since 0.1.0
 */
export const logged = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => Effect.tapError(self, log)
