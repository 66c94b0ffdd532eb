/**
 * Retry policies, each with the code that makes it, so that a counterexample can be read and pasted.
 *
 * @internal
 */
import { Retry } from "@effect-venice/core"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import { int, oneOf, pick } from "./choice.ts"

export const kind: Arbitrary.Arbitrary<Retry.Kind> = pick(Retry.kinds[0]!, ...Retry.kinds.slice(1))

export const jitter: Arbitrary.Arbitrary<Retry.Jitter> = pick(
  "none",
  "proportional",
  "full",
  "equal",
  "decorrelated"
)

export const rule: Arbitrary.Arbitrary<Retry.Rule> = Arbitrary.map(
  Arbitrary.all([int(0, 5000), int(1, 3), int(0, 60_000), int(0, 4), jitter]),
  ([base, factor, growth, retries, jitter]) => ({
    base: Duration.millis(base),
    factor,
    cap: Duration.millis(base + growth),
    retries,
    jitter
  })
)

export const rules: Arbitrary.Arbitrary<Retry.Rules> = Arbitrary.all({
  RateLimit: rule,
  Capacity: rule,
  Server: rule,
  Upstream: rule,
  Timeout: rule,
  Transport: rule
})

export const limits: Arbitrary.Arbitrary<Retry.Limits> = Arbitrary.map(
  Arbitrary.all([int(0, 15), int(1, 8), kind, int(0, 3), int(0, 200_000), int(0, 60_000)]),
  ([which, attempts, kind, retries, elapsed, longestHint]) => ({
    ...((which & 1) !== 0 && { attempts }),
    ...((which & 2) !== 0 && { retriesOf: { [kind]: retries } }),
    ...((which & 4) !== 0 && { elapsed: Duration.millis(elapsed) }),
    ...((which & 8) !== 0 && { longestHint: Duration.millis(longestHint) })
  })
)

/** A policy and the code that makes it. */
interface Draft {
  readonly policy: Retry.Policy
  readonly code: string
}

/** A rule or limits as they are written in code. */
const shown = (value: unknown): string => {
  if (Duration.isDuration(value)) return `"${Duration.toMillis(value)} millis"`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${name}: ${shown(member)}`)
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
}

const presets: ReadonlyArray<Draft> = [
  { policy: Retry.standard, code: "Retry.standard" },
  { policy: Retry.never, code: "Retry.never" },
  { policy: Retry.patient, code: "Retry.patient" },
  { policy: Retry.eager, code: "Retry.eager" }
]

// Everything below is drawn whatever the choice, so that a smaller choice keeps the rest of a counterexample.
const leaf: Arbitrary.Arbitrary<Draft> = Arbitrary.map(
  Arbitrary.all([int(0, 11), rules]),
  ([which, rules]) => presets[which] ?? { policy: Retry.make(rules), code: `Retry.make(${shown(rules)})` }
)

const modified = (of: Arbitrary.Arbitrary<Draft>): Arbitrary.Arbitrary<Draft> =>
  Arbitrary.map(
    Arbitrary.all([int(0, 6), of, limits, kind, rule, jitter]),
    ([how, draft, limits, kind, rule, jitter]) => {
      const { code, policy } = draft
      switch (how) {
        case 0:
          return draft
        case 1:
          return { policy: Retry.without(policy, kind), code: `Retry.without(${code}, "${kind}")` }
        case 2:
          return { policy: Retry.only(policy, kind), code: `Retry.only(${code}, "${kind}")` }
        case 3:
          return { policy: Retry.jittered(policy, jitter), code: `Retry.jittered(${code}, "${jitter}")` }
        case 4:
          return {
            policy: Retry.override(policy, kind, rule),
            code: `Retry.override(${code}, "${kind}", ${shown(rule)})`
          }
        default:
          return { policy: Retry.limit(policy, limits), code: `Retry.limit(${code}, ${shown(limits)})` }
      }
    }
  )

const combinators = { andThen: Retry.andThen, stricter: Retry.stricter, lenient: Retry.lenient } as const

const combine = (name: keyof typeof combinators) => (left: Draft, right: Draft): Draft => ({
  policy: combinators[name](left.policy, right.policy),
  code: `Retry.${name}(${left.code}, ${right.code})`
})

const combined = (of: Arbitrary.Arbitrary<Draft>): Arbitrary.Arbitrary<Draft> =>
  Arbitrary.map(
    Arbitrary.all([
      pick<(left: Draft, right: Draft) => Draft>(
        (left) => left,
        (_, right) => right,
        combine("andThen"),
        combine("stricter"),
        combine("lenient")
      ),
      of,
      of
    ]),
    ([combine, left, right]) => combine(left, right)
  )

const once = oneOf(leaf, modified(leaf), combined(leaf))

const twice = oneOf(leaf, modified(once), combined(once))

/** A policy of any preset, rules, limits and combinators, nested up to three deep. It prints as its code. */
export const policy: Arbitrary.Arbitrary<Retry.Policy> = Arbitrary.map(
  oneOf(leaf, once, twice, modified(combined(twice))),
  // A policy of the presets is a value that all share, so what prints is a copy.
  ({ code, policy }) => Object.defineProperty(Retry.limit(policy, {}), "toString", { value: () => code })
)
