import { Decode, Errors, Retry } from "@effect-venice/core"
import { Failure, HttpFailure, Telemetry, VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, ErrorReporter, Logger, Metric, Redacted, References, Schema, Stream } from "effect"
import { HttpClient } from "effect/http"
import { Otlp } from "effect/observability"
import { notJson } from "../src/internal/unexpectedBody.ts"
import { answer, serve } from "./server.ts"

const key = "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7"

const body = {
  model: "llama-3.3-70b",
  temperature: 0.5,
  max_tokens: 64,
  messages: [{ role: "user", content: "PROMPT" }]
}

const completion = {
  id: "chatcmpl-1",
  model: "llama-3.3-70b",
  choices: [{ finish_reason: "stop", message: { content: "COMPLETION" } }],
  usage: { prompt_tokens: 7, completion_tokens: 11 }
}

const chat = "POST /chat/completions"

const policy = Retry.make({
  ...Retry.standardRules,
  Capacity: { ...Retry.standardRules.Capacity, base: Duration.millis(1), factor: 1 }
})

const unwrap = (value: any): unknown =>
  value.arrayValue === undefined ? Object.values(value)[0] : value.arrayValue.values.map(unwrap)

const attributesOf = ({ attributes }: any): Record<string, any> =>
  Object.fromEntries((attributes ?? []).map(({ key, value }: any) => [key, unwrap(value)]))

/** Runs a program against a Venice that answers as told, and gives what a collector received of it over HTTP. */
const collected = <A, E>(
  replies: ReadonlyArray<Parameters<typeof answer> extends [any, ...infer R] ? R : never>,
  program: (venice: VeniceClient["Service"]) => Effect.Effect<A, E>
) =>
  Effect.gen(function*() {
    const left = [...replies]
    const api = yield* serve((response) => answer(response, ...left.shift()!))
    const collector = yield* serve((response) => answer(response, 200, {}))
    yield* Effect.gen(function*() {
      const venice = yield* VeniceClient.make({ apiKey: Redacted.make(key), baseUrl: api.url })
      yield* Effect.ignore(program(venice))
    }).pipe(
      Effect.provide(Otlp.layerJson({
        baseUrl: collector.url,
        resource: { serviceName: "test" },
        loggerExportInterval: "1 hour",
        metricsExportInterval: "1 hour",
        tracerExportInterval: "1 hour"
      })),
      Effect.provideService(Metric.MetricRegistry, new Map())
    )
    const bodies = collector.got.map(({ body }) => body.toString())
    const signal = (path: string) =>
      collector.got.filter(({ url }) => url.endsWith(path)).map(({ body }) => JSON.parse(body.toString()))
    return {
      text: bodies.join("\n"),
      spans: signal("/v1/traces").flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }: any) => scopeSpans.flatMap(({ spans }: any) => spans))
      ) as Array<any>,
      metrics: signal("/v1/metrics").flatMap(({ resourceMetrics }) =>
        resourceMetrics.flatMap(({ scopeMetrics }: any) => scopeMetrics.flatMap(({ metrics }: any) => metrics))
      ) as Array<any>,
      logs: signal("/v1/logs").flatMap(({ resourceLogs }) =>
        resourceLogs.flatMap(({ scopeLogs }: any) => scopeLogs.flatMap(({ logRecords }: any) => logRecords))
      ) as Array<any>
    }
  }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.scoped)

const client = 3
const failed = 2

describe("a collector", () => {
  it.live("gets one span for a call, with its attempts as children and its retries as events", () =>
    Effect.gen(function*() {
      const { spans, text } = yield* collected(
        [
          [503, { error: "The model is at capacity. Please try again later." }, { "cf-ray": "ray-1" }],
          [200, completion]
        ],
        (venice) =>
          venice.execute(chat, { body, success: Schema.Unknown }).pipe(
            Effect.retry(policy),
            Telemetry.call(chat, { body })
          )
      )
      const call = spans.find(({ name }) => name === "chat llama-3.3-70b")
      const attempts = spans.filter(({ name }) => name === "POST")

      assert.strictEqual(spans.length, 3)
      assert.strictEqual(call.kind, client)
      assert.deepInclude(attributesOf(call), {
        "http.request.method": "POST",
        "url.template": "/chat/completions",
        "gen_ai.provider.name": "venice",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "llama-3.3-70b",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.max_tokens": 64,
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.usage.output_tokens": 11
      })
      assert.isUndefined(attributesOf(call)["error.type"])

      const [retry] = call.events
      assert.strictEqual(retry.name, "retry")
      assert.deepInclude(attributesOf(retry), {
        "error.type": "MODEL_AT_CAPACITY",
        "http.response.status_code": 503,
        "http.request.resend_count": 1,
        "venice.request.id": "ray-1"
      })

      const inOrder = attempts.toSorted((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)))
      assert.deepStrictEqual(inOrder.map(({ parentSpanId }) => parentSpanId), [call.spanId, call.spanId])
      assert.deepStrictEqual(
        inOrder.map((span) => attributesOf(span)["http.request.resend_count"]),
        [undefined, 1]
      )
      assert.strictEqual(attributesOf(inOrder[0])["error.type"], "503")
      for (const secret of [key, "PROMPT", "COMPLETION"]) assert.notInclude(text, secret)
    }))

  it.live("gets the code of a failure as its type, and nothing that was echoed", () =>
    Effect.gen(function*() {
      const { logs, metrics, spans, text } = yield* collected(
        [[401, { error: `Invalid API key provided: ${key}` }, { "cf-ray": "ray-2", "x-echo": key }]],
        (venice) =>
          venice.execute("GET /models", { success: Schema.Unknown }).pipe(
            Telemetry.logged,
            Telemetry.call("GET /models")
          )
      )
      const call = spans.find(({ name }) => name === "GET /models")

      assert.strictEqual(call.status.code, failed)
      assert.deepInclude(attributesOf(call), {
        "error.type": "AUTHENTICATION_FAILED",
        "http.response.status_code": 401,
        "venice.error.category": "Authentication",
        "venice.request.id": "ray-2",
        "url.template": "/models"
      })

      const failures = metrics.find(({ name }) => name === "venice.client.failures")
      assert.strictEqual(failures.unit, "{failure}")
      assert.deepStrictEqual(failures.sum.dataPoints.map(attributesOf), [{
        "error.type": "AUTHENTICATION_FAILED",
        "venice.error.category": "Authentication",
        "venice.operation": "GET /models",
        unit: "{failure}"
      }])

      const [record] = logs
      assert.strictEqual(record.severityText, "Info")
      assert.deepInclude(attributesOf(record), { "error.type": "AUTHENTICATION_FAILED", requestId: "ray-2" })
      assert.strictEqual(record.traceId, call.traceId)
      assert.notInclude(text, key)
    }))

  it.live("gets no model that is the key", () =>
    Effect.gen(function*() {
      const { metrics, spans } = yield* collected(
        [[200, { ...completion, id: key, model: key, choices: [{ finish_reason: key }] }]],
        (venice) => venice.execute(chat, { body: { ...body, model: key, stop: [key] }, success: Schema.Unknown })
      )

      assert.isAbove(spans.length, 0)
      assert.isAbove(metrics.length, 0)
      assert.notInclude(JSON.stringify([spans, metrics]), key)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.scoped))

  it.live("gets what a stream said of itself, and what ended it", () =>
    Effect.gen(function*() {
      const events = [
        { id: "chatcmpl-2", model: "llama-3.3-70b", choices: [{ delta: { content: "COMPLETION" } }] },
        { choices: [], usage: { prompt_tokens: 3, completion_tokens: 5 } },
        { error: { message: "The model is currently overloaded.", type: "server_error", code: "model_overloaded" } }
      ]
      const { metrics, spans, text } = yield* collected(
        [[200, events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""), {
          "content-type": "text/event-stream"
        }]],
        (venice) => Stream.runDrain(venice.stream(chat, { body, event: Schema.Unknown }))
      )
      const call = spans.find(({ name }) => name === "chat llama-3.3-70b")
      const request = spans.find(({ name }) => name === "POST")

      assert.strictEqual(call.status.code, failed)
      assert.strictEqual(request.parentSpanId, call.spanId)
      assert.deepInclude(attributesOf(call), {
        "error.type": "MODEL_OVERLOADED",
        "http.response.status_code": 200,
        "gen_ai.response.id": "chatcmpl-2",
        "gen_ai.usage.output_tokens": 5
      })

      const duration = metrics.find(({ name }) => name === "gen_ai.client.operation.duration")
      assert.strictEqual(duration.unit, "s")
      assert.deepInclude(attributesOf(duration.histogram.dataPoints[0]), {
        "gen_ai.operation.name": "chat",
        "error.type": "MODEL_OVERLOADED"
      })
      assert.notInclude(text, "COMPLETION")
    }))

  it.live("gets the fingerprint of an answer that nobody has described", () =>
    Effect.gen(function*() {
      const blocked = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
      const { metrics, spans } = yield* collected(
        [[403, blocked, { "content-type": "text/html" }], [200, "no JSON"], [404, { error: "Not found" }]],
        (venice) =>
          Effect.forEach([1, 2, 3], () => Effect.ignore(venice.execute("GET /models", { success: Schema.Unknown })))
      )
      const unknown = metrics.find(({ name }) => name === "venice.client.unknown_responses")
      const counted = unknown.sum.dataPoints.map((point: any) => attributesOf(point)["venice.response.fingerprint"])
      const said = spans.map((span) => attributesOf(span)["venice.response.fingerprint"]).filter(Boolean)

      assert.deepStrictEqual(counted.toSorted(), said.toSorted())
      assert.deepStrictEqual(counted.map((name: string) => name.slice(0, -9)).toSorted(), [
        "200-text",
        "403-html",
        "404-venice"
      ])
    }))
})

describe("a call", () => {
  const pointsOf = (metrics: Array<any>, name: string): Array<any> =>
    metrics.find((metric) => metric.name === name).histogram.dataPoints.map(attributesOf)

  it.live("takes in only what is of its operation, also a stream", () =>
    Effect.gen(function*() {
      const { spans } = yield* collected(
        [[200, completion], [200, "data: [DONE]\n\n", { "content-type": "text/event-stream" }], [200, { model: "e" }]],
        (venice) =>
          Effect.all([
            venice.execute(chat, { body, success: Schema.Unknown }),
            Stream.runDrain(venice.stream(chat, { body, event: Schema.Unknown })),
            venice.execute("POST /embeddings", { body: { model: "e", input: "x" }, success: Schema.Unknown })
          ]).pipe(Telemetry.call(chat))
      )
      const call = spans.find(({ name }) => name === "chat")
      const inner = spans.find(({ name }) => name === "embeddings e")

      assert.strictEqual(spans.length, 5)
      assert.strictEqual(inner.parentSpanId, call.spanId)
      assert.strictEqual(attributesOf(call)["gen_ai.response.model"], "llama-3.3-70b")
      assert.strictEqual(attributesOf(call)["server.address"], "127.0.0.1")
      assert.deepStrictEqual(spans.filter(({ parentSpanId }) => parentSpanId === call.spanId).length, 3)
    }))

  it.live("tells why a policy gave up", () =>
    Effect.gen(function*() {
      const busy = [503, { error: "The model is at capacity. Please try again later." }] as const
      const { spans } = yield* collected(
        [[...busy], [...busy]],
        (venice) =>
          venice.execute(chat, { body, success: Schema.Unknown }).pipe(
            Effect.retry(Retry.limit(policy, { attempts: 2 })),
            Telemetry.call(chat)
          )
      )
      const { events } = spans.find(({ name }) => name === "chat")

      assert.deepStrictEqual(events.map(({ name }: any) => name), ["retry", "retry.stopped", "exception"])
      assert.strictEqual(attributesOf(events[1])["venice.retry.reason"], "attempts")
    }))

  it.live("that is interrupted, or dies, is measured too", () =>
    Effect.gen(function*() {
      const { metrics, spans } = yield* collected([], () =>
        Effect.all([
          Effect.ignore(Effect.timeout(Telemetry.call(chat)(Effect.never), "5 millis")),
          Effect.exit(Telemetry.call(chat)(Effect.die("a defect")))
        ]))

      assert.deepStrictEqual(pointsOf(metrics, "gen_ai.client.operation.duration").map((at) => at["error.type"]), [
        "interrupted",
        "_OTHER"
      ])
      assert.deepStrictEqual(spans.map((span) => attributesOf(span)["error.type"]), ["interrupted", "_OTHER"])
    }))

  it.live("says no more than it can of what a server makes up", () =>
    Effect.gen(function*() {
      const long = "x".repeat(100_000)
      const { metrics, spans } = yield* collected(
        [[200, { id: long, model: long, choices: Array.from({ length: 1000 }, () => ({ finish_reason: long })) }]],
        (venice) => venice.execute(chat, { body: { model: long, messages: [] }, success: Schema.Unknown })
      )
      const call = spans.find(({ kind, name }) => kind === client && name !== "POST")

      assert.isBelow(call.name.length, 250)
      assert.isBelow(JSON.stringify(attributesOf(call)).length, 5000)
      assert.isBelow(pointsOf(metrics, "gen_ai.client.operation.duration")[0]["gen_ai.response.model"].length, 250)
    }))

  it.live("of /responses has its settings and its usage", () =>
    Effect.gen(function*() {
      const done = {
        type: "response.completed",
        response: { id: "r", model: "m", usage: { input_tokens: 2, output_tokens: 3 } }
      }
      const settings = { model: "m", input: "x", top_p: 0.9, max_output_tokens: 5, stop: ["a"], seed: 1 }
      const { spans } = yield* collected(
        [[200, `event: response.completed\ndata: ${JSON.stringify(done)}\n\n`, {
          "content-type": "text/event-stream"
        }]],
        (venice) => Stream.runDrain(venice.stream("POST /responses", { body: settings, event: Schema.Unknown }))
      )

      assert.deepInclude(attributesOf(spans.find(({ name }) => name === "chat m")), {
        "gen_ai.request.top_p": 0.9,
        "gen_ai.request.max_tokens": 5,
        "gen_ai.request.stop_sequences": ["a"],
        "gen_ai.request.seed": 1,
        "gen_ai.response.id": "r",
        "gen_ai.usage.input_tokens": 2,
        "gen_ai.usage.output_tokens": 3
      })
    }))
})

it.effect("counts a job that failed as what failed it", () =>
  Effect.gen(function*() {
    const job = { medium: "video", model: "m", queueId: "q" } as const
    const reasons = [new Errors.ContentPolicyViolation(), new Cause.TimeoutError("late")]
    const seen = yield* Effect.forEach(reasons, (reason) =>
      Telemetry.count(new Failure.JobFailure({ job, reason }), "POST /video/retrieve")).pipe(
        Effect.andThen(Metric.snapshot),
        Effect.provideService(Metric.MetricRegistry, new Map())
      )

    assert.deepStrictEqual(
      seen.map(({ attributes }) => [attributes?.["error.type"], attributes?.["venice.error.category"]]),
      [["CONTENT_POLICY_VIOLATION", "ContentPolicy"], ["TimeoutError", "Transport"]]
    )
  }))

it.effect("counts a response that nobody has described once, with its operation", () =>
  Effect.gen(function*() {
    const unknown = Decode.response({ status: 418, body: "a teapot", now: 0 })
    const seen = yield* Telemetry.count(unknown, "GET /models").pipe(
      Effect.andThen(Telemetry.count(unknown, undefined)),
      Effect.andThen(Metric.snapshot),
      Effect.provideService(Metric.MetricRegistry, new Map())
    )

    assert.deepStrictEqual(
      seen.filter(({ id }) => id === "venice.client.unknown_responses").map(({ attributes, state }) => [
        attributes?.["venice.operation"],
        state
      ]),
      [
        ["GET /models", { count: 1, incremental: true }],
        ["_OTHER", { count: 1, incremental: true }]
      ]
    )
  }))

it.effect("has no attribute for what a call does not have", () =>
  Effect.gen(function*() {
    const seen = yield* Effect.andThen(Telemetry.call("POST /chat/completions")(Effect.void), Metric.snapshot).pipe(
      Effect.provideService(Metric.MetricRegistry, new Map())
    )
    const duration = seen.find(({ id }) => id === "gen_ai.client.operation.duration")

    assert.sameMembers(Object.keys(duration!.attributes!), ["unit", "gen_ai.operation.name", "gen_ai.provider.name"])
  }))

it.effect("has a bounded number of names for what nobody has described", () =>
  Effect.gen(function*() {
    const seen = yield* Effect.forEach(Array.from({ length: 1100 }), (_, i) => {
      const words = String(i).replace(/\d/g, (digit) => "abcdefghij"[Number(digit)]!)
      return Telemetry.count(Decode.response({ status: 418, body: words, now: 0 }), "GET /models")
    }).pipe(Effect.andThen(Metric.snapshot), Effect.provideService(Metric.MetricRegistry, new Map()))
    const names = seen.map(({ attributes }) => attributes?.["venice.response.fingerprint"]).filter(Boolean)

    assert.isAtMost(names.length, 1001)
    assert.include(names, "_OTHER")
  }))

describe("without a tracer", () => {
  it.live("no span is made, and failures are counted all the same", () =>
    Effect.gen(function*() {
      const api = yield* serve((response) => answer(response, 503, { error: "busy" }))
      const venice = yield* VeniceClient.make({ baseUrl: api.url })
      const seen = yield* Effect.flip(venice.request("POST /embeddings", { body: { model: "e", input: "x" } })).pipe(
        Effect.andThen(Metric.snapshot),
        Effect.provideService(Metric.MetricRegistry, new Map())
      )

      assert.deepStrictEqual(seen.map(({ id }) => id).toSorted(), [
        "gen_ai.client.operation.duration",
        "venice.client.failures",
        "venice.client.unknown_responses"
      ])
    }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.scoped))

  it.live("a typed client counts too, and paths with ids are one series", () =>
    Effect.gen(function*() {
      const api = yield* serve((response) => answer(response, 404, { error: "Character not found" }))
      const client = HttpFailure.typed(yield* HttpClient.HttpClient)
      const seen = yield* Effect.forEach(["/a/1", "/a/2"], (path) => Effect.flip(client.get(`${api.url}${path}`))).pipe(
        Effect.andThen(Metric.snapshot),
        Effect.provideService(Metric.MetricRegistry, new Map())
      )

      assert.deepStrictEqual(seen.map(({ attributes, state }) => [attributes?.["venice.operation"], state]), [
        ["_OTHER", { count: 2, incremental: true }]
      ])
    }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.scoped))
})

describe("logged", () => {
  it.effect.each<[Error, string]>([
    [new Errors.InferenceFailed(), "Error"],
    [new Errors.AsrUpstreamFailed(), "Warn"],
    [new Errors.RateLimitExceeded(), "Info"],
    [notJson({ status: 200, body: "x", now: 0 }), "Error"]
  ])("says %s at the level of Venice's table", ([failure, level]) =>
    Effect.gen(function*() {
      const levels: Array<string> = []
      const logger = Logger.make(({ logLevel }) => {
        levels.push(logLevel)
      })
      yield* Effect.fail(failure).pipe(
        Telemetry.logged,
        Effect.flip,
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "All")
      )

      assert.deepStrictEqual(levels, [level])
    }))

  it.effect("keeps the type of an attribute", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const logger = Logger.make(({ fiber }) => {
        seen.push(fiber.getRef(References.CurrentLogAnnotations)["status"])
      })
      yield* Telemetry.log(new Errors.ModelOffline({ response: { status: 503 } })).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "All")
      )

      assert.deepStrictEqual(seen, [503])
    }))

  it.effect("keeps the attributes of one's own errors that are no text", () =>
    Effect.gen(function*() {
      const own = Object.assign(new Error("mine"), {
        [ErrorReporter.attributes]: { list: ["a"], none: null, missing: undefined, count: 0 }
      })
      const seen: Array<unknown> = []
      const logger = Logger.make(({ fiber }) => {
        seen.push({ ...fiber.getRef(References.CurrentLogAnnotations) })
      })
      yield* Telemetry.log(own).pipe(Effect.provide(Logger.layer([logger])))

      assert.deepStrictEqual(seen, [{ ...own[ErrorReporter.attributes], "error.type": "_OTHER" }])
    }))

  it.effect("writes one line, whatever a server wrote", () =>
    Effect.gen(function*() {
      const lines: Array<string> = []
      const logger = Logger.map(Logger.formatLogFmt, (line) => {
        lines.push(line)
      })
      const failure = new Errors.ModelOffline({
        message: "gone\nlevel=INFO message=forged\u001b[2J\u009b31m",
        response: { status: 503, requestId: "r\u001b[31m\nlevel=INFO" }
      })
      yield* Telemetry.log(failure).pipe(
        Effect.provide(Logger.layer([logger])),
        Effect.provideService(References.MinimumLogLevel, "All")
      )

      assert.strictEqual(lines.length, 1)
      assert.notMatch(lines[0]!, /[\u0000-\u001f\u007f-\u009f]|\\n|\\u001b/)
      assert.include(lines[0], "gone level=INFO message=forged")
      assert.include(failure.message, "\u001b[2J")
    }))
})

it.effect("tells reporters of an answer that cannot be read", () =>
  Effect.gen(function*() {
    const reports: Array<unknown> = []
    const reporter = ErrorReporter.make(({ attributes, severity }) => {
      reports.push({ severity, ...attributes })
    })
    const input = { status: 200, body: "x", operation: "GET /models", headers: { "cf-ray": "r" }, now: 0 }
    yield* Effect.fail(notJson(input)).pipe(
      Effect.withErrorReporting,
      Effect.ignore,
      Effect.provide(ErrorReporter.layer([reporter]))
    )

    assert.deepStrictEqual(reports, [{ severity: "Error", status: 200, operation: "GET /models", requestId: "r" }])
  }))
