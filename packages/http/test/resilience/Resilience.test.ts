import { Errors, Retry, RetryBudget } from "@effect-venice/core"
import { Failure, VeniceClient } from "@effect-venice/http"
import { Balance, Breaker, LockoutGuard, Pacing, Resilience } from "@effect-venice/http/resilience"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, Layer, Metric, Redacted, Schema, Scope, Stream } from "effect"
import { CircuitBreaker } from "effect/persistence"
import { TestClock } from "effect/testing"

const operation = "POST /chat/completions"
const body = { model: "m", messages: [{ role: "user", content: "Why is the sky blue?" }] } as const
const options = { body, success: Schema.Unknown } as const

const provide = (settings: Resilience.Settings = {}) =>
  Effect.provide([Layer.provideMerge(Emulator.layerClient, Emulator.layer), Resilience.layer(settings)])

/** Lets the time pass while a call waits, also for what takes no time of the clock. */
const finished = Effect.fnUntraced(function*<A, E>(fiber: Fiber.Fiber<A, E>) {
  while (fiber.pollUnsafe() === undefined) {
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    yield* TestClock.adjust("1 second")
  }
  return yield* Fiber.join(fiber)
})

const failure = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.flip(self)

const offline = new Errors.ModelOffline({ response: { status: 503 } })

const protect = Resilience.protect(operation, { body })

describe("a call", () => {
  it.effect("is retried, and each attempt passes guard, breaker and pacing", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(new Errors.ModelOverloaded())
      yield* finished(yield* Effect.forkChild(Resilience.execute(operation, options)))

      const { guard, pacing } = yield* Resilience.Resilience
      assert.strictEqual(yield* guard!.remaining({ model: "m" }), 50)
      assert.strictEqual(yield* pacing!.waiting({ model: "m" }), 0)
      assert.lengthOf(yield* emulator.received, 2)
    }).pipe(provide()))

  it.effect("tells a balance of the caller's own what was sent, and nothing else", () =>
    Effect.gen(function*() {
      const told: Array<unknown> = []
      const record = (balance: unknown) => Effect.sync(() => void told.push(balance))
      const layer = Resilience.layerParts({ policy: Retry.never }).pipe(Layer.provide([
        Breaker.layer({ tripPolicy: CircuitBreaker.consecutive(1) }),
        Layer.succeed(Balance.Balance, { record, low: Stream.empty })
      ]))
      yield* Effect.gen(function*() {
        for (let i = 0; i < 3; i++) yield* failure(protect(Effect.fail(offline)))
      }).pipe(Effect.provide(layer))

      assert.deepStrictEqual(told, [undefined])
    }))

  it.effect("gives each part what it took back, also without an answer", () =>
    Effect.gen(function*() {
      const one = protect(Effect.never)
      for (let i = 0; i < 3; i++) {
        const fiber = yield* Effect.forkChild(one)
        yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
      }
      // One place in flight: it would wait if an interrupted call had kept it.
      assert.strictEqual(yield* protect(Effect.succeed("sent")), "sent")
    }).pipe(provide({ guard: { limit: 2, spare: 1, longestWait: 0 } })))

  it.effect("fails at once with the error of the part that held it back", () =>
    Effect.gen(function*() {
      let sent = 0
      const fails = protect(Effect.suspend(() => {
        sent++
        return Effect.fail(offline)
      }))
      for (let i = 0; i < 5; i++) assert.strictEqual((yield* failure(fails))._tag, "MODEL_OFFLINE")
      const error = yield* failure(fails)

      assert.instanceOf(error, Failure.CircuitOpen)
      assert.strictEqual(sent, 5)
      // What the breaker did not send counts neither against the guard nor the pace.
      assert.strictEqual(
        (yield* failure(Resilience.protect(operation, { body: { model: "n" } })(fails)))._tag,
        "CIRCUIT_OPEN"
      )
    }).pipe(provide({ policy: Retry.never })))

  it.effect.each([{}, { guard: false }] as const)(
    "that the breaker refuses gives its turn back: %o",
    (parts) =>
      Effect.gen(function*() {
        for (let i = 0; i < 5; i++) yield* failure(protect(Effect.fail(offline)))
        for (let i = 0; i < 10; i++) assert.instanceOf(yield* failure(protect(Effect.void)), Failure.CircuitOpen)
        yield* TestClock.adjust("5 seconds")

        // Six places: five were sent, and those that were refused took none.
        yield* protect(Effect.void)
        assert.instanceOf(yield* failure(protect(Effect.void)), Failure.PaceExceeded)
      }).pipe(
        provide({ ...parts, policy: Retry.never, pacing: { budgets: { requests: 6, tokens: 1e9 }, longestWait: 0 } })
      )
  )

  it.effect("ends with its deadline, also in flight", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.exit(
        Resilience.protect("GET /models", { deadline: "10 seconds" })(Effect.never)
      ))
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
    }).pipe(provide()))

  it.effect("has a timeout for each attempt, which a policy retries only where it is safe", () =>
    Effect.gen(function*() {
      let sent = 0
      const slow = Effect.suspend(() => {
        sent++
        return Effect.never
      })
      const call = (operation: string) =>
        Effect.exit(Resilience.protect(operation, { body, timeout: "1 second" })(slow))

      const read = yield* Effect.forkChild(call("GET /models"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(read)
      assert.isAbove(sent, 1)

      sent = 0
      const charged = yield* Effect.forkChild(call("POST /video/queue"))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(charged)
      assert.strictEqual(sent, 1)
    }).pipe(provide()))

  it.effect("of another one around it has the earlier deadline", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(
        Effect.exit(Retry.withDeadline(protect(Effect.never), "1 second"))
      )
      yield* TestClock.adjust("1 second")
      assert.isDefined(fiber.pollUnsafe())
    }).pipe(provide({ deadline: "1 minute" })))
})

describe("a part alone", () => {
  const alone = (settings: Resilience.Settings) =>
    provide({ guard: false, breaker: false, pacing: false, retryBudget: false, policy: Retry.never, ...settings })

  it.effect("the guard has its place back, and knows what a success says is left", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(WireResponse.json(200, {}, { "x-ratelimit-remaining": "7", "x-ratelimit-resets": "29" }))
      for (let i = 0; i < 2; i++) assert.strictEqual(yield* protect(Effect.succeed("sent")), "sent")
      const venice = yield* VeniceClient
      yield* protect(venice.execute(operation, options))

      const { guard } = yield* Resilience.Resilience
      assert.strictEqual(yield* guard!.remaining({ model: "m" }), 7)
    }).pipe(alone({ guard: { limit: 20, spare: 1, longestWait: 0 } })))

  it.effect("the breaker opens", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 5; i++) yield* failure(protect(Effect.fail(offline)))

      assert.instanceOf(yield* failure(protect(Effect.void)), Failure.CircuitOpen)
    }).pipe(alone({ breaker: {} })))

  it.effect("the pace counts the tokens that a success says were used", () =>
    Effect.gen(function*() {
      yield* protect(Effect.succeed({ usage: { total_tokens: 5000 } }))

      assert.instanceOf(yield* failure(protect(Effect.void)), Failure.PaceExceeded)
    }).pipe(alone({ pacing: { budgets: { requests: 10, tokens: 5000 }, longestWait: 0 } })))

  it.effect("the balance is read", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(WireResponse.json(200, {}, { "x-venice-balance-usd": "4" }))
      const venice = yield* VeniceClient
      yield* protect(venice.execute("GET /models", { success: Schema.Unknown }))

      const { balance } = yield* Resilience.Resilience
      assert.lengthOf(yield* Stream.runCollect(Stream.take(balance!.low, 1)), 1)
    }).pipe(alone({ balance: { usd: 5 } })))

  it.effect("a breaker that only runs calls stands between the guard and the pace", () =>
    Effect.gen(function*() {
      const own = yield* Breaker.Breaker
      let executed = 0
      const { permit: _, ...without } = own
      const breaker = Breaker.Breaker.of({
        ...without,
        execute: (circuit) => (self) => {
          executed++
          return own.execute(circuit)(self)
        }
      })
      const parts = Resilience.layerParts({ policy: Retry.never }).pipe(
        Layer.provide(Layer.mergeAll(
          Layer.succeed(Breaker.Breaker, breaker),
          LockoutGuard.layer({ limit: 2, spare: 1, longestWait: 0 }),
          Pacing.layer({ budgets: { requests: 2, tokens: 1e9 }, longestWait: 0 })
        ))
      )
      yield* Effect.gen(function*() {
        const pending = yield* Effect.forkChild(protect(Effect.never))
        yield* Effect.yieldNow
        assert.instanceOf(yield* failure(protect(Effect.void)), Failure.LockoutAhead)
        assert.strictEqual(executed, 1)
        yield* Fiber.interrupt(pending)
        yield* protect(Effect.void)
        assert.instanceOf(yield* failure(protect(Effect.void)), Failure.PaceExceeded)
      }).pipe(Effect.provide(parts))
    }).pipe(Effect.provide(Breaker.layer())))
})

describe("a call that is not sent", () => {
  it.effect("is counted as a failure of its operation", () =>
    Effect.gen(function*() {
      const refused = protect(Effect.void)
      yield* protect(Effect.void)
      const pace = yield* failure(refused)
      const pending = yield* Effect.forkChild(Resilience.protect(operation, { body: { model: "n" } })(Effect.never))
      yield* Effect.yieldNow
      const ahead = yield* failure(Resilience.protect(operation, { body: { model: "n" } })(Effect.void))
      yield* Fiber.interrupt(pending)
      const counted = yield* Metric.snapshot

      assert.deepStrictEqual([pace._tag, ahead._tag], ["PACE_EXCEEDED", "LOCKOUT_AHEAD"])
      assert.sameDeepMembers(
        counted.filter(({ id }) => id === "venice.client.failures").map(({ attributes }) => [
          attributes?.["error.type"],
          attributes?.["venice.operation"]
        ]),
        [["PACE_EXCEEDED", operation], ["LOCKOUT_AHEAD", operation]]
      )
    }).pipe(
      provide({
        policy: Retry.never,
        guard: { limit: 2, spare: 1, longestWait: 0 },
        pacing: { budgets: { requests: 1, tokens: 1e9 }, longestWait: 0 }
      }),
      Effect.provideService(Metric.MetricRegistry, new Map())
    ))

  it.effect("is one with no time left, and one with the least time is sent", () =>
    Effect.gen(function*() {
      let sent = 0
      const call = protect(Effect.sync(() => ++sent))

      assert.isTrue(Exit.isFailure(yield* Effect.exit(Retry.withDeadline(call, 0))))
      assert.strictEqual(sent, 0)
      assert.strictEqual(yield* Retry.withDeadline(call, 1), 1)
    }).pipe(provide({ policy: Retry.never })))
})

describe("a stream", () => {
  it.effect("counts the tokens that an event says were used, also if others follow", () =>
    Effect.gen(function*() {
      const told = Stream.make({ usage: { total_tokens: 5000 } }, { text: "a" })
      yield* Stream.runDrain(Resilience.protectStream(operation, { body })(told))

      assert.instanceOf(yield* failure(protect(Effect.void)), Failure.PaceExceeded)
    }).pipe(provide({ policy: Retry.never, pacing: { budgets: { requests: 9, tokens: 5000 }, longestWait: 0 } })))

  it.effect("pauses other calls as soon as an attempt has failed", () =>
    Effect.gen(function*() {
      const limited = new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: Duration.seconds(7) } })
      const stream = Resilience.protectStream(operation, { body })(Stream.fail(limited))
      const fiber = yield* Effect.forkChild(Effect.exit(Stream.runDrain(stream)))
      yield* TestClock.adjust("1 second")

      assert.instanceOf(yield* failure(Retry.withDeadline(protect(Effect.void), "1 second")), Failure.PaceExceeded)
      yield* Fiber.interrupt(fiber)
    }).pipe(provide({ guard: false, breaker: false, pacing: { longestWait: 0 } })))

  it.effect("may be empty", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* Stream.runCollect(Resilience.protectStream(operation, { body })(Stream.empty)),
        []
      )
    }).pipe(provide()))

  it.effect("tells the balance", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply({
        ...WireResponse.success(operation),
        headers: { "content-type": "text/event-stream", "x-venice-balance-usd": "4" },
        body: "data: {}\n\ndata: [DONE]\n\n"
      })
      const stream = Resilience.stream(operation, { body, event: Schema.Unknown })
      yield* finished(yield* Effect.forkChild(Stream.runDrain(stream)))

      const { balance } = yield* Resilience.Resilience
      assert.lengthOf(yield* Stream.runCollect(Stream.take(balance!.low, 1)), 1)
    }).pipe(provide({ balance: { usd: 5 }, policy: Retry.never })))

  const events = (deliver: Stream.Stream<string, Errors.ModelOffline>) => {
    let begun = 0
    const stream = Stream.suspend(() => {
      begun++
      return deliver
    }).pipe(Resilience.protectStream(operation, { body }))
    return { stream, begun: () => begun }
  }

  it.effect("is retried before its first event, not after it", () =>
    Effect.gen(function*() {
      const before = events(Stream.fail(offline))
      const fiber = yield* Effect.forkChild(Effect.exit(Stream.runCollect(before.stream)))
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(fiber)
      assert.isAbove(before.begun(), 1)

      const after = events(Stream.concat(Stream.make("a"), Stream.fail(offline)))
      assert.strictEqual((yield* failure(Stream.runDrain(after.stream)))._tag, "MODEL_OFFLINE")
      assert.strictEqual(after.begun(), 1)
    }).pipe(provide({ breaker: false })))

  it.effect("delivers every event, and is in flight for the guard until the first", () =>
    Effect.gen(function*() {
      const slow = Stream.concat(Stream.make("a", "b"), Stream.fromEffect(Effect.as(Effect.sleep("1 minute"), "c")))
      const { stream } = events(slow)
      const fiber = yield* Effect.forkChild(Stream.runCollect(stream))
      yield* TestClock.adjust("1 second")
      // The guard has one place in all.
      assert.strictEqual(yield* protect(Effect.succeed("sent")), "sent")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["a", "b", "c"])
    }).pipe(provide({ guard: { limit: 2, spare: 1, longestWait: 0 } })))

  it.effect("of the client passes all parts", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(new Errors.ModelOverloaded())
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(Resilience.stream(operation, { body, event: Schema.Unknown }))
      )
      assert.isNotEmpty(yield* finished(fiber))
      assert.lengthOf(yield* emulator.received, 2)
    }).pipe(provide()))
})

describe("a part alone", () => {
  const only = (settings: Resilience.Settings) =>
    provide({ guard: false, breaker: false, pacing: false, retryBudget: false, policy: Retry.never, ...settings })
  const said = WireResponse.json(200, { usage: { total_tokens: 900 } }, {
    "x-ratelimit-remaining": "5",
    "x-ratelimit-resets": "29"
  })
  const execute = Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.reply(said)
    yield* finished(yield* Effect.forkChild(Resilience.execute(operation, options)))
    return yield* Resilience.Resilience
  })

  it.effect("is the guard, which learns from a success", () =>
    Effect.gen(function*() {
      const { guard } = yield* execute
      assert.strictEqual(yield* guard!.remaining({ model: "m" }), 5)
    }).pipe(only({ guard: {} })))

  it.effect("is the guard, which gets every place back", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 3; i++) assert.strictEqual(yield* protect(Effect.succeed(i)), i)
    }).pipe(only({ guard: { limit: 1, spare: 0, longestWait: 0 } })))

  it.effect("is the breaker, which opens", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 5; i++) {
        assert.strictEqual((yield* failure(protect(Effect.fail(offline))))._tag, "MODEL_OFFLINE")
      }
      assert.instanceOf(yield* failure(protect(Effect.void)), Failure.CircuitOpen)
    }).pipe(only({ breaker: {} })))

  it.effect("is the pace, which learns the tokens of a success", () =>
    Effect.gen(function*() {
      yield* protect(Effect.succeed({ usage: { total_tokens: 10 } }))
      yield* protect(Effect.succeed({ usage: { total_tokens: 100_000 } }))
      assert.instanceOf(yield* failure(protect(Effect.void)), Failure.PaceExceeded)
    }).pipe(only({ pacing: { budgets: { requests: 100, tokens: 100_000 }, longestWait: 0 } })))

  it.effect("is the pace, which learns the last tokens that a stream tells", () =>
    Effect.gen(function*() {
      const events = [{ usage: { total_tokens: 100 } }, { usage: { total_tokens: 100_000 } }, { choices: [] }]
      const stream = Resilience.protectStream(operation, { body })(Stream.fromIterable(events))
      assert.deepStrictEqual(yield* Stream.runCollect(stream), events)
      assert.instanceOf(yield* failure(protect(Effect.void)), Failure.PaceExceeded)
    }).pipe(only({ pacing: { budgets: { requests: 100, tokens: 100_000 }, longestWait: 0 } })))

  it.effect("is the pace, which has the turn of a stream back before it is retried", () =>
    Effect.gen(function*() {
      const limited = new Errors.RateLimitExceeded({
        limit: "requests",
        response: { status: 429, retryAfter: Duration.seconds(20) }
      })
      const scope = yield* Scope.make()
      const stream = Resilience.protectStream(operation, { body })(Stream.fail(limited))
      assert.strictEqual(yield* failure(Scope.provide(Stream.toPull(stream).pipe(Effect.flatten), scope)), limited)

      // The stream has ended, although what holds it has not.
      const error = yield* failure(protect(Effect.void))
      assert.strictEqual(error._tag === "PACE_EXCEEDED" && String(error.retryAfter), "20000 millis")
    }).pipe(only({ pacing: { budgets: { requests: 100, tokens: 1e9 }, longestWait: 0 } })))

  it.effect("or none delivers an empty stream as it is", () =>
    Effect.gen(function*() {
      const stream = Resilience.protectStream(operation, { body })(Stream.empty)
      assert.deepStrictEqual(yield* Stream.runCollect(stream), [])
    }).pipe(only({})))
})

describe("a call that was not sent", () => {
  const refusals = (tag: string) =>
    Effect.map(
      Metric.snapshot,
      (all) =>
        all.flatMap(({ attributes, id, state }) =>
          id === "venice.client.failures" && attributes?.["error.type"] === tag
            ? [(state as { count: number }).count]
            : []
        )
    )
  const metered = <A, E, R>(self: Effect.Effect<A, E, R>) =>
    Effect.provideService(self, Metric.MetricRegistry, new Map())

  it.effect("is counted among the failures once", () =>
    Effect.gen(function*() {
      yield* failure(protect(Effect.fail(new Errors.ModelNotFound({ response: { status: 404 } }))))
      yield* failure(protect(Effect.void))
      assert.deepStrictEqual(yield* refusals("LOCKOUT_AHEAD"), [1])

      const other = Resilience.protect(operation, { body: { model: "n" } })
      yield* other(Effect.void)
      yield* failure(other(Effect.void))
      assert.deepStrictEqual(yield* refusals("PACE_EXCEEDED"), [1])
    }).pipe(
      provide({
        policy: Retry.never,
        guard: { limit: 1, spare: 0 },
        pacing: { budgets: { requests: 1, tokens: 1e9 }, longestWait: 0 }
      }),
      metered
    ))

  it.effect("had no time left", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      const within = (deadline: number) =>
        Effect.provideService(protect(Effect.succeed("sent")), Retry.Deadline, deadline)

      assert.include(String(yield* failure(within(10_000))), "not sent, because the deadline of the call is over")
      assert.strictEqual(yield* within(10_001), "sent")
    }).pipe(provide({ policy: Retry.never })))
})

describe("what a call says goes before its layer:", () => {
  const states = (...circuits: ReadonlyArray<string>) =>
    Effect.flatMap(
      Resilience.Resilience,
      ({ breaker }) => Effect.forEach(circuits, (circuit) => Effect.map(breaker!.state(circuit), ({ _tag }) => _tag))
    )

  it.effect("its circuit, which is the model otherwise, and the operation without one", () =>
    Effect.gen(function*() {
      const fail = (options: Resilience.CallOptions) =>
        failure(Resilience.protect("GET /models", options)(Effect.fail(offline)))
      for (const options of [{ body, circuit: "c" }, { body: { model: "n" } }, {}]) yield* fail(options)

      assert.deepStrictEqual(yield* states("c", "m", "n", "GET /models"), ["Open", "Closed", "Open", "Open"])
    }).pipe(provide({ policy: Retry.never, breaker: { tripPolicy: { _tag: "Consecutive", failures: 1 } } })))

  it.effect("its policy", () =>
    Effect.gen(function*() {
      let sent = 0
      const fails = Effect.suspend(() => {
        sent++
        return Effect.fail(offline)
      })
      const ends = Effect.fnUntraced(function*(options: Resilience.CallOptions) {
        const fiber = yield* Effect.forkChild(Effect.exit(Resilience.protect(operation, options)(fails)))
        yield* TestClock.adjust("10 minutes")
        yield* Fiber.join(fiber)
        return sent
      })

      assert.strictEqual(yield* ends({ policy: Retry.never }), 1)
      assert.isAbove(yield* ends({}), 2)
    }).pipe(provide({ breaker: false })))

  it.effect("its timeout, which makes no sense if it is negative", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Resilience.protect(operation, { timeout: -1 })(Effect.void))

      assert.include(String(exit), "timeout must be a duration that is not negative, and is -1")
    }).pipe(provide()))
})

describe("the budget of retries", () => {
  const sent = (budget: RetryBudget.RetryBudget["Service"] | undefined) =>
    Effect.gen(function*() {
      let sent = 0
      const call = protect(Effect.suspend(() => {
        sent++
        return Effect.fail(offline)
      }))
      const around = budget === undefined ? call : Effect.provideService(call, RetryBudget.RetryBudget, budget)
      const fiber = yield* Effect.forkChild(Effect.exit(around))
      yield* TestClock.adjust("10 minutes")
      yield* Fiber.join(fiber)
      return sent
    })
  const empty = RetryBudget.make({ allowance: 0, initial: 0 })

  it.effect("is that of the layer", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* sent(yield* RetryBudget.make()), 1)
    }).pipe(provide({ breaker: false, retryBudget: { allowance: 0, initial: 0 } })))

  it.effect("is that around the call for a layer without one", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* sent(yield* empty), 1)
      assert.isAbove(yield* sent(undefined), 1)
    }).pipe(provide({ breaker: false, retryBudget: false })))
})

describe("a layer", () => {
  it.effect("has all parts but the balance by default", () =>
    Effect.gen(function*() {
      const { balance, breaker, guard, pacing, retryBudget } = yield* Resilience.Resilience
      for (const part of [breaker, guard, pacing, retryBudget]) assert.isDefined(part)
      assert.isUndefined(balance)
    }).pipe(provide()))

  it.effect("without a pace does not measure bodies", () =>
    Effect.gen(function*() {
      let read = 0
      const measured = {
        model: "m",
        get messages() {
          read++
          return []
        }
      }
      yield* Resilience.protect(operation, { body: measured })(Effect.void)

      assert.strictEqual(read, 0)
    }).pipe(provide({ pacing: false })))

  it.effect("leaves parts out", () =>
    Effect.gen(function*() {
      const { breaker, guard, pacing, retryBudget } = yield* Resilience.Resilience
      assert.deepStrictEqual([breaker, guard, pacing, retryBudget], [undefined, undefined, undefined, undefined])
      assert.strictEqual(yield* protect(Effect.succeed(1)), 1)
    }).pipe(provide({ guard: false, breaker: false, pacing: false, retryBudget: false })))

  it.effect("takes the parts of the context", () =>
    Effect.gen(function*() {
      const parts = yield* Resilience.Resilience
      assert.strictEqual(parts.guard, yield* LockoutGuard.LockoutGuard)
      assert.strictEqual(parts.pacing, yield* Pacing.Pacing)
      assert.isUndefined(parts.breaker)
    }).pipe(
      Effect.provide(Layer.provideMerge(Resilience.layerParts(), Layer.merge(LockoutGuard.layer(), Pacing.layer())))
    ))

  it.effect("sends calls through a breaker of one's own around the pace, and inside of the guard", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const breaker = Breaker.Breaker.of({
        execute: (circuit) => (self) =>
          Effect.onExit(self, (exit) => Effect.sync(() => seen.push(`${circuit} ${exit._tag}`))),
        state: (key) => Effect.succeed({ _tag: "Closed", key }),
        transitions: Stream.empty
      })
      const layer = Resilience.layerParts({ policy: Retry.never }).pipe(Layer.provide([
        LockoutGuard.layer({ limit: 3, spare: 1, longestWait: 0 }),
        Layer.succeed(Breaker.Breaker, breaker),
        Pacing.layer({ budgets: { requests: 2, tokens: 1e9 }, longestWait: 0 })
      ]))
      const lost = new Errors.ModelNotFound({ response: { status: 404 } })
      yield* Effect.gen(function*() {
        assert.strictEqual(yield* protect(Effect.succeed("sent")), "sent")
        assert.strictEqual(yield* failure(protect(Effect.fail(lost))), lost)
        assert.deepStrictEqual(seen, ["m Success", "m Failure"])

        assert.instanceOf(yield* failure(protect(Effect.void)), Failure.PaceExceeded)
        assert.lengthOf(seen, 3)
        yield* TestClock.adjust("1 minute")
        for (let i = 0; i < 2; i++) yield* failure(protect(Effect.fail(lost)))
        assert.instanceOf(yield* failure(protect(Effect.void)), Failure.LockoutAhead)
        assert.lengthOf(seen, 5)
      }).pipe(Effect.provide(layer))
    }))

  it.effect.each([{}, { breaker: false }] as const)(
    "without a guard keeps the pace of each key: %o",
    (parts) =>
      Effect.gen(function*() {
        const keys = ["a", "b"].map((key) => Redacted.make(key))
        for (const key of [undefined, ...keys]) {
          const call = Resilience.protect(operation, { body, key })(Effect.succeed("sent"))
          assert.strictEqual(yield* call, "sent")
          assert.instanceOf(yield* failure(call), Failure.PaceExceeded)
        }
      }).pipe(
        provide({
          guard: false,
          ...parts,
          policy: Retry.never,
          pacing: { budgets: { requests: 1, tokens: 1e9 }, longestWait: 0 }
        })
      )
  )

  it("refuses a duration that makes no sense", () => {
    for (const layer of [Resilience.layer, Resilience.layerParts, Resilience.layerRedis]) {
      for (const name of ["timeout", "deadline"]) {
        const message = `${name} must be a duration that is not negative, and is -1 second`
        assert.throws(() => layer({ [name]: "-1 second" }), RangeError, message)
      }
    }
  })

  it("refuses a count that makes no sense", () => {
    assert.throws(
      () => Resilience.layer({ guard: { limit: 50, spare: 50 } }),
      RangeError,
      "spare must be an integer from 0 to 49, and is 50"
    )
  })
})

describe("the balance", () => {
  it.effect("is read from successes and failures", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.reply(WireResponse.json(200, {}, { "x-venice-balance-usd": "6" }))
      yield* emulator.reply(WireResponse.json(503, {}, { "x-venice-balance-usd": "4" }))
      const venice = yield* VeniceClient
      const call = Resilience.protect("GET /models")(venice.execute("GET /models", { success: Schema.Unknown }))
      yield* call
      yield* Effect.exit(call)

      const { balance } = yield* Resilience.Resilience
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(balance!.low, 1)), [
        { unit: "USD", balance: 4, threshold: 5 }
      ])
    }).pipe(provide({ balance: { usd: 5 }, policy: Retry.never })))
})
