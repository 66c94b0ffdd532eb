/** Clients that nobody here wrote, against the emulated Venice through a `fetch` of its own. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import Anthropic, { NotFoundError as AnthropicNotFoundError } from "@anthropic-ai/sdk"
import { Operation } from "@effect-venice/core"
import type { Dynamics, WireResponse } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { embed, generateObject, generateText, jsonSchema, streamText, tool } from "ai"
import { Effect } from "effect"
import OpenAI, { AuthenticationError, BadRequestError, NotFoundError, toFile } from "openai"
import * as Media from "../../src/internal/venice/media.ts"
import * as Venice from "../../src/internal/venice/venice.ts"

const streamOf = (chunks: ReadonlyArray<WireResponse.Chunk>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      for (const { data } of chunks) {
        controller.enqueue(typeof data === "string" ? new TextEncoder().encode(data) : data)
      }
      controller.close()
    }
  })

const toResponse = ({ body, headers, status }: WireResponse.WireResponse): Response => {
  const content = typeof body === "string" || body instanceof Uint8Array ? body : streamOf(body)
  return new Response(status === 204 ? null : content as BodyInit, { status, headers })
}

/** A `fetch` whose server is the emulated Venice. */
const fetchOf = (dynamics: Dynamics.Dynamics = {}): typeof fetch => {
  const venice = Effect.runSync(Venice.make({ dynamics }))
  return async (input, init) => {
    const request = new Request(input, init)
    const { pathname, search } = new URL(request.url)
    const response = await Effect.runPromise(venice.respond({
      method: request.method,
      path: pathname,
      query: search.slice(1),
      operation: Operation.fromRequest(request.method, pathname),
      headers: Object.fromEntries(request.headers),
      body: new Uint8Array(await request.arrayBuffer())
    }))
    return toResponse(response)
  }
}

const baseURL = "http://venice.emulated/api/v1"

const openai = (dynamics?: Dynamics.Dynamics) =>
  new OpenAI({ apiKey: "some-key", baseURL, fetch: fetchOf(dynamics), maxRetries: 0 })

const messages = [{ role: "user" as const, content: "Hello, Venice" }]
const answer = "This is an emulated answer to: Hello, Venice"

describe("openai", () => {
  it("completes a chat", async () => {
    const { choices, usage } = await openai().chat.completions.create({ model: "llama-3.3-70b", messages })

    assert.strictEqual(choices[0]?.message.content, answer)
    assert.strictEqual(usage?.completion_tokens, 8)
  })

  it("reads a stream, with its usage", async () => {
    const stream = await openai().chat.completions.create({
      model: "llama-3.3-70b",
      messages,
      stream: true,
      stream_options: { include_usage: true }
    })
    let text = ""
    let tokens: number | undefined
    for await (const { choices, usage } of stream) {
      text += choices[0]?.delta.content ?? ""
      tokens = usage?.completion_tokens ?? tokens
    }

    assert.strictEqual(text, answer)
    assert.strictEqual(tokens, 8)
  })

  it("reads the tool calls of a stream", async () => {
    const completion = await openai().chat.completions.stream({
      model: "llama-3.3-70b",
      messages,
      tool_choice: "required",
      tools: [{
        type: "function",
        function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } }
      }]
    }).finalChatCompletion()
    const [call] = completion.choices[0]!.message.tool_calls!

    assert.strictEqual(call?.type === "function" && call.function.arguments, "{\"city\":\"emulated\"}")
  })

  it("reads /responses, whole and as a stream", async () => {
    const client = openai()
    const whole = await client.responses.create({ model: "llama-3.3-70b", input: "Hello" })
    const final = await client.responses.stream({ model: "llama-3.3-70b", input: "Hello" }).finalResponse()

    assert.strictEqual(whole.output_text, "This is an emulated answer to: Hello")
    assert.strictEqual(final.status, "completed")
  })

  it("reads embeddings, which it asks for in base64", async () => {
    const client = openai()
    const of = (encoding_format?: "float") =>
      client.embeddings.create({
        model: "text-embedding-bge-m3",
        input: ["a", "b"],
        ...(encoding_format && { encoding_format })
      })
    const [packed, plain] = [await of(), await of("float")]

    assert.strictEqual(packed.data.length, 2)
    assert.deepStrictEqual(packed.data[1]?.embedding, plain.data[1]?.embedding)
    assert.strictEqual(plain.data[0]?.embedding.length, 1024)
  })

  it("makes images, speech and transcripts", async () => {
    const client = openai()
    const image = await client.images.generate({ model: "z-image-turbo", prompt: "A gondola" })
    const speech = await client.audio.speech.create({ model: "tts-kokoro", voice: "af_sky", input: "Hello" })
    const transcript = await client.audio.transcriptions.create({
      model: "whisper-1",
      file: await toFile(Media.audio.wav!.bytes, "hello.wav")
    })

    assert.match(image.data?.[0]?.b64_json ?? "", /^iVBOR/)
    assert.strictEqual((await speech.arrayBuffer()).byteLength, 417)
    assert.match(transcript.text, /hello\.wav/)
  })

  it("lists models", async () => {
    const ids: Array<string> = []
    for await (const { id } of openai().models.list()) ids.push(id)

    assert.include(ids, "llama-3.3-70b")
  })

  it("fails with the errors of its own", async () => {
    const fail = (dynamics: Dynamics.Dynamics, model = "llama-3.3-70b") =>
      openai(dynamics).chat.completions.create({ model, messages }).then(() => undefined, (error: unknown) => error)

    assert.instanceOf(await fail({ keys: [] }), AuthenticationError)
    assert.instanceOf(await fail({}, "nothing-like-it"), NotFoundError)
    assert.instanceOf(await fail({}, "z-image-turbo"), BadRequestError)
  })
})

describe("the AI SDK", () => {
  const venice = createOpenAICompatible({
    name: "venice",
    baseURL,
    apiKey: "some-key",
    fetch: fetchOf(),
    supportsStructuredOutputs: true
  })
  const model = venice("llama-3.3-70b")

  it("generates and streams text", async () => {
    const whole = await generateText({ model, prompt: "Hello, Venice" })
    const stream = streamText({ model, prompt: "Hello, Venice" })

    assert.strictEqual(whole.text, answer)
    assert.strictEqual(await stream.text, answer)
    assert.strictEqual(await stream.finishReason, "stop")
  })

  it("calls a tool", async () => {
    const { toolCalls } = await generateText({
      model,
      prompt: "Weather?",
      toolChoice: "required",
      tools: {
        weather: tool({
          inputSchema: jsonSchema<{ city: string }>({ type: "object", properties: { city: { type: "string" } } })
        })
      }
    })

    assert.deepStrictEqual(toolCalls[0]?.input, { city: "emulated" })
  })

  it("generates an object, and embeds", async () => {
    const { object } = await generateObject({
      model,
      prompt: "A person",
      schema: jsonSchema({ type: "object", properties: { name: { type: "string" } }, required: ["name"] })
    })
    const { embedding } = await embed({ model: venice.embeddingModel("text-embedding-bge-m3"), value: "a" })

    assert.deepStrictEqual(object, { name: "emulated" })
    assert.strictEqual(embedding.length, 1024)
  })
})

it("Anthropic's client learns that Venice has no route for it", async () => {
  const client = new Anthropic({
    apiKey: "some-key",
    baseURL: "http://venice.emulated/api",
    fetch: fetchOf(),
    maxRetries: 0
  })
  const failure = await client.messages.create({ model: "claude-opus-4-7", max_tokens: 10, messages }).then(
    () => undefined,
    (error: unknown) => error
  )

  assert.instanceOf(failure, AnthropicNotFoundError)
})
