/**
 * Backtests of retry policies: what the failures of a log would have been under other policies.
 *
 * A log of failures is read line by line, and its calls are run again under each policy, by the same decisions that the
 * policy makes in production. Whether a retry would have succeeded is not in a log: it is drawn from how long failures of
 * the same kind lasted, and every report says so.
 *
 * **When to use**
 *
 * Before you change a policy in production: with the log of a bad day. `effect-venice backtest` does it in a terminal.
 *
 * **Details**
 *
 * A line is JSON, in one of these forms:
 *
 * - a failure: `{"timestamp", "operation", "error"}` with the error as `VeniceError` encodes it, a code, or `Transport`.
 *   `model`, `key` and `user` tell the budgets of failures apart; `call` joins the attempts of a call; `recovered: true`
 *   or `recoveredAt` says that the call succeeded in the end. The history in `attempts` of an error counts as well.
 * - a response: `{"timestamp", "operation", "status", "headers", "body"}`, as `effect-venice classify` reads it
 * - an entry or a page of the journal of the emulator
 * - an OTLP export of the spans of `Telemetry`: `{"resourceSpans": […]}`
 *
 * Timestamps are dates or numbers: epoch seconds, milliseconds or nanoseconds. A line that is none of these is counted
 * and reported. The memory does not grow with the log.
 *
 * The time until a failure has recovered is taken from its call if the log says that the call succeeded; otherwise
 * failures of the same key, operation and kind that are at most a minute apart are one episode, and a failure has
 * recovered when its episode is over. Two samples are there from the start: one that recovers after 30 seconds, and one
 * that never does. An attempt succeeds when that time, the server's hint and a lockout have passed.
 *
 * **Gotchas**
 *
 * Attempts take no time, retries of one call do not slow down another, and a log without successes makes isolated
 * failures look short.
 *
 * **Example** (Comparing two policies)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 * import { Backtest } from "@effect-venice/testing"
 * import { Effect, Stream } from "effect"
 *
 * const failure = (timestamp: number) =>
 *   JSON.stringify({ timestamp, operation: "POST /embeddings", error: "MODEL_OFFLINE", recoveredAt: timestamp + 5000 })
 * const log = Stream.range(0, 99).pipe(Stream.map((i) => failure(1_750_000_000_000 + i * 600_000)))
 *
 * const report = await Effect.runPromise(Effect.map(Backtest.read(log), (observations) =>
 *   Backtest.compare(observations, [
 *     { name: "never", policy: Retry.never },
 *     { name: "standard", policy: Retry.standard }
 *   ])
 * ))
 *
 * const [never, standard] = report.policies
 * never?.requests // => 100
 * never?.successes // => 0
 * standard?.successes === 0 // => false
 * ```
 *
 * @since 0.1.0
 */
import type { Retry } from "@effect-venice/core"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Evaluate from "./internal/backtest/evaluate.ts"
import { Observations as InternalObservations } from "./internal/backtest/observations.ts"
import * as PolicyFiles from "./internal/backtest/policyFile.ts"
import { render as renderReport } from "./internal/backtest/render.ts"
import * as Suggest from "./internal/backtest/suggest.ts"

/**
 * What a log says. Make it with {@link read}, and pass it to {@link compare} and {@link suggest}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Observations extends InternalObservations {}

/**
 * A policy to try, with the name that the report has for it. {@link decodePolicy} makes one from JSON.
 *
 * @category models
 * @since 0.1.0
 */
export interface Candidate {
  readonly name: string
  readonly policy: Retry.Policy
  /** Whether its calls allow what may be charged twice, as `Operation.allowReplay` does. */
  readonly allowReplay?: boolean | undefined
}

const Millis = Schema.DurationFromMillis

const row = {
  name: Schema.String,
  requests: Schema.Finite,
  successes: Schema.Finite,
  waited: Millis,
  p50: Millis,
  p99: Millis,
  chargesRisked: Schema.Finite,
  lockedOut: Millis,
  gaveUp: Schema.Record(Schema.String, Schema.Finite)
}

/**
 * The schema of what became of the calls under one policy:
 *
 * - `requests`: how many were sent, the first attempts included
 * - `successes`: calls that succeeded after all
 * - `waited`, `p50`, `p99`: the time between the first failure and the end of a call: its sum, and of the calls
 * - `chargesRisked`: requests sent again that may be charged or executed twice
 * - `lockedOut`: the part of the waits within a lockout of the key
 * - `gaveUp`: calls that failed, by the reason
 *
 * @category schemas
 * @since 0.1.0
 */
export const Row = Schema.Struct(row)

/**
 * What became of the calls under one policy: a row of a {@link Report}.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row extends Schema.Schema.Type<typeof Row> {}

/**
 * The schema of a report. Durations are encoded in milliseconds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Report = Schema.Struct({
  seed: Schema.Int,
  log: Schema.Struct({
    lines: Schema.Int,
    /** Lines that are no failure. */
    refused: Schema.Int,
    /** The first of them. */
    problems: Schema.Array(Schema.Struct({ line: Schema.Int, problem: Schema.String })),
    calls: Schema.Int,
    lockouts: Schema.Int,
    withoutTime: Schema.Int
  }),
  /** As the log has it. */
  was: Schema.Struct({
    ...row,
    /** Calls of which the log does not say how they ended. */
    unknown: Schema.Int
  }),
  policies: Schema.Array(Row),
  /** The share of the failures that had recovered, by kind; with the two samples that are there from the start. */
  recovery: Schema.Array(Schema.Struct({
    kind: Schema.String,
    samples: Schema.Int,
    within1s: Schema.Finite,
    within30s: Schema.Finite,
    within5min: Schema.Finite
  })),
  assumptions: Schema.Array(Schema.String)
})

/**
 * What {@link compare} returns. Print it with {@link render}, or encode it with its schema.
 *
 * @category models
 * @since 0.1.0
 */
export interface Report extends Schema.Schema.Type<typeof Report> {}

/**
 * Reads a log, in memory that does not grow with it. A line that is longer than you want to hold must be cut before.
 *
 * @category reading
 * @since 0.1.0
 */
export const read = <E, R>(lines: Stream.Stream<string, E, R>): Effect.Effect<Observations, E, R> =>
  Effect.suspend(() => {
    const observations = new InternalObservations()
    return Stream.runForEachArray(lines, (chunk) =>
      Effect.sync(() => {
        for (const line of chunk) observations.add(line)
      })).pipe(
        Effect.map(() => {
          observations.end()
          return observations
        })
      )
  })

const toRow = (outcome: Evaluate.Outcome): Row => ({
  name: outcome.name,
  requests: clean(outcome.requests),
  successes: clean(outcome.successes),
  waited: Duration.millis(Math.round(outcome.waited)),
  p50: Duration.millis(Math.round(outcome.p50)),
  p99: Duration.millis(Math.round(outcome.p99)),
  chargesRisked: clean(outcome.charges),
  lockedOut: Duration.millis(Math.round(outcome.lockedOut)),
  gaveUp: Object.fromEntries(Object.entries(outcome.gaveUp).map(([reason, calls]) => [reason, clean(calls)]))
})

/** Weights are fractions, and their sums are not quite the numbers that they stand for. */
const clean = (value: number): number => Math.round(value * 1000) / 1000

const assumptions: ReadonlyArray<string> = [
  "Whether a retry succeeds is drawn from how long failures of its kind and operation lasted in this log, and is no fact.",
  "Failures of one key, operation and kind at most 60 s apart are one episode; when it ends, they have recovered.",
  "Two samples are added to each kind: one recovers after 30 s, one never does.",
  "No attempt succeeds before the server's hint or a lockout has passed. A retry that fails, fails as the first did.",
  "Lockouts are those of the log: the retries of a policy cause no others.",
  "Attempts take no time, and retries of one call do not slow down another."
]

const wasRow = ({ was }: Observations) => ({
  name: "as it was",
  requests: was.requests,
  successes: was.successes,
  waited: Duration.millis(Math.round(was.waits.sum)),
  p50: Duration.millis(was.waits.quantile(0.5)),
  p99: Duration.millis(was.waits.quantile(0.99)),
  chargesRisked: was.charges,
  lockedOut: Duration.millis(Math.round(was.lockedOut)),
  gaveUp: Object.fromEntries([...was.gaveUp].sort(([a], [b]) => a < b ? -1 : 1)),
  unknown: was.unknown
})

/** How many calls are drawn for a comparison, over all classes of failures. */
const drawnCalls = 200_000

/** How many for each policy of a search, in all and of a class. */
const searchedCalls = { total: 4000, most: 100 }

/**
 * Compares policies on a log. The same seed gives the same report.
 *
 * **Details**
 *
 * All policies see the same calls with the same recoveries, so that a difference between them is one of the policies.
 * What cannot be told apart is drawn at most 400 times and weighted.
 *
 * @category comparing
 * @since 0.1.0
 */
export const compare = (
  observations: Observations,
  policies: ReadonlyArray<Candidate>,
  options: { readonly seed?: number | undefined } = {}
): Report => {
  const { calls, lines, lockouts, recovery, refused, refusedCount, withoutTime } = observations
  const seed = options.seed ?? 0
  const drawn = Evaluate.draw(observations, { seed, total: drawnCalls })
  return {
    seed,
    log: { lines, refused: refusedCount, problems: refused, calls, lockouts, withoutTime },
    was: wasRow(observations),
    policies: policies.map((policy) => toRow(Evaluate.evaluate(drawn, policy))),
    recovery: recovery.rows(),
    assumptions
  }
}

/**
 * A policy that {@link suggest} found: its row, and its code to copy.
 *
 * @category models
 * @since 0.1.0
 */
export interface Suggestion {
  readonly policy: Retry.Policy
  readonly row: Row
  readonly code: string
}

/**
 * Searches for policies that dominate one: no worse in successes, requests, waits, charges and lockouts, and better in
 * one of them. Those with the most successes come first; the list is empty if none was found.
 *
 * **Details**
 *
 * The search is bounded and seeded: 400 candidates by default, over retries, base delays, factors and caps of each kind
 * in the log, and over the limits. Jitter stays as in `Retry.standardRules`. A policy that wins more successes only by
 * waiting longer dominates nothing: {@link compare} it yourself.
 *
 * @category comparing
 * @since 0.1.0
 */
export const suggest = (
  observations: Observations,
  baseline: Candidate,
  options: { readonly seed?: number | undefined; readonly candidates?: number | undefined } = {}
): ReadonlyArray<Suggestion> => {
  const { candidates = 400, seed = 0 } = options
  const drawn = Evaluate.draw(observations, { seed, ...searchedCalls })
  const found = Suggest.suggest(drawn, Evaluate.evaluate(drawn, baseline), { seed, candidates })
  // The draws of the search are few: what it found must dominate on those of the comparison, too.
  const all = Evaluate.draw(observations, { seed, total: drawnCalls })
  const own = Evaluate.evaluate(all, baseline)
  return found.slice(0, 10)
    .map(({ parts }) => ({ parts, outcome: Evaluate.evaluate(all, PolicyFiles.ofParts("suggested", parts)) }))
    .filter(({ outcome }) => Evaluate.dominates(outcome, own))
    .slice(0, 3)
    .map(({ outcome, parts }, i) => {
      const name = `suggested${i === 0 ? "" : i + 1}`
      return {
        policy: PolicyFiles.ofParts(name, parts).policy,
        row: toRow({ ...outcome, name }),
        code: PolicyFiles.toCode(parts, name)
      }
    })
}

/**
 * Renders a report as text: a table, bars, the reasons to give up, what was observed, and what is assumed.
 *
 * @category rendering
 * @since 0.1.0
 */
export const render: (report: Report) => string = renderReport

/**
 * The schema of a policy as JSON, for `effect-venice backtest --policy`: a preset (`standard` by default), with `rules`
 * that replace members of the rules of kinds, `without`, `only`, `jitter` and `limit` as the combinators of `Retry`, in
 * this order, and `allowReplay`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PolicyFile = PolicyFiles.PolicyFile

/**
 * A policy as JSON is invalid. `message` has a line for each problem.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPolicy extends Data.TaggedError("InvalidPolicy")<{
  readonly problems: ReadonlyArray<{ readonly path: string; readonly message: string }>
}> {
  override get message(): string {
    return this.problems.map(({ message, path }) => path === "" ? message : `${path}: ${message}`).join("\n")
  }
}

/**
 * Decodes a policy from JSON. Use it to keep policies in a configuration.
 *
 * **Example** (Decoding a policy)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 * import { Backtest } from "@effect-venice/testing"
 * import { Effect } from "effect"
 *
 * const decoded = Backtest.decodePolicy({ preset: "standard", rules: { Server: { retries: 1 } } }, { name: "mine" })
 *
 * const { name, policy } = await Effect.runPromise(decoded)
 * name // => "mine"
 * Retry.simulate(policy, ["UNKNOWN_ERROR", "UNKNOWN_ERROR"]).outcome // => "retries"
 * ```
 *
 * @category decoding
 * @since 0.1.0
 */
export const decodePolicy = (
  input: unknown,
  options: { readonly name: string }
): Effect.Effect<Candidate, InvalidPolicy> =>
  Effect.fromResult(Result.mapError(
    PolicyFiles.decode(input, options.name),
    (problems) => new InvalidPolicy({ problems })
  ))
