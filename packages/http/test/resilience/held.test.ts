/** What a user is told of a call that a part held back: the error, a metric, and an event of the span. */
import { Errors } from "@effect-venice/core"
import { Telemetry } from "@effect-venice/http"
import { Breaker, LockoutGuard, Pacing } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Metric } from "effect"
import { TestClock } from "effect/testing"
import { recorder } from "../spans.ts"

const model = { model: "m" }

interface Held {
  readonly series: string
  readonly count: number
  readonly sum: number
}

/** The series of the metric, and the events of the spans of calls. */
const observed = Effect.fnUntraced(function*<A, E, R>(self: Effect.Effect<A, E, R>) {
  const { spans, tracer } = recorder()
  const [value, all] = yield* Effect.all([self, Metric.snapshot]).pipe(
    Effect.withTracer(tracer),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )
  const held = all.filter(({ id }) => id === "venice.client.held").map(({ attributes, state }): Held => {
    const { count, sum } = state as { readonly count: number; readonly sum: number }
    return { series: `${attributes?.["venice.part"]} ${attributes?.["venice.held"]}`, count, sum }
  })
  const events = spans.flatMap((span) => span.events.map(([name, , attributes]) => [name, attributes] as const))
  return { value, held, events }
})

/** Makes calls at the same time, and lets the time pass. */
const calls = (seconds: number, ...all: ReadonlyArray<Effect.Effect<unknown, unknown, any>>) =>
  Effect.gen(function*() {
    const fibers = yield* Effect.forEach(all, (call) => Effect.forkChild(Effect.exit(Effect.withSpan(call, "call"))))
    yield* TestClock.adjust(seconds * 1000)
    yield* Effect.forEach(fibers, Fiber.join)
  })

const event = (part: string, outcome: string, seconds: number) =>
  ["venice.held", { "venice.part": part, "venice.held": outcome, "venice.held.duration": seconds }] as const

const messageOf = <E, R>(self: Effect.Effect<unknown, E, R>) =>
  Effect.map(Effect.flip(self), (error) => (error as Error).message)

describe("a call that waited", () => {
  it.effect("for its turn", () =>
    Effect.gen(function*() {
      const call = Pacing.pace(model)(Effect.void)
      const { events, held } = yield* observed(calls(61, call, call))

      assert.deepStrictEqual(held, [{ series: "pacing waited", count: 1, sum: 60 }])
      assert.deepStrictEqual(events, [event("pacing", "waited", 60)])
    }).pipe(Effect.provide(Pacing.layer({ budgets: { requests: 1, tokens: 1000 }, longestWait: "2 minutes" }))))

  it.effect("for the end of another one that could fail", () =>
    Effect.gen(function*() {
      const first = LockoutGuard.protect(model)(Effect.sleep("1500 millis"))
      const second = LockoutGuard.protect(model)(Effect.void)
      const { events, held } = yield* observed(calls(2, first, second))

      assert.deepStrictEqual(held, [{ series: "lockout-guard waited", count: 1, sum: 1.5 }])
      assert.deepStrictEqual(events, [event("lockout-guard", "waited", 1.5)])
    }).pipe(Effect.provide(LockoutGuard.layer({ limit: 2, spare: 1, longestWait: "10 seconds" }))))

  it.effect("while the clock was set back was held for no time", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(3_600_000)
      const answered = yield* Deferred.make<void>()
      const first = LockoutGuard.protect(model)(Deferred.await(answered))
      const second = LockoutGuard.protect(model)(Effect.void)
      const { held } = yield* observed(Effect.gen(function*() {
        const fibers = yield* Effect.forEach([first, second], (call) =>
          Effect.forkChild(call, { startImmediately: true }))
        yield* TestClock.setTime(0)
        yield* Deferred.succeed(answered, undefined)
        yield* Effect.forEach(fibers, Fiber.join)
      }))

      assert.deepStrictEqual(held, [{ series: "lockout-guard waited", count: 1, sum: 0 }])
    }).pipe(Effect.provide(LockoutGuard.layer({ limit: 2, spare: 1, longestWait: "10 seconds" }))))
})

describe("a call that was refused", () => {
  it.effect("because its turn comes too late", () =>
    Effect.gen(function*() {
      const call = Pacing.pace(model)(Effect.void)
      const { events, held, value } = yield* observed(Effect.andThen(call, Effect.withSpan(messageOf(call), "call")))

      assert.strictEqual(value, "Not sent, because 0 calls wait for their turn: the next one can be sent in 1m")
      assert.deepStrictEqual(held, [{ series: "pacing refused", count: 1, sum: 0 }])
      assert.deepStrictEqual(events, [event("pacing", "refused", 0)])
      yield* Pacing.pace({})(Effect.void)
      assert.notProperty(yield* Effect.flip(Pacing.pace({})(Effect.void)), "model")
    }).pipe(Effect.provide(Pacing.layer({ budgets: { requests: 1, tokens: 1000 }, longestWait: 0 }))))

  it.effect("because the key could be locked out, at once or after a wait", () =>
    Effect.gen(function*() {
      const pending = LockoutGuard.protect(model)(Effect.sleep("20 seconds"))
      const waited = LockoutGuard.protect(model)(Effect.void)
      const late = yield* observed(calls(20, pending, waited))
      assert.deepStrictEqual(late.held, [{ series: "lockout-guard refused", count: 1, sum: 10 }])

      yield* Effect.exit(LockoutGuard.protect(model)(Effect.fail(new Errors.ModelNotFound())))
      const { held, value } = yield* observed(messageOf(waited))
      assert.strictEqual(
        value,
        "Not sent, because Venice could lock the key out after more failures: "
          + "the next request may be sent at 1970-01-01T00:00:50.000Z"
      )
      assert.deepStrictEqual(held, [{ series: "lockout-guard refused", count: 1, sum: 0 }])
    }).pipe(Effect.provide(LockoutGuard.layer({ limit: 2, spare: 1, longestWait: "10 seconds" }))))

  it.effect("because the circuit is open, or tested by another", () =>
    Effect.gen(function*() {
      const through = Breaker.protect("m")
      const fail = Effect.exit(through(Effect.fail(new Errors.ModelOffline())))
      yield* Effect.repeat(fail, { times: 4 })

      const { held, value } = yield* observed(messageOf(through(Effect.void)))
      assert.strictEqual(value, "Not sent, because the latest calls to m failed: the next one may be sent in 5s")
      assert.deepStrictEqual(held, [{ series: "breaker refused", count: 1, sum: 0 }])

      yield* TestClock.adjust("5 seconds")
      const probe = yield* Effect.forkChild(through(Effect.sleep("1 second")))
      yield* Effect.yieldNow
      assert.strictEqual(
        yield* messageOf(through(Effect.void)),
        "Not sent, because the latest calls to m failed, and one in flight tests whether that is over"
      )
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(probe)
    }).pipe(Effect.provide(Breaker.layer())))
})

it.effect("the time that calls were held has these classes, in seconds", () =>
  Effect.gen(function*() {
    const { buckets } = yield* Metric.value(Telemetry.held)

    assert.deepStrictEqual(
      buckets.map(([boundary]) => boundary).filter(Number.isFinite),
      [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    )
    assert.strictEqual(Telemetry.held.id, "venice.client.held")
    assert.deepStrictEqual(Telemetry.held.attributes, { unit: "s" })
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
