/**
 * What the parts tell Redis after a call: no call waits for it, but the end of the layer does.
 *
 * Otherwise a process that ends after its last call would leave the place of that call taken, and its failure uncounted.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"

/** Sends a report in the background. */
export type Reports = (report: Effect.Effect<void>) => Effect.Effect<void>

/** How long the end of a layer waits. Longer than a bounded Redis takes. */
const longestEnd = Duration.millis(500)

export const makeReports: Effect.Effect<Reports, never, Scope.Scope> = Effect.gen(function*() {
  const running = yield* FiberSet.make<void>()
  yield* Effect.addFinalizer(() => Effect.timeoutOption(FiberSet.awaitEmpty(running), longestEnd))
  return (report) => Effect.asVoid(FiberSet.run(running, report))
})
