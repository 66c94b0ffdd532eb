import { Errors, Retry } from "@effect-venice/core"
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

  it.live("learns from the last usage of a stream", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const venice = yield* VeniceClient
      yield* emulator.reply({
        ...WireResponse.success("POST /chat/completions"),
        headers: { "content-type": "text/event-stream" },
        body: "data: {\"usage\":{\"total_tokens\":1}}\n\ndata: {\"usage\":{\"total_tokens\":1000}}\n\ndata: [DONE]\n\n"
      })
      const stream = venice.stream("POST /chat/completions", { body, event: Schema.Unknown })

      yield* Stream.runDrain(Pacing.paceStream({ model: "m", tokens: 1 })(stream))

      yield* refusal(Stream.runDrain(Pacing.paceStream({ model: "m", tokens: 1 })(stream)))
    }).pipe(Effect.provide(layer)))
})

describe("the call of a body", () => {
  it.each([
    ["a text", { model: "m", input: "01234567" }, { model: "m", tokens: 5 - 2 }],
    ["a limit", { model: "m", max_tokens: 10 }, { model: "m", tokens: 11 }],
    ["an image", { model: "m", input: `data:image/png;base64,${"x".repeat(10_000)}` }, { model: "m", tokens: 1001 }],
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

describe("settings", () => {
  it.each([
    { budgets: { requests: 0, tokens: 1 } },
    { budgets: { requests: 1, tokens: NaN } },
    { window: 0 },
    { longestWait: -1 },
    { longestQueue: 1.5 }
  ])("%o makes no sense", (settings) => {
    assert.throws(() => Pacing.layer(settings), RangeError)
  })
})
