import { Retry } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Redacted, Schema, SchemaGetter, Stream, Tracer } from "effect"
import { FetchHttpClient } from "effect/http"
import type { ServerResponse } from "node:http"
import { chat } from "./bodies.ts"
import { answer, serve } from "./server.ts"

const Delta = Schema.Struct({ text: Schema.String })

const chunk = (text: string) => `data: ${JSON.stringify({ text })}\n\n`

const done = "data: [DONE]\n\n"

const failed = (error: unknown) => `data: ${JSON.stringify({ error })}\n\n`

const begin = (response: ServerResponse) =>
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cf-ray": "r" })

/** Streams what the server writes; gives the events and how the stream ended. */
const collect = Effect.fnUntraced(function*(
  handle: (response: ServerResponse, n: number) => void,
  around: <A, E, R>(stream: Stream.Stream<A, E, R>) => Stream.Stream<A, E, R> = (stream) => stream
) {
  let n = 0
  const server = yield* serve((response) => handle(response, ++n))
  const venice = yield* VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make("correct-horse-battery") })
  const texts: Array<string> = []
  const result = yield* venice.stream("POST /chat/completions", { body: chat, event: Delta }).pipe(
    around,
    Stream.runForEach(({ text }) => Effect.sync(() => texts.push(text))),
    Effect.result
  )
  return { texts, error: result._tag === "Failure" ? result.failure : undefined, requests: n, server }
})

const whole = (...events: ReadonlyArray<string>) => (response: ServerResponse) => begin(response).end(events.join(""))

describe.each([["fetch", FetchHttpClient.layer], ["undici", NodeHttpClient.layerUndici]] as const)(
  "a stream over %s",
  (_, layer) => {
    const run = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, layer)

    it.live("delivers its events up to its end, and asks for a stream", () =>
      Effect.gen(function*() {
        const { error, server, texts } = yield* collect(
          whole(
            `data: {"text":"a","error":null}\n\n`,
            `data: {"text":"b","error":""}\n\n`,
            ": comment\n\n",
            "event: message\n",
            chunk("b"),
            done,
            chunk("late")
          )
        )

        assert.isUndefined(error)
        assert.deepStrictEqual(texts, ["a", "b", "b"])
        assert.deepStrictEqual(JSON.parse(server.got[0]!.body.toString()), { ...chat, stream: true })
      }).pipe(run))

    it.live("reads frames however they are cut", () =>
      Effect.gen(function*() {
        const text = `\ufeff${chunk("ü\u{1f600}")}data: {"text":\r\ndata: "two lines"}\r\n\r\n${
          done.replaceAll("\n", "\r")
        }`
        const bytes = Buffer.from(text)
        const { error, texts } = yield* collect((response) => {
          begin(response)
          let at = 0
          const next = () => {
            if (at === bytes.length) return response.end()
            response.write(bytes.subarray(at, ++at), () => setImmediate(next))
          }
          next()
        })

        assert.isUndefined(error)
        assert.deepStrictEqual(texts, ["ü\u{1f600}", "two lines"])
      }).pipe(run))

    it.live("ends with the typed error of an event, after what came before it", () =>
      Effect.gen(function*() {
        const { error, texts } = yield* collect(whole(
          chunk("a"),
          chunk("b"),
          failed({ message: "busy", type: "server_error", code: "model_overloaded", param: null, retry_after: 30 }),
          done
        ))

        assert.deepStrictEqual(texts, ["a", "b"])
        if (error?._tag !== "MODEL_OVERLOADED") return assert.fail(String(error))
        assert.strictEqual(error.response.delivered, 2)
        assert.strictEqual(
          String(error),
          "MODEL_OVERLOADED: busy (HTTP 200 from POST /chat/completions, request r, retry after 30s)"
        )
      }).pipe(run))

    it.live("decodes its events in order where the schema takes its time", () =>
      Effect.gen(function*() {
        const texts = ["slow", "fast", "slow", "wrong", "fast"]
        const server = yield* serve(whole(...texts.map(chunk), done))
        const venice = yield* VeniceClient.make({ baseUrl: server.url })
        const decoded: Array<string> = []
        const event = Schema.Struct({
          text: Schema.String.pipe(Schema.decode({
            decode: SchemaGetter.checkEffect((text: string) =>
              Effect.as(Effect.sleep(text === "slow" ? "20 millis" : 0), text !== "wrong")
            ),
            encode: SchemaGetter.passthrough()
          }))
        })
        const error = yield* Effect.flip(
          Stream.runForEach(
            venice.stream("POST /chat/completions", { body: chat, event }),
            ({ text }) => Effect.sync(() => decoded.push(text))
          )
        )

        assert.deepStrictEqual(decoded, ["slow", "fast", "slow"])
        assert.strictEqual(error._tag, "UnexpectedBody")
        assert.strictEqual(error._tag === "UnexpectedBody" && error.response.delivered, 3)
      }).pipe(run))

    it.live("delivers the events before one at which the tracer throws", () =>
      Effect.gen(function*() {
        const named = (model: string) => `data: ${JSON.stringify({ text: model, model })}\n\n`
        const server = yield* serve(whole(named("a"), named("thrown"), done))
        const venice = yield* VeniceClient.make({ baseUrl: server.url })
        class Span extends Tracer.NativeSpan {
          override attribute(key: string, value: unknown): void {
            if (value === "thrown") throw new Error("a bug of the tracer")
            super.attribute(key, value)
          }
        }
        const decoded: Array<string> = []
        const exit = yield* venice.stream("POST /chat/completions", { body: chat, event: Delta }).pipe(
          Stream.runForEach(({ text }) => Effect.sync(() => decoded.push(text))),
          Effect.withTracer(Tracer.make({ span: (options) => new Span(options) })),
          Effect.exit
        )

        assert.deepStrictEqual(decoded, ["a"])
        assert.include(Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "success", "a bug of the tracer")
      }).pipe(run))

    it.live("says how much had come when the connection ends early", () =>
      Effect.gen(function*() {
        const ended = yield* collect(whole(chunk("a"), "data: {\"text\":"))
        const reset = yield* collect((response) => {
          begin(response).write(chunk("a"), () => setTimeout(() => response.socket?.resetAndDestroy(), 20))
        })
        const empty = yield* collect(whole(""))

        for (const { error, texts } of [ended, reset]) {
          assert.deepStrictEqual(texts, ["a"])
          if (error?._tag !== "UnfinishedStream") return assert.fail(String(error))
          assert.strictEqual(error.message, "POST /chat/completions ended without its end marker after 1 event")
          assert.strictEqual(error.response.delivered, 1)
        }
        assert.strictEqual(empty.error?.message, "POST /chat/completions ended without its end marker after 0 events")
      }).pipe(run))

    it.live("fails as any request does before it begins", () =>
      Effect.gen(function*() {
        const { error } = yield* collect((response) =>
          answer(response, 503, { error: "The model is at capacity. Please try again later." })
        )

        assert.strictEqual(error?._tag, "MODEL_AT_CAPACITY")
      }).pipe(run))

    it.live("says what it got instead of a stream, or instead of an event", () =>
      Effect.gen(function*() {
        const page = yield* collect((response) => answer(response, 200, "{\"choices\":[]}"))
        const event = yield* collect(whole(chunk("a"), "data: {\"text\":1}\n\n", done))
        const words = yield* collect(whole("data: words\n\n", done))

        assert.include(page.error?.message, "Expected an event stream")
        assert.include(event.error?.message, "text is not as expected: Expected string")
        assert.include(words.error?.message, "Expected JSON")
      }).pipe(run))

    it.live("reads no more than an error's limit of what is no stream", () =>
      Effect.gen(function*() {
        const server = yield* serve((response) => {
          response.writeHead(200, { "content-type": "text/html" })
          const write = () => {
            while (!response.destroyed && response.write("x".repeat(64 * 1024)));
            if (!response.destroyed) response.once("drain", write)
          }
          write()
        })
        const venice = yield* VeniceClient.make({ baseUrl: server.url })

        const error = yield* Effect.flip(
          Stream.runDrain(venice.stream("POST /chat/completions", { body: chat, event: Delta }))
        )

        if (error._tag !== "UnexpectedBody") return assert.fail(String(error))
        assert.isTrue(error.response.bodyTruncated)
        yield* server.released
      }).pipe(run))

    it.live("is begun again by a policy only while it has delivered nothing", () =>
      Effect.gen(function*() {
        const busy = failed({ message: "busy", code: "model_overloaded" })
        const policy = Retry.eager
        const before = yield* collect(
          (response, n) => whole(...(n < 3 ? [busy] : [chunk("a"), done]))(response),
          (stream) => Stream.retry(stream, policy)
        )
        const after = yield* collect(whole(chunk("a"), busy), (stream) => Stream.retry(stream, policy))
        const cut = yield* collect(whole(chunk("a")), (stream) => Stream.retry(stream, policy))

        assert.deepStrictEqual([before.requests, before.texts, before.error], [3, ["a"], undefined])
        assert.deepStrictEqual([after.requests, after.texts, after.error?._tag], [1, ["a"], "MODEL_OVERLOADED"])
        assert.deepStrictEqual([cut.requests, cut.texts, cut.error?._tag], [1, ["a"], "UnfinishedStream"])
      }).pipe(run))

    it.live("lets its connection go when it is interrupted, or taken no further", () =>
      Effect.gen(function*() {
        const server = yield* serve((response) => {
          begin(response)
          const timer = setInterval(() => response.write(chunk("tick")), 5)
          response.on("close", () => clearInterval(timer))
        })
        const venice = yield* VeniceClient.make({ baseUrl: server.url })
        const stream = venice.stream("POST /chat/completions", { body: chat, event: Delta })

        const some = yield* Stream.runCollect(Stream.take(stream, 2))
        assert.strictEqual(some.length, 2)
        const fiber = yield* Effect.forkChild(Stream.runDrain(stream))
        yield* Effect.sleep("50 millis")
        yield* Fiber.interrupt(fiber)
        yield* server.released
      }).pipe(run))

    it.live("keeps the key out of an error among its events", () =>
      Effect.gen(function*() {
        const { error } = yield* collect(
          whole(failed({ message: "bad correct-horse-battery", code: "AUTHENTICATION_FAILED" }))
        )

        assert.strictEqual(error?.message, "bad <redacted>")
        assert.notInclude(JSON.stringify(error), "correct-horse")
      }).pipe(run))

    it.live("of /responses ends by the name of its last event", () =>
      Effect.gen(function*() {
        const last = "event: response.completed\ndata: {\"type\":\"response.completed\"}\n\n"
        const broken =
          "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":{\"error\":{\"code\":\"INFERENCE_FAILED\",\"message\":\"x\"}}}\n\n"
        const server = yield* serve((response, got) => begin(response).end(got.url.includes("fail") ? broken : last))
        const venice = yield* VeniceClient.make({ baseUrl: server.url })
        const ask = (query: Record<string, string>) =>
          Stream.runCollect(
            venice.stream("POST /responses", {
              query,
              body: { model: "m", input: "x" },
              event: Schema.Struct({ type: Schema.String })
            })
          )

        assert.deepStrictEqual(yield* ask({}), [{ type: "response.completed" }])
        assert.strictEqual((yield* Effect.flip(ask({ fail: "yes" })))._tag as string, "INFERENCE_FAILED")
      }).pipe(run))
  }
)
