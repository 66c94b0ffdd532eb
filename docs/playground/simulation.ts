/** Simulated calls under a policy: one with all its attempts, or many at once. Nothing waits. */
import { type Attempts, Retry, VeniceError } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Decider from "../../packages/core/src/internal/retrying/decider.ts"
import { hintOf } from "../../packages/core/src/internal/retrying/failure.ts"
import { transport } from "../../packages/testing/src/internal/backtest/transport.ts"
import type { Failure, Scenario } from "./state.ts"

/** An attempt. Times are in milliseconds since the call began. */
export interface Attempt {
  readonly begins: number
  readonly ends: number
  /** The code of the failure; absent on the attempt that succeeds. */
  readonly code: string | undefined
  readonly hint: number | undefined
  /** How long the policy waits, and the interval in which that is drawn. */
  readonly wait: { readonly delay: number; readonly floor: number; readonly ceiling: number } | undefined
}

/** A call. `reason` says why the policy gave up. */
export interface Call {
  readonly attempts: ReadonlyArray<Attempt>
  readonly reason: Attempts.Reason | undefined
  readonly elapsed: number
}

/** No preset makes more attempts. */
const maxAttempts = 200

/** Positions from 0 to 1. The same seed gives the same ones. */
export const drawsOf = (seed: number): () => number => {
  const random = Effect.runSync(Random.withSeed(Effect.service(Random.Random), seed))
  return () => random.nextDoubleUnsafe()
}

const errorOf = ({ code, hintMillis }: Failure, operation: string): unknown => {
  if (code === "Transport") return transport(operation)
  const { _tag, message, response } = VeniceError.fromCode(code)
  return Reflect.construct(VeniceError.byCode.get(_tag)!, [{
    ...VeniceError.fromCode(code),
    message,
    response: {
      ...response,
      operation,
      ...(hintMillis !== undefined && { retryAfter: Duration.millis(hintMillis) })
    }
  }])
}

/** The failures of a scenario as errors, which all callers share. */
const errorsOf = ({ failures, operation }: Scenario) =>
  failures.map((failure) => ({ code: failure.code, error: errorOf(failure, operation) }))

type Scripted = ReturnType<typeof errorsOf>[number]

/** The failure of an attempt, or nothing if it succeeds. */
const failureOf = (
  failures: ReadonlyArray<Scripted>,
  { recoversMillis }: Scenario,
  place: number,
  at: number
): Scripted | undefined =>
  recoversMillis === undefined
    ? failures[place]
    : at < recoversMillis
    ? failures[place % failures.length]
    : undefined

const run = (
  policy: Retry.Policy,
  scenario: Scenario,
  failures: ReadonlyArray<Scripted>,
  random: () => number
): Call => {
  const decider = Decider.decider(policy[Decider.NodeId])
  const attempts: Array<Attempt> = []
  let begins = 0
  while (true) {
    const ends = begins + scenario.attemptMillis
    const failure = failureOf(failures, scenario, attempts.length, ends)
    if (failure === undefined) {
      attempts.push({ begins, ends, code: undefined, hint: undefined, wait: undefined })
      return { attempts, reason: undefined, elapsed: ends }
    }
    const hint = hintOf(failure.error)
    const attempt = { begins, ends, code: failure.code, hint: hint && Duration.toMillis(hint) }
    const decision = decide(decider, failure.error, ends, scenario.deadlineMillis)
    if (typeof decision === "string" || attempts.length === maxAttempts) {
      attempts.push({ ...attempt, wait: undefined })
      return { attempts, reason: typeof decision === "string" ? decision : "attempts", elapsed: ends }
    }
    const delay = Decider.draw(decision.delay, random())
    decider.commit(decision.signal, delay)
    attempts.push({ ...attempt, wait: { delay, floor: decision.delay.floor, ceiling: decision.delay.ceiling } })
    begins = ends + delay
  }
}

const decide = (decider: Decider.Decider, error: unknown, now: number, deadline: number | undefined) => {
  const kind = Retry.kindOf(error)
  if (kind === undefined) return "final"
  if (!Retry.isRepeatable(error)) return "replay"
  const hint = hintOf(error)
  const signal = { kind, hint: hint === undefined ? 0 : Duration.toMillis(hint), now }
  const decided = decider.decide(signal)
  const decision = decided._tag === "Delay" && deadline !== undefined
    ? Decider.within(decided, deadline - now, "deadline")
    : decided
  return decision._tag === "GiveUp" ? decision.reason : { signal, delay: decision }
}

/** One call. */
export const call = (policy: Retry.Policy, scenario: Scenario, seed: number): Call =>
  run(policy, scenario, errorsOf(scenario), drawsOf(seed))

/** Many calls that begin at the same moment. */
export interface Crowd {
  readonly requests: number
  readonly succeeded: number
  /** When half of the calls have ended, and 95 of 100, in milliseconds. */
  readonly p50: number
  readonly p95: number
  /** How many requests begin in each of as many parts of the time until the last one ends. */
  readonly arrivals: ReadonlyArray<number>
  readonly elapsed: number
}

const percentile = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0

/** Runs many calls, each with draws of its own. */
export const crowd = (
  policy: Retry.Policy,
  scenario: Scenario,
  { callers, parts, seed }: { readonly callers: number; readonly parts: number; readonly seed: number }
): Crowd => {
  const random = drawsOf(seed)
  const failures = errorsOf(scenario)
  const calls = Array.from({ length: callers }, () => run(policy, scenario, failures, random))
  const elapsed = Math.max(1, ...calls.map((call) => call.elapsed))
  const arrivals = Array.from({ length: parts }, () => 0)
  for (const { attempts } of calls) {
    for (const { begins } of attempts) arrivals[Math.min(parts - 1, Math.floor(begins * parts / elapsed))]!++
  }
  const times = calls.map((call) => call.elapsed).sort((a, b) => a - b)
  return {
    requests: calls.reduce((sum, { attempts }) => sum + attempts.length, 0),
    succeeded: calls.filter(({ reason }) => reason === undefined).length,
    p50: percentile(times, 0.5),
    p95: percentile(times, 0.95),
    arrivals,
    elapsed
  }
}
