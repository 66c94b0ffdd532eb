/**
 * The spans and metrics of a call, in memory. What a collector gets of them is in `Telemetry.test.ts`.
 */
import { Errors, Operation, Retry } from "@effect-venice/core"
import { Failure, Telemetry, VeniceClient } from "@effect-venice/http"
import { Resilience } from "@effect-venice/http/resilience"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber, Metric, Schedule, Schema, Stream, Tracer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { makeBounded, makeSeries } from "../src/internal/metrics.ts"
import { recorder } from "./spans.ts"

const chat = "POST /chat/completions"

const body = { model: "m", messages: [] }

const completion = { id: "c-1", model: "m-1", choices: [{ finish_reason: "stop" }], usage: { prompt_tokens: 1 } }

type Reply = () => Response

const json = (value: unknown, status = 200): Reply => () => new Response(JSON.stringify(value), { status })

const events = (...values: ReadonlyArray<unknown>): Reply => () =>
  new Response(
    [...values.map((value) => `data: ${JSON.stringify(value)}\n\n`), "data: [DONE]\n\n"].join(""),
    { headers: { "content-type": "text/event-stream" } }
  )

/** A client that answers with these in turn, and its spans. */
const venice = (...responses: ReadonlyArray<Reply>) => {
  const left = [...responses]
  return VeniceClient.make({ apiKey: "abcdefgh", baseUrl: "https://host/v1" }).pipe(
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, left.shift()!())))
    )
  )
}

const traced = Effect.fnUntraced(function*<A, E, R>(program: Effect.Effect<A, E, R>) {
  const { spans, tracer } = recorder()
  const exit = yield* Effect.exit(program).pipe(
    Effect.withTracer(tracer),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )
  return { exit, spans }
})

const measured = Effect.fnUntraced(function*<A, E, R>(program: Effect.Effect<A, E, R>) {
  return yield* Effect.exit(program).pipe(
    Effect.andThen(Metric.snapshot),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )
})

const describeSpan = (span: Tracer.NativeSpan, all: ReadonlyArray<Tracer.NativeSpan>): string => {
  const parent = span.parent._tag === "Some"
    ? all.findIndex(({ spanId }) => span.parent._tag === "Some" && spanId === span.parent.value.spanId)
    : -1
  // What Effect says of a request is for its tests.
  const isOurs = (name: string) => span.name !== span.attributes.get("http.request.method") || name.includes("resend")
  const attributes = [...span.attributes].filter(([name]) => isOurs(name)).map(([name, value]) =>
    `${name}=${JSON.stringify(value)}`
  )
  const ended = span.status._tag === "Ended" ? span.status.exit._tag : "open"
  return `  ${span.name} (${span.kind}, ${ended}${parent === -1 ? "" : `, in ${all[parent]!.name}`}): ${
    attributes.join(" ")
  }`
}

type Service = VeniceClient["Service"]

const busy = { error: "The model is at capacity. Please try again later." }

const success = Schema.Unknown

const execute = (venice: Service) => venice.execute(chat, { body, success })

const stream = (venice: Service) => Stream.runDrain(venice.stream(chat, { body, event: Schema.Unknown }))

const calls: ReadonlyArray<
  readonly [string, ReadonlyArray<Reply>, (venice: Service) => Effect.Effect<unknown, unknown>]
> = [
  ["a success", [json(completion)], execute],
  ["a success that is no object", [json("text")], execute],
  ["a model that is the key", [json({ model: "abcdefgh" })], execute],
  ["an error", [json(busy, 503)], execute],
  ["an operation without a model", [json({})], (venice) => venice.execute("GET /models", { success })],
  ["an unread response", [json({})], (venice) => venice.request("GET /models")],
  [
    "an operation with a query in its text",
    [json({})],
    (venice) => venice.request(Operation.custom("GET /models?token=abcdef"))
  ],
  ["a stream", [events({ id: "c-1", model: "m-1" }, { usage: { completion_tokens: 2 } })], stream],
  ["a stream with an error", [events({ model: "m-1" }, { error: busy.error })], stream],
  ["a retry", [json(busy, 503), json(completion)], (venice) => Effect.retry(execute(venice), immediately)],
  [
    "a retry inside a call",
    [json(busy, 503), json(completion)],
    (venice) => Telemetry.call(chat)(Effect.retry(execute(venice), immediately))
  ],
  ["a stream inside a call", [events({ model: "m-1" })], (venice) => Telemetry.call(chat, { body })(stream(venice))],
  [
    "another operation inside a call",
    [json({})],
    (venice) => Telemetry.call(chat)(venice.execute("GET /models", { success }))
  ],
  ["a call without an operation of Venice", [], () => Telemetry.call("GET /mine")(Effect.fail({ _tag: "Mine" }))],
  ["a call that dies", [], () => Telemetry.call(chat)(Effect.die("a defect"))],
  ["a call that is interrupted", [], () => Telemetry.call(chat)(Effect.interrupt)]
]

const immediately = Retry.make({
  ...Retry.standardRules,
  Capacity: { ...Retry.standardRules.Capacity, base: Duration.zero }
})

it("every kind of call has these spans", async () => {
  const lines: Array<string> = []
  for (const [name, responses, call] of calls) {
    const { spans } = await Effect.runPromise(traced(Effect.flatMap(venice(...responses), call)))
    lines.push(name, ...spans.map((span) => describeSpan(span, spans)))
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/spans.txt")
})

it("every kind of call has these metrics", async () => {
  const lines: Array<string> = []
  for (const [name, responses, call] of calls) {
    const series = await Effect.runPromise(measured(Effect.flatMap(venice(...responses), call)))
    lines.push(
      name,
      ...series.map(({ attributes, id, state }) =>
        `  ${id} ${JSON.stringify(attributes)}: ${(state as { count: number }).count}`
      )
    )
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/metrics.txt")
})

describe("the server of a call", () => {
  it.effect.each<readonly [string | undefined, unknown, unknown]>([
    ["https://api.venice.ai/api/v1", "api.venice.ai", 443],
    ["http://host/v1", "host", 80],
    ["http://host:8080/v1", "host", 8080],
    ["https://host:8443", "host", 8443],
    ["not a URL", undefined, undefined],
    [undefined, undefined, undefined]
  ])("is named by the URL %s", ([baseUrl, address, port]) =>
    Effect.gen(function*() {
      const { spans: [span] } = yield* traced(Telemetry.call(chat, { baseUrl })(Effect.void))

      assert.strictEqual(span!.attributes.get("server.address"), address)
      assert.strictEqual(span!.attributes.get("server.port"), port)
    }))
})

describe("a call", () => {
  it.effect("has its result, with and without a tracer", () =>
    Effect.gen(function*() {
      const { exit, spans } = yield* traced(Telemetry.call(chat)(Effect.succeed("a result")))

      assert.deepStrictEqual(exit, Exit.succeed("a result"))
      assert.isTrue(
        spans[0]!.status._tag === "Ended" && Exit.isSuccess(spans[0]!.status.exit) &&
          spans[0]!.status.exit.value === undefined
      )
      assert.strictEqual(yield* Telemetry.call(chat)(Effect.succeed("a result")), "a result")
    }))

  it.effect("opens no span that nothing would export", () =>
    Effect.gen(function*() {
      const client = yield* venice(json(completion), events())
      const spanOf = Effect.map(Effect.option(Effect.currentSpan), ({ _tag }) => _tag)

      assert.strictEqual(yield* Telemetry.call(chat)(spanOf), "None")
      yield* execute(client)
      yield* stream(client)
      const seen: Array<string> = []
      const seeing = yield* VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
        Effect.provideService(
          HttpClient.HttpClient,
          HttpClient.make((request) =>
            Effect.map(spanOf, (span) => {
              seen.push(span)
              return HttpClientResponse.fromWeb(request, events()())
            })
          )
        )
      )
      yield* stream(seeing)
      assert.deepStrictEqual(seen, ["None"])
    }))

  it.effect("that is protected has one span, or that of the same operation around it", () =>
    Effect.gen(function*() {
      const call = Resilience.protect(chat, { body })(Effect.succeed("a result"))
      const namesOf = <A, E, R>(program: Effect.Effect<A, E, R>) =>
        Effect.map(traced(program), ({ spans }) => spans.map(({ name }) => name))

      assert.deepStrictEqual(yield* namesOf(call), ["chat m"])
      assert.deepStrictEqual(yield* namesOf(Telemetry.call(chat)(call)), ["chat"])
      assert.deepStrictEqual(yield* namesOf(Telemetry.call("GET /models")(call)), ["GET /models", "chat m"])
    }).pipe(Effect.provide(Resilience.layer())))

  it.effect("takes no stack of its own", () =>
    Effect.gen(function*() {
      const { exit } = yield* traced(Telemetry.call(chat)(Effect.fail(new Error("mine"))))

      assert.isTrue(Exit.isFailure(exit) && Cause.pretty(exit.cause).endsWith("at chat"))
    }))

  it.effect("takes as long as the clock says, in seconds", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 hour")
      const call = Telemetry.call(chat)(Effect.sleep("1500 millis"))
      const fiber = yield* Effect.forkChild(
        Effect.andThen(call, Metric.snapshot).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))
      )
      yield* TestClock.adjust("1500 millis")
      const [series] = yield* Fiber.join(fiber)

      assert.deepInclude(series!.state, { count: 1, min: 1.5, max: 1.5, sum: 1.5 })
    }))

  it.effect("is marked as a resend by the count of its policy alone", () =>
    Effect.gen(function*() {
      const client = yield* venice(...Array.from({ length: 3 }, () => json(busy, 503)))
      const { spans } = yield* traced(Effect.retry(execute(client), { times: 2 }))

      assert.isAbove(spans.length, 2)
      for (const span of spans) assert.isFalse(span.attributes.has("http.request.resend_count"))
      const other = yield* venice(json(busy, 503), json(completion))
      const ofAnother = Schedule.map(Schedule.recurs(1), () => Effect.succeed({ retry: "the first" }))
      const more = yield* traced(Effect.retry(execute(other), ofAnother))

      assert.isTrue(Exit.isSuccess(more.exit))
      for (const span of more.spans) assert.isFalse(span.attributes.has("http.request.resend_count"))
    }))

  it.effect("names no model that failed", () =>
    Effect.gen(function*() {
      const client = yield* venice(events({ model: "m-1" }, { error: busy.error }))
      const series = yield* measured(stream(client))
      const duration = series.find(({ id }) => id === "gen_ai.client.operation.duration")

      assert.notProperty(duration!.attributes, "gen_ai.response.model")
    }))
})

describe("the model of a stream", () => {
  it.effect.each<readonly [string, ReadonlyArray<object>]>([
    ["is the first that it names", [{ model: "m-1" }, { model: "m-2" }]],
    ["may come later", [{ id: "c-1" }, { model: "m-1" }]],
    ["stays when later events name none", [{ model: "m-1" }, { usage: { completion_tokens: 2 } }]]
  ])("%s, with and without a tracer", ([, values]) =>
    Effect.gen(function*() {
      for (const tracer of [Tracer.nativeTracer, recorder().tracer]) {
        const client = yield* venice(events(...values))
        const series = yield* Effect.withTracer(measured(stream(client)), tracer)

        assert.deepStrictEqual(series.map(({ attributes }) => attributes?.["gen_ai.response.model"]), ["m-1"])
      }
    }))
})

it.effect("the model of a call is that of its last attempt, with and without a tracer", () =>
  Effect.gen(function*() {
    for (const tracer of [Tracer.nativeTracer, recorder().tracer]) {
      const client = yield* venice(events({ model: "m-1" }, { error: busy.error }), events({ model: "m-2" }))
      const call = Telemetry.call(chat)(Effect.retry(stream(client), { times: 1 }))
      const series = yield* Effect.withTracer(measured(call), tracer)
      const duration = series.find(({ id }) => id === "gen_ai.client.operation.duration")

      assert.strictEqual(duration!.attributes?.["gen_ai.response.model"], "m-2")
    }
  }))

describe("the names of a metric", () => {
  it("are no more than a thousand, those that came first", () => {
    const bounded = makeBounded()
    for (let i = 0; i < 999; i++) bounded(`name-${i}`)

    assert.isUndefined(bounded(undefined))
    assert.strictEqual(bounded("the thousandth"), "the thousandth")
    assert.strictEqual(bounded("one more"), "_OTHER")
    assert.isUndefined(bounded(undefined))
    assert.strictEqual(bounded("name-0"), "name-0")
    assert.strictEqual(bounded("the thousandth"), "the thousandth")
  })
})

describe("the series of a metric", () => {
  const metric = Metric.counter("test.series")

  it("are made once for the same values, and a thousand are kept", () => {
    const series = makeSeries(metric, "a", "b")
    const first = series("1", undefined)
    for (let i = 0; i < 998; i++) series("2", `${i}`)
    const thousandth = series("3", "x")
    const more = series("4", "x")

    assert.strictEqual(series("1", undefined), first)
    assert.strictEqual(series("3", "x"), thousandth)
    assert.notStrictEqual(series("4", "x"), more)
  })

  it("differ in their values, of which those that are undefined are left out", () => {
    const series = makeSeries(metric, "a", "b")

    assert.notStrictEqual(series("1", "2"), series("12", undefined))
    assert.notStrictEqual(series("1", undefined), series(undefined, "1"))
  })
})

it("metrics have a description, a unit and buckets", () => {
  const described = [Telemetry.failures, Telemetry.unrecognized, Telemetry.duration].map((metric) => {
    const { attributes, description, id } = metric as unknown as Record<string, unknown>
    return { id, description, attributes }
  })

  assert.deepStrictEqual(described, [
    {
      id: "venice.client.failures",
      description: "Failed requests to Venice, by code, category and operation",
      attributes: { unit: "{failure}" }
    },
    {
      id: "venice.client.unknown_responses",
      description: "Responses of Venice that match no rule, by fingerprint",
      attributes: { unit: "{response}" }
    },
    { id: "gen_ai.client.operation.duration", description: "GenAI operation duration", attributes: { unit: "s" } }
  ])
})

it.effect("the counters only rise", () =>
  Effect.gen(function*() {
    for (const counter of [Telemetry.failures, Telemetry.unrecognized]) {
      yield* Metric.update(counter, 2)
      const { count } = yield* Metric.value(counter)
      yield* Metric.update(counter, -1)

      assert.strictEqual((yield* Metric.value(counter)).count, count)
    }
  }))

it.effect("the buckets of a duration are those of OpenTelemetry's convention", () =>
  Effect.gen(function*() {
    const [series] = yield* measured(Telemetry.call(chat)(Effect.void))
    const { buckets } = series!.state as { readonly buckets: ReadonlyArray<readonly [number, number]> }

    assert.deepStrictEqual(
      buckets.map(([boundary]) => boundary).filter(Number.isFinite),
      Array.from({ length: 14 }, (_, i) => Number((0.01 * 2 ** i).toFixed(2)))
    )
  }))

it.effect("a failed job is counted under the operation that it is given", () =>
  Effect.gen(function*() {
    const failure = new Failure.JobFailure({
      job: { medium: "video", model: "m", queueId: "q" },
      reason: new Errors.InferenceFailed()
    })
    const series = yield* measured(Effect.andThen(Telemetry.count(failure, undefined), Telemetry.count(failure, chat)))

    assert.deepStrictEqual(series.map(({ attributes }) => attributes?.["venice.operation"]), ["_OTHER", chat])
  }))
