import { Errors, type ResponseContext, Retry } from "@effect-venice/core"
import { Failure, VeniceClient } from "@effect-venice/http"
import { Pacing } from "@effect-venice/http/resilience"
import { Emulator, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Duration, Effect, Exit, Fiber, Layer, Redacted, Schema, Stream } from "effect"
import { Headers } from "effect/http"
import { TestClock } from "effect/testing"
import { recorder } from "../spans.ts"

const provide = (settings?: Pacing.Settings) => Effect.provide(Pacing.layer(settings))

const small = (requests: number, tokens = 1000) => ({ budgets: { requests, tokens } })

/** Sends calls at once, and notes when each was sent, in seconds. */
const sendAll = Effect.fnUntraced(function*(calls: ReadonlyArray<Pacing.Call>) {
  const sent: Array<readonly [number, number]> = []
  const fibers = yield* Effect.forEach(
    calls,
    (call, i) =>
      Effect.forkChild(Effect.exit(
        Pacing.pace(call)(Effect.map(DateTime.now, (now) => {
          sent.push([i, now.epochMilliseconds / 1000])
        }))
      ))
  )
  return { sent, fibers }
})

const model = { model: "m" }

const refusal = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.instanceOf(error, Failure.PaceExceeded)
    return error as Failure.PaceExceeded
  })

const answer = (answer: Pacing.Answer, call: Pacing.Call = model) => Pacing.run(call, () => answer)(Effect.void)

/** Turns that were taken at once, in this order. */
const taken = Effect.fnUntraced(function*(count: number, call: Pacing.Call = model) {
  const pacing = yield* Pacing.Pacing
  const turns = Array.from({ length: count }, () => pacing.turn(call))
  for (const { acquire } of turns) yield* acquire
  return turns
})

const at = (millis: number) => DateTime.makeUnsafe(millis)

const says = (requests: ResponseContext.Budget): Pacing.Answer => ({ rateLimit: { requests } })

describe("calls", () => {
  it.effect("are sent while the window has room for requests, the others in order when it has", () =>
    Effect.gen(function*() {
      const { sent } = yield* sendAll(Array.from({ length: 5 }, () => model))

      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(sent, [[0, 0], [1, 0]])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(sent.slice(2), [[2, 60], [3, 60]])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(sent.slice(4), [[4, 120]])
    }).pipe(provide({ ...small(2), longestWait: "5 minutes" })))

  it.effect("are sent while the window has room for tokens", () =>
    Effect.gen(function*() {
      const { sent } = yield* sendAll([600, 400, 1].map((tokens) => ({ ...model, tokens })))

      yield* TestClock.adjust("59999 millis")
      assert.lengthOf(sent, 2)
      yield* TestClock.adjust("1 millis")
      assert.lengthOf(sent, 3)
    }).pipe(provide(small(100))))

  it.effect("that take more than a whole window wait for a whole window", () =>
    Effect.gen(function*() {
      const { sent } = yield* sendAll([1, 5000, 1].map((tokens) => ({ ...model, tokens })))

      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(sent, [[0, 0], [1, 60]])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(sent.at(-1), [2, 120])
    }).pipe(provide({ ...small(100), longestWait: "5 minutes" })))

  it.effect("wait until as much of the window is over as they need", () =>
    Effect.gen(function*() {
      for (let i = 0; i < 3; i++) {
        yield* answer({}, { ...model, tokens: 100 })
        yield* TestClock.adjust("10 seconds")
      }
      for (const [tokens, seconds] of [[100, 30], [200, 40], [300, 50]] as const) {
        const { retryAfter } = yield* refusal(answer({}, { ...model, tokens }))
        assert.strictEqual(Duration.toSeconds(retryAfter), seconds)
      }
    }).pipe(provide({ ...small(100, 300), longestWait: 0 })))

  it.effect("of another model or key do not wait", () =>
    Effect.gen(function*() {
      const key = Redacted.make("k")
      const { fibers, sent } = yield* sendAll([model, model, { model: "n" }, {}])
      yield* Effect.yieldNow

      assert.deepStrictEqual(sent.map(([i]) => i), [0, 2, 3])
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(answer({}, { ...model, key }))))
      const pacing = yield* Pacing.Pacing
      assert.deepStrictEqual(yield* Effect.all([pacing.waiting(model), pacing.waiting({ model: "n" })]), [1, 0])
      yield* Fiber.interruptAll(fibers)
    }).pipe(provide(small(1))))

  it.effect("give their place back when they are interrupted", () =>
    Effect.gen(function*() {
      const { fibers, sent } = yield* sendAll(Array.from({ length: 4 }, () => model))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fibers[1]!)
      yield* Fiber.interrupt(fibers[2]!)

      yield* TestClock.adjust("1 minute")

      assert.deepStrictEqual(sent, [[0, 0], [3, 60]])
    }).pipe(provide(small(1))))

  it.effect("give everything back when they were not sent", () =>
    Effect.gen(function*() {
      const pacing = yield* Pacing.Pacing
      const turn = pacing.turn({ ...model, tokens: 1000 })
      yield* turn.acquire
      const waiting = yield* Effect.forkChild(answer({}, { ...model, tokens: 1000 }))
      yield* Effect.yieldNow

      yield* turn.settle({ unsent: true })
      yield* TestClock.adjust(0)

      assert.isTrue(Exit.isSuccess(yield* Fiber.await(waiting)))
    }).pipe(provide(small(10))))

  it.effect("wait for no more than a window when the clock was set back", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(3_600_000)
      yield* answer({})
      yield* TestClock.setTime(0)
      const { sent } = yield* sendAll([model, model])

      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(sent, [[0, 0]])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(sent, [[0, 0], [1, 60]])
    }).pipe(provide({ ...small(2), longestWait: "2 minutes" })))

  it.effect("wait for the tokens that Venice says remain", () =>
    Effect.gen(function*() {
      const resetAt = DateTime.makeUnsafe(30_000)
      yield* answer({ rateLimit: { tokens: { remaining: 5, resetAt } } }, { ...model, tokens: 10 })
      const { sent } = yield* sendAll([5, 1].map((tokens) => ({ ...model, tokens })))

      yield* TestClock.adjust("29999 millis")
      assert.deepStrictEqual(sent, [[0, 0]])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(sent, [[0, 0], [1, 30]])
    }).pipe(provide(small(100))))

  it.effect("say on their span how long they were held back", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      const traced = answer({}).pipe(Effect.withSpan("call"), Effect.withTracer(tracer))
      const fiber = yield* Effect.forkChild(Effect.all([traced, traced]))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)

      assert.deepStrictEqual(spans.map(({ events }) => events), [[], [
        ["venice.held", 60_000_000_000n, {
          "venice.part": "pacing",
          "venice.held": "waited",
          "venice.held.duration": 60
        }]
      ]])
    }).pipe(provide(small(1))))

  it.effect("say nothing on their span if they waited for no time", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      const [turn] = yield* taken(1)
      const traced = answer({}).pipe(Effect.withSpan("call"), Effect.withTracer(tracer))
      const fiber = yield* Effect.forkChild(traced)
      yield* Effect.yieldNow
      yield* turn!.settle({ unsent: true })
      yield* TestClock.adjust(0)
      yield* Fiber.join(fiber)

      assert.deepStrictEqual(spans.map(({ events }) => events), [[]])
    }).pipe(provide(small(1))))

  it.effect("say on their span and in their error that they were refused", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      yield* answer({}, {})
      const error = yield* refusal(answer({}, {})).pipe(Effect.withSpan("call"), Effect.withTracer(tracer))

      assert.strictEqual(
        error.message,
        "Not sent, because 0 calls wait for their turn: the next one can be sent in 1m"
      )
      assert.isFalse(Object.hasOwn(error, "model"))
      assert.deepStrictEqual(spans.map(({ events }) => events), [[
        ["venice.held", 0n, { "venice.part": "pacing", "venice.held": "refused", "venice.held.duration": 0 }]
      ]])
    }).pipe(provide({ ...small(1), longestWait: 0 })))

  it.effect("of no model are those of an empty one, and not those of any other", () =>
    Effect.gen(function*() {
      yield* answer({}, {})

      yield* answer({}, { model: "undefined" })
      yield* refusal(answer({}, { model: "" }))
    }).pipe(provide({ ...small(1), longestWait: 0 })))

  it.effect("die of an answer that cannot be read, and stay counted", () =>
    Effect.gen(function*() {
      const dying = Pacing.run(model, () => {
        throw new Error("not to be read")
      })
      const exit = yield* Effect.exit(dying(Effect.void))

      assert.isTrue(Exit.isFailure(exit) && String(Cause.squash(exit.cause)).includes("not to be read"))
      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), "60000 millis")
    }).pipe(provide({ ...small(1), longestWait: 0 })))

  it.effect("count from the new time when the clock was set back, also by the least and during a call", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1)
      yield* answer({})
      yield* TestClock.setTime(0)
      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), "60000 millis")

      yield* TestClock.setTime(3_600_000)
      const other = { model: "n" }
      const turn = (yield* Pacing.Pacing).turn(other)
      yield* turn.acquire
      yield* TestClock.setTime(0)
      yield* turn.settle({ rateLimit: { requests: { limit: 9, remaining: 0 } } })
      yield* TestClock.adjust("59999 millis")
      yield* refusal(answer({}, other))
      yield* TestClock.adjust("1 millis")
      yield* answer({}, other)
    }).pipe(provide({ ...small(1), longestWait: 0 })))

  it.effect("are refused when the queue is full", () =>
    Effect.gen(function*() {
      const { fibers } = yield* sendAll([model, model])
      yield* Effect.yieldNow

      const error = yield* refusal(answer({}))

      assert.strictEqual(String(error.retryAfter), "60000 millis")
      assert.strictEqual(error.model, "m")
      yield* Fiber.interruptAll(fibers)
    }).pipe(provide({ ...small(1), longestQueue: 1 })))

  it.effect("are sent from the end of a pause on, also if nobody may wait", () =>
    Effect.gen(function*() {
      yield* answer({ pause: Duration.seconds(7) })

      yield* TestClock.adjust("6999 millis")
      yield* refusal(answer({}))
      yield* TestClock.adjust("1 millis")
      yield* answer({})
    }).pipe(provide({ ...small(10), longestQueue: 0 })))

  it.effect("for which there is room wait behind others, and are refused without a hint", () =>
    Effect.gen(function*() {
      yield* answer({}, { ...model, tokens: 500 })
      const { fibers } = yield* sendAll([{ ...model, tokens: 600 }])
      yield* Effect.yieldNow
      const late = yield* Effect.forkChild(refusal(Retry.withDeadline(answer({}), 0)))
      yield* TestClock.adjust(0)
      const full = yield* Effect.forkChild(refusal(Retry.withDeadline(answer({}), 10)))
      yield* Effect.yieldNow
      const error = yield* refusal(answer({}))

      assert.isDefined(late.pollUnsafe())
      assert.strictEqual(String(error.retryAfter), "0 millis")
      yield* TestClock.adjust(9)
      assert.isUndefined(full.pollUnsafe())
      yield* TestClock.adjust(1)
      for (const { retryAfter } of [yield* Fiber.join(late), yield* Fiber.join(full)]) {
        assert.strictEqual(String(retryAfter), "0 millis")
      }
      yield* Fiber.interruptAll(fibers)
    }).pipe(provide({ ...small(10), longestQueue: 2 })))

  it.effect("are refused at once behind others when their turn would come too late", () =>
    Effect.gen(function*() {
      yield* answer({})
      const { fibers } = yield* sendAll([model])
      yield* Effect.yieldNow

      const late = yield* Effect.forkChild(refusal(Retry.withDeadline(answer({}), "59 seconds")))
      yield* TestClock.adjust(0)

      assert.isDefined(late.pollUnsafe())
      yield* Fiber.join(late)
      yield* Fiber.interruptAll(fibers)
    }).pipe(provide(small(1))))

  it.effect("whose time to wait ends with their turn are sent, and count", () =>
    Effect.gen(function*() {
      yield* answer({})
      const { fibers, sent } = yield* sendAll([model, model, model])
      yield* TestClock.adjust("1 minute")

      assert.deepStrictEqual(sent, [[0, 60]])
      const exits = yield* Effect.forEach(fibers, (fiber) => Fiber.join(fiber))
      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, false, false])
      yield* refusal(Retry.withDeadline(answer({}), "59 seconds"))
    }).pipe(provide(small(1))))

  it.effect("whose time to wait ends with a pause are sent, and count", () =>
    Effect.gen(function*() {
      yield* answer({ pause: Duration.minutes(1) })
      const { fibers, sent } = yield* sendAll([model, model, model])
      yield* Effect.yieldNow
      // Those behind it become the first when their time runs already.
      yield* Fiber.interrupt(fibers[0]!)
      yield* TestClock.adjust("1 minute")

      assert.deepStrictEqual(sent, [[1, 60], [2, 60]])
      yield* refusal(Retry.withDeadline(answer({}), "59 seconds"))
    }).pipe(provide(small(2))))

  it.effect("are refused at once when their turn would come too late", () =>
    Effect.gen(function*() {
      yield* answer({})

      yield* refusal(answer({}))
      yield* refusal(Retry.withDeadline(answer({}), "29 seconds"))
    }).pipe(provide({ ...small(1), longestWait: "59 seconds" })))

  it.effect("are refused when their turn has not come in time", () =>
    Effect.gen(function*() {
      yield* answer({})
      const { sent } = yield* sendAll([model])
      const late = yield* Effect.forkChild(refusal(Retry.withDeadline(answer({}), "61 seconds")))
      yield* TestClock.adjust("59999 millis")
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust("1 millis")

      assert.lengthOf(sent, 1)
      assert.strictEqual(String((yield* Fiber.join(late)).retryAfter), "60000 millis")
    }).pipe(provide({ ...small(1), longestWait: "10 minutes" })))
})

describe("a response", () => {
  it.effect("counts once", () =>
    Effect.gen(function*() {
      const [turn] = yield* taken(1)
      yield* turn!.settle({})
      yield* turn!.settle({ unsent: true })

      yield* refusal(answer({}))
    }).pipe(provide({ ...small(1), longestWait: 0 })))

  it.effect("to a call that waited counts too", () =>
    Effect.gen(function*() {
      yield* answer({})
      const waiting = yield* Effect.forkChild(answer({ pause: Duration.seconds(90) }))
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waiting)
      const { sent } = yield* sendAll([model])

      yield* TestClock.adjust("89999 millis")
      assert.deepStrictEqual(sent, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(sent, [[0, 150]])
    }).pipe(provide({ ...small(1), longestWait: "2 minutes" })))

  it.effect.each([[0, 2], [0.5, 2], [1, 1], [3, 3]] as const)(
    "that names a limit of %d leaves one of %d",
    ([limit, left]) =>
      Effect.gen(function*() {
        yield* answer(says({ limit }))
        for (let i = 1; i < left; i++) yield* answer({})

        yield* refusal(answer({}))
      }).pipe(provide({ ...small(2), longestWait: 0 }))
  )

  it.effect("that names the limit alone does not say what remains", () =>
    Effect.gen(function*() {
      yield* answer(says({ limit: 100, resetAt: at(20_000) }))
      yield* answer(says({ remaining: 0, resetAt: at(20_000) }))

      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), "20000 millis")
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect.each<readonly [string, ResponseContext.Budget, ResponseContext.Budget, number]>([
    ["of the same window", { remaining: 1, resetAt: at(20_000) }, { remaining: 5, resetAt: at(20_000) }, 20],
    ["without a time, of a window before", { remaining: 1 }, { remaining: 5, resetAt: at(20_000) }, 60],
    ["without a time, of the same window", { remaining: 1, resetAt: at(20_000) }, { remaining: 5 }, 20]
  ])("that arrives late does not say that more remains: %s", ([, first, late, seconds]) =>
    Effect.gen(function*() {
      const [before, after] = yield* taken(2)
      yield* after!.settle(says(first))
      yield* before!.settle(says(late))
      yield* answer({})

      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), `${seconds * 1000} millis`)
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect.each([[-1, 60], [0, 60], [1, 0.001], [60_000, 60], [60_001, 60]] as const)(
    "that names the time %d, if now is 0 and a window has 60000, holds for %d seconds",
    ([resetAt, seconds]) =>
      Effect.gen(function*() {
        yield* TestClock.setTime(1000)
        yield* answer(says({ remaining: 0, resetAt: at(1000 + resetAt) }))

        assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), `${seconds * 1000} millis`)
      }).pipe(provide({ ...small(100), longestWait: 0 }))
  )

  it.effect("after the end of a window says what remains of the next one", () =>
    Effect.gen(function*() {
      const [first, second] = yield* taken(2)
      yield* first!.settle(says({ remaining: 5, resetAt: at(20_000) }))
      yield* TestClock.adjust("20 seconds")
      yield* second!.settle(says({ remaining: 0 }))

      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), "60000 millis")
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("lets those go who wait for tokens that it did not take", () =>
    Effect.gen(function*() {
      const [turn] = yield* taken(1, { ...model, tokens: 1000 })
      const { sent } = yield* sendAll([{ ...model, tokens: 900 }])
      yield* TestClock.adjust("1 second")
      yield* turn!.settle({ tokens: 100 })
      yield* TestClock.adjust(0)

      assert.deepStrictEqual(sent, [[0, 1]])
    }).pipe(provide(small(10))))

  it.effect("with more tokens than were estimated counts no longer than its request", () =>
    Effect.gen(function*() {
      const [turn] = yield* taken(1, { ...model, tokens: 100 })
      yield* TestClock.adjust("1 minute")
      yield* answer({})
      yield* turn!.settle({ tokens: 500 })

      yield* answer({}, { ...model, tokens: 500 })
      yield* answer({}, { ...model, tokens: 400 })
      yield* refusal(answer({}, { ...model, tokens: 101 }))
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect.each([1000, 100])(
    "with 500 tokens instead of %d leaves nothing behind in the next window",
    (tokens) =>
      Effect.gen(function*() {
        yield* answer({ tokens: 500 }, { ...model, tokens })
        yield* answer({}, { ...model, tokens: 500 })
        yield* TestClock.adjust("1 minute")

        yield* answer({}, { ...model, tokens: 600 })
        yield* answer({}, { ...model, tokens: 400 })
        yield* refusal(answer({}, { ...model, tokens: 1 }))
      }).pipe(provide({ ...small(100), longestWait: 0 }))
  )

  it.effect("with a 429 has taken no tokens", () =>
    Effect.gen(function*() {
      const whole = { ...model, tokens: 1000 }
      const limited = new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: Duration.seconds(7) } })
      yield* Effect.exit(Pacing.pace(whole)(Effect.fail(limited)))
      yield* TestClock.adjust("7 seconds")

      yield* answer({}, whole)
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("with a 429 in the place of a stream pauses the others", () =>
    Effect.gen(function*() {
      const limited = new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: Duration.seconds(7) } })
      yield* Effect.exit(Stream.runDrain(Pacing.paceStream(model)(Stream.fail(limited))))

      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), "7000 millis")
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("names the limit", () =>
    Effect.gen(function*() {
      yield* answer({ rateLimit: { requests: { limit: 3 } } })

      assert.isTrue(Exit.isSuccess(yield* Effect.exit(answer({}))))
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(answer({}))))
      yield* refusal(answer({}))
    }).pipe(provide({ ...small(1), longestWait: 0 })))

  it.effect("names a limit of at least one request", () =>
    Effect.gen(function*() {
      yield* answer({ rateLimit: { requests: { limit: 0 } } })
      yield* answer({ rateLimit: { requests: { limit: 1 } } }, { model: "n" })

      yield* answer({})
      yield* refusal(answer({}, { model: "n" }))
    }).pipe(provide({ ...small(2), longestWait: 0 })))

  it.effect("says what remains until when, whoever used it", () =>
    Effect.gen(function*() {
      const resetAt = DateTime.makeUnsafe(20_000)
      yield* answer({ rateLimit: { requests: { remaining: 1, resetAt } } })
      yield* answer({})

      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), "20000 millis")
      yield* TestClock.adjust("20 seconds")
      yield* answer({})
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("does not know what was sent after its request", () =>
    Effect.gen(function*() {
      const pacing = yield* Pacing.Pacing
      const turn = pacing.turn(model)
      yield* turn.acquire
      yield* answer({})
      yield* answer({})
      yield* turn.settle({ rateLimit: { requests: { remaining: 3, resetAt: DateTime.makeUnsafe(30_000) } } })

      yield* answer({})
      yield* refusal(answer({}))
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("corrects the estimate of the tokens", () =>
    Effect.gen(function*() {
      yield* answer({ tokens: 100 }, { ...model, tokens: 1000 })
      yield* answer({ tokens: 950 }, { ...model, tokens: 900 })

      yield* refusal(answer({}, { ...model, tokens: 1 }))
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("corrects an estimate in the window in which its request was sent", () =>
    Effect.gen(function*() {
      yield* answer({ tokens: 100 }, { ...model, tokens: 1000 })
      yield* TestClock.adjust("1 minute")
      const turn = (yield* Pacing.Pacing).turn({ ...model, tokens: 1000 })
      yield* turn.acquire
      yield* refusal(answer({}, { ...model, tokens: 1 }))

      yield* TestClock.adjust("1 minute")
      yield* answer({}, { ...model, tokens: 1000 })
      yield* turn.settle({ tokens: 0 })
      yield* refusal(answer({}, { ...model, tokens: 1 }))
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect.each([NaN, Infinity, -5])("with %d tokens changes nothing", (tokens) =>
    Effect.gen(function*() {
      yield* answer({ tokens }, { ...model, tokens })
      yield* answer({ tokens }, { ...model, tokens: 1000 })

      yield* refusal(answer({}, { ...model, tokens: 0.5 }))
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("with more tokens than can be told apart changes nothing after a window", () =>
    Effect.gen(function*() {
      yield* answer({}, { ...model, tokens: 500 })
      yield* answer({ tokens: 1e17 }, { ...model, tokens: 500 })
      yield* refusal(answer({}, { ...model, tokens: 1 }))

      yield* TestClock.adjust("1 minute")
      yield* answer({}, { ...model, tokens: 500 })
      yield* answer({}, { ...model, tokens: 500 })
      yield* refusal(answer({}, { ...model, tokens: 1 }))
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("counts with 1e12 tokens at most", () =>
    Effect.gen(function*() {
      yield* answer({ tokens: 1e17 }, { ...model, tokens: 1e13 })
      yield* answer({}, { ...model, tokens: 1 })
      yield* refusal(answer({}, { ...model, tokens: 1 }))
    }).pipe(provide({ ...small(100, 1e12 + 1), longestWait: 0 })))

  it.effect("with a 429 pauses the others as long as it says", () =>
    Effect.gen(function*() {
      const limited = new Errors.RateLimitExceeded({ response: { status: 429, retryAfter: Duration.seconds(7) } })
      yield* Effect.exit(Pacing.pace(model)(Effect.fail(limited)))
      const { sent } = yield* sendAll([model, model])

      yield* TestClock.adjust("6999 millis")
      assert.deepStrictEqual(sent, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(sent, [[0, 7], [1, 7]])
    }).pipe(provide(small(100))))

  it.effect("with a 429 pauses no longer when the clock was set back", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(3_600_000)
      yield* answer({ pause: Duration.seconds(7) })
      yield* TestClock.setTime(0)
      const { sent } = yield* sendAll([model])

      yield* TestClock.adjust("6999 millis")
      assert.deepStrictEqual(sent, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(sent, [[0, 7]])
    }).pipe(provide(small(100))))

  it.effect("with a 429 pauses for as long if the clock was set back before it", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(3_600_000)
      const [turn] = yield* taken(1)
      yield* TestClock.setTime(0)
      yield* turn!.settle({ pause: Duration.seconds(7) })

      assert.strictEqual(String((yield* refusal(answer({}))).retryAfter), "7000 millis")
    }).pipe(provide({ ...small(100), longestWait: 0 })))

  it.effect("with a 429 also pauses who waits already", () =>
    Effect.gen(function*() {
      const pacing = yield* Pacing.Pacing
      const turn = pacing.turn(model)
      yield* turn.acquire
      const { sent } = yield* sendAll([model])
      yield* TestClock.adjust("50 seconds")
      yield* turn.settle({ pause: Duration.seconds(20) })
      yield* TestClock.adjust("19 seconds")

      assert.deepStrictEqual(sent, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(sent, [[0, 70]])
    }).pipe(provide({ ...small(1), longestWait: "2 minutes" })))

  it("of a lockout is no pause", () => {
    const lockout = new Errors.RateLimitExceeded({ limit: "failures", response: { status: 429 } })

    assert.isUndefined(Pacing.answerOf(lockout).pause)
    assert.strictEqual(String(Pacing.answerOf(new Errors.RateLimitExceeded()).pause), "1000 millis")
    assert.deepStrictEqual(Pacing.answerOf(new Error("no")), {})
  })

  it("has headers", () => {
    const headers = Headers.fromInput({ "x-ratelimit-remaining-requests": "3" })

    assert.strictEqual(Pacing.answerOfHeaders(headers, 0).rateLimit?.requests?.remaining, 3)
  })
})

const Times = Schema.Array(Schema.Struct({
  start: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 120_000 })),
  tokens: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60 })),
  leaves: Schema.Literals([0, 0, 0, 5000])
})).check(Schema.isMinLength(20), Schema.isMaxLength(30))

describe("no window", () => {
  it.effect.prop(
    "has more requests or tokens than the limits, and nobody is forgotten",
    [Times],
    ([times]) =>
      Effect.gen(function*() {
        const sent: Array<{ readonly time: number; readonly tokens: number }> = []
        const fibers = yield* Effect.forEach(times, ({ leaves, start, tokens }) => {
          const call = Pacing.pace({ ...model, tokens })(
            Effect.map(DateTime.now, ({ epochMilliseconds }) => {
              sent.push({ time: epochMilliseconds, tokens })
            })
          )
          const waits = leaves === 0 ? call : Effect.timeoutOption(call, leaves)
          return Effect.forkChild(Effect.andThen(Effect.sleep(start), Effect.exit(waits)))
        })
        yield* TestClock.adjust("1 hour")
        yield* Fiber.joinAll(fibers)

        for (const { time: end } of sent) {
          const window = sent.filter(({ time }) => time > end - 60_000 && time <= end)
          assert.isAtMost(window.length, 4)
          assert.isAtMost(window.reduce((sum, { tokens }) => sum + tokens, 0), 100)
        }
        assert.isAtLeast(sent.length, times.filter(({ leaves }) => leaves === 0).length)
      }).pipe(provide({ ...small(4, 100), longestWait: "1 hour" })),
    { arbitrary: { runs: 30 } }
  )
})

describe("with a client", () => {
  const layer = Layer.mergeAll(
    Layer.provideMerge(Emulator.layerClient, Emulator.layer),
    Pacing.layer({ longestWait: 0, ...small(5) })
  )
  const body = { model: "m", messages: [{ role: "user", content: "x" }] } as const
  const call = { model: "m", tokens: 900 }

  it.live("learns from the headers and the usage of a success", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply(
        WireResponse.json(200, { usage: { total_tokens: 5 } }, { "x-ratelimit-remaining-requests": "1" })
      )
      const paced = Pacing.pace(call)(venice.execute("POST /chat/completions", { body, success: Schema.Unknown }))

      yield* paced
      yield* paced
      yield* refusal(paced)
    }).pipe(Effect.provide(layer)))

  it.live("learns from the headers of a stream", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply({
        ...WireResponse.success("POST /chat/completions"),
        headers: { "content-type": "text/event-stream", "x-ratelimit-remaining-requests": "0" },
        body: "data: {}\n\ndata: [DONE]\n\n"
      })
      const stream = Pacing.paceStream({ model: "m" })(
        venice.stream("POST /chat/completions", { body, event: Schema.Unknown })
      )

      yield* Stream.runDrain(stream)

      yield* refusal(Stream.runDrain(stream))
    }).pipe(Effect.provide(layer)))

  it.live("learns from the last usage of a stream", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply({
        ...WireResponse.success("POST /chat/completions"),
        headers: { "content-type": "text/event-stream" },
        body: [{ usage: { total_tokens: 1 } }, { usage: { total_tokens: 1000 } }, {}].map((event) =>
          `data: ${JSON.stringify(event)}\n\n`
        ).join("") + "data: [DONE]\n\n"
      })
      const stream = venice.stream("POST /chat/completions", { body, event: Schema.Unknown })

      const events = yield* Stream.runCollect(Pacing.paceStream({ model: "m", tokens: 1 })(stream))
      assert.deepStrictEqual(events, [{ usage: { total_tokens: 1 } }, { usage: { total_tokens: 1000 } }, {}])

      yield* refusal(Stream.runDrain(Pacing.paceStream({ model: "m", tokens: 1 })(stream)))
    }).pipe(Effect.provide(layer)))
})

describe("the turn of an attempt", () => {
  /** What the turn of an attempt was told. */
  const told = Effect.fnUntraced(
    function*(
      acquire: Effect.Effect<void, Failure.PaceExceeded>,
      attempt: Effect.Effect<unknown, unknown, Pacing.Pacing>
    ) {
      const answers: Array<Pacing.Answer | undefined> = []
      const settle = (answer?: Pacing.Answer) => Effect.sync(() => void answers.push(answer))
      const own = Pacing.Pacing.of({ turn: () => ({ acquire, settle }), waiting: () => Effect.succeed(0) })
      yield* Effect.exit(Effect.provideService(attempt, Pacing.Pacing, own))
      return answers
    }
  )
  const refused = Effect.fail(new Failure.PaceExceeded({ message: "late", retryAfter: Duration.zero }))
  const paced = Pacing.pace(model)(Effect.void)
  const streamed = Stream.runDrain(Pacing.paceStream(model)(Stream.empty))

  it.effect.each([["an effect", paced], ["a stream", streamed]] as const)(
    "as %s is given back if it was refused or interrupted before, and told the answer otherwise",
    ([, attempt]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* told(refused, attempt), [{ unsent: true }])
        assert.deepStrictEqual(yield* told(Effect.interrupt, attempt), [{ unsent: true }])
        const [answer, ...others] = yield* told(Effect.void, attempt)
        assert.isUndefined(answer!.unsent)
        assert.deepStrictEqual(others, [])
      })
  )

  it.effect("is told nothing of an attempt that was interrupted", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* told(Effect.void, Pacing.pace(model)(Effect.interrupt)), [{}])
      const stream = Stream.runDrain(Pacing.paceStream(model)(Stream.fromEffect(Effect.interrupt)))
      assert.deepStrictEqual(yield* told(Effect.void, stream), [{}])
    }))
})

describe("the call of a body", () => {
  it.each([
    ["a text", { model: "m", input: "01234567" }, { model: "m", tokens: 5 - 2 }],
    ["a limit", { model: "m", max_tokens: 10 }, { model: "m", tokens: 11 }],
    ["an image", { model: "m", input: `data:image/png;base64,${"x".repeat(10_000)}` }, { model: "m", tokens: 1001 }],
    ["one token", { model: "m" }, { model: "m", tokens: 1 }],
    ["no token", { model: "" }, { model: "" }],
    ["no model", { prompt: "x" }, {}],
    ["a form", new FormData(), {}],
    ["nothing", undefined, {}]
  ])("with %s has its tokens", (_, body, call) => {
    assert.deepStrictEqual(Pacing.callOf(body), call)
  })

  it("can refer to itself", () => {
    const body: Record<string, unknown> = { model: "m" }
    body.self = body

    assert.isAbove(Pacing.callOf(body).tokens ?? 0, 0)
  })
})

describe("the limits of Venice", () => {
  it("are those of the sizes of a text model, and of the partner tier", () => {
    assert.deepStrictEqual(Pacing.tiers, {
      XS: { requests: 500, tokens: 5_000_000 },
      S: { requests: 150, tokens: 3_000_000 },
      M: { requests: 100, tokens: 2_000_000 },
      L: { requests: 100, tokens: 2_000_000 },
      partnerXS: { requests: 500, tokens: 10_000_000 },
      partnerS: { requests: 300, tokens: 6_000_000 },
      partnerM: { requests: 200, tokens: 4_000_000 },
      partnerL: { requests: 150, tokens: 3_000_000 }
    })
  })
})

describe("settings", () => {
  it.effect("are a minute, the limits of a large model, and 1000 calls that wait, unless you say otherwise", () =>
    Effect.gen(function*() {
      yield* taken(100)
      const { fibers } = yield* sendAll(Array.from({ length: 1000 }, () => model))
      yield* Effect.yieldNow
      const pacing = yield* Pacing.Pacing

      assert.strictEqual(yield* pacing.waiting(model), 1000)
      const error = yield* refusal(answer({}))
      assert.include(error.message, "1000 calls wait")
      assert.strictEqual(String(error.retryAfter), "60000 millis")
      yield* Fiber.interruptAll(fibers)
    }).pipe(provide()))

  it.effect("have limits by model, which are checked when the model is first seen", () => {
    const budgets = (name: string | undefined) => ({ requests: name === "m" ? 2 : 1, tokens: name === "none" ? 0 : 9 })
    return Effect.gen(function*() {
      for (let i = 0; i < 2; i++) yield* answer({})
      yield* refusal(answer({}))
      yield* answer({}, {})
      yield* refusal(answer({}, {}))

      const exit = yield* Effect.exit(answer({}, { model: "none" }))
      const defect = Exit.isFailure(exit) && Cause.squash(exit.cause)
      assert.instanceOf(defect, RangeError)
      assert.strictEqual(defect.message, "budgets.tokens must be an integer at least 1, and is 0")
    }).pipe(provide({ budgets, longestWait: 0 }))
  })

  it.each<readonly [Pacing.Settings, string]>([
    [{ budgets: { requests: 0, tokens: 1 } }, "budgets.requests must be an integer at least 1, and is 0"],
    [{ budgets: { requests: 1, tokens: NaN } }, "budgets.tokens must be an integer at least 1, and is NaN"],
    [{ window: 0 }, "window must be longer than zero"],
    [{ window: "Infinity" as never }, "window must be a finite duration"],
    [{ longestWait: Duration.infinity }, "longestWait must be a finite duration"],
    [{ longestWait: -1 }, "longestWait must be a duration that is not negative, and is -1"],
    [{ longestQueue: 1.5 }, "longestQueue must be an integer at least 0, and is 1.5"],
    [{ longestQueue: -1 }, "longestQueue must be an integer at least 0, and is -1"],
    [{ longestQueue: { a: 1 } as never }, "longestQueue must be an integer at least 0, and is {\"a\":1}"]
  ])("%o makes no sense", (settings, message) => {
    assert.throws(() => Pacing.layer(settings), RangeError, message)
    assert.throws(() => Pacing.layerRedis(settings), RangeError, message)
  })

  it.each<Pacing.Settings>([
    { budgets: { requests: 1, tokens: 1 } },
    { window: 1 },
    { window: "1 nano" },
    { longestWait: 0, longestQueue: 0 }
  ])("%o makes sense", (settings) => {
    assert.doesNotThrow(() => Pacing.layer(settings))
  })
})
