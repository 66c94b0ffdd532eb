/**
 * What a policy would have made of the failures of a log.
 *
 * @internal
 */
import { Retry } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { Class, Observations } from "./observations.ts"

export interface Candidate {
  readonly name: string
  readonly policy: Retry.Policy
  readonly allowReplay?: boolean | undefined
}

export interface Outcome {
  readonly name: string
  readonly requests: number
  readonly successes: number
  readonly waited: number
  readonly p50: number
  readonly p99: number
  readonly charges: number
  readonly lockedOut: number
  readonly gaveUp: Readonly<Record<string, number>>
}

export const generator = (seed: string): () => number => {
  const random = Effect.runSync(Random.withSeed(Random.Random, seed))
  return () => random.nextDoubleUnsafe()
}

/** The calls of a class: when each has recovered, and where in their intervals its delays are. */
export interface Drawn {
  readonly of: Class
  readonly recoveries: ReadonlyArray<number>
  readonly positions: ReadonlyArray<number>
  readonly weight: number
}

const minDraws = 10

const maxDraws = 400

/** How many positions of delays are drawn for a call. Later delays repeat them. */
const delays = 8

/**
 * Draws the calls, once for all policies: two policies differ by what they do, and not by their luck. A longer policy
 * never has fewer successes than one that begins as it does.
 */
export const draw = (
  observations: Observations,
  options: { readonly seed: number; readonly total: number; readonly most?: number }
) => {
  const classes = [...observations.classes.values()].sort((a, b) => a.name < b.name ? -1 : 1)
  const share = Math.floor(options.total / Math.max(1, classes.length))
  return classes.map((of): Drawn => {
    const count = Math.min(of.count, Math.max(minDraws, Math.min(options.most ?? maxDraws, share)))
    const random = generator(`${options.seed}/${of.name}`)
    const kind = of.kind
    const recoveries = Array.from({ length: count }, () => {
      const position = random()
      if (kind === undefined) return Infinity
      return Math.max(observations.recovery.draw(kind, of.operation, position), of.hint, of.lockedFor)
    })
    return {
      of,
      recoveries,
      positions: Array.from({ length: count * delays }, () => random()),
      weight: of.count / count
    }
  })
}

// A policy of a user's own need not end.
const maxAttempts = 1000

/** Runs the policy over the calls. */
export const evaluate = (drawn: ReadonlyArray<Drawn>, { allowReplay, name, policy }: Candidate): Outcome => {
  let requests = 0
  let successes = 0
  let waited = 0
  let charges = 0
  let lockedOut = 0
  const waits: Array<readonly [millis: number, weight: number]> = []
  const gaveUp: Record<string, number> = {}
  for (const { of, positions, recoveries, weight } of drawn) {
    for (const [i, recovery] of recoveries.entries()) {
      const call = Retry.begin(policy, { allowReplay })
      let at = 0
      let attempts = 1
      let reason: string | undefined
      while (attempts === 1 || at < recovery) {
        const delay = attempts >= maxAttempts ? "attempts" : call.next(of.failure, {
          at: Duration.millis(at),
          random: positions[i * delays + (attempts - 1) % delays]!
        })
        if (typeof delay === "string") {
          reason = delay
          break
        }
        at += Duration.toMillis(delay)
        attempts++
        if (!of.isRepeatable) charges += weight
      }
      requests += attempts * weight
      waited += at * weight
      waits.push([at, weight])
      lockedOut += Math.min(at, of.lockedFor) * weight
      if (reason === undefined) successes += weight
      else gaveUp[reason] = (gaveUp[reason] ?? 0) + weight
    }
  }
  waits.sort(([a], [b]) => a - b)
  const total = waits.reduce((sum, [, weight]) => sum + weight, 0)
  const quantile = (position: number): number => {
    let sum = 0
    for (const [millis, weight] of waits) {
      sum += weight
      if (sum >= position * total - 1e-6) return millis
    }
    return 0
  }
  return { name, requests, successes, waited, p50: quantile(0.5), p99: quantile(0.99), charges, lockedOut, gaveUp }
}

const epsilon = 1e-6

/** Whether an outcome is no worse in anything, and better in something. */
export const dominates = (a: Outcome, b: Outcome): boolean => {
  const gains = [
    a.successes - b.successes,
    b.requests - a.requests,
    b.waited - a.waited,
    b.charges - a.charges,
    b.lockedOut - a.lockedOut
  ]
  return gains.every((gain) => gain >= -epsilon) && gains.some((gain) => gain > epsilon)
}
