/**
 * Simulations of a policy: the same decider, without waiting.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type { Reason } from "../../Attempts.ts"
import { retryable } from "../../Category.ts"
import { UnrecognizedResponse } from "../../Errors.ts"
import { fromCode, isCode } from "../../VeniceError.ts"
import * as Chart from "./chart.ts"
import type { Kind } from "./decider.ts"
import * as Decider from "./decider.ts"
import { attemptOf, hintOf, isRepeatable, kindOf } from "./failure.ts"

interface HasNode {
  readonly [Decider.NodeId]: Decider.Node
}

/**
 * A failure in the script of {@link simulate}: a code, `Transport`, or an error. An error of Venice brings its hint.
 *
 * @category models
 * @since 0.1.0
 */
export type ScriptedFailure = string | object

/**
 * One retry in the timeline of {@link simulate}. The delay is drawn between `floor` and `ceiling`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatedRetry {
  readonly code: string
  readonly kind: Kind
  /** When the attempt failed, since the first failure. */
  readonly at: Duration.Duration
  readonly hint: Duration.Duration | undefined
  readonly floor: Duration.Duration
  readonly ceiling: Duration.Duration
  readonly delay: Duration.Duration
}

/**
 * The result of {@link simulate}: what the policy does about the failures of a script.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timeline {
  readonly retries: ReadonlyArray<SimulatedRetry>
  /** `succeeded` if the script ended first, or the reason to give up. */
  readonly outcome: "succeeded" | Reason
  /** The code of the failure on which the policy gave up. */
  readonly last: string | undefined
  readonly elapsed: Duration.Duration
}

const failureOfScript = (failure: ScriptedFailure): unknown => {
  if (typeof failure !== "string") return failure
  if (isCode(failure)) return fromCode(failure)
  return failure === "Transport" ? new Cause.TimeoutError() : failure
}

const codeOf = (failure: ScriptedFailure): string => typeof failure === "string" ? failure : attemptOf(failure).code

/**
 * A simulated call, made by {@link begin}. `next` takes the failure of an attempt, the time since the first failure, and
 * where in its interval the delay is, from 0 to 1. It returns the delay before the next attempt, or the reason to give
 * up.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatedCall {
  readonly next: (
    failure: unknown,
    options: { readonly at: Duration.Duration; readonly random: number }
  ) => Duration.Duration | Reason
}

/**
 * Begins a simulated call, whose failures you pass one at a time.
 *
 * **When to use**
 *
 * For a simulation in which it depends on the delay whether the next attempt fails. {@link simulate} takes a script.
 *
 * **Details**
 *
 * The call decides as a real one, also whether a second request is safe: by the operation that the failure names, and
 * `allowReplay` as for `Operation.allowReplay`. It has no deadline and no shared budget.
 *
 * **Example** (Failing until ten seconds have passed)
 *
 * ```ts
 * import { Errors, Retry } from "@effect-venice/core"
 * import { Duration } from "effect"
 *
 * const call = Retry.begin(Retry.standard)
 * const failure = new Errors.ModelOffline()
 *
 * let at = 0
 * let requests = 1
 * while (at < 10_000) {
 *   const delay = call.next(failure, { at: Duration.millis(at), random: 0 })
 *   if (typeof delay === "string") break
 *   at += Duration.toMillis(delay)
 *   requests++
 * }
 *
 * requests // => 5
 * ```
 *
 * @category simulation
 * @since 0.1.0
 */
export const begin = (
  policy: HasNode,
  options?: { readonly allowReplay?: boolean | undefined }
): SimulatedCall => {
  const decider = Decider.decider(policy[Decider.NodeId])
  return {
    next: (failure, { at, random }) => {
      const kind = kindOf(failure)
      if (kind === undefined) return "final"
      if (options?.allowReplay !== true && !isRepeatable(failure)) return "replay"
      const hint = hintOf(failure)
      const signal = { kind, hint: hint === undefined ? 0 : Duration.toMillis(hint), now: Duration.toMillis(at) }
      const decision = decider.decide(signal)
      if (decision._tag === "GiveUp") return decision.reason
      const delay = Decider.draw(decision, random)
      decider.commit(signal, delay)
      return Duration.millis(delay)
    }
  }
}

/**
 * Simulates a call that fails with the failures of a script and then succeeds.
 *
 * **When to use**
 *
 * In a test of a policy, or to look at one with {@link render} before you deploy it.
 *
 * **Details**
 *
 * Attempts take no time. `random`, from 0 to 1, is the position of each delay in its interval; 0 by default. The
 * simulation ignores what depends on the call: its operation, its deadline and the shared budget.
 *
 * @category simulation
 * @since 0.1.0
 */
export const simulate = (
  policy: HasNode,
  script: ReadonlyArray<ScriptedFailure>,
  options?: { readonly random?: number | undefined }
): Timeline => {
  const decider = Decider.decider(policy[Decider.NodeId])
  const retries: Array<SimulatedRetry> = []
  let now = 0
  const end = (outcome: Timeline["outcome"], last?: string): Timeline => ({
    retries,
    outcome,
    last,
    elapsed: Duration.millis(now)
  })
  for (const failure of script) {
    const code = codeOf(failure)
    const error = failureOfScript(failure)
    const kind = kindOf(error)
    if (kind === undefined) return end("final", code)
    const hint = hintOf(error)
    const signal = { kind, hint: hint === undefined ? 0 : Duration.toMillis(hint), now }
    const decision = decider.decide(signal)
    if (decision._tag === "GiveUp") return end(decision.reason, code)
    const delay = Decider.draw(decision, options?.random ?? 0)
    decider.commit(signal, delay)
    retries.push({
      code,
      kind,
      at: Duration.millis(now),
      hint,
      floor: Duration.millis(decision.floor),
      ceiling: Duration.millis(decision.ceiling),
      delay: Duration.millis(delay)
    })
    now += delay
  }
  return end("succeeded")
}

/**
 * Formats a timeline as text, for a terminal or a snapshot test: a line for each retry, and one for the end.
 *
 * **Example** (Drawing a timeline)
 *
 * ```ts
 * import { Retry } from "@effect-venice/core"
 *
 * const lines = Retry.render(Retry.simulate(Retry.standard, ["MODEL_OFFLINE", "INVALID_REQUEST"])).split("\n")
 *
 * lines[0] // => "     0 s  MODEL_OFFLINE           no hint             waits 1 s to 1.25 s"
 * lines[1] // => "     1 s  INVALID_REQUEST         gives up (final)"
 * ```
 *
 * @category rendering
 * @since 0.1.0
 */
export const render = ({ elapsed, last, outcome, retries }: Timeline): string =>
  [
    ...retries.map((retry) => {
      const hint = retry.hint === undefined ? "no hint" : `asked for ${Chart.seconds(retry.hint)}`
      return `${Chart.seconds(retry.at).padStart(8)}  ${retry.code.padEnd(22)}  ${hint.padEnd(18)}  waits ${
        Chart.range(retry)
      }`
    }),
    `${Chart.seconds(elapsed).padStart(8)}  ${
      outcome === "succeeded" ? outcome : `${(last ?? "").padEnd(22)}  gives up (${outcome})`
    }`
  ].join("\n")

/** The longest hint that the limits of the tree accept, which may be infinite, or nothing if it never retries. */
const longestHintOf = (node: Decider.Node): Duration.Duration | undefined => {
  const ofBoth = (left: Duration.Duration | undefined, right: Duration.Duration | undefined) =>
    left && right && Duration.min(left, right)
  const ofEither = (left: Duration.Duration | undefined, right: Duration.Duration | undefined) =>
    left && right ? Duration.max(left, right) : left ?? right
  switch (node._tag) {
    case "Rules":
      return Object.values(node.rules).some(({ retries }) => retries > 0) ? Duration.infinity : undefined
    case "Limit":
      return ofBoth(longestHintOf(node.policy), node.limits.longestHint ?? Duration.infinity)
    case "Stricter":
      return ofBoth(longestHintOf(node.left), longestHintOf(node.right))
    case "Lenient":
      return ofEither(longestHintOf(node.left), longestHintOf(node.right))
    case "AndThen":
      return ofEither(longestHintOf(node.first), longestHintOf(node.second))
  }
}

const exampleOf = (kind: Kind): ScriptedFailure =>
  kind === "Transport" ? kind : new UnrecognizedResponse({ category: kind, response: { status: 599 } })

/**
 * Draws a policy as an SVG chart, for its documentation: delay over retries on a logarithmic axis, a line and a band of
 * jitter for each kind, and the longest hint that the policy accepts.
 *
 * @category rendering
 * @since 0.1.0
 */
export const renderSvg = (policy: HasNode, options?: { readonly title?: string | undefined }): string =>
  Chart.svg(
    [...retryable, "Transport" as const].map((kind) => ({
      kind,
      bands: simulate(policy, Array.from({ length: 12 }, () => exampleOf(kind))).retries
    })),
    longestHintOf(policy[Decider.NodeId]),
    options?.title ?? "Delays of a retry policy"
  )
