/**
 * The CPU time of an event of a stream: 2,000 events of a chat completion, in chunks as a network delivers them, from a
 * `fetch` that responds at once. Every client decodes every event.
 */
import { VeniceClient } from "@effect-venice/http/VeniceClient"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { Sse } from "effect/encoding"
import { FetchHttpClient, HttpClient } from "effect/http"
import OpenAI from "openai"
import { compareCpu, report, type Runs } from "./measure.ts"

const events = 2000
const perChunk = 4

const apiKey = "VENICE_INFERENCE_KEY_abcdefghijklmnop0123456789"
const model = "llama-3.3-70b"
const url = "https://venice.example/api/v1"

const chunk = (i: number) => ({
  id: "chatcmpl-5f2b1c7a9e",
  object: "chat.completion.chunk",
  created: 1767225600,
  model,
  choices: [{ index: 0, delta: { content: `word${i} ` }, finish_reason: null }]
})

const frames = Array.from({ length: events }, (_, i) => `data: ${JSON.stringify(chunk(i))}\n\n`)
const encoder = new TextEncoder()
const chunks = Array.from(
  { length: events / perChunk },
  (_, i) => encoder.encode(frames.slice(i * perChunk, (i + 1) * perChunk).join(""))
)
chunks.push(encoder.encode("data: [DONE]\n\n"))

const answer = (): Response => {
  let next = 0
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => next < chunks.length ? controller.enqueue(chunks[next++]!) : controller.close()
  })
  return new Response(body, { headers: { "content-type": "text/event-stream" } })
}

const fetching = () => Promise.resolve(answer())

const Chunk = Schema.Struct({
  id: Schema.String,
  model: Schema.String,
  choices: Schema.Array(Schema.Struct({
    index: Schema.Finite,
    delta: Schema.Struct({ content: Schema.optionalKey(Schema.String) }),
    finish_reason: Schema.NullOr(Schema.String)
  }))
})

const layer = FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetching)))

const ours = Effect.flatMap(
  VeniceClient.make({ baseUrl: url, apiKey: Redacted.make(apiKey) }),
  (venice) =>
    Stream.runForEachArray(
      venice.stream("POST /chat/completions", { body: { model, messages: [] }, event: Chunk }),
      () => Effect.void
    )
).pipe(Effect.provide(layer))

const decode = Schema.decodeEffect(Schema.fromJsonString(Chunk))

/** Effect's client and parser, used as their documentation shows. */
const untyped = Effect.gen(function*() {
  const response = yield* HttpClient.post(`${url}/chat/completions`)
  return yield* response.stream.pipe(
    Stream.decodeText,
    Stream.pipeThroughChannel(Sse.decode()),
    Stream.takeWhile(({ data }) => data !== "[DONE]"),
    Stream.mapEffect(({ data }) => decode(data)),
    Stream.runForEachArray(() => Effect.void)
  )
}).pipe(Effect.provide(layer))

const client = new OpenAI({ apiKey, baseURL: url, maxRetries: 0, fetch: fetching })

const each = (run: () => Promise<unknown>): Runs => ({ run, units: events })

const { micros, ratio } = await compareCpu({
  ours: each(() => Effect.runPromise(ours)),
  untyped: each(() => Effect.runPromise(untyped)),
  openAi: each(async () => {
    for await (const _ of await client.chat.completions.create({ model, messages: [], stream: true })) void _
  }),
  parsing: each(async () => {
    for (const frame of frames) void JSON.parse(frame.slice(6))
  })
})

report({
  "stream/event/micros": micros("ours"),
  "stream/event/parsing": ratio("ours", "parsing"),
  "stream/event/untyped": ratio("ours", "untyped"),
  "stream/event/openai": ratio("ours", "openAi")
})
process.exit()
