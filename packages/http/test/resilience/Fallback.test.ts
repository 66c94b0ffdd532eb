import { Classification, Decode, Errors, Operation, Retry, type VeniceError } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import { Breaker, Fallback } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Data, Duration, Effect, Exit, Metric, Stream } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { recorder } from "../spans.ts"

type AnyFailure = VeniceError.VeniceError | Failure.Failure

const fail = (failure: AnyFailure): Effect.Effect<string, AnyFailure> => Effect.fail(failure)

const response = (status: number, operation: string) => ({ status, operation })

const chat = "POST /chat/completions"

const lost = new HttpClientError.HttpClientError({
  reason: new HttpClientError.TransportError({
    request: HttpClientRequest.post("https://api.venice.ai/api/v1/chat/completions"),
    cause: Object.assign(new Error("reset"), { code: "ECONNRESET" })
  })
})

const refused = new HttpClientError.HttpClientError({
  reason: new HttpClientError.TransportError({
    request: HttpClientRequest.post("https://api.venice.ai/api/v1/chat/completions"),
    cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" })
  })
})

const circuitOpen = new Failure.CircuitOpen({ message: "open", circuit: "m", retryAfter: Duration.seconds(5) })

const paceExceeded = new Failure.PaceExceeded({ message: "busy", retryAfter: Duration.seconds(5) })

describe("a route", () => {
  it.effect.each<readonly [string, AnyFailure, ReadonlyArray<VeniceError.VeniceError["category"] | string>, boolean]>([
    ["a model at capacity", new Errors.ModelAtCapacity(), ["Capacity"], true],
    ["an open circuit", circuitOpen, ["Capacity"], true],
    ["an open circuit by its tag", circuitOpen, ["CIRCUIT_OPEN"], true],
    ["a call that is not its turn", paceExceeded, ["RateLimit"], true],
    ["a code", new Errors.ModelNotFound(), ["MODEL_NOT_FOUND"], true],
    ["one of several causes", new Errors.TooManyTokens(), ["Billing", "ContextLength"], true],
    ["one of several codes", new Errors.ModelNotFound(), ["GONE", "MODEL_NOT_FOUND"], true],
    ["an empty account", new Errors.InsufficientBalance(), ["Billing"], true],
    ["another category", new Errors.InsufficientBalance(), ["Capacity"], false],
    ["another code", new Errors.ModelNotFound(), ["GONE"], false],
    [
      "a run that failed and is not billed",
      new Errors.InferenceFailed({ matchedBy: "message", response: response(500, chat) }),
      ["Server"],
      true
    ],
    [
      "a run that may be billed",
      new Errors.RequestTimeout({ matchedBy: "status", response: response(524, chat) }),
      ["Timeout"],
      false
    ],
    [
      "a job that was charged before it failed",
      new Errors.InferenceFailed({ matchedBy: "message", response: response(500, "POST /video/queue") }),
      ["Server"],
      false
    ],
    ["a lost response of a paid call", lost, ["HttpClientError"], false],
    ["a connection that was refused", refused, ["HttpClientError"], true],
    [
      "a page of a proxy",
      Decode.response({ status: 502, headers: {}, body: "<html>Bad gateway</html>", operation: chat, now: 0 }),
      ["Server"],
      false
    ],
    [
      "an unknown response that says that nothing was executed",
      new Errors.UnrecognizedResponse({ category: "RateLimit", response: response(429, chat) }),
      ["RateLimit"],
      true
    ],
    [
      "a lost response of a read",
      Decode.response({ status: 502, headers: {}, body: "<html>Bad gateway</html>", operation: "GET /models", now: 0 }),
      ["Server", "Upstream"],
      true
    ],
    [
      "a failure that nobody knows, of a job that was charged before",
      new Errors.UnrecognizedResponse({
        category: "Server",
        matchedBy: "code",
        response: response(500, "POST /video/queue")
      }),
      ["UNRECOGNIZED_RESPONSE"],
      false
    ],
    [
      "a failure that nobody knows, of a run that is not billed",
      new Errors.UnrecognizedResponse({ category: "Server", matchedBy: "code", response: response(500, chat) }),
      ["UNRECOGNIZED_RESPONSE"],
      true
    ],
    [
      "a lack of capacity that a proxy told of",
      new Errors.UnrecognizedResponse({ category: "Capacity", matchedBy: "status", response: response(503, chat) }),
      ["Capacity"],
      false
    ],
    [
      "a refusal that nobody knows",
      new Errors.UnrecognizedResponse({ category: "Permission", matchedBy: "none", response: response(403, chat) }),
      ["Permission"],
      true
    ],
    [
      "a model at capacity by its status alone",
      new Errors.ModelAtCapacity({ matchedBy: "status", response: response(503, chat) }),
      ["Capacity"],
      true
    ],
    [
      "a limit that no policy waits for",
      new Errors.RateLimitExceeded({ response: { ...response(429, chat), shouldRetry: false } }),
      ["RateLimit"],
      true
    ],
    [
      "an unknown response that says nothing of a second request",
      new Errors.UnrecognizedResponse({ category: "NotFound", response: response(404, chat) }),
      ["NotFound"],
      true
    ],
    [
      "an unknown response to a request that may be billed",
      new Errors.UnrecognizedResponse({ category: "Timeout", response: response(524, chat) }),
      ["Timeout"],
      false
    ],
    [
      "a failed read that is not to be repeated",
      new Errors.InferenceFailed({
        matchedBy: "message",
        response: { ...response(500, "GET /models"), shouldRetry: false }
      }),
      ["Server"],
      false
    ],
    [
      "an unknown response to a request that may have been executed, though its status says that it was not",
      Decode.response({ status: 503, headers: {}, body: "<html>Busy</html>", operation: chat, now: 0 }),
      ["Capacity"],
      false
    ],
    [
      "a model at capacity as a proxy tells it",
      new Errors.ModelAtCapacity({ matchedBy: "status", response: response(503, chat) }),
      ["Capacity"],
      true
    ],
    [
      "a call over a limit that is not to be repeated",
      new Errors.RateLimitExceeded({ response: { ...response(429, chat), shouldRetry: false } }),
      ["RateLimit"],
      true
    ],
    [
      "a run that failed and is not to be repeated",
      new Errors.InferenceFailed({ matchedBy: "message", response: { ...response(500, chat), shouldRetry: false } }),
      ["Server"],
      false
    ],
    [
      "a response that a proxy did not get",
      new Errors.TeeAttestationFailed({ matchedBy: "status", response: response(502, chat) }),
      ["Upstream"],
      false
    ],
    ["an event of a stream before it", new Errors.ModelOverloaded({ response: { status: 200, delivered: 1 } }), [
      "Capacity"
    ], false]
  ])("for %s", ([, failure, causes, isTaken]) =>
    Effect.gen(function*() {
      const call = fail(failure).pipe(
        Fallback.on("other", causes as ReadonlyArray<"Capacity">, () => Effect.succeed("taken"))
      )
      const result = yield* Effect.orElseSucceed(call, () => "not taken")

      assert.strictEqual(result, isTaken ? "taken" : "not taken")
    }))

  it.effect.each(
    [
      ["GET /models", "taken"],
      [chat, "not taken"],
      [undefined, "not taken"]
    ] as const
  )("for a timeout goes by the operation of the call: %s", ([operation, result]) =>
    Effect.gen(function*() {
      const call = Effect.fail(new Cause.TimeoutError()).pipe(
        Fallback.on("other", "TimeoutError", () => Effect.succeed("taken")),
        Effect.orElseSucceed(() => "not taken"),
        Effect.provideService(Operation.Current, operation)
      )

      assert.strictEqual(yield* call, result)
    }))

  it.effect.each<readonly [string, object, string]>([
    ["nothing", {}, "taken"],
    ["a lost request", { [Classification.key]: { category: "Transport" } }, "not taken"],
    ["a lost request of a read", { [Classification.key]: { category: "Transport", operation: "GET /models" } }, "taken"]
  ])(
    "for an error of your own that says %s goes by that, whatever its tag is",
    ([, classified, result]) =>
      Effect.gen(function*() {
        for (const tag of ["Mine", "UNRECOGNIZED_RESPONSE"]) {
          const call = Effect.fail({ _tag: tag, ...classified }).pipe(
            Fallback.on("other", tag as "Mine", () => Effect.succeed("taken")),
            Effect.orElseSucceed(() => "not taken")
          )
          assert.strictEqual(yield* call, result)
        }
      })
  )

  it.effect.each([null, undefined, "a text", 5])("passes %o", (failure) =>
    Effect.gen(function*() {
      const call = Effect.fail(failure as unknown as Errors.Gone).pipe(
        Fallback.on("other", ["GONE"], () => Effect.succeed("taken"))
      )

      assert.strictEqual(yield* Effect.flip(call), failure)
    }))

  it.effect("is taken after a lost response if the caller accepts a second charge", () =>
    Effect.gen(function*() {
      const call = fail(lost).pipe(Fallback.on("other", "HttpClientError", () => Effect.succeed("taken")))

      assert.strictEqual(yield* Operation.allowReplay(call), "taken")
    }))

  it.effect("is not taken after an event, also if the caller accepts a second charge", () =>
    Effect.gen(function*() {
      const call = fail(new Errors.ModelOverloaded({ response: { status: 200, delivered: 2 } })).pipe(
        Fallback.on("other", "Capacity", () => Effect.succeed("taken")),
        Operation.allowReplay
      )

      assert.strictEqual((yield* Effect.flip(call))._tag, "MODEL_OVERLOADED")
    }))

  it.effect("can decline", () =>
    Effect.gen(function*() {
      const call = Effect.fail(new Errors.ContentPolicyViolation()).pipe(
        Fallback.on(
          "recommended",
          "ContentPolicy",
          ({ recommendedModel }) => recommendedModel === undefined ? undefined : Effect.succeed(recommendedModel)
        ),
        Fallback.collect
      )

      assert.strictEqual((yield* Effect.flip(call))._tag, "CONTENT_POLICY_VIOLATION")
    }))

  it.effect("passes defects and interruptions", () =>
    Effect.gen(function*() {
      const call = (self: Effect.Effect<string, Errors.ModelOffline>) =>
        self.pipe(Fallback.on("other", "Capacity", () => Effect.succeed("taken")), Effect.sandbox, Effect.flip)

      assert.isTrue(Cause.hasDies(yield* call(Effect.die("defect"))))
      assert.isTrue(Cause.hasInterrupts(yield* call(Effect.interrupt)))
    }))

  it.effect("is for the failures of a route before it, and not for its own", () =>
    Effect.gen(function*() {
      const sent: Array<string> = []
      const ask = (model: string, failure: AnyFailure) =>
        Effect.suspend(() => {
          sent.push(model)
          return Effect.fail(failure)
        })
      const call = ask("a", new Errors.ModelOffline()).pipe(
        Fallback.on("b", "Capacity", () => ask("b", new Errors.TooManyTokens())),
        Fallback.on("c", "ContextLength", () => ask("c", new Errors.ModelOffline()))
      )
      const failure = yield* Effect.flip(call)

      assert.deepStrictEqual(sent, ["a", "b", "c"])
      assert.strictEqual(failure._tag, "MODEL_OFFLINE")
      assert.deepStrictEqual(Fallback.historyOf(failure).map(({ code, route }) => [route, code]), [
        ["b", "MODEL_OFFLINE"],
        ["c", "TOO_MANY_TOKENS"]
      ])
    }))

  it.effect("goes to a provider whose errors have a classification", () =>
    Effect.gen(function*() {
      class Overloaded extends Data.TaggedError("Overloaded") implements Classification.Classified {
        get [Classification.key]() {
          return { category: "Capacity" } as const
        }
      }
      const call: Effect.Effect<string, never> = Effect.fail(new Errors.InsufficientBalance()).pipe(
        Fallback.on("provider", "Billing", () => Effect.fail(new Overloaded())),
        Fallback.on("apology", "Capacity", () => Effect.succeed("later"))
      )

      assert.strictEqual(yield* call, "later")
    }))
})

describe("an error of another provider", () => {
  class Foreign extends Data.TaggedError("Foreign")<{ readonly [Classification.key]: Classification.Classification }> {}

  const isTaken = (classification: Classification.Classification, current?: string) =>
    Effect.fail(new Foreign({ [Classification.key]: classification })).pipe(
      Fallback.on("other", "Foreign", () => Effect.succeed(true)),
      Effect.orElseSucceed(() => false),
      Effect.provideService(Operation.Current, current)
    )

  it.effect("takes a route where a second request is safe", () =>
    Effect.gen(function*() {
      assert.isTrue(yield* isTaken({ category: "Capacity" }, "POST /video/queue"))
      assert.isTrue(yield* isTaken({ category: "RateLimit", outcome: "failed" }, "POST /video/queue"))
      assert.isTrue(yield* isTaken({ category: "Billing" }, "POST /video/queue"))
      assert.isTrue(yield* isTaken({ category: "Transport" }, "GET /models"))
      assert.isFalse(yield* isTaken({ category: "Transport" }, chat))
      assert.isFalse(yield* isTaken({ category: "Server", outcome: "failed" }, "POST /video/queue"))
      assert.isTrue(
        yield* isTaken({ category: "Server", outcome: "failed", operation: "GET /models" }, "POST /video/queue")
      )
      assert.isFalse(yield* isTaken({ category: "Billing", outcome: "lost" }, chat))
    }))

  it.effect("and a failure without a tag take the routes of others alone", () =>
    Effect.gen(function*() {
      const untagged = Effect.fail({ [Classification.key]: { category: "Capacity" } } as never).pipe(
        Fallback.on("other", ["Billing", "Capacity"] as never, () => Effect.succeed("taken"))
      )
      assert.strictEqual(yield* untagged as Effect.Effect<string, never>, "taken")
      const text = Effect.fail("a text" as never).pipe(
        Fallback.on("other", ["Billing", "Capacity"] as never, () => Effect.succeed("taken"))
      )
      assert.strictEqual(yield* Effect.flip(text as Effect.Effect<string, string>), "a text")
    }))
})

describe("an error of another provider whose request is lost", () => {
  it.effect("takes no route", () =>
    Effect.gen(function*() {
      class Lost extends Data.TaggedError("Lost") implements Classification.Classified {
        get [Classification.key]() {
          return { category: "Capacity", outcome: "lost" } as const
        }
      }
      const call = Effect.fail(new Lost()).pipe(Fallback.on("other", "Capacity", () => Effect.succeed("taken")))

      assert.isTrue(Exit.isFailure(yield* Effect.exit(call)))
    }))
})

describe("what is known of a route", () => {
  it.effect("has the attempts before it", () =>
    Effect.gen(function*() {
      const [, routes] = yield* Effect.fail(new Errors.ModelOffline()).pipe(
        Effect.retry(Retry.limit(Retry.standard, { attempts: 1 })),
        Fallback.on("sibling", "Capacity", () => Effect.succeed("an answer")),
        Fallback.collect
      )

      assert.deepStrictEqual(routes.map(({ attempts, code, route }) => [route, code, attempts?.made.length]), [
        ["sibling", "MODEL_OFFLINE", 1]
      ])
    }))

  it.effect("is nothing without one", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Fallback.collect(Effect.succeed(1)), [1, []])
      assert.deepStrictEqual(Fallback.historyOf(new Errors.ModelOffline()), [])
      assert.deepStrictEqual(Fallback.historyOf("a text"), [])
    }))

  it.effect("is on the span and in the counter", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      const counter = Metric.withAttributes(Fallback.fallbacks, {
        "venice.route": "counted",
        "error.type": "MODEL_OFFLINE"
      })
      const { count } = yield* Metric.value(counter)
      yield* Effect.fail(new Errors.ModelOffline()).pipe(
        Fallback.on("counted", "Capacity", () => Effect.succeed("an answer")),
        Effect.withSpan("call"),
        Effect.withTracer(tracer)
      )

      assert.strictEqual(spans[0]!.attributes.get("venice.route"), "counted")
      assert.deepStrictEqual(spans[0]!.events.map(([name, , attributes]) => [name, attributes]), [
        ["venice.fallback", { "venice.route": "counted", "error.type": "MODEL_OFFLINE" }]
      ])
      assert.strictEqual((yield* Metric.value(counter)).count, count + 1)
    }))

  it.effect("is counted in calls, and never less", () =>
    Effect.gen(function*() {
      const series = Metric.withAttributes(Fallback.fallbacks, { "venice.route": "never less", "error.type": "GONE" })
      const { count } = yield* Metric.value(series)
      yield* Metric.update(series, 2)
      yield* Metric.update(series, -1)
      const found = (yield* Metric.snapshot).filter(({ attributes }) => attributes?.["venice.route"] === "never less")

      assert.deepStrictEqual(found.map(({ attributes, id, state }) => ({ attributes, id, state })), [{
        attributes: { unit: "{call}", "venice.route": "never less", "error.type": "GONE" },
        id: "venice.client.fallbacks",
        state: { count: Number(count) + 2, incremental: true }
      }])
    }))

  it.effect("has the routes within another one after it", () =>
    Effect.gen(function*() {
      const inner = Effect.fail(new Errors.ModelNotFound()).pipe(
        Fallback.on("inner", "NotFound", () => Effect.fail(new Errors.Gone()))
      )
      const failure = yield* Effect.fail(new Errors.ModelOffline()).pipe(
        Fallback.on("outer", "Capacity", () => inner),
        Effect.flip
      )

      assert.deepStrictEqual(Fallback.historyOf(failure).map(({ code, route }) => [route, code]), [
        ["outer", "MODEL_OFFLINE"],
        ["inner", "MODEL_NOT_FOUND"]
      ])
    }))

  it.effect("is not kept beside a failure that is no object", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.fail(new Errors.ModelOffline()).pipe(
        Fallback.on("other", "Capacity", () => Effect.fail("a text")),
        Effect.flip
      )

      assert.strictEqual(failure, "a text")
      assert.deepStrictEqual(Fallback.historyOf(failure), [])
    }))

  it.effect("has the failure of a call that failed twice with the same value once", () =>
    Effect.gen(function*() {
      const same = new Errors.ModelOffline()
      const call = Effect.fail(same).pipe(Fallback.on("again", "Capacity", () => Effect.fail(same)))

      for (let i = 0; i < 2; i++) {
        assert.isAtMost(Fallback.historyOf(yield* Effect.flip(call)).length, 2)
      }
    }))
})

describe("a route around a breaker", () => {
  it.effect("is taken at once when the circuit is open", () =>
    Effect.gen(function*() {
      let sent = 0
      const call = Effect.suspend(() => {
        sent++
        return Effect.fail(new Errors.ModelOffline())
      }).pipe(Breaker.protect("m"), Fallback.on("sibling", "Capacity", () => Effect.succeed("an answer")))
      for (let i = 0; i < 20; i++) assert.strictEqual(yield* call, "an answer")

      assert.strictEqual(sent, 5)
    }).pipe(Effect.provide(Breaker.layer())))
})

describe("a stream", () => {
  const other = <A, R>(self: Stream.Stream<A, Errors.ModelOffline | Errors.Gone, R>) =>
    self.pipe(Fallback.onStream("other", "Capacity", () => Stream.make("other")))

  it.effect("takes a route before its first event", () =>
    Effect.gen(function*() {
      const stream = Stream.fail(new Errors.ModelOffline()).pipe(other)
      const [events, routes] = yield* Fallback.collect(Stream.runCollect(stream))

      assert.deepStrictEqual(events, ["other"])
      assert.deepStrictEqual(routes.map(({ route }) => route), ["other"])
    }))

  it.effect("takes no route where another request may be charged as well", () =>
    Effect.gen(function*() {
      const stream = Stream.fail(lost).pipe(Fallback.onStream("other", "HttpClientError", () => Stream.make("other")))

      assert.strictEqual(yield* Effect.flip(Stream.runCollect(stream)), lost)
    }))

  it.effect("fails with the failure of its route, which has the one before it", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(Stream.runCollect(
        Stream.fail(new Errors.ModelOffline()).pipe(
          Fallback.onStream("other", "Capacity", () => Stream.fail(new Errors.Gone()))
        )
      ))

      assert.strictEqual(failure._tag, "GONE")
      assert.deepStrictEqual(Fallback.historyOf(failure).map(({ code, route }) => [route, code]), [
        ["other", "MODEL_OFFLINE"]
      ])
    }))

  it.effect("does not after it", () =>
    Effect.gen(function*() {
      const stream = Stream.make("a").pipe(Stream.concat(Stream.fail(new Errors.ModelOffline())), other)
      const events: Array<string> = []
      const failure = yield* Effect.flip(
        Stream.runForEach(stream, (event) => Effect.sync(() => events.push(event)))
      )

      assert.deepStrictEqual(events, ["a"])
      assert.strictEqual(failure._tag, "MODEL_OFFLINE")
    }))

  it.effect("does not for another cause, and can run again", () =>
    Effect.gen(function*() {
      let runs = 0
      const stream = Stream.suspend(() => ++runs === 1 ? Stream.make("a") : Stream.fail(new Errors.ModelOffline()))
        .pipe(other)

      assert.deepStrictEqual(yield* Stream.runCollect(stream), ["a"])
      assert.deepStrictEqual(yield* Stream.runCollect(stream), ["other"])
      assert.strictEqual(
        (yield* Effect.flip(
          Stream.runCollect(Stream.fail(new Errors.Gone()).pipe(other))
        ))._tag,
        "GONE"
      )
    }))
})

it.effect("the metric of routes counts calls, and never less", () =>
  Effect.gen(function*() {
    const series = Metric.withAttributes(Fallback.fallbacks, { "venice.route": "other", "error.type": "GONE" })
    yield* Effect.fail(new Errors.Gone()).pipe(Fallback.on("other", "GONE", () => Effect.void))
    yield* Metric.update(series, -1)

    const all = yield* Metric.snapshot
    assert.deepStrictEqual(all.map(({ attributes, id, state }) => ({ attributes, id, state })), [{
      attributes: { unit: "{call}", "venice.route": "other", "error.type": "GONE" },
      id: "venice.client.fallbacks",
      state: { count: 1, incremental: true }
    }])
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
