import { Errors, Retry } from "@effect-venice/core"
import { type Failure, ResponseMetadata, VeniceClient } from "@effect-venice/http"
import { LockoutGuard } from "@effect-venice/http/resilience"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Duration, Effect, Exit, Fiber, Layer, Redacted, References, Schema, Stream } from "effect"
import { Headers } from "effect/http"
import { TestClock } from "effect/testing"

const notFound = (remaining?: number, resetAt?: number) =>
  new Errors.ModelNotFound({
    response: {
      status: 404,
      ...(remaining !== undefined && {
        rateLimit: {
          failures: { remaining, ...(resetAt !== undefined && { resetAt: DateTime.makeUnsafe(resetAt) }) }
        }
      })
    }
  })

const fail = <E>(error: E, call: LockoutGuard.Call = { model: "m" }) =>
  Effect.exit(LockoutGuard.protect(call)(Effect.fail(error)))

const tagOf = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string =>
  Exit.isSuccess(exit) ?
    "success" :
    Cause.findErrorOption(exit.cause).pipe((error) => error._tag === "Some" ? error.value._tag : "interrupted")

const aheadOf = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.strictEqual((error as { readonly _tag?: string })._tag, "LOCKOUT_AHEAD")
    return error as Failure.LockoutAhead
  })

const remaining = (call: LockoutGuard.Call = { model: "m" }) =>
  Effect.flatMap(LockoutGuard.LockoutGuard, (guard) => guard.remaining(call))

const answered = (call: LockoutGuard.Call = { model: "m" }) => LockoutGuard.protect(call)(Effect.succeed("answered"))

const guarded = (settings?: LockoutGuard.Settings) => Effect.provide(LockoutGuard.layer(settings))

describe("a guard", () => {
  it.effect("fails calls when a tenth of the budget is left, and sends them when the first failure is 30 s old", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 44; i++) assert.strictEqual(tagOf(yield* fail(notFound())), "MODEL_NOT_FOUND")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(tagOf(yield* fail(notFound())), "MODEL_NOT_FOUND")

      const error = yield* aheadOf(answered())

      assert.strictEqual(String(error.retryAfter), "20000 millis")
      assert.strictEqual(DateTime.toEpochMillis(error.until), 30_000)
      assert.strictEqual(error.model, "m")
      yield* TestClock.adjust("19999 millis")
      yield* aheadOf(answered())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* answered(), "answered")
      assert.strictEqual(yield* remaining(), 49)
    }).pipe(guarded()))

  it.effect.each([1, 3_600_000])("holds calls back for no longer than a window when the clock was set back by %d ms", (
    millis
  ) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(3_600_000)
      for (let i = 0; i < 45; i++) yield* fail(notFound())
      yield* TestClock.setTime(3_600_000 - millis)

      assert.strictEqual(String((yield* aheadOf(answered())).retryAfter), "30000 millis")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded()))

  it.effect("counts from the new time when the clock was set back, also by the least and during a call", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(3_600_001)
      for (let i = 0; i < 44; i++) yield* fail(notFound())
      yield* TestClock.setTime(3_600_000)
      yield* fail(notFound())
      assert.strictEqual(String((yield* aheadOf(answered())).retryAfter), "30000 millis")

      const during = (model: string, result: Effect.Effect<unknown, unknown>) =>
        Effect.gen(function*() {
          const call = LockoutGuard.protect({ model })(Effect.andThen(TestClock.setTime(0), result))
          yield* TestClock.setTime(3_600_000)
          yield* Effect.exit(call)
          yield* TestClock.adjust("29 seconds")
        })
      yield* during("counted", Effect.fail(notFound()))
      assert.strictEqual(yield* remaining({ model: "counted" }), 49)
      const lockout = { limit: "failures", response: { status: 429, retryAfter: Duration.seconds(30) } } as const
      yield* during("locked", Effect.fail(new Errors.RateLimitExceeded(lockout)))
      yield* aheadOf(answered({ model: "locked" }))

      const guard = yield* LockoutGuard.LockoutGuard
      yield* TestClock.setTime(3_600_000)
      const ticket = guard.ticket({ model: "reported" })
      yield* ticket.acquire
      yield* TestClock.setTime(0)
      yield* ticket.settle({ counted: false, budget: { remaining: 7 } })
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* remaining({ model: "reported" }), 7)
    }).pipe(guarded()))

  it.effect("forgets each failure after a window, also if nothing is sent", () =>
    Effect.gen(function*() {
      yield* fail(notFound())
      yield* TestClock.adjust("10 seconds")
      yield* fail(notFound())
      yield* TestClock.adjust("19999 millis")
      assert.strictEqual(yield* remaining(), 48)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* remaining(), 49)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* remaining(), 50)
    }).pipe(guarded()))

  it.effect("knows what is left without a call, from nothing to the whole budget", () =>
    Effect.gen(function*() {
      yield* fail(notFound())
      yield* fail(notFound(0, 30_000))
      assert.strictEqual(yield* remaining(), 0)
      yield* TestClock.adjust("29999 millis")
      assert.strictEqual(yield* remaining(), 0)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* remaining(), 2)
    }).pipe(guarded({ limit: 2, spare: 0 })))

  it.effect("takes the first answer to a ticket only", () =>
    Effect.gen(function*() {
      const guard = yield* LockoutGuard.LockoutGuard
      const [first, second] = [guard.ticket({ model: "m" }), guard.ticket({ model: "m" })]
      yield* first.acquire
      yield* second.acquire
      for (let i = 0; i < 3; i++) yield* first.settle({ counted: true })

      assert.strictEqual(yield* remaining(), 2)
      // The second has its place still, so that one is free.
      yield* guard.ticket({ model: "m" }).acquire
      yield* aheadOf(answered())
    }).pipe(guarded({ limit: 3, spare: 0, longestWait: 0 })))

  it.effect("counts what Venice counts", () =>
    Effect.gen(function*() {
      yield* fail(new Errors.RateLimitExceeded({ response: { status: 429 } }))
      yield* fail(new Errors.ModelOverloaded({ response: { status: 503 } }))
      yield* fail(new Errors.PaymentRequired({ reason: "authentication", response: { status: 402 } }))
      yield* fail(new Errors.InvalidContentType({ response: { status: 400 } }))
      yield* fail(new Cause.TimeoutError())
      assert.strictEqual(yield* remaining(), 50)

      yield* fail(new Errors.InvalidRequest({ response: { status: 400 } }))
      yield* fail(new Errors.UnrecognizedResponse({ category: "InvalidRequest", response: { status: 418 } }))
      assert.strictEqual(yield* remaining(), 48)
    }).pipe(guarded()))

  it.effect("counts each key, model and user for itself", () =>
    Effect.gen(function*() {
      const [one, same, two] = ["secret-1", "secret-1", "secret-2"].map((key) => Redacted.make(key))
      yield* fail(notFound(), { key: one, model: "m", user: "u" })

      assert.strictEqual(yield* remaining({ key: same, model: "m", user: "u" }), 49)
      assert.strictEqual(yield* remaining({ key: two, model: "m", user: "u" }), 50)
      assert.strictEqual(yield* remaining({ key: one, model: "n", user: "u" }), 50)
      assert.strictEqual(yield* remaining({ key: one, model: "m" }), 50)
      assert.strictEqual(yield* remaining({ model: "m", user: "u" }), 50)
    }).pipe(guarded()))

  it.effect("stops retries first", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 35; i++) yield* fail(notFound())
      let sent = 0
      const call = LockoutGuard.protect({ model: "m" })(Effect.suspend(() => {
        sent++
        return Effect.fail(new Errors.UnknownError({ response: { status: 500 }, matchedBy: "code" }))
      }))

      const retried = yield* Effect.forkChild(
        Effect.flip(Effect.retry(call, Retry.limit(Retry.standard, { attempts: 2 })))
      )
      yield* TestClock.adjust("1 minute")

      assert.strictEqual((yield* Fiber.join(retried))._tag, "LOCKOUT_AHEAD")
      assert.strictEqual(sent, 1)
    }).pipe(guarded()))

  it.effect("sends no retry when all failures are spared for first attempts", () =>
    Effect.gen(function*() {
      const error = yield* aheadOf(answered({ model: "m", isRetry: true }))

      assert.strictEqual(Duration.toMillis(error.retryAfter), 30_000)
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded({ spareOfRetries: 50 })))

  it.effect("sends a retry while more is left", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 34; i++) yield* fail(notFound())

      assert.strictEqual(yield* answered({ model: "m", isRetry: true }), "answered")
      yield* fail(notFound())
      yield* aheadOf(answered({ model: "m", isRetry: true }))
    }).pipe(guarded()))

  it.effect("refuses every call after a lockout, as long as Venice says", () =>
    Effect.gen(function*() {
      const lockout = new Errors.RateLimitExceeded({
        limit: "failures",
        response: { status: 429, retryAfter: Duration.seconds(12) }
      })
      yield* fail(lockout)

      assert.strictEqual(String((yield* aheadOf(answered())).retryAfter), "12000 millis")
      assert.strictEqual(yield* remaining(), 0)
      yield* TestClock.adjust("11999 millis")
      yield* aheadOf(answered())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded()))

  it.effect("takes 30 s for a lockout without a time", () =>
    Effect.gen(function*() {
      yield* fail(new Errors.RateLimitExceeded({ limit: "failures", response: { status: 429 } }))

      assert.strictEqual(String((yield* aheadOf(answered())).retryAfter), "30000 millis")
    }).pipe(guarded()))

  it.effect("is not closed by a limit of requests", () =>
    Effect.gen(function*() {
      yield* fail(new Errors.RateLimitExceeded({ limit: "requests", response: { status: 429 } }))

      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded()))
})

describe("what Venice says is left", () => {
  it.effect("holds until its time, if it is less", () =>
    Effect.gen(function*() {
      yield* fail(notFound(6, 20_000))
      assert.strictEqual(yield* remaining(), 6)
      assert.strictEqual(yield* answered(), "answered")
      yield* fail(notFound(5, 20_000))

      assert.strictEqual(DateTime.toEpochMillis((yield* aheadOf(answered())).until), 20_000)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded()))

  it.effect("does not hold calls back while it is enough", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 44; i++) yield* fail(notFound())
      yield* TestClock.adjust("20 seconds")
      yield* fail(notFound(6, 45_000))

      assert.strictEqual(DateTime.toEpochMillis((yield* aheadOf(answered())).until), 30_000)
    }).pipe(guarded()))

  it.effect("does not raise what the guard counted itself", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 45; i++) yield* fail(notFound(50, 30_000))

      yield* aheadOf(answered())
    }).pipe(guarded()))

  it.effect("is lowered by a failure without the header", () =>
    Effect.gen(function*() {
      yield* fail(notFound(10, 30_000))
      yield* fail(notFound())

      assert.strictEqual(yield* remaining(), 9)
    }).pipe(guarded()))

  it.effect("stays after a success without the header", () =>
    Effect.gen(function*() {
      yield* fail(notFound(10, 30_000))
      yield* answered()

      assert.strictEqual(yield* remaining(), 10)
    }).pipe(guarded()))

  it.effect("holds nobody back by itself while it is enough", () =>
    Effect.gen(function*() {
      yield* fail(notFound())
      yield* TestClock.adjust("10 seconds")
      yield* fail(notFound(1, 35_000))

      // The guard's own count ends at 30 s, and one failure that Venice leaves is enough for a call.
      assert.strictEqual(DateTime.toEpochMillis((yield* aheadOf(answered())).until), 30_000)
      yield* TestClock.adjust("20 seconds")
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded({ limit: 2, spare: 0 })))

  it.effect("is that of the newest window, also when an older response arrives late", () =>
    Effect.gen(function*() {
      yield* fail(notFound(10, 10_000))
      yield* fail(notFound(30, 25_000))
      yield* fail(notFound(40, 10_000))
      assert.strictEqual(yield* remaining(), 30)
      yield* fail(notFound(20, 10_000))
      assert.strictEqual(yield* remaining(), 20)
    }).pipe(guarded()))

  it.effect.each([-3_600_000, 3_600_000])(
    "holds for a window if the clocks differ by %d ms",
    (difference) =>
      Effect.gen(function*() {
        yield* fail(notFound(3, 7_200_000 + difference))

        assert.strictEqual(String((yield* aheadOf(answered())).retryAfter), "30000 millis")
      }).pipe(
        Effect.provide(Layer.provideMerge(LockoutGuard.layer(), Layer.effectDiscard(TestClock.setTime(7_200_000))))
      )
  )
})

describe("calls in flight", () => {
  const pending = (call: LockoutGuard.Call = { model: "m" }) =>
    Effect.forkChild(LockoutGuard.protect(call)(Effect.as(Effect.sleep("10 seconds"), "answered")))

  it.effect("take what is left, and the next calls wait for them in order", () =>
    Effect.gen(function*() {
      const first = [yield* pending(), yield* pending()]
      const order: Array<number> = []
      const next = yield* Effect.forEach([1, 2, 3], (n) =>
        Effect.forkChild(
          LockoutGuard.protect({ model: "m" })(Effect.andThen(
            Effect.sync(() => {
              order.push(n)
            }),
            Effect.sleep("1 second")
          ))
        ))

      yield* TestClock.adjust("9999 millis")
      assert.deepStrictEqual(order, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(order, [1, 2])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(order, [1, 2, 3])
      yield* TestClock.adjust("1 second")
      yield* Fiber.joinAll([...first, ...next])
    }).pipe(guarded({ limit: 3, spare: 1 })))

  it.effect("refuse the waiting when they use up what is left", () =>
    Effect.gen(function*() {
      const failing = yield* Effect.forkChild(
        LockoutGuard.protect({ model: "m" })(Effect.andThen(Effect.sleep("1 second"), Effect.fail(notFound())))
      )
      yield* Effect.yieldNow
      const waiting = yield* Effect.forkChild(aheadOf(answered()))

      yield* TestClock.adjust("1 second")

      assert.strictEqual(DateTime.toEpochMillis((yield* Fiber.join(waiting)).until), 31_000)
      yield* Fiber.await(failing)
    }).pipe(guarded({ limit: 1, spare: 0 })))

  it.effect("are waited for no longer than the longest wait", () =>
    Effect.gen(function*() {
      const first = yield* pending()
      yield* Effect.yieldNow
      const waiting = yield* Effect.forkChild(aheadOf(answered()))

      yield* TestClock.adjust("2 seconds")

      assert.strictEqual(String((yield* Fiber.join(waiting)).retryAfter), "0 millis")
      yield* Fiber.interrupt(first)
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded({ limit: 1, longestWait: "2 seconds" })))

  it.effect("are waited for no longer than the call has time", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(10_000)
      yield* pending()
      yield* Effect.yieldNow
      const until = (deadline: number) =>
        Effect.forkChild(aheadOf(Effect.provideService(answered(), Retry.Deadline, deadline)))

      const over = yield* until(9000)
      yield* TestClock.adjust(0)
      assert.isDefined(over.pollUnsafe())
      const waiting = yield* until(12_000)
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(waiting.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isDefined(waiting.pollUnsafe())
    }).pipe(guarded({ limit: 1 })))

  it.effect("hold a retry back, which holds no first attempt back", () =>
    Effect.gen(function*() {
      const call = yield* pending()
      yield* Effect.yieldNow
      const retry = yield* Effect.forkChild(answered({ model: "m", isRetry: true }))
      yield* Effect.yieldNow
      assert.strictEqual(yield* answered(), "answered")
      assert.isUndefined(retry.pollUnsafe())

      yield* TestClock.adjust("10 seconds")
      yield* Fiber.joinAll([call, retry])
    }).pipe(guarded({ limit: 3, spare: 0, spareOfRetries: 2 })))

  it.effect("are waited for by retries as well", () =>
    Effect.gen(function*() {
      yield* pending()
      yield* Effect.yieldNow
      const retry = yield* Effect.forkChild(answered({ model: "m", isRetry: true }))
      yield* TestClock.adjust("9999 millis")
      assert.isUndefined(retry.pollUnsafe())
      yield* TestClock.adjust("1 millis")

      assert.strictEqual(yield* Fiber.join(retry), "answered")
    }).pipe(guarded({ limit: 1, spareOfRetries: 0 })))

  it.effect("are not overtaken in the queue when a failure is over", () =>
    Effect.gen(function*() {
      const guard = yield* LockoutGuard.LockoutGuard
      const first = guard.ticket({ model: "m" })
      yield* first.acquire
      yield* fail(notFound())
      const order: Array<number> = []
      const call = (n: number) =>
        Effect.forkChild(
          LockoutGuard.protect({ model: "m" })(Effect.sync(() => {
            order.push(n)
          }))
        )
      const before = yield* call(1)
      yield* TestClock.adjust("31 seconds")
      const after = yield* call(2)
      yield* TestClock.adjust("1 second")
      yield* first.settle()
      yield* Fiber.joinAll([before, after])

      assert.deepStrictEqual(order, [1, 2])
    }).pipe(guarded({ limit: 2, spare: 0, longestWait: "5 minutes" })))

  it.effect.each<readonly [string, number]>([
    ["goes on at once", 2048],
    ["goes on later because others have their turn", 5]
  ])("give one place to who waits when two end at the same time, if it %s", ([, operations]) =>
    Effect.gen(function*() {
      const guard = yield* LockoutGuard.LockoutGuard
      const ticket = () => guard.ticket({ model: "m" })
      const [first, second] = [ticket(), ticket()]
      yield* Effect.andThen(first.acquire, second.acquire)
      const waiting = yield* answered().pipe(
        Effect.provideService(References.MaxOpsBeforeYield, operations),
        Effect.forkChild({ startImmediately: true })
      )
      for (let i = 0; i < 100; i++) yield* Effect.yieldNow
      yield* Effect.andThen(first.settle(), second.settle())
      yield* Fiber.join(waiting)

      // Both places are free again.
      const [third, fourth] = [ticket(), ticket()]
      yield* Effect.forkChild(Effect.andThen(third.acquire, fourth.acquire), { startImmediately: true }).pipe(
        Effect.map((fiber) => assert.isDefined(fiber.pollUnsafe()))
      )
    }).pipe(guarded({ limit: 2, spare: 0 })))

  it.effect("give their place back when they are interrupted, and so do the waiting", () =>
    Effect.gen(function*() {
      const first = yield* pending()
      yield* Effect.yieldNow
      const waiting = yield* Effect.forkChild(answered())
      yield* Effect.yieldNow

      yield* Fiber.interrupt(waiting)
      yield* Fiber.interrupt(first)

      assert.strictEqual(yield* answered(), "answered")
      assert.strictEqual(yield* remaining(), 1)
    }).pipe(guarded({ limit: 1 })))

  it.effect("give their place back when the answer cannot be read", () =>
    Effect.gen(function*() {
      const broken = LockoutGuard.run({ model: "m" }, () => {
        throw new Error("unreadable")
      })(Effect.succeed("answered"))

      assert.isTrue(Exit.isFailure(yield* Effect.exit(broken)))
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(guarded({ limit: 1 })))

  it.effect("give their place back when a wait is interrupted as it ends", () =>
    Effect.gen(function*() {
      const guard = yield* LockoutGuard.LockoutGuard
      const first = guard.ticket({})
      yield* first.acquire
      const waiting = yield* Effect.forkChild(LockoutGuard.run({}, () => undefined)(Effect.never))
      yield* Effect.yieldNow

      yield* first.settle()
      yield* Fiber.interrupt(waiting)

      assert.strictEqual(yield* answered({}), "answered")
    }).pipe(guarded({ limit: 1 })))
})

const Attempts = Schema.Array(Schema.Struct({
  start: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 90_000 })),
  /** From the request to the moment at which Venice counts it, and from there to the response. */
  there: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 })),
  back: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20_000 })),
  outcome: Schema.Literals(["counted", "counted", "counted", "success", "interrupted"]),
  header: Schema.UndefinedOr(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 6 })))
})).check(Schema.isMinLength(30), Schema.isMaxLength(40))

describe("no window of 30 s", () => {
  it.effect.prop(
    "has more counted failures than the budget, whatever is in flight",
    [Attempts],
    ([attempts]) =>
      Effect.gen(function*() {
        const counted: Array<number> = []
        const fibers = yield* Effect.forEach(attempts, ({ back, header, outcome, start, there }) => {
          const response = Effect.gen(function*() {
            yield* Effect.sleep(there)
            if (outcome === "counted") counted.push((yield* DateTime.now).epochMilliseconds)
            yield* Effect.sleep(back)
            return yield* outcome === "counted"
              ? Effect.fail(notFound(header === undefined ? undefined : header))
              : Effect.succeed("answered")
          })
          const call = LockoutGuard.protect({ model: "m" })(response)
          // What is interrupted is not counted, so let it be interrupted before.
          const limited = outcome === "interrupted" ? Effect.timeout(call, there) : call
          return Effect.forkChild(Effect.andThen(Effect.sleep(start), Effect.exit(limited)))
        })

        yield* TestClock.adjust("5 minutes")
        const exits = yield* Fiber.joinAll(fibers)

        for (const end of counted) {
          assert.isAtMost(counted.filter((time) => time > end - 30_000 && time <= end).length, 4)
        }
        assert.lengthOf(exits, attempts.length)
        // Nothing stays in flight.
        assert.strictEqual(yield* Effect.exit(answered()).pipe(Effect.map(tagOf)), "success")
      }).pipe(guarded({ limit: 5, spare: 1 })),
    { arbitrary: { runs: 30 } }
  )
})

describe("settings", () => {
  it.each([
    { limit: 0 },
    { limit: 1.5 },
    { limit: NaN },
    { spare: -1 },
    { spare: 50 },
    { limit: 5, spare: 2, spareOfRetries: 1 },
    { spareOfRetries: 51 },
    { window: 0 },
    { window: "forever" as never },
    { longestWait: Duration.infinity }
  ])("%o makes no sense", (settings) => {
    assert.throws(() => LockoutGuard.layer(settings), RangeError)
  })

  it.each([
    [{ limit: 0 }, "limit must be an integer at least 1, and is 0"],
    [{ spare: 50 }, "spare must be an integer from 0 to 49, and is 50"],
    [{ spareOfRetries: 51 }, "spareOfRetries must be an integer from 5 to 50, and is 51"],
    [{ window: 0 }, "window must be longer than zero"],
    [{ longestWait: Duration.infinity }, "longestWait must be a finite duration"]
  ])("%o is refused with words that say what makes sense", (settings, message) => {
    assert.throws(() => LockoutGuard.layer(settings), RangeError, message)
  })

  it("may be the least that makes sense", () => {
    assert.doesNotThrow(() => LockoutGuard.layer({ limit: 1, spare: 0, spareOfRetries: 0, window: 1, longestWait: 0 }))
  })

  it.effect.each([[9, 9, 7], [10, 9, 7], [19, 18, 14], [20, 18, 14]] as const)(
    "with a limit of %d leave %d failures to calls, and %d to retries",
    ([limit, failures, ofRetries]) =>
      Effect.gen(function*() {
        for (let i = 0; i < failures; i++) {
          const { isSuccess } = Exit
          assert.strictEqual(isSuccess(yield* Effect.exit(answered({ model: "m", isRetry: true }))), i < ofRetries)
          assert.strictEqual(tagOf(yield* fail(notFound())), "MODEL_NOT_FOUND")
        }
        yield* aheadOf(answered())
      }).pipe(guarded({ limit }))
  )

  it.each([
    [{ processes: 0 }, "processes must be an integer from 1 to 45, and is 0"],
    [{ processes: 46 }, "processes must be an integer from 1 to 45, and is 46"],
    [{ lease: 0 }, "lease must be longer than zero"]
  ])("%o makes no sense for a fleet", (settings, message) => {
    assert.throws(() => LockoutGuard.layerRedis(settings), RangeError, message)
  })

  it("may be the least and the most that makes sense for a fleet", () => {
    for (const processes of [1, 45]) {
      assert.doesNotThrow(() => LockoutGuard.layerRedis({ processes, lease: "1 nano" }))
    }
    // The default of the processes is no more than the failures.
    assert.doesNotThrow(() => LockoutGuard.layerRedis({ limit: 1 }))
  })
})

describe("the ticket of an attempt", () => {
  it.effect("is told an answer only if the attempt was sent", () =>
    Effect.gen(function*() {
      const told: Array<LockoutGuard.Answer | undefined> = []
      const settle = (answer?: LockoutGuard.Answer) => Effect.sync(() => void told.push(answer))
      for (const acquire of [Effect.interrupt, Effect.void]) {
        const own = LockoutGuard.LockoutGuard.of({
          ticket: () => ({ acquire, settle }),
          remaining: () => Effect.succeed(0)
        })
        const attempt = LockoutGuard.run({}, () => ({ counted: true }))(Effect.void)
        yield* Effect.exit(Effect.provideService(attempt, LockoutGuard.LockoutGuard, own))
      }

      assert.deepStrictEqual(told, [undefined, { counted: true }])
    }))
})

describe("with a client", () => {
  const layer = Layer.mergeAll(Layer.provideMerge(Emulator.layerClient, Emulator.layer), LockoutGuard.layer())
  const body = { model: "m", messages: [{ role: "user", content: "x" }] } as const

  it.live("learns what is left from the headers of a success", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply(WireResponse.json(200, {}, { "x-ratelimit-remaining": "7", "x-ratelimit-resets": "29" }))
      const call = venice.execute("POST /chat/completions", { body, success: Schema.Unknown })

      const [, metadata] = yield* ResponseMetadata.collect(LockoutGuard.protect(LockoutGuard.callOf(body))(call))

      assert.strictEqual(yield* remaining(), 7)
      assert.strictEqual(metadata.rateLimit?.failures?.remaining, 7)
    }).pipe(Effect.provide(layer)))

  it.live("learns from the headers of a failure, which Venice wrote before it counted", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply(
        WireResponse.json(404, { error: "Specified model not found: m" }, {
          "x-ratelimit-remaining": "6",
          "x-ratelimit-resets": "29"
        })
      )
      const call = LockoutGuard.protect(LockoutGuard.callOf(body))(
        venice.execute("POST /chat/completions", { body, success: Schema.Unknown })
      )

      assert.strictEqual((yield* Effect.flip(call))._tag, "MODEL_NOT_FOUND")
      assert.strictEqual((yield* Effect.flip(call))._tag, "LOCKOUT_AHEAD")
      assert.lengthOf(yield* emulator.received, 1)
    }).pipe(Effect.provide(layer)))

  it.live("holds a stream in flight until its first event, and reads its headers and its failure", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply(
        {
          ...WireResponse.success("POST /chat/completions"),
          headers: { "content-type": "text/event-stream", "x-ratelimit-remaining": "9" },
          body: "data: {}\n\ndata: {}\n\ndata: [DONE]\n\n"
        },
        WireResponse.json(404, { error: "Specified model not found: m" })
      )
      const stream = LockoutGuard.protectStream(LockoutGuard.callOf(body))(
        venice.stream("POST /chat/completions", { body, event: Schema.Unknown })
      )

      const left = yield* Stream.runCollect(Stream.mapEffect(stream, () => remaining()))
      assert.deepStrictEqual(left, [9, 9])
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(stream)))._tag, "MODEL_NOT_FOUND")
      assert.strictEqual(yield* remaining(), 8)
    }).pipe(Effect.provide(layer)))
})

describe("an answer", () => {
  it("reads the headers of a fetch", () => {
    const headers = Headers.fromInput({ "x-ratelimit-remaining": "12", "x-ratelimit-resets": "1800000000000" })

    const { budget, counted } = LockoutGuard.answerOfHeaders(headers, 0)

    assert.isFalse(counted)
    assert.strictEqual(budget?.remaining, 12)
    assert.deepStrictEqual(LockoutGuard.answerOfHeaders(Headers.empty, 0), { counted: false, budget: undefined })
  })

  it("says nothing of a failure that is not Venice's", () => {
    assert.isUndefined(LockoutGuard.answerOf(new Error("no")))
  })
})

describe("the call of a body", () => {
  it("has no model and no user in a form", () => {
    assert.deepStrictEqual(LockoutGuard.callOf(new FormData()), {})
    assert.deepStrictEqual(LockoutGuard.callOf({ model: 1, user: null }), {})
    assert.deepStrictEqual(LockoutGuard.callOf(undefined), {})
  })
})
