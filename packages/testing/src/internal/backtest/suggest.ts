/**
 * A bounded search for policies that are no worse than one in anything, and better in something.
 *
 * @internal
 */
import { Retry } from "@effect-venice/core"
import * as Duration from "effect/Duration"
import { dominates, type Drawn, evaluate, generator, type Outcome } from "./evaluate.ts"
import { ofParts, type Parts } from "./policyFile.ts"

export interface Found {
  readonly parts: Parts
  readonly outcome: Outcome
}

const bases = [100, 250, 500, 1000, 2000, 3000, 5000, 7500, 10_000, 15_000, 20_000, 30_000, 60_000, 120_000]
const caps = [1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000]
const counts = [0, 1, 2, 3, 4, 5, 6, 8, 10]
const factors = [1, 1.5, 2, 3]
const elapsed = [10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 3_600_000]
const hints = [5000, 30_000, 60_000, 300_000, 3_600_000]

const start: Parts = {
  rules: Retry.standardRules,
  limits: { attempts: 5, elapsed: "2 minutes", longestHint: "1 minute" }
}

const maxFront = 30

const millis = (value: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(value))

/** Changes the rule of a kind. A cap below the base makes no sense. */
const withRule = ({ limits, rules }: Parts, kind: Retry.Kind, change: Partial<Retry.Rule>): Parts => {
  const rule = { ...rules[kind], ...change }
  const cap = Duration.millis(Math.max(millis(rule.cap), millis(rule.base)))
  return { limits, rules: { ...rules, [kind]: { ...rule, cap } } }
}

const withLimit = ({ limits, rules }: Parts, change: Partial<Parts["limits"]>): Parts => ({
  limits: { ...limits, ...change },
  rules
})

/** Changes one part of a policy, or a few. */
const mutate = (parts: Parts, kinds: ReadonlyArray<Retry.Kind>, random: () => number): Parts => {
  const pick = <A>(items: ReadonlyArray<A>): A => items[Math.floor(random() * items.length)]!
  const kind = pick(kinds)
  const changes: ReadonlyArray<() => Parts> = [
    () => withRule(parts, kind, { base: Duration.millis(pick(bases)) }),
    () => withRule(parts, kind, { base: Duration.millis(pick(bases)) }),
    () => withRule(parts, kind, { cap: Duration.millis(pick(caps)) }),
    () => withRule(parts, kind, { retries: pick(counts) }),
    () => withRule(parts, kind, { factor: pick(factors) }),
    () => withLimit(parts, { attempts: 1 + pick(counts) }),
    () => withLimit(parts, { elapsed: Duration.millis(pick(elapsed)) }),
    () => withLimit(parts, { longestHint: Duration.millis(pick(hints)) })
  ]
  const changed = pick(changes)()
  return random() < 0.5 ? mutate(changed, kinds, random) : changed
}

const isSame = (a: Outcome, b: Outcome): boolean =>
  a.successes === b.successes && a.requests === b.requests && a.waited === b.waited && a.charges === b.charges

/** Keeps what nothing dominates. */
const insert = (front: ReadonlyArray<Found>, found: Found): ReadonlyArray<Found> => {
  if (front.some(({ outcome }) => dominates(outcome, found.outcome) || isSame(outcome, found.outcome))) return front
  return [...front.filter(({ outcome }) => !dominates(found.outcome, outcome)), found].slice(0, maxFront)
}

/** The policies that dominate the baseline, and none of the others: most successes first, then fewest requests. */
export const suggest = (
  drawn: ReadonlyArray<Drawn>,
  baseline: Outcome,
  options: { readonly seed: number; readonly candidates: number }
): ReadonlyArray<Found> => {
  const kinds = [...new Set(drawn.flatMap(({ of }) => of.kind === undefined ? [] : [of.kind]))].sort()
  if (kinds.length === 0) return []
  const random = generator(`${options.seed}/suggest`)
  const measure = (parts: Parts): Found => ({ parts, outcome: evaluate(drawn, ofParts("suggested", parts)) })
  // Policies to go on from: those of the front, whether they dominate the baseline or not.
  let explored = insert([], measure(start))
  let better: ReadonlyArray<Found> = []
  for (let i = 0; i < options.candidates; i++) {
    const pool = better.length > 0 && random() < 0.5 ? better : explored
    const from = pool[Math.floor(random() * pool.length)]!
    const found = measure(mutate(from.parts, kinds, random))
    explored = insert(explored, found)
    if (dominates(found.outcome, baseline)) better = insert(better, found)
  }
  return [...better].sort((a, b) =>
    b.outcome.successes - a.outcome.successes || a.outcome.requests - b.outcome.requests
    || a.outcome.waited - b.outcome.waited
  )
}
