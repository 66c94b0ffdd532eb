/**
 * The laws of retry policies. The subject is any schedule: it is asked step by step, without waiting.
 *
 * @internal
 */
import { Operation, Retry } from "@effect-venice/core"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { Attempt } from "../arbitraries/attempts.ts"
import { attempts, failureOf, mayHaveHint, shown, transient } from "../arbitraries/attempts.ts"
import { int, pick } from "../arbitraries/choice.ts"
import * as Law from "./law.ts"

export type Subject = Schedule.Schedule<unknown, any>

/** The limits that a policy says it has. */
export interface Limits {
  readonly attempts?: number | undefined
  readonly elapsed?: Duration.Duration | undefined
  readonly longestHint?: Duration.Duration | undefined
}

/** What a policy made of an attempt. */
interface Step {
  readonly attempt: Attempt
  readonly failure: unknown
  /** When the attempt failed, in milliseconds. */
  readonly at: number
  /** The delay before the next attempt in milliseconds, or nothing if the policy gave up. */
  readonly delay: number | undefined
}

interface Circumstances {
  readonly seed: number
  readonly deadline?: number
}

const drive = (
  policy: Subject,
  script: ReadonlyArray<Attempt>,
  { deadline, seed }: Circumstances
): Effect.Effect<ReadonlyArray<Step>> =>
  Effect.gen(function*() {
    const next = yield* Schedule.toStep(policy)
    const steps: Array<Step> = []
    let now = 0
    for (const attempt of script) {
      now += attempt.took
      const failure = failureOf(attempt)
      const delay = yield* next(now, failure).pipe(
        Effect.map(([, delay]) => Duration.toMillis(delay)),
        Effect.catch(() => Effect.succeed(undefined))
      )
      steps.push({ attempt, failure, at: now, delay })
      if (delay === undefined) break
      now += delay
    }
    return steps
  }).pipe(
    Random.withSeed(seed),
    Effect.provideService(Retry.Deadline, deadline),
    // A timeout of the caller does not name the operation.
    Effect.provideService(Operation.Current, script[0]?.operation)
  )

const show = (script: ReadonlyArray<Attempt>): string =>
  script.map((attempt, i) => `${i + 1}. ${shown(attempt)}`).join("\n")

const format = (millis: number): string => millis === 0 ? "0s" : Duration.format(Duration.millis(millis))

const seed = int(0, 1000)

const scripts = attempts(6)

/** A law about every retry of a call. */
const ofRetries = (name: string, policy: Subject, judge: (step: Step, delay: number) => string | undefined): Law.Law =>
  Law.make(name, {
    values: Arbitrary.all([scripts, seed]),
    show: ([script]) => show(script),
    judge: ([script, seed]) =>
      Effect.map(drive(policy, script, { seed }), (steps) => {
        for (const [i, step] of steps.entries()) {
          const reason = step.delay === undefined ? undefined : judge(step, step.delay)
          if (reason !== undefined) return `attempt ${i + 1}: ${reason}`
        }
        return undefined
      })
  })

const neverRepeatsWhatIsFinal = (policy: Subject) =>
  ofRetries(
    "never repeats what is final",
    policy,
    ({ failure }) => Retry.kindOf(failure) === undefined ? "it is retried, and no retry can help" : undefined
  )

const respectsHints = (policy: Subject) =>
  ofRetries(
    "waits at least as long as the server asks, whatever the jitter",
    policy,
    ({ attempt: { hint = 0 } }, delay) =>
      delay < hint ? `it is retried after ${format(delay)}, and the server asks for ${format(hint)}` : undefined
  )

const waitsForAFiniteTime = (policy: Subject) =>
  ofRetries(
    "waits for a finite time",
    policy,
    (_, delay) => Number.isFinite(delay) && delay >= 0 ? undefined : `it is retried after ${delay} ms`
  )

const neverChargesTwice = (policy: Subject) =>
  ofRetries("never repeats what may be charged or executed twice", policy, ({ attempt, failure }) => {
    const outcome = Retry.outcomeOf(failure)
    return outcome === undefined || Operation.mayRepeat(attempt.operation, outcome)
      ? undefined
      : `it is retried, and ${attempt.operation} may have been carried out`
  })

const keepsDeadline = (policy: Subject) =>
  Law.make("never waits past the deadline", {
    values: Arbitrary.all([scripts, seed, int(0, 120_000)]),
    show: ([script, , deadline]) => `${show(script)}\nthe deadline is at ${format(deadline)}`,
    judge: ([script, seed, deadline]) =>
      Effect.map(drive(policy, script, { seed, deadline }), (steps) => {
        const late = steps.findIndex(({ at, delay }) => delay !== undefined && at + delay > deadline)
        if (late < 0) return undefined
        const { at, delay } = steps[late]!
        return `attempt ${late + 1}: it fails at ${format(at)} and is retried at ${format(at + delay!)}`
      })
  })

const decidesBySeed = (policy: Subject) =>
  Law.make("decides the same for the same seed", {
    values: Arbitrary.all([scripts, seed]),
    show: ([script, seed]) => `${show(script)}\nthe seed is ${seed}`,
    judge: ([script, seed]) =>
      Effect.gen(function*() {
        const [first, second] = yield* Effect.all([drive(policy, script, { seed }), drive(policy, script, { seed })])
        const at = first.findIndex(({ delay }, i) => delay !== second[i]?.delay)
        const text = (delay: number | undefined) => delay === undefined ? "gives up" : `waits ${format(delay)}`
        return at < 0
          ? undefined
          : `attempt ${at + 1}: it ${text(first[at]!.delay)}, and then ${text(second[at]?.delay)}`
      })
  })

/** The most attempts that a policy makes of which nothing is said. */
const unlimited = 1000

const ends = (policy: Subject, { attempts: most = unlimited, elapsed, longestHint }: Limits) =>
  Law.make<{ readonly attempt: Attempt; readonly seed: number }>("ends, within its limits", {
    values: Arbitrary.map(
      Arbitrary.all([pick(...transient), int(0, 1), int(1, 90_000), seed]),
      ([fault, isHinted, hint, seed]) => ({
        attempt: {
          fault,
          hint: isHinted === 1 && mayHaveHint(fault) ? hint : undefined,
          operation: "GET /models",
          took: 0
        },
        seed
      })
    ),
    show: ({ attempt }) => `in every attempt, ${shown(attempt)}`,
    share: 0.25,
    judge: ({ attempt, seed }) => {
      const script = Array.from({ length: most + 1 }, (): Attempt => attempt)
      return Effect.map(drive(policy, script, { seed }), (steps) => {
        const retries = steps.filter(({ delay }) => delay !== undefined)
        if (retries.length + 1 > most) return `it makes more than ${most} attempts`
        const last = retries.at(-1)
        const passed = last === undefined ? 0 : last.at + last.delay!
        if (elapsed !== undefined && passed > Duration.toMillis(elapsed)) {
          return `the last attempt is at ${format(passed)}, and the limit is ${format(Duration.toMillis(elapsed))}`
        }
        return longestHint !== undefined && last !== undefined && attempt.hint !== undefined
            && attempt.hint > Duration.toMillis(longestHint)
          ? `it waits for a hint of ${format(attempt.hint)}, and the longest is ${
            format(Duration.toMillis(longestHint))
          }`
          : undefined
      })
    }
  })

export const laws = (policy: Subject, limits: Limits): ReadonlyArray<Law.Law> => [
  neverRepeatsWhatIsFinal(policy),
  respectsHints(policy),
  waitsForAFiniteTime(policy),
  neverChargesTwice(policy),
  keepsDeadline(policy),
  ends(policy, limits),
  decidesBySeed(policy)
]
