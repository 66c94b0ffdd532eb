/** Runs a program on a test clock, which goes on to the next sleeper whenever only time can move the program. */
import { Clock, Duration, Effect, type Exit, Fiber, Logger, Metric, Random } from "effect"
import { TestClock } from "effect/testing"

/** Lets the program go on until only time can move it. */
const settle = Effect.promise(async () => {
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
})

/** A clock that tells for how long the next sleeper on it sleeps. */
const watched = (clock: Clock.Clock) => {
  const ends: Array<number> = []
  const sleep: Clock.Clock["sleep"] = (duration) =>
    Effect.suspend(() => {
      ends.push(clock.currentTimeMillisUnsafe() + Duration.toMillis(duration))
      return clock.sleep(duration)
    })
  const next = (): Duration.Duration => {
    const now = clock.currentTimeMillisUnsafe()
    return Duration.millis(Math.min(...ends.filter((end) => end > now)) - now)
  }
  // The methods of a clock may be on its prototype.
  return { clock: Object.assign(Object.create(clock) as Clock.Clock, { sleep }), next }
}

/** The exit of a program. Time, chance and metrics are its own, so it does the same each time. */
export const virtually = <A, E, R>(
  program: Effect.Effect<A, E, R>
): Effect.Effect<Exit.Exit<A, E>, never, R> =>
  Effect.gen(function*() {
    const { clock, next } = watched(yield* Clock.Clock)
    const running = yield* Effect.exit(program).pipe(
      Effect.provideService(Clock.Clock, clock),
      Effect.forkChild
    )
    while (true) {
      yield* settle
      if (running.pollUnsafe() !== undefined) break
      yield* TestClock.adjust(next())
    }
    return yield* Fiber.join(running)
  }).pipe(
    Random.withSeed(1),
    Effect.provideService(Metric.MetricRegistry, new Map()),
    Effect.provide([TestClock.layer(), Logger.layer([])])
  )
