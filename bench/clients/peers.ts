/**
 * The clients, each with its default settings: called once for a case, it ends with what it reports.
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import { Retry } from "@effect-venice/core"
import { make } from "@effect-venice/fetch"
import { type AnyOperation, HttpFailure, VeniceClient } from "@effect-venice/http"
import { generateText, streamText } from "ai"
import { Cause, Duration, Effect, Redacted, Schema, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import OpenAI from "openai"
import { type Case, key, signature } from "./cases.ts"

/** A prompt that may be looked for in what is reported. */
export const prompt = "my private prompt"

const messages = [{ role: "user" as const, content: prompt }]

/** What a call ended with: nothing, if the client took the answer for a success. */
export type Call = (baseUrl: string, given: Case) => Promise<unknown>

const thrown = async (call: () => Promise<unknown>): Promise<unknown> => {
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

const wallet = { "PAYMENT-SIGNATURE": signature }

/** Our `fetch`, in which the only waits below ten minutes are those between attempts. */
const ours = make({ maxMillis: 3_600_000 })

const openai = (fetch?: typeof ours): Call => (baseURL, { group }) =>
  thrown(async () => {
    const client = new OpenAI({ baseURL, apiKey: key, defaultHeaders: wallet, fetch })
    if (group !== "stream") return client.chat.completions.create({ model: "m", messages })
    await drain(await client.chat.completions.create({ model: "m", messages, stream: true }))
  })

const ai = (fetch?: typeof ours): Call => (baseURL, { group }) =>
  thrown(async () => {
    const model = createOpenAICompatible({
      name: "venice",
      baseURL,
      apiKey: key,
      headers: wallet,
      ...(fetch !== undefined && { fetch })
    })("m")
    if (group !== "stream") return generateText({ model, prompt })
    const result = streamText({ model, prompt, onError: () => {} })
    for await (const part of result.fullStream) {
      if (part.type === "error") throw part.error
    }
  })

/** As most people write it. */
const raw: Call = (baseURL, { group }) =>
  thrown(async () => {
    const response = await fetch(`${baseURL}/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...wallet },
      body: JSON.stringify({ model: "m", messages, stream: group === "stream" })
    })
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`)
    if (group !== "stream") return response.json()
    await response.text()
  })

const venice: Call = (baseUrl, { group, operation = "POST /chat/completions" }) =>
  Effect.gen(function*() {
    const client = yield* VeniceClient.make({ baseUrl, apiKey: Redacted.make(key) })
    const body = { model: "m", messages }
    const options = {
      body: operation.startsWith("GET ") ? undefined : body,
      headers: wallet,
      path: { slug: "x", id: "x", walletAddress: "x", network: "x" }
    }
    return yield* group === "stream"
      ? client.stream("POST /chat/completions", { headers: wallet, body, event: Schema.Unknown }).pipe(
        Stream.retry(Retry.standard),
        Stream.runDrain
      )
      : Effect.retry(
        client.execute(operation as AnyOperation, { ...options, success: Schema.Unknown }),
        Retry.standard
      )
  }).pipe(
    // So that the only waits below ten minutes are those between attempts.
    Effect.provideService(HttpFailure.BodyLimits, { bytes: 256 * 1024, time: Duration.hours(1) }),
    Effect.provide(FetchHttpClient.layer),
    Effect.exit,
    Effect.map((exit) => exit._tag === "Success" ? undefined : Cause.squash(exit.cause)),
    Effect.runPromise
  )

export const peers: Readonly<Record<string, Call>> = {
  "openai": openai(),
  "openai with our fetch": openai(ours),
  "AI SDK": ai(),
  "AI SDK with our fetch": ai(ours),
  "fetch": raw,
  "effect-venice": venice
}
