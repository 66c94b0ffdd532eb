/**
 * The metrics of calls, with a bounded number of series.
 *
 * @internal
 */
import { isOperation } from "@effect-venice/core/Operation"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Conventions from "./openTelemetry.ts"

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
export const unrecognized: Metric.Counter<number> = Metric.counter("venice.client.unknown_responses", {
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
export const boundedModel = bounding()

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
const unrecognizedSeries = series(unrecognized, "venice.response.fingerprint", "venice.operation")
export const durationSeries = series(
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
      : Effect.andThen(counted, Metric.update(unrecognizedSeries(boundedFingerprint(fingerprint), name), 1))
  })
