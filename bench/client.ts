/**
 * The CPU time of a call over the loopback interface, with this library's client, the same Effect client without types,
 * and other clients that people call Venice with. Every client reads the whole response, and none retries.
 */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import * as Retry from "@effect-venice/core/Retry"
import { VeniceClient } from "@effect-venice/http/VeniceClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { generateText } from "ai"
import { Context, Effect, Layer, Record, Redacted, Schema, Scope } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import OpenAI from "openai"
import { compare, compareCpu, isQuick, report, type Runs } from "./measure.ts"
import { serve } from "./serve.ts"

const { stop, urlOf } = await serve()

const apiKey = "VENICE_INFERENCE_KEY_abcdefghijklmnop0123456789"
const model = "llama-3.3-70b"
const prompt = "Why is the sky blue?"
const body = { model, messages: [{ role: "user", content: prompt } as const] }

const Completion = Schema.Struct({
  id: Schema.String,
  model: Schema.String,
  choices: Schema.Array(Schema.Struct({
    index: Schema.Finite,
    message: Schema.Struct({ role: Schema.String, content: Schema.String }),
    finish_reason: Schema.String
  })),
  usage: Schema.Struct({
    prompt_tokens: Schema.Finite,
    completion_tokens: Schema.Finite,
    total_tokens: Schema.Finite
  })
})

/** Makes a number of calls, one after another. */
type Calls = (times: number) => Promise<unknown>

const contextOf = (layer: Layer.Layer<HttpClient.HttpClient>) =>
  Effect.runPromise(Layer.buildWithScope(layer, Scope.makeUnsafe()))

const undici = await contextOf(NodeHttpClient.layerUndici)
const fetching = await contextOf(FetchHttpClient.layer)

type Status = 200 | 429

const inFiber = <A, E>(
  context: Context.Context<HttpClient.HttpClient>,
  call: Effect.Effect<A, E, HttpClient.HttpClient>
): Calls =>
(times) => Effect.runPromiseWith(context)(Effect.repeat(Effect.exit(call), { times: times - 1 }))

const ours = async (context: Context.Context<HttpClient.HttpClient>, status: Status): Promise<Calls> => {
  const venice = await Effect.runPromiseWith(context)(
    VeniceClient.make({ baseUrl: urlOf(status), apiKey: Redacted.make(apiKey) })
  )
  return inFiber(context, venice.execute("POST /chat/completions", { body, success: Completion }))
}

const untraced = <A>(self: Context.Context<A>) => Context.add(self, HttpClient.TracerDisabledWhen, () => true)

/** Effect's client, used as its documentation shows. */
const untyped = (context: Context.Context<HttpClient.HttpClient>, status: Status): Calls => {
  const call = Effect.gen(function*() {
    const client = HttpClient.mapRequest(
      yield* HttpClient.HttpClient,
      (request) => request.pipe(HttpClientRequest.prependUrl(urlOf(status)), HttpClientRequest.bearerToken(apiKey))
    )
    const request = yield* HttpClientRequest.bodyJson(HttpClientRequest.post("/chat/completions"), body)
    const response = yield* client.execute(request)
    if (response.status !== 200) return yield* Effect.flatMap(response.text, Effect.fail)
    return yield* HttpClientResponse.schemaBodyJson(Completion)(response)
  })
  return inFiber(context, call)
}

const awaited = (call: () => Promise<unknown>): Calls => async (times) => {
  for (let i = 0; i < times; i++) await call().catch(() => undefined)
}

const openAi = (status: Status): Calls => {
  const client = new OpenAI({ apiKey, baseURL: urlOf(status), maxRetries: 0 })
  return awaited(() => client.chat.completions.create({ model, messages: [...body.messages] }))
}

const aiSdk = (status: Status): Calls => {
  const provider = createOpenAICompatible({ name: "venice", apiKey, baseURL: urlOf(status) })
  return awaited(() => generateText({ model: provider(model), prompt, maxRetries: 0 }))
}

const raw = (status: Status): Calls =>
  awaited(async () => {
    const response = await fetch(`${urlOf(status)}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "authorization": `Bearer ${apiKey}` },
      body: JSON.stringify(body)
    })
    const json = JSON.parse(await response.text())
    if (!response.ok) throw new Error(json.error)
    return json
  })

const clientsOf = async (status: Status) => ({
  ours: await ours(undici, status),
  untraced: await ours(untraced(undici), status),
  fetching: await ours(fetching, status),
  untyped: untyped(undici, status),
  untypedFetching: untyped(fetching, status),
  openAi: openAi(status),
  aiSdk: aiSdk(status),
  raw: raw(status)
})

const batch = isQuick ? 20 : 40

const measured = async (status: Status) => {
  const each = (calls: Calls): Runs => ({ run: () => calls(batch), units: batch })
  return compareCpu(Record.map(await clientsOf(status), each))
}

const failing = await measured(429)
const succeeding = await measured(200)

const plain = Effect.succeed(1)
const retried = Effect.retry(plain, Retry.standard)
const wrapper = compare({ plain: () => Effect.runSync(plain), retried: () => Effect.runSync(retried) })
const wrapperMicros = (wrapper.nanos("retried") - wrapper.nanos("plain")) / 1000

report({
  "client/429/micros": failing.micros("ours"),
  "client/200/micros": succeeding.micros("ours"),
  "client/429/untyped": failing.ratio("ours", "untyped"),
  "client/200/untyped": succeeding.ratio("ours", "untyped"),
  "client/429/openai": failing.ratio("ours", "openAi"),
  "client/429/generateText": failing.ratio("ours", "aiSdk"),
  "client/429/fetch": failing.ratio("ours", "raw"),
  "client/200/openai": succeeding.ratio("ours", "openAi"),
  "client/200/fetch": succeeding.ratio("ours", "raw"),
  "client/429/untraced/openai": failing.ratio("untraced", "openAi"),
  "client/200/untraced/openai": succeeding.ratio("untraced", "openAi"),
  "client/429/untyped/openai": failing.ratio("untyped", "openAi"),
  "client/200/untyped/openai": succeeding.ratio("untyped", "openAi"),
  "client/429/untyped-over-fetch/openai": failing.ratio("untypedFetching", "openAi"),
  "client/429/over-fetch/openai": failing.ratio("fetching", "openAi"),
  "client/429/over-fetch/generateText": failing.ratio("fetching", "aiSdk"),
  "retry/success/micros": wrapperMicros,
  "retry/success/request": wrapperMicros / succeeding.micros("ours")
})
stop()
process.exit()
