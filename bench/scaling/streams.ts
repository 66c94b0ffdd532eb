/** Streams, by the number and the size of their events and chunks. */
import { VeniceClient } from "@effect-venice/http/VeniceClient"
import { make as makeFetch } from "@effect-venice/http/VeniceFetch"
import { Effect, Schema, Stream } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { isQuick } from "../measure.ts"
import { bytes, counts, filled, type Path, secret } from "./path.ts"

const runPromise = <A>(effect: Effect.Effect<A>) => () => Effect.runPromise(effect)

const encoder = new TextEncoder()

const streamOf = (chunks: ReadonlyArray<Uint8Array>) => {
  let next = 0
  return new ReadableStream<Uint8Array>({
    pull: (controller) => next < chunks.length ? controller.enqueue(chunks[next++]!) : controller.close()
  })
}

const eventStream = { "content-type": "text/event-stream" }

const venice = (chunks: ReadonlyArray<Uint8Array>, status = 200) => {
  const client = HttpClient.make((request) =>
    Effect.succeed(
      HttpClientResponse.fromWeb(request, new Response(streamOf(chunks), { status, headers: eventStream }))
    )
  )
  return Effect.provideService(VeniceClient.make({ apiKey: secret }), HttpClient.HttpClient, client)
}

const streamed = (text: string, perChunk = 1024) => {
  const all = encoder.encode(text)
  const chunks = Array.from(
    { length: Math.ceil(all.length / perChunk) },
    (_, i) => all.subarray(i * perChunk, (i + 1) * perChunk)
  )
  const call = Effect.flatMap(
    venice(chunks),
    (client) =>
      Effect.exit(Stream.runDrain(client.stream("POST /chat/completions", {
        body: { model: "m", messages: [] },
        event: Schema.Unknown
      })))
  )
  return runPromise(call)
}

/** A call whose response arrives in chunks of 64 bytes. */
const answered = (status: number, text: string) => {
  const all = encoder.encode(text)
  const chunks = Array.from({ length: Math.ceil(all.length / 64) }, (_, i) => all.subarray(i * 64, (i + 1) * 64))
  return runPromise(
    Effect.flatMap(
      venice(chunks, status),
      (client) => Effect.exit(client.execute("GET /models", { success: Schema.String }))
    )
  )
}

const event = (content: string): string => `data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`

const end = "data: [DONE]\n\n"

const fetched = (text: string, perChunk = 1024) => async () => {
  const all = encoder.encode(text)
  const chunks = Array.from(
    { length: Math.ceil(all.length / perChunk) },
    (_, i) => all.subarray(i * perChunk, (i + 1) * perChunk)
  )
  const fetch = makeFetch(
    {
      fetch: () => Promise.resolve(new Response(streamOf(chunks), { headers: eventStream }))
    } as Parameters<typeof makeFetch>[0]
  )
  const response = await fetch("https://api.venice.ai/api/v1/chat/completions", { method: "POST", body: "{}" })
  return response.text().catch(() => "")
}

export const streams: Readonly<Record<string, Path>> = {
  "a stream, by events": { sizes: counts, of: (count) => streamed(event("word ").repeat(count) + end) },
  "a stream of one event": {
    sizes: bytes.slice(0, 4),
    of: (size) => streamed(event(filled("word ", size)) + end, 16_384)
  },
  "a stream of one event in small chunks": {
    sizes: [1e3, 1e4, 1e5, 1e6].slice(0, isQuick ? 3 : 4),
    of: (size) => streamed(event(filled("word ", size)) + end, 16)
  },
  "a stream of many lines in an event": {
    sizes: bytes.slice(0, 4),
    of: (size) => streamed(filled("data: 1\n", size))
  },
  "a stream without a line": { sizes: bytes.slice(0, 4), of: (size) => streamed(filled("x", size), 64) },
  "a success in small chunks": {
    sizes: bytes.slice(0, 4),
    of: (size) => answered(200, JSON.stringify(filled("word ", size)))
  },
  "a failure in small chunks": {
    sizes: bytes.slice(0, 4),
    of: (size) => answered(500, JSON.stringify({ error: filled("word ", size) }))
  },
  "an error at the end of a stream": {
    sizes: counts,
    of: (count) => streamed(`${event("word ").repeat(count)}data: {"error":"Inference processing failed"}\n\n`)
  },
  "a stream of fetch, by events": { sizes: counts, of: (count) => fetched(event("word ").repeat(count) + end) },
  "a stream of fetch of one event in small chunks": {
    sizes: [1e3, 1e4, 1e5, 1e6].slice(0, isQuick ? 3 : 4),
    of: (size) => fetched(event(filled("word ", size)) + end, 16)
  }
}
