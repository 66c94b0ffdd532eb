/**
 * A clock that can be moved, on top of another one. Moving it forward wakes the sleepers whose time has come.
 *
 * @internal
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"

export interface MovableClock {
  /** The clock, on top of the given one. */
  readonly over: (base: Clock.Clock) => Clock.Clock
  readonly advance: (duration: Duration.Duration) => Effect.Effect<void>
  /** Goes to a moment, in epoch milliseconds. Back in time, sleepers keep the time they have left. */
  readonly set: (base: Clock.Clock, moment: number) => Effect.Effect<void>
  readonly reset: Effect.Effect<void>
}

const nanosPerMilli = 1_000_000

export const make = (): MovableClock => {
  /** Milliseconds ahead of the base. */
  let offset = 0
  /** How far the sleepers have been moved forward. */
  let skipped = 0
  const moved = Latch.makeUnsafe()

  const move = (by: number) =>
    Effect.sync(() => {
      offset += by
      skipped += Math.max(0, by)
      // Opened for those that wait now, and closed for those that wait again.
      moved.openUnsafe()
      moved.closeUnsafe()
    })

  const over = (base: Clock.Clock): Clock.Clock => {
    const nanos = (time: bigint, by: number) => time + BigInt(Math.round(by * nanosPerMilli))
    const millisNow = () => base.currentTimeMillisUnsafe() + offset
    const nanosNow = () => nanos(base.currentTimeNanosUnsafe(), offset)
    const monotonic = () => nanos(base.monotonicTimeNanosUnsafe(), skipped)
    return {
      currentTimeMillisUnsafe: millisNow,
      currentTimeMillis: Effect.sync(millisNow),
      currentTimeNanosUnsafe: nanosNow,
      currentTimeNanos: Effect.sync(nanosNow),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) =>
        Effect.suspend(() => {
          if (!Duration.isFinite(duration)) return base.sleep(duration)
          // On the base and what was skipped, a moment never comes earlier than it should.
          const time = () => base.currentTimeMillisUnsafe() + skipped
          const end = time() + Duration.toMillis(duration)
          const loop: Effect.Effect<void> = Effect.suspend(() => {
            const left = end - time()
            return left <= 0 ? Effect.void : Effect.flatMap(
              Effect.raceFirst(Effect.as(base.sleep(Duration.millis(left)), true), Effect.as(moved.await, false)),
              (slept) => slept ? Effect.void : loop
            )
          })
          return loop
        })
    }
  }

  return {
    over,
    advance: (duration) => move(Duration.toMillis(duration)),
    set: (base, moment) => Effect.suspend(() => move(moment - (base.currentTimeMillisUnsafe() + offset))),
    reset: Effect.suspend(() => move(-offset))
  }
}
