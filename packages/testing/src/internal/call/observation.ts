/**
 * A run of an effect on a `TestClock` that moves from one sleep to the next.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

/** What an attempt calls when it has ended. */
export type OnEnd = (took: Duration.Duration, exit: Exit.Exit<unknown, unknown>) => void

export interface Options<A, E, R, A2, E2, R2> {
  readonly within: Duration.Duration
  readonly attempt: Effect.Effect<A, E, R>
  readonly around: (attempt: Effect.Effect<A, E, R>) => Effect.Effect<A2, E2, R2>
  /** Called when an attempt begins. */
  readonly begin: (at: Duration.Duration) => OnEnd
  /** The defect if the effect neither ends nor sleeps. */
  readonly stuck: () => Error
  /** The defect if the effect takes too long. */
  readonly late: () => Error
}

export interface Ended<A, E> {
  readonly exit: Exit.Exit<A, E>
  readonly elapsed: Duration.Duration
}

/** A clock that knows when its sleepers want to wake up. */
interface Tracking extends TestClock.TestClock {
  readonly nextWake: () => number | undefined
}

const isTestClock = (clock: Clock.Clock): clock is TestClock.TestClock => "setTime" in clock && "adjust" in clock

const track = (clock: TestClock.TestClock): Tracking => {
  const wakes: Array<number> = []
  return {
    ...clock,
    nextWake: () => wakes.length === 0 ? undefined : Math.min(...wakes),
    sleep: (duration) =>
      Effect.suspend(() => {
        const wake = clock.currentTimeMillisUnsafe() + Duration.toMillis(duration)
        wakes.push(wake)
        return Effect.ensuring(
          clock.sleep(duration),
          Effect.sync(() => {
            wakes.splice(wakes.indexOf(wake), 1)
          })
        )
      })
  }
}

// Enough for what is done in promises and streams without a timer, such as a request that stays in the process.
const turns = 32

/** Lets everything run that needs no time. */
const settle = (fiber: Fiber.Fiber<unknown, unknown>) =>
  Effect.gen(function*() {
    for (let i = 0; i < turns && fiber.pollUnsafe() === undefined; i++) yield* Effect.yieldNow
  })

/** How often it is looked, in real time, whether an effect that does not sleep goes on. */
const patience = { looks: 200, pause: "5 millis" } as const

const drive = (clock: Tracking, fiber: Fiber.Fiber<unknown, unknown>, end: number, options: {
  readonly stuck: () => Error
  readonly late: () => Error
}) =>
  Effect.gen(function*() {
    let looks = 0
    while (true) {
      yield* settle(fiber)
      if (fiber.pollUnsafe() !== undefined) return
      const next = clock.nextWake()
      if (next === undefined) {
        if (++looks > patience.looks) return yield* Effect.die(options.stuck())
        yield* clock.withLive(Effect.sleep(patience.pause))
        continue
      }
      looks = 0
      if (next > end) return yield* Effect.die(options.late())
      yield* clock.setTime(next)
    }
  })

const runOn = <A, E, R, A2, E2, R2>(
  testClock: TestClock.TestClock,
  options: Options<A, E, R, A2, E2, R2>
): Effect.Effect<Ended<A2, E2>, never, R2> =>
  Effect.gen(function*() {
    const clock = track(testClock)
    const start = clock.currentTimeMillisUnsafe()
    const since = (from: number) => Duration.millis(clock.currentTimeMillisUnsafe() - from)
    const attempt = Effect.suspend(() => {
      const began = clock.currentTimeMillisUnsafe()
      const onEnd = options.begin(since(start))
      return Effect.onExit(options.attempt, (exit) => Effect.sync(() => onEnd(since(began), exit)))
    })
    let elapsed = Duration.zero
    const call = Effect.onExit(options.around(attempt), () =>
      Effect.sync(() => {
        elapsed = since(start)
      }))
    const fiber = yield* Effect.forkChild(Effect.provideService(call, Clock.Clock, clock))
    yield* Effect.onError(
      drive(clock, fiber, start + Duration.toMillis(options.within), options),
      () => Fiber.interrupt(fiber)
    )
    return { exit: yield* Fiber.await(fiber), elapsed }
  })

/** Runs the effect on the `TestClock` of the context, or on one of its own. */
export const run = <A, E, R, A2, E2, R2>(
  options: Options<A, E, R, A2, E2, R2>
): Effect.Effect<Ended<A2, E2>, never, R2> =>
  Clock.clockWith((clock) =>
    isTestClock(clock)
      ? runOn(clock, options)
      : Effect.provide(TestClock.testClockWith((own) => runOn(own, options)), TestClock.layer()) as Effect.Effect<
        Ended<A2, E2>,
        never,
        R2
      >
  )
