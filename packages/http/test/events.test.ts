/**
 * How a stream is read, event by event and in memory. What a platform's client does to it is in `stream.test.ts`.
 */
import { Decode, Operation } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { assert, describe, expect, it, vi } from "@effect/vitest"
import { Arbitrary, Cause, Effect, Exit, Schema, SchemaGetter, Stream } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { mayBeError } from "../src/internal/eventStream.ts"

const Delta = Schema.Struct({ text: Schema.String })

const encoder = new TextEncoder()

/** A stream of these chunks, which then ends or breaks. */
const body = (chunks: ReadonlyArray<string>, breaks = false): ReadableStream<Uint8Array> => {
  const left = [...chunks]
  return new ReadableStream({
    pull: (controller) => {
      const chunk = left.shift()
      if (chunk !== undefined) return controller.enqueue(encoder.encode(chunk))
      return breaks ? controller.error(new Error("reset with abcdef")) : controller.close()
    }
  })
}

const read = Effect.fnUntraced(function*(
  response: () => Response,
  operation: "POST /chat/completions" | "POST /responses" = "POST /chat/completions",
  event: Schema.Codec<{ readonly text: string }, any> = Delta
) {
  const venice = yield* VeniceClient.make({ apiKey: "abcdef", baseUrl: "https://host/v1" }).pipe(
    Effect.provideService(
      HttpClient.HttpClient,
      HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, response())))
    )
  )
  const texts: Array<string> = []
  const options = { body: { model: "m", messages: [], input: "x" }, event }
  const exit = yield* venice.stream(operation, options).pipe(
    Stream.runForEach(({ text }) => Effect.sync(() => texts.push(text))),
    Effect.exit
  )
  return { texts, exit, error: Exit.isFailure(exit) ? Cause.squash(exit.cause) as any : undefined }
})

const stream = (chunks: ReadonlyArray<string>, breaks = false) => () =>
  new Response(body(chunks, breaks), { headers: { "content-type": "text/event-stream" } })

const chunk = (text: string) => `data: ${JSON.stringify({ text })}\n\n`

const done = "data: [DONE]\n\n"

const error = (fields: object) => `data: ${JSON.stringify({ error: fields })}\n\n`

const streams: ReadonlyArray<readonly [string, ReadonlyArray<string>, boolean?]> = [
  ["nothing", []],
  ["nothing, broken", [], true],
  ["the end marker alone", [done]],
  ["one event", [chunk("a"), done]],
  ["events in one chunk", [chunk("a") + chunk("b") + done]],
  ["an event in two chunks", [chunk("a").slice(0, 9), chunk("a").slice(9) + done]],
  ["an event after the end", [chunk("a") + done + chunk("b")]],
  ["an event in a chunk after the end", [chunk("a"), done, chunk("b")]],
  ["an error after the end", [done + error({ message: "busy" })]],
  ["an event after the end that is too long", [`${done}data: ${"x".repeat(11 * 1024 * 1024)}`]],
  ["no end marker", [chunk("a"), chunk("b")]],
  ["no end marker, broken", [chunk("a")], true],
  ["half an event", [chunk("a"), "data: {\"te"]],
  ["a comment", [": a comment\n\n", done]],
  ["a retry hint", ["retry: 10\n\n", chunk("a"), done]],
  ["an event without data", ["event: ping\n\n", chunk("a"), done]],
  ["an event of another shape", [chunk("a"), "data: {\"text\":1}\n\n", chunk("b"), done]],
  ["an event of another shape in one chunk", [`${chunk("a")}data: {"text":1}\n\n${chunk("b")}${done}`]],
  ["an event that is no JSON", ["data: text\n\n", done]],
  ["an error", [chunk("a"), error({ message: "The model is currently overloaded." }), chunk("b"), done]],
  ["an error with the key", [error({ message: "bad abcdef", code: "AUTHENTICATION_FAILED" })]],
  ["an error that no operation has", [error({ message: "no", code: "IMAGE_TOO_SMALL" })]],
  ["the end of /responses", ["event: response.completed\ndata: {\"text\":\"a\"}\n\n", chunk("b")]],
  ["the end of /responses, cut short", ["event: response.incomplete\ndata: {\"text\":\"a\"}\n\n", chunk("b")]],
  ["another event of /responses", ["event: response.created\ndata: {\"text\":\"a\"}\n\n", chunk("b")]],
  ["an error of /responses", ["event: error\ndata: {\"code\":\"server_error\",\"message\":\"no\"}\n\n"]],
  ["an event that is too long", [chunk("a"), `data: ${"x".repeat(11 * 1024 * 1024)}`]]
]

it("every stream has these events and this end", async () => {
  const lines: Array<string> = []
  for (const [name, chunks, breaks] of streams) {
    const { error, texts } = await Effect.runPromise(read(stream(chunks, breaks)))
    const end = error === undefined
      ? "the end"
      : `${error._tag}: ${error.message}; delivered ${error.response?.delivered}${
        error.cause === undefined ? "" : `; cause ${error.cause.message}`
      }`
    lines.push(`${name} → ${[...texts, end].join(", ")}`)
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/streams.txt")
})

describe("a response", () => {
  it.effect.each<readonly [string | undefined, boolean]>([
    ["text/event-stream", true],
    ["Text/Event-Stream; charset=utf-8", true],
    ["x/text/event-stream", false],
    ["application/json", false],
    [undefined, false]
  ])("is a stream by its content type: %s", ([type, isStream]) =>
    Effect.gen(function*() {
      const { error, texts } = yield* read(() => {
        const response = new Response(body([chunk("a") + done]))
        if (type !== undefined) response.headers.set("content-type", type)
        return response
      })

      assert.deepStrictEqual(texts, isStream ? ["a"] : [])
      if (isStream) return assert.isUndefined(error)
      assert.deepInclude(error, {
        _tag: "UnexpectedBody",
        message: "POST /chat/completions succeeded with 200, but the body is not as expected: Expected an event stream"
      })
      assert.strictEqual(error.response.delivered, 0)
      assert.strictEqual(error.response.body, chunk("a") + done)
    }))
})

it.effect("a schema that throws does not lose the events before", () =>
  Effect.gen(function*() {
    const throwing = Schema.Struct({
      text: Schema.String.check(Schema.makeFilter((text) => {
        if (text === "b") throw new Error("a defect")
        return true
      }))
    })
    const { exit, texts } = yield* read(stream([chunk("a") + chunk("b") + done]), "POST /chat/completions", throwing)

    assert.deepStrictEqual(texts, ["a"])
    assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
  }))

/** How many events are delivered together. */
const sizes = (chunks: ReadonlyArray<string>, event: Schema.Codec<{ readonly text: string }, any> = Delta) =>
  Effect.gen(function*() {
    const venice = yield* VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, stream(chunks)())))
      )
    )
    const options = { body: { model: "m", messages: [] }, event }
    const delivered = yield* venice.stream("POST /chat/completions", options).pipe(Stream.chunks, Stream.runCollect)
    return delivered.map((events) => events.length)
  })

it.effect("the events of a chunk are delivered together, and none for a chunk without an event", () =>
  Effect.gen(function*() {
    const half = chunk("c")
    const chunks = [": comment\n\n", chunk("a") + chunk("b"), half.slice(0, 9), half.slice(9) + chunk("d"), done]

    assert.deepStrictEqual(yield* sizes(chunks), [2, 2])
  }))

it.effect("events that are decoded asynchronously are delivered one by one, up to the end of the stream", () =>
  Effect.gen(function*() {
    const slow = Schema.Struct({
      text: Schema.String.pipe(Schema.decode({
        decode: SchemaGetter.checkEffect(() => Effect.as(Effect.yieldNow, true)),
        encode: SchemaGetter.passthrough()
      }))
    })

    assert.deepStrictEqual(yield* sizes([chunk("a") + chunk("b") + done], slow), [1, 1])
    assert.deepStrictEqual(yield* sizes([chunk("a") + chunk("b"), chunk("c") + done], slow), [1, 1, 1])
  }))

it("an ordinary event is not searched for an error", () => {
  for (const json of [{ text: "a" }, { text: "a", error: null }, { type: "message" }, [], null, 1, "error"]) {
    assert.isFalse(mayBeError(json, "message"), JSON.stringify(json))
  }
})

it.effect("an event is parsed once", () =>
  Effect.gen(function*() {
    const parse = vi.spyOn(JSON, "parse")
    const { texts } = yield* read(stream([chunk("a") + "data: {\"text\":\"b\",\"error\":null}\n\n" + done]))
    const { calls } = parse.mock
    const parsed = calls.length
    parse.mockRestore()

    assert.deepStrictEqual(texts, ["a", "b"])
    assert.strictEqual(parsed, 2)
  }))

it.effect("an unfinished stream has neither a body nor a cause where it has none", () =>
  Effect.gen(function*() {
    const { error } = yield* read(stream([chunk("a")]))

    assert.strictEqual(error._tag, "UnfinishedStream")
    assert.strictEqual(error.response.operation, "POST /chat/completions")
    assert.notProperty(error.response, "body")
    assert.notProperty(error, "cause")
  }))

it.effect("an error that is not documented for the operation is unrecognized", () =>
  Effect.gen(function*() {
    const { error: undocumented } = yield* read(stream([error({ message: "no", code: "UPSCALE_FAILED" })]))

    assert.strictEqual(undocumented._tag, "UNRECOGNIZED_RESPONSE")
    assert.strictEqual(undocumented.code, "UPSCALE_FAILED")
    assert.strictEqual(undocumented.response.operation, "POST /chat/completions")
  }))

it.effect("what fails names the operation as it was called, whatever the path before it", () =>
  Effect.gen(function*() {
    const operation = Operation.custom("POST /mine")
    const names = (reply: () => Response, call: (venice: VeniceClient["Service"]) => Effect.Effect<unknown, any>) =>
      VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
        Effect.provideService(
          HttpClient.HttpClient,
          HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, reply())))
        ),
        Effect.flatMap(call),
        Effect.flip,
        Effect.map((error) => [error._tag, error.response.operation])
      )
    const streaming = (venice: VeniceClient["Service"]) => Stream.runDrain(venice.stream(operation, { event: Delta }))
    const executing = (venice: VeniceClient["Service"]) => venice.execute(operation, { success: Delta })

    assert.deepStrictEqual(
      [
        yield* names(stream([chunk("a")]), streaming),
        yield* names(stream([error({ message: "busy" })]), streaming),
        yield* names(stream(["data: {\"text\":1}\n\n"]), streaming),
        yield* names(() => new Response("{}"), streaming),
        yield* names(() => new Response("{}"), executing),
        yield* names(() => new Response("text"), executing)
      ],
      [
        ["UnfinishedStream", operation],
        ["UNRECOGNIZED_RESPONSE", operation],
        ["UnexpectedBody", operation],
        ["UnexpectedBody", operation],
        ["UnexpectedBody", operation],
        ["UnexpectedBody", operation]
      ]
    )
  }))

it.effect("a stream that broke has no secret in its cause", () =>
  Effect.gen(function*() {
    const { error } = yield* read(stream([chunk("a")], true))

    assert.isTrue(HttpClientError.isHttpClientError(error.cause))
    assert.strictEqual(error.cause.reason.cause.message, "reset with <redacted>")
    assert.strictEqual(error.cause.request.headers.authorization, "<redacted>")
  }))

const values: ReadonlyArray<unknown> = [
  null,
  "",
  "error",
  "response.failed",
  [],
  ["a"],
  {},
  { status: "failed" },
  { error: { message: "busy" } },
  { error: null },
  0,
  false
]

/** Absent in half of the events. */
const value = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: -values.length, maximum: values.length - 1 }))),
  (index) => values[index]
)

const event = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(Schema.Literals(["message", "error", "response.failed", "response.created", "ping"])),
    Arbitrary.schema(Schema.Literals(["object", "list", "value"])),
    Arbitrary.schema(Schema.Literals(["error", "response.failed", "response.created", "message"])),
    Arbitrary.all([value, value, value, value])
  ]),
  ([name, form, type, [error, response, message, code]]) => {
    const object = { error, response, type, message, code }
    return { name, json: form === "object" ? object : form === "list" ? [object] : error ?? null }
  }
)

it.effect.prop(
  "an event is searched for an error if the decoder finds one in it",
  [event],
  ([{ json, name }]) =>
    Effect.sync(() => {
      const data = JSON.stringify(json)
      const error = Decode.event(data, { status: 200, now: 0 }, name)

      assert.isTrue(error === undefined || mayBeError(JSON.parse(data), name))
    }),
  { arbitrary: { runs: 2000 } }
)
