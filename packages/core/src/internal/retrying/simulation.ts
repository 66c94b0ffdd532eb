/**
 * What a policy would do, without doing it.
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
import { attemptOf, hintOf, kindOf } from "./failure.ts"

interface Simulated {
  readonly [Decider.NodeId]: Decider.Node
}

/**
 * A failure in a script: a code, or any error; an error of Venice brings its hint along.
 *
 * @category models
 * @since 0.1.0
 */
export type ScriptedFailure = string | object

/**
 * One retry of a simulated call. The wait is drawn between `floor` and `ceiling`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SimulatedRetry {
  readonly code: string
  readonly kind: Kind
  /** When it failed, from the first failure on. */
  readonly at: Duration.Duration
  readonly hint: Duration.Duration | undefined
  readonly floor: Duration.Duration
  readonly ceiling: Duration.Duration
  readonly delay: Duration.Duration
}

/**
 * What a script of failures would lead to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Timeline {
  readonly retries: ReadonlyArray<SimulatedRetry>
  /** `succeeded` when the script ran out of failures first, or why the policy gave up. */
  readonly outcome: "succeeded" | Reason
  /** The failure it gave up on. */
  readonly last: string | undefined
  readonly elapsed: Duration.Duration
}

const scripted = (failure: ScriptedFailure): unknown => {
  if (typeof failure !== "string") return failure
  if (isCode(failure)) return fromCode(failure)
  return failure === "Transport" ? new Cause.TimeoutError() : failure
}

const codeOf = (failure: ScriptedFailure): string => typeof failure === "string" ? failure : attemptOf(failure).code

/**
 * The timeline a script of failures would produce, without waiting.
 *
 * **Details**
 *
 * Attempts take no time themselves. `random`, from 0 to 1, is where in its interval each wait is drawn; 0 by default.
 * What depends on the call (its operation, its deadline, the shared budget) is left out.
 *
 * @category simulation
 * @since 0.1.0
 */
export const simulate = (
  policy: Simulated,
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
    const error = scripted(failure)
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
 * A timeline as text, a line for each failure and one for the outcome.
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

/** The longest hint that is waited for: the tightest limit that holds whichever part of the policy decides. */
const longestHintOf = (node: Decider.Node): Duration.Duration | undefined => {
  const combine = (
    pick: (left: Duration.Duration, right: Duration.Duration) => Duration.Duration,
    left: Duration.Duration | undefined,
    right: Duration.Duration | undefined
  ) => left === undefined ? right : right === undefined ? left : pick(left, right)
  switch (node._tag) {
    case "Rules":
      return undefined
    case "Limit":
      return combine(Duration.min, longestHintOf(node.policy), node.limits.longestHint)
    case "Stricter":
      return combine(Duration.min, longestHintOf(node.left), longestHintOf(node.right))
    case "Lenient":
      return combine(Duration.max, longestHintOf(node.left), longestHintOf(node.right))
    case "AndThen":
      return combine(Duration.max, longestHintOf(node.first), longestHintOf(node.second))
  }
}

const failureOf = (kind: Kind): ScriptedFailure =>
  kind === "Transport" ? kind : new UnrecognizedResponse({ category: kind, response: { status: 599 } })

/**
 * A policy as an SVG picture: the wait over the retries on a logarithmic axis, a line for each kind with the band in
 * which its waits are spread, and the longest hint that is waited for.
 *
 * @category rendering
 * @since 0.1.0
 */
export const renderSvg = (policy: Simulated, options?: { readonly title?: string | undefined }): string =>
  Chart.svg(
    [...retryable, "Transport" as const].map((kind) => ({
      kind,
      bands: simulate(policy, Array.from({ length: 12 }, () => failureOf(kind))).retries
    })),
    longestHintOf(policy[Decider.NodeId]),
    options?.title ?? "Waits of a retry policy"
  )
