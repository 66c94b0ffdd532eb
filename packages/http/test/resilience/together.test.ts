/** Parts that keep their state elsewhere, and are asked at the same time. */
import { Retry } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import { Breaker, LockoutGuard, Pacing, Resilience } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer, Metric, Stream } from "effect"

const operation = "POST /chat/completions"

/** What is left of a part after it was asked. */
interface Left {
  readonly guard?: Effect.Effect<void, Failure.LockoutAhead>
  readonly breaker?: Effect.Effect<void, Failure.CircuitOpen>
  readonly pacing?: Effect.Effect<void, Failure.PaceExceeded>
}

/** Sends a call through parts whose first answer is told. Succeeds with what happened, in its order. */
const happened = Effect.fnUntraced(function*(left: Left) {
  const events: Array<string> = []
  const note = (event: string) =>
    Effect.sync(() => {
      events.push(event)
    })
  const part = <E>(name: string, rest: Effect.Effect<void, E>) => {
    let asked = 0
    return () => {
      const n = ++asked
      return {
        tryEnter: () => true,
        ask: Effect.as(note(`${name} ${n} is asked`), rest),
        acquire: note(`${name} ${n} lets it pass`),
        settle: (answer?: unknown) => note(`${name} ${n} ends ${JSON.stringify(answer)}`)
      }
    }
  }
  const parts = Layer.mergeAll(
    left.guard === undefined ? Layer.empty : Layer.succeed(LockoutGuard.LockoutGuard, {
      ticket: part("guard", left.guard),
      remaining: () => Effect.succeed(50)
    }),
    left.breaker === undefined ? Layer.empty : Layer.succeed(Breaker.Breaker, {
      permit: part("breaker", left.breaker),
      execute: () => () => Effect.die("not needed"),
      state: (key) => Effect.succeed({ _tag: "Closed", key }),
      transitions: Stream.empty
    }),
    left.pacing === undefined ? Layer.empty : Layer.succeed(Pacing.Pacing, {
      turn: part("pacing", left.pacing),
      waiting: () => Effect.succeed(0)
    })
  )
  const counted = new Map()
  const result = yield* note("sent").pipe(
    Resilience.protect(operation, { body: { model: "m", messages: [] }, policy: Retry.never }),
    Effect.match({ onFailure: ({ _tag }) => _tag, onSuccess: () => "sent" }),
    Effect.provide(Layer.provide(Resilience.layerParts(), parts)),
    Effect.provideService(Metric.MetricRegistry, counted)
  )
  const failures = yield* Effect.provideService(Metric.snapshot, Metric.MetricRegistry, counted)
  return {
    result,
    events,
    failures: failures.filter(({ id }) => id === "venice.client.failures").map(({ attributes, state }) => [
      attributes?.["error.type"],
      (state as { count: number }).count
    ])
  }
})

const nothing = Effect.void
const waits = Effect.andThen(Effect.void, Effect.yieldNow)
const retryAfter = Duration.seconds(5)
const open = Effect.fail(new Failure.CircuitOpen({ message: "open", circuit: "m", retryAfter }))
const busy = Effect.fail(new Failure.PaceExceeded({ message: "busy", retryAfter }))

describe("parts that are asked together", () => {
  it.effect("let a call pass when all of them do", () =>
    Effect.gen(function*() {
      const { events, failures, result } = yield* happened({ guard: nothing, breaker: nothing, pacing: nothing })

      assert.strictEqual(result, "sent")
      assert.deepStrictEqual(failures, [])
      assert.deepStrictEqual(events.slice(0, 4), [
        "guard 1 is asked",
        "breaker 1 is asked",
        "pacing 1 is asked",
        "sent"
      ])
    }))

  it.effect.each<readonly [Left, ReadonlyArray<string>, ReadonlyArray<string>]>([
    [
      { breaker: nothing, pacing: nothing },
      ["pacing 1 ends {\"unsent\":true}", "breaker 1 ends undefined"],
      ["breaker 2 lets it pass", "pacing 2 lets it pass"]
    ],
    [{ breaker: nothing }, ["breaker 1 ends undefined"], ["breaker 2 lets it pass"]],
    [{ pacing: nothing }, ["pacing 1 ends {\"unsent\":true}"], ["pacing 2 lets it pass"]]
  ])("give their places back while a call waits for the guard: %j", ([inner, given, taken]) =>
    Effect.gen(function*() {
      const asked = ["guard 1 is asked", ...Object.keys(inner).map((name) => `${name} 1 is asked`)]
      const { events, result } = yield* happened({ guard: waits, ...inner })

      assert.strictEqual(result, "sent")
      const end = events.indexOf("sent")
      assert.deepStrictEqual(events.slice(0, end), [...asked, ...given, ...taken])
      const ends = events.slice(end + 1).map((event) => event.split(" ends")[0])
      assert.deepStrictEqual(ends.toSorted(), ["guard 1", ...Object.keys(inner).map((name) => `${name} 2`)].toSorted())
    }))

  it.effect.each<Left>([{ guard: nothing }, { breaker: nothing }, { pacing: nothing }])(
    "are asked and waited for in one step if there is one: %j",
    (left) =>
      Effect.gen(function*() {
        const [name] = Object.keys(left)
        assert.deepStrictEqual((yield* happened(left)).events.slice(0, 2), [`${name} 1 lets it pass`, "sent"])
      })
  )

  it.effect("wait one after another when the guard lets a call pass", () =>
    Effect.gen(function*() {
      const { events, result } = yield* happened({ guard: nothing, breaker: waits, pacing: waits })

      assert.strictEqual(result, "sent")
      assert.notInclude(events.join(), "2")
    }))

  it.effect("refuse a call, which is counted once", () =>
    Effect.gen(function*() {
      // The breaker counts what it refuses.
      const refusals = [
        [{ guard: nothing, breaker: open, pacing: nothing }, "CIRCUIT_OPEN", []],
        [{ guard: nothing, breaker: open, pacing: busy }, "CIRCUIT_OPEN", []],
        [{ guard: nothing, breaker: nothing, pacing: busy }, "PACE_EXCEEDED", [["PACE_EXCEEDED", 1]]],
        [{ guard: nothing, pacing: busy }, "PACE_EXCEEDED", [["PACE_EXCEEDED", 1]]]
      ] as const
      for (const [left, tag, counted] of refusals) {
        const { events, failures, result } = yield* happened(left)
        assert.strictEqual(result, tag)
        assert.deepStrictEqual(failures, counted as unknown as typeof failures)
        assert.notInclude(events, "sent")
        for (const name of Object.keys(left)) assert.include(events.join(), `${name} 1 ends`)
      }
    }))
})
