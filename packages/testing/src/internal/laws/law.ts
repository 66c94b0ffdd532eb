/**
 * A law: a property with a name and readable counterexamples.
 *
 * @internal
 */
import * as Arbitrary from "effect/Arbitrary"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

export interface Options {
  readonly runs: number
  readonly seed: number
}

/** How a law is broken. */
export interface Violation {
  readonly law: string
  readonly counterexample: string
  /** What happened, and what should have. */
  readonly reason: string
  readonly seed: number
  readonly runs: number
  readonly shrinks: number
}

/** A law of something. */
export interface Law {
  readonly name: string
  readonly check: (options: Options) => Effect.Effect<Violation | undefined>
}

/** Whether a value breaks a law: what happened and what should have, or nothing. */
type Verdict = string | undefined

interface Property<A> {
  readonly values: Arbitrary.Arbitrary<A>
  readonly show: (value: A) => string
  readonly judge: (value: A) => Verdict | Effect.Effect<Verdict>
  /** The share of the runs that the law needs, if every run takes long or all are alike. */
  readonly share?: number
}

const maxShrinks = 1000

const maxShown = 2000

const cut = (text: string): string =>
  text.length <= maxShown ? text : `${text.slice(0, maxShown)}… (${text.length} characters)`

/** A defect of the subject is a violation, too. */
const judged = <A>({ judge }: Property<A>, value: A): Effect.Effect<boolean, string> =>
  Effect.suspend(() => {
    const verdict = judge(value)
    return Effect.isEffect(verdict) ? verdict : Effect.succeed(verdict)
  }).pipe(
    Effect.catchDefect((defect) => Effect.succeed(`it threw ${String(defect)}`)),
    Effect.flatMap((verdict) => verdict === undefined ? Effect.succeed(true) : Effect.fail(verdict))
  )

export const make = <A>(name: string, property: Property<A>): Law => ({
  name,
  check: ({ runs, seed }) =>
    Arbitrary.checkEffect(property.values, (value) => judged(property, value), {
      runs: Math.max(1, Math.ceil(runs * (property.share ?? 1))),
      seed,
      maxShrinks
    }).pipe(Effect.flatMap((result) => {
      switch (result._tag) {
        case "Passed":
          return Effect.succeed(undefined)
        case "Falsified":
          return Effect.succeed({
            law: name,
            counterexample: cut(property.show(result.shrunkInput)),
            reason: result.failure._tag === "PropertyError" ? cut(result.failure.error) : "it returned false",
            seed,
            runs: result.runs,
            shrinks: result.shrinks
          })
        default:
          return Effect.die(new Cause.IllegalArgumentError(Arbitrary.formatCheckFailure(result)))
      }
    }))
})

const indented = (text: string): string => text.replace(/^/gm, "    ")

/** A violation as a report of several lines. */
export const render = ({ counterexample, law, reason, runs, seed, shrinks }: Violation): string =>
  [
    `  Broken: ${law}`,
    indented(counterexample),
    `  What happened: ${reason}`,
    `  Found with seed ${seed} after ${runs === 1 ? "1 run" : `${runs} runs`}, shrunk ${
      shrinks === 1 ? "once" : `${shrinks} times`
    }`
  ].join("\n")
