/**
 * The clients as they come from npm, with their defaults, over a `fetch`: each call ends with what it throws.
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import Anthropic from "@anthropic-ai/sdk"
import { ChatOpenAI } from "@langchain/openai"
import { generateText, streamText } from "ai"
import OpenAI from "openai"

export const apiKey = "my-private-api-key"

const baseURL = "https://api.venice.ai/api/v1"

const messages = [{ role: "user" as const, content: "my private prompt" }]

type Fetch = typeof globalThis.fetch

/** What a call throws, or nothing. */
export type Call = (fetch: Fetch, signal?: AbortSignal) => Promise<unknown>

const thrown = async (call: () => PromiseLike<unknown>): Promise<unknown> => {
  try {
    await call()
    return undefined
  } catch (error) {
    return error
  }
}

const drain = async (items: AsyncIterable<unknown>) => {
  for await (const _ of items);
}

const openai: Call = (fetch, signal) =>
  thrown(() =>
    new OpenAI({ baseURL, apiKey, fetch }).chat.completions.create({ model: "m", messages }, { signal: signal ?? null })
  )

const openaiStream: Call = (fetch, signal) =>
  thrown(async () =>
    drain(
      await new OpenAI({ baseURL, apiKey, fetch }).chat.completions.create({ model: "m", messages, stream: true }, {
        signal: signal ?? null
      })
    )
  )

const model = (fetch: Fetch) => createOpenAICompatible({ name: "venice", baseURL, apiKey, fetch })("m")

const aiSdk: Call = (fetch, abortSignal) =>
  thrown(() => generateText({ model: model(fetch), prompt: "my private prompt", ...(abortSignal && { abortSignal }) }))

const aiSdkStream: Call = (fetch, abortSignal) =>
  thrown(async () => {
    const result = streamText({
      model: model(fetch),
      prompt: "my private prompt",
      onError: () => {},
      ...(abortSignal && { abortSignal })
    })
    for await (const part of result.fullStream) {
      if (part.type === "error") throw part.error
      if (part.type === "abort") throw abortSignal!.reason
    }
  })

const anthropic: Call = (fetch, signal) =>
  thrown(() =>
    new Anthropic({ baseURL, apiKey, fetch }).messages.create({ model: "m", max_tokens: 1, messages }, {
      signal: signal ?? null
    })
  )

const anthropicStream: Call = (fetch, signal) =>
  thrown(async () =>
    drain(
      await new Anthropic({ baseURL, apiKey, fetch }).messages.create({
        model: "m",
        max_tokens: 1,
        messages,
        stream: true
      }, { signal: signal ?? null })
    )
  )

const langchain: Call = (fetch, signal) =>
  thrown(() =>
    new ChatOpenAI({ model: "m", apiKey, maxRetries: 0, configuration: { baseURL, fetch } })
      .invoke("my private prompt", signal === undefined ? {} : { signal })
  )

/** The calls that are not streamed. */
export const calls: Readonly<Record<string, Call>> = { openai, "the AI SDK": aiSdk, Anthropic: anthropic }

export const streams: Readonly<Record<string, Call>> = {
  openai: openaiStream,
  "the AI SDK": aiSdkStream,
  Anthropic: anthropicStream
}

export { langchain }
