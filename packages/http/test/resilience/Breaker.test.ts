import { Category, Classification, Errors, Retry } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import { Breaker } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import {
  Cause,
  Context,
  Data,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  References,
  Schedule,
  Scope,
  Stream
} from "effect"
import { HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { CircuitBreaker, Redis } from "effect/persistence"
import { TestClock } from "effect/testing"
import { recorder } from "../spans.ts"
import { ahead, late, open } from "../unsent.ts"

const busy = () => new Errors.ModelAtCapacity({ response: { status: 503 } })

const through = <A, E>(self: Effect.Effect<A, E>, circuit = "m") => Breaker.protect(circuit)(self)

const fail = (error: unknown = busy(), circuit = "m") => Effect.exit(through(Effect.fail(error), circuit))

const answered = (circuit = "m") => through(Effect.succeed("answered"), circuit)

const times = <A, E, R>(n: number, self: Effect.Effect<A, E, R>) => Effect.repeat(self, { times: n - 1 })

const refusal = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.instanceOf(error, Failure.CircuitOpen)
    return error as Failure.CircuitOpen
  })

const provide = (settings?: Breaker.Settings) => Effect.provide(Breaker.layer(settings))

describe("a circuit", () => {
  it.effect("opens after five failures in a row, for five seconds", () =>
    Effect.gen(function*() {
      yield* times(4, fail())
      assert.strictEqual(yield* answered(), "answered")
      yield* times(5, fail())

      const error = yield* refusal(answered())

      assert.strictEqual(String(error.retryAfter), "5000 millis")
      assert.strictEqual(error.circuit, "m")
      yield* TestClock.adjust("4999 millis")
      yield* refusal(answered())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(provide()))

  it.effect("is open longer each time a probe fails, up to 40 seconds", () =>
    Effect.gen(function*() {
      yield* times(5, fail())
      const open: Array<number> = []
      for (let i = 0; i < 5; i++) {
        const { retryAfter } = yield* refusal(answered())
        open.push(Duration.toSeconds(retryAfter))
        yield* TestClock.adjust(retryAfter)
        yield* fail()
      }

      assert.deepStrictEqual(open, [5, 10, 20, 40, 40])
    }).pipe(provide()))

  it.effect.each<readonly [string, Breaker.Settings, number]>([
    ["a minute", {}, 60],
    ["the longest hint that is set", { longestHint: "2 minutes" }, 120]
  ])("is open at least as long as Venice says, up to %s", ([, settings, longest]) =>
    Effect.gen(function*() {
      const hint = (seconds: number) =>
        new Errors.ModelOverloaded({ response: { status: 503, retryAfter: Duration.seconds(seconds) } })
      yield* times(5, fail(hint(longest - 30), "a"))
      yield* times(5, fail(hint(300), "b"))

      assert.strictEqual(Duration.toSeconds((yield* refusal(answered("a"))).retryAfter), longest - 30)
      assert.strictEqual(Duration.toSeconds((yield* refusal(answered("b"))).retryAfter), longest)
    }).pipe(provide(settings)))

  it.effect.each([["599999 millis", "Open"], ["10 minutes", "Closed"]] as const)(
    "that is not used for %s is %s after one more failure: its failures are kept for ten minutes",
    ([idle, state]) =>
      Effect.gen(function*() {
        yield* times(4, fail())
        yield* TestClock.adjust(idle)
        yield* fail()

        const breaker = yield* Breaker.Breaker
        assert.strictEqual((yield* breaker.state("m"))._tag, state)
      }).pipe(provide())
  )

  it.effect("sends one probe, and refuses the other calls without a hint", () =>
    Effect.gen(function*() {
      yield* times(5, fail())
      yield* TestClock.adjust("5 seconds")
      const probe = yield* Effect.forkChild(through(Effect.sleep("1 second")))
      yield* Effect.yieldNow

      const error = yield* refusal(answered())

      assert.strictEqual(String(error.retryAfter), "0 millis")
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(probe)
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(provide()))

  it.effect("is one for each name", () =>
    Effect.gen(function*() {
      yield* times(5, fail(busy(), "a"))

      yield* refusal(answered("a"))
      assert.strictEqual(yield* answered("b"), "answered")
      const breaker = yield* Breaker.Breaker
      assert.strictEqual((yield* breaker.state("a"))._tag, "Open")
      assert.strictEqual((yield* breaker.state("b"))._tag, "Closed")
    }).pipe(provide()))

  it.effect("takes a timeout inside for a failure, and one outside for nothing", () =>
    Effect.gen(function*() {
      const late = (self: Effect.Effect<unknown, unknown, Breaker.Breaker>) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(Effect.exit(self))
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(fiber)
        })
      yield* times(6, late(Effect.timeout(through(Effect.never, "outside"), "1 second")))
      yield* times(5, late(through(Effect.timeout(Effect.never, "1 second"), "inside")))

      assert.strictEqual(yield* answered("outside"), "answered")
      yield* refusal(answered("inside"))
    }).pipe(provide()))

  it.effect("keeps a failure of the call that looks like one of the breaker", () =>
    Effect.gen(function*() {
      const own = new CircuitBreaker.CircuitBreakerError({ reason: new CircuitBreaker.CircuitHalfOpen({ key: "k" }) })

      assert.strictEqual(yield* Effect.flip(through(Effect.fail(own))), own)
    }).pipe(provide()))

  it.effect("dies of a failure that throws when it is read, and lets the next probe pass", () =>
    Effect.gen(function*() {
      const hostile = {
        get _tag() {
          throw new Error("not to be read")
        }
      }
      yield* times(5, fail())
      yield* TestClock.adjust("5 seconds")
      const exit = yield* fail(hostile)

      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual(yield* answered(), "answered")
    }).pipe(provide()))

  it.effect("lets a policy wait for its probe", () =>
    Effect.gen(function*() {
      yield* times(5, fail())
      const fiber = yield* Effect.forkChild(Effect.retry(answered(), Retry.standard))

      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "answered")
    }).pipe(provide()))

  it.effect("opens by the settings", () =>
    Effect.gen(function*() {
      yield* fail(new Errors.ModelNotFound())
      const { retryAfter } = yield* refusal(answered())

      assert.strictEqual(String(retryAfter), "120000 millis")
    }).pipe(provide({
      tripPolicy: CircuitBreaker.consecutive(1),
      openDuration: "2 minutes",
      outcomes: { NotFound: "failure" }
    })))

  it.effect("is open for the delays of a schedule, whatever that returns", () =>
    Effect.gen(function*() {
      yield* times(5, fail())

      assert.strictEqual(String((yield* refusal(answered())).retryAfter), "3000 millis")
    }).pipe(provide({ openDuration: Schedule.spaced("3 seconds") })))

  it.effect("asks a schedule for the open time only after what can open it", () =>
    Effect.gen(function*() {
      let asked = 0
      const openDuration = Schedule.spaced("3 seconds").pipe(Schedule.tap(() => Effect.sync(() => asked++)))
      yield* Effect.gen(function*() {
        yield* answered()
        yield* fail(new Errors.AuthenticationFailed())
        assert.strictEqual(asked, 0)
        yield* times(5, fail())
        assert.strictEqual(asked, 5)
      }).pipe(provide({ openDuration }))

      yield* Effect.gen(function*() {
        yield* times(2, fail())
        yield* TestClock.adjust("3 seconds")
        asked = 0
        yield* answered()
        yield* fail(new Errors.AuthenticationFailed())
        assert.strictEqual(asked, 0)
      }).pipe(provide({ openDuration, tripPolicy: CircuitBreaker.rate({ minimumCalls: 2, size: 10 }) }))
    }))

  it.effect("opens by a rate at the success that completes its calls", () =>
    Effect.gen(function*() {
      yield* fail()
      yield* answered()

      assert.strictEqual(String((yield* refusal(answered())).retryAfter), "120000 millis")
    }).pipe(provide({
      tripPolicy: CircuitBreaker.rate({ threshold: 0.5, minimumCalls: 2, size: 10 }),
      openDuration: "2 minutes"
    })))

  it.effect("says in the message when the next call may be sent, or that a probe is in flight", () =>
    Effect.gen(function*() {
      yield* times(5, fail())
      const waiting = yield* refusal(answered())
      yield* TestClock.adjust("5 seconds")
      const probe = yield* Effect.forkChild(through(Effect.never))
      yield* Effect.yieldNow
      const probing = yield* refusal(answered())
      yield* Fiber.interrupt(probe)

      assert.deepStrictEqual([waiting.message, probing.message], [
        "Not sent, because the latest calls to m failed: the next one may be sent in 5s",
        "Not sent, because the latest calls to m failed, and one in flight tests whether that is over"
      ])
    }).pipe(provide()))

  it.effect("says on the span of a call that it was refused", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      yield* times(5, fail())
      yield* refusal(answered()).pipe(Effect.withSpan("call"), Effect.withTracer(tracer))

      assert.deepStrictEqual(spans.map(({ events }) => events), [[
        ["venice.held", 0n, {
          "venice.part": "breaker",
          "venice.held": "refused",
          "venice.held.duration": 0
        }]
      ]])
    }).pipe(provide()))

  it.effect("tells its transitions, and nothing of the calls between them", () =>
    Effect.gen(function*() {
      const breaker = yield* Breaker.Breaker
      const told: Array<readonly [string, string]> = []
      const fiber = yield* Effect.forkChild(Stream.runForEach(breaker.transitions, ({ from, to }) =>
        Effect.sync(() => {
          told.push([from, to])
        })))
      yield* Effect.yieldNow
      yield* answered()
      yield* times(5, fail())
      yield* TestClock.adjust("5 seconds")
      yield* answered()
      yield* answered()
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(fiber)

      assert.deepStrictEqual(told, [["Closed", "Open"], ["Open", "HalfOpen"], ["HalfOpen", "Closed"]])
    }).pipe(provide()))

  it.effect("tells a slow listener its latest 128 transitions, and then that the layer has ended", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const layer = Breaker.layer({ tripPolicy: CircuitBreaker.consecutive(1) })
      const breaker = Context.get(yield* Layer.buildWithScope(layer, scope), Breaker.Breaker)
      const [first, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const told: Array<string> = []
      const listener = yield* Effect.forkChild(Stream.runForEach(breaker.transitions, ({ key }) => {
        told.push(key)
        return Effect.andThen(Deferred.succeed(first, undefined), Deferred.await(go))
      }))
      yield* Effect.yieldNow
      const opens = (circuit: string) => Effect.exit(breaker.execute(circuit)(Effect.fail(busy())))
      yield* opens("first")
      yield* Deferred.await(first)
      for (let i = 0; i <= 128; i++) yield* opens(String(i))
      yield* Deferred.succeed(go, undefined)
      for (let i = 0; told.length < 129 && i < 10_000; i++) yield* Effect.yieldNow
      assert.isUndefined(listener.pollUnsafe())
      yield* Scope.close(scope, Exit.void)
      for (let i = 0; listener.pollUnsafe() === undefined && i < 10_000; i++) yield* Effect.yieldNow
      assert.isDefined(listener.pollUnsafe())

      assert.deepStrictEqual(told, ["first", ...Array.from({ length: 128 }, (_, i) => String(i + 1))])
    }))

  it.effect("counts the end of a call once", () =>
    Effect.gen(function*() {
      const permit = (yield* Breaker.Breaker).permit!("m")
      yield* permit.acquire
      yield* times(5, permit.settle(Exit.fail(busy())))

      assert.strictEqual(yield* answered(), "answered")
    }).pipe(provide()))
})

class Mine extends Data.TaggedError("Mine")<{ readonly category: Category.Category }>
  implements Classification.Classified
{
  get [Classification.key]() {
    return { category: this.category }
  }
}

const request = HttpClientRequest.get("/models")

const transport = (reason: "TransportError" | "InvalidUrlError") =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError[reason]({ request, description: "x" }) })

describe("the outcome", () => {
  const response = { status: 200 }
  const failures: ReadonlyArray<readonly [string, unknown, Breaker.Outcome]> = [
    ["of a lost request", transport("TransportError"), "failure"],
    ["of a timeout", new Cause.TimeoutError(), "failure"],
    ["of a stream that broke off", new Failure.UnfinishedStream({ message: "x", response }), "failure"],
    [
      "of a body that is not as expected",
      new Failure.UnexpectedBody({ message: "x", differences: [], response }),
      "success"
    ],
    [
      "of a response without a body",
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.EmptyBodyError({
          request,
          response: HttpClientResponse.fromWeb(request, new Response())
        })
      }),
      "success"
    ],
    ["of a request that cannot be sent", transport("InvalidUrlError"), "ignored"],
    ["of a call that the guard did not send", ahead, "ignored"],
    ["of a call that another breaker did not send", open, "ignored"],
    ["of a call that was not its turn", late, "ignored"],
    ["of an error that nobody knows", new Error("x"), "ignored"],
    ["of an error of another client with a response", Object.assign(new Error("x"), { response: {} }), "ignored"],
    ["of no error", undefined, "ignored"],
    ["of a null", null, "ignored"],
    [
      "of a job",
      new Failure.JobFailure({
        job: { medium: "video", model: "m", queueId: "q" },
        reason: new Errors.InferenceFailed()
      }),
      "failure"
    ]
  ]

  it.each(failures)("%s is that of its kind", (_, failure, outcome) => {
    assert.strictEqual(Breaker.outcomeOf(failure), outcome)
  })

  it.each(Category.all)("of %s is that of the table, for an error of Venice and for one of your own", (category) => {
    const error = new Errors.UnrecognizedResponse({ category })

    assert.strictEqual(Breaker.outcomeOf(error), Breaker.outcomes[category])
    assert.strictEqual(Breaker.outcomeOf(new Mine({ category })), Breaker.outcomes[category])
  })

  it("is a failure of the model, a success, or ignored because it is about the account", () => {
    const having = (outcome: Breaker.Outcome) =>
      Object.entries(Breaker.outcomes).flatMap(([category, its]) => its === outcome ? [category] : [])

    assert.sameMembers(having("failure"), ["Capacity", "Server", "Upstream", "Timeout", "Transport"])
    assert.sameMembers(having("success"), [
      "InvalidRequest",
      "InvalidMedia",
      "ContextLength",
      "NotFound",
      "ContentPolicy"
    ])
    assert.sameMembers(having("ignored"), ["Authentication", "Permission", "Billing", "RateLimit"])
  })

  it("of what was not sent is ignored, whatever the table says of its category", () => {
    const table = { ...Breaker.outcomes, RateLimit: "failure", Capacity: "failure" } as const

    for (const unsent of [ahead, open, late]) assert.strictEqual(Breaker.outcomeOf(unsent, table), "ignored")
    assert.strictEqual(Breaker.outcomeOf(new Errors.RateLimitExceeded(), table), "failure")
  })
})

describe("a stream", () => {
  const broken = Stream.fail(busy())

  it.effect("counts by its beginning", () =>
    Effect.gen(function*() {
      const late = Stream.concat(Stream.make(1, 2), broken)
      for (let i = 0; i < 5; i++) {
        const exit = yield* Effect.exit(Stream.runCollect(Breaker.protectStream("late")(late)))
        assert.isTrue(Exit.isFailure(exit))
        yield* Effect.exit(Stream.runDrain(Breaker.protectStream("early")(broken)))
      }

      assert.deepStrictEqual(yield* Stream.runCollect(Breaker.protectStream("late")(Stream.make(1, 2, 3))), [1, 2, 3])
      assert.deepStrictEqual(yield* Stream.runCollect(Breaker.protectStream("late")(Stream.empty)), [])
      yield* refusal(Stream.runDrain(Breaker.protectStream("early")(Stream.make(1))))
    }).pipe(provide()))
})

const redisOf = (send: () => Effect.Effect<never>) =>
  Layer.provide(
    Breaker.layerRedis(),
    Layer.effect(
      Redis.Redis,
      Redis.make({ send, subscribe: () => Effect.succeed(Effect.never), connect: Effect.never })
    )
  )

describe("with a Redis that never responds", () => {
  const layer = redisOf(() => Effect.never)

  it.effect("a call waits for half a second, and no longer", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(answered())

      yield* TestClock.adjust("499 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "answered")
    }).pipe(Effect.provide(layer), Effect.provide(Logger.layer([]))))

  it.effect("a call goes on after half a second, with the circuits of the process", () =>
    Effect.gen(function*() {
      const slowly = <A, E>(self: Effect.Effect<A, E, Breaker.Breaker>) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(self)
          yield* TestClock.adjust("1 second")
          return yield* Fiber.join(fiber)
        })
      for (let i = 0; i < 5; i++) yield* slowly(fail())

      yield* slowly(refusal(answered()))
      assert.strictEqual(yield* slowly(answered("n")), "answered")
      const state = Effect.flatMap(Breaker.Breaker, (breaker) => breaker.state("m"))
      assert.strictEqual((yield* slowly(state))._tag, "Open")
    }).pipe(Effect.provide(layer), Effect.provide(Logger.layer([]))))

  it.effect("a call can be interrupted within half a second", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(through(Effect.never))
      yield* Effect.yieldNow
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))

      yield* TestClock.adjust("500 millis")

      assert.isTrue(Exit.isFailure(yield* Fiber.await(fiber)))
      yield* Fiber.join(interrupting)
    }).pipe(Effect.provide(layer), Effect.provide(Logger.layer([]))))
})

describe("an outcome that Redis does not record", () => {
  it.effect.each<readonly [string, Effect.Effect<never>]>([
    ["no response within 500ms", Effect.never],
    ["no response that can be read", Effect.die(new Error("a bug of the driver"))]
  ])("is logged at the level of what is not handled: %s", ([why, recorded]) =>
    Effect.gen(function*() {
      const logged: Array<readonly [string, unknown, string]> = []
      const logger = Logger.make<unknown, void>(({ cause, logLevel, message }) => {
        const error = Cause.squash(cause)
        const reason = error instanceof CircuitBreaker.CircuitBreakerError ? error.reason : undefined
        logged.push([logLevel, message, reason?._tag === "CircuitBreakerStoreError" ? reason.message : ""])
      })
      const redis = yield* Redis.make({
        send: () => Effect.never,
        subscribe: () => Effect.succeed(Effect.never),
        connect: Effect.never
      })
      const admitted = Effect.succeed(["ok", "1", 0, 0, 0])
      // An admission has three parameters, and the record of an outcome has more.
      const scripted = Redis.Redis.of({
        ...redis,
        eval: (() => (...params: ReadonlyArray<unknown>) => params.length === 3 ? admitted : recorded) as never
      })
      const layer = Layer.provide(Breaker.layerRedis(), Layer.succeed(Redis.Redis, scripted))
      const call = Effect.andThen(answered(), TestClock.adjust("1 second")).pipe(
        Effect.provide(layer),
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.UnhandledLogLevel, "Error")
      )
      yield* call

      assert.deepStrictEqual(logged, [["Error", ["The state of a circuit is not known, or not recorded"], why]])
    }))
})

describe("a circuit in Redis", () => {
  it.effect.each([[undefined, "venice:circuit:m"], ["mine:", "mine:m"]])(
    "of a prefix %s is %s",
    ([prefix, name]) =>
      Effect.gen(function*() {
        const names: Array<unknown> = []
        const redis = yield* Redis.make({
          send: () => Effect.never,
          subscribe: () => Effect.succeed(Effect.never),
          connect: Effect.never
        })
        const scripted = Redis.Redis.of({
          ...redis,
          eval: (() => (name: unknown) => {
            names.push(name)
            return Effect.succeed(["ok", "1", 0, 0, 0])
          }) as never
        })
        yield* Effect.provide(
          answered(),
          Layer.provide(Breaker.layerRedis({ prefix }), Layer.succeed(Redis.Redis, scripted))
        )

        assert.deepStrictEqual(new Set(names), new Set([name]))
      })
  )

  it.effect.each(["0", "1"])("is recorded in Redis under any generation: %s", (generation) =>
    Effect.gen(function*() {
      const lengths: Array<number> = []
      const redis = yield* Redis.make({
        send: () => Effect.never,
        subscribe: () => Effect.succeed(Effect.never),
        connect: Effect.never
      })
      const scripted = Redis.Redis.of({
        ...redis,
        eval: (() => (...params: ReadonlyArray<unknown>) => {
          lengths.push(params.length)
          return Effect.succeed(["ok", generation, 0, 0, 0])
        }) as never
      })
      yield* Effect.provide(fail(), Layer.provide(Breaker.layerRedis(), Layer.succeed(Redis.Redis, scripted)))

      // An admission has three parameters, and the record of an outcome has more.
      assert.deepStrictEqual(lengths.map((length) => length > 3), [false, true])
    }))
})

describe("settings", () => {
  it.each<readonly [Breaker.Settings, string]>([
    [{ openDuration: -1 }, "openDuration must be a duration that is not negative, and is -1"],
    [{ openDuration: "soon" as never }, "openDuration must be a duration that is not negative, and is soon"],
    [{ longestHint: NaN }, "longestHint must be a duration that is not negative, and is NaN"]
  ])("%o makes no sense", (settings, message) => {
    assert.throws(() => Breaker.layer(settings), RangeError, message)
    assert.throws(() => Breaker.layerRedis(settings), RangeError, message)
  })
})
