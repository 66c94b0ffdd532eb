import { RetryBudget } from "@effect-venice/core"
import { Hedge } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Metric } from "effect"
import { TestClock } from "effect/testing"
import { recorder } from "../spans.ts"

interface Step {
  readonly takes: Duration.Input
  readonly fails?: string
}

/** A read whose requests take what the steps say. */
const makeRead = (...steps: ReadonlyArray<Step>) => {
  const log: Array<string> = []
  let sent = 0
  const read = Effect.suspend(() => {
    const i = sent++
    const { fails, takes } = steps[i]!
    log.push(`${i} sent`)
    return Effect.sleep(takes).pipe(
      Effect.andThen(fails === undefined ? Effect.succeed(i) : Effect.fail(fails)),
      Effect.onInterrupt(() => Effect.sync(() => log.push(`${i} interrupted`)))
    )
  })
  return { log, read }
}

/** The result, and the time that it took. */
const timed = Effect.fnUntraced(function*<A, E, R>(self: Effect.Effect<A, E, R>) {
  const fiber = yield* Effect.forkChild(Effect.timed(Effect.exit(self)))
  yield* TestClock.adjust("1 minute")
  const [duration, exit] = yield* Fiber.join(fiber)
  return [Duration.toMillis(duration), Exit.isSuccess(exit) ? exit.value : `${exit.cause}`] as const
})

const hedge = Hedge.hedge("GET /models", { after: "1 second" })

describe("a hedged read", () => {
  it.effect.each<readonly [string, ReadonlyArray<Step>, number, number, ReadonlyArray<string>]>([
    ["a fast answer", [{ takes: "1 second" }], 1000, 0, ["0 sent"]],
    ["a slow first", [{ takes: "5 seconds" }, { takes: "1 second" }], 2000, 1, ["0 sent", "1 sent", "0 interrupted"]],
    ["a slow second", [{ takes: "2 seconds" }, { takes: "9 seconds" }], 2000, 0, ["0 sent", "1 sent", "1 interrupted"]],
    ["a second that fails", [{ takes: "5 seconds" }, { takes: 0, fails: "b" }], 5000, 0, ["0 sent", "1 sent"]],
    ["a first that fails late", [{ takes: "2 seconds", fails: "a" }, { takes: "3 seconds" }], 4000, 1, [
      "0 sent",
      "1 sent"
    ]]
  ])("%s", ([, steps, time, result, requests]) =>
    Effect.gen(function*() {
      const { log, read } = makeRead(...steps)

      assert.deepStrictEqual(yield* timed(hedge(read)), [time, result])
      assert.deepStrictEqual(log, requests)
    }))

  it.effect("is not sent again if its answer is there at once", () =>
    Effect.gen(function*() {
      let sent = 0
      const read = Effect.sync(() => ++sent)

      assert.strictEqual(yield* Hedge.hedge("GET /models", { after: 0 })(read), 1)
    }))

  it.effect("sends its first request at once", () =>
    Effect.gen(function*() {
      const { log, read } = makeRead({ takes: "1 second" })
      yield* Effect.forkChild(hedge(read), { startImmediately: true })

      assert.deepStrictEqual(log, ["0 sent"])
    }))

  it.effect("tells its latency how long it took, in all", () =>
    Effect.gen(function*() {
      const observed: Array<number> = []
      const after: Hedge.Latency = {
        delay: () => Duration.seconds(1),
        observe: (duration) => {
          observed.push(Duration.toMillis(duration))
        }
      }
      yield* TestClock.setTime(1_000_000)
      const { read } = makeRead({ takes: "5 seconds" }, { takes: "2 seconds" })
      yield* timed(Hedge.hedge("GET /models", { after })(read))

      assert.deepStrictEqual(observed, [3000])
    }))

  it.effect("has interrupted the slower request when it ends", () =>
    Effect.gen(function*() {
      const { log, read } = makeRead({ takes: "5 seconds" }, { takes: "1 second" })
      yield* timed(Effect.andThen(hedge(read), Effect.sync(() => log.push("answered"))))

      assert.deepStrictEqual(log, ["0 sent", "1 sent", "0 interrupted", "answered"])
    }))

  it.effect("fails at once if the first request fails before the delay is over", () =>
    Effect.gen(function*() {
      const { log, read } = makeRead({ takes: "500 millis", fails: "a" })
      const [time, failure] = yield* timed(hedge(read))

      assert.strictEqual(time, 500)
      assert.include(failure as string, "a")
      assert.deepStrictEqual(log, ["0 sent"])
    }))

  it.effect.each([["2 seconds", "5 seconds"], ["9 seconds", "1 second"]] as const)(
    "fails with the first failure if both fail",
    ([first, second]) =>
      Effect.gen(function*() {
        const { read } = makeRead({ takes: first, fails: "of the first" }, { takes: second, fails: "of the second" })
        const [, failure] = yield* timed(hedge(read))

        assert.include(failure as string, "of the first")
      })
  )

  it.effect("interrupts both requests when it is interrupted", () =>
    Effect.gen(function*() {
      const { log, read } = makeRead({ takes: "9 seconds" }, { takes: "9 seconds" })
      const fiber = yield* Effect.forkChild(hedge(read))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.interrupt(fiber)

      assert.deepStrictEqual(log.toSorted(), ["0 interrupted", "0 sent", "1 interrupted", "1 sent"])
    }))

  it.effect("takes a token of the budget, and goes on alone without one", () =>
    Effect.gen(function*() {
      const budget = yield* RetryBudget.make({ allowance: 0, initial: 1 })
      const { log, read } = makeRead({ takes: "3 seconds" }, { takes: "1 second" }, { takes: "3 seconds" })
      const call = Effect.provideService(hedge(read), RetryBudget.RetryBudget, budget)

      assert.deepStrictEqual(yield* timed(call), [2000, 1])
      assert.deepStrictEqual(yield* timed(call), [3000, 2])
      assert.deepStrictEqual(log, ["0 sent", "1 sent", "0 interrupted", "2 sent"])
    }))

  it.effect("asks the budget as for a request that was lost", () =>
    Effect.gen(function*() {
      const kinds: Array<string> = []
      const own = yield* RetryBudget.make()
      const budget = RetryBudget.RetryBudget.of({
        ...own,
        withdraw: (kind) => Effect.as(Effect.sync(() => kinds.push(kind)), true)
      })
      const { read } = makeRead({ takes: "3 seconds" }, { takes: "1 second" })
      yield* timed(Effect.provideService(hedge(read), RetryBudget.RetryBudget, budget))

      assert.deepStrictEqual(kinds, ["Transport"])
    }))

  it.effect("counts which request succeeded", () =>
    Effect.gen(function*() {
      const counter = Metric.withAttributes(Hedge.hedges, {
        "venice.operation": "GET /image/styles",
        "venice.hedge": "second"
      })
      const { read } = makeRead({ takes: "3 seconds" }, { takes: "1 second" })
      const { count } = yield* Metric.value(counter)
      yield* timed(Hedge.hedge("GET /image/styles", { after: "1 second" })(read))

      assert.strictEqual((yield* Metric.value(counter)).count, Number(count) + 1)
    }))

  it.effect("says on the span of the read which request succeeded", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      const { read } = makeRead({ takes: "3 seconds" }, { takes: "1 second" })
      yield* timed(hedge(read).pipe(Effect.withSpan("read"), Effect.withTracer(tracer)))

      assert.deepStrictEqual(spans[0]!.events, [
        ["venice.hedge", 2_000_000_000n, { "venice.operation": "GET /models", "venice.hedge": "second" }]
      ])
    }))

  it.effect("goes by a delay in any form", () =>
    Effect.gen(function*() {
      for (const after of [Duration.seconds(1), 1000, "1 second"] as const) {
        const { read } = makeRead({ takes: "3 seconds" }, { takes: "1 second" })

        assert.deepStrictEqual(yield* timed(Hedge.hedge("GET /models", { after })(read)), [2000, 1])
      }
    }))

  it.effect("is counted in calls, and never less", () =>
    Effect.gen(function*() {
      const { read } = makeRead({ takes: "5 seconds" }, { takes: 0, fails: "b" })
      yield* timed(hedge(read))
      const attributes = { "venice.operation": "GET /models", "venice.hedge": "first" }
      yield* Metric.update(Metric.withAttributes(Hedge.hedges, attributes), -1)

      const all = yield* Metric.snapshot
      assert.deepStrictEqual(all.map(({ attributes, id, state }) => ({ attributes, id, state })), [{
        attributes: { unit: "{call}", ...attributes },
        id: "venice.client.hedges",
        state: { count: 1, incremental: true }
      }])
    }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))

  it.effect("counts reads by what became of them", () =>
    Effect.gen(function*() {
      const operation = "GET /image/styles"
      const counts = Effect.map(Metric.snapshot, (all) =>
        all.filter(({ attributes, id }) =>
          id === "venice.client.hedges" && attributes?.["venice.operation"] === operation
        ).map(({ attributes, state }) =>
          [attributes!["venice.hedge"], state] as const
        ))
      const run = (...steps: ReadonlyArray<Step>) =>
        timed(Hedge.hedge(operation, { after: "1 second" })(makeRead(...steps).read))
      const before = new Map(yield* counts)
      const budget = yield* RetryBudget.make({ allowance: 0, initial: 0 })
      yield* run({ takes: 0 })
      yield* run({ takes: "2 seconds" }, { takes: "3 seconds" })
      yield* run({ takes: "2 seconds", fails: "a" }, { takes: "3 seconds", fails: "b" })
      yield* Effect.provideService(run({ takes: "2 seconds" }), RetryBudget.RetryBudget, budget)

      const countOf = (state: unknown): number => Number((state as { readonly count?: number } | undefined)?.count ?? 0)
      assert.sameDeepMembers(
        (yield* counts).map(([outcome, state]) => [outcome, countOf(state) - countOf(before.get(outcome))])
          .filter(([outcome]) => outcome !== "second"),
        [["first", 1], ["none", 1], ["unfunded", 1]]
      )
    }))

  it("refuses a delay that is none", () => {
    for (
      const [refused, message] of [
        [() => Hedge.hedge("GET /models", { after: -1 }), "after must be a duration that is not negative, and is -1"],
        [() => Hedge.percentile({ share: 1 }), "share must be a number between 0 and 1, and is 1"],
        [() => Hedge.percentile({ share: 0 }), "share must be a number between 0 and 1, and is 0"],
        [() => Hedge.percentile({ share: NaN }), "share must be a number between 0 and 1, and is NaN"],
        [() => Hedge.percentile({ size: 0 }), "size must be an integer at least 1, and is 0"],
        [
          () => Hedge.percentile({ size: { a: 1, b: [2] } as never }),
          "size must be an integer at least 1, and is {\"a\":1,\"b\":[2]}"
        ],
        [() => Hedge.percentile({ initial: -1 }), "initial must be a duration that is not negative, and is -1"],
        [() => Hedge.percentile({ least: -1 }), "least must be a duration that is not negative, and is -1"]
      ] as const
    ) assert.throws(refused, RangeError, message)
  })
})

describe("a percentile", () => {
  it("is the initial delay until a tenth is known, and then that of the latest reads", () => {
    assert.strictEqual(Duration.toMillis(Hedge.percentile().delay()), 1000)
    const latency = Hedge.percentile({ initial: "2 seconds" })
    for (let i = 1; i < 10; i++) latency.observe(Duration.millis(20))
    assert.strictEqual(Duration.toMillis(latency.delay()), 2000)
    for (let i = 1; i <= 100; i++) latency.observe(Duration.millis(i))
    assert.strictEqual(Duration.toMillis(latency.delay()), 95)
    for (let i = 1; i <= 100; i++) latency.observe(Duration.millis(2))
    assert.strictEqual(Duration.toMillis(latency.delay()), 10)
  })

  it.each([[undefined, 10], [10, 1], [110, 11], [1, 1]])("of a size of %o is known from %d reads on", (size, reads) => {
    const latency = Hedge.percentile({ size, least: "50 millis" })
    for (let i = 1; i < reads; i++) latency.observe(Duration.millis(20))
    assert.strictEqual(Duration.toMillis(latency.delay()), 1000)
    latency.observe(Duration.millis(20))
    assert.strictEqual(Duration.toMillis(latency.delay()), 50)
  })

  it.effect("learns from reads that succeed", () =>
    Effect.gen(function*() {
      const after = Hedge.percentile({ size: 1, initial: "1 second" })
      const { log, read } = makeRead({ takes: "100 millis" }, { takes: "5 seconds" }, { takes: "100 millis" })
      const call = Hedge.hedge("GET /models", { after })(read)
      yield* timed(call)

      assert.deepStrictEqual(yield* timed(call), [200, 2])
      assert.deepStrictEqual(log, ["0 sent", "1 sent", "2 sent", "1 interrupted"])
    }))
})
