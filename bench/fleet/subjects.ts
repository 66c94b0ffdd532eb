/**
 * The clients that are compared, each as a program would use it. Each gets the caller's deadline in the way it takes one.
 */
import { Retry } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Cause, Effect, Exit, Layer, ManagedRuntime, Option, Redacted, Schedule, Schema } from "effect"
import { FetchHttpClient, HttpClient, HttpClientRequest } from "effect/http"
import type { PlannedCall } from "./plan.ts"
import { bodyOf } from "./plan.ts"

export const subjects = ["all parts", "Retry.standard", "retryTransient", "openai", "AI SDK"] as const

export type Subject = (typeof subjects)[number]

export interface Settings {
  readonly baseUrl: string
  readonly redisPort: number
  /** How many processes the fleet has. */
  readonly processes: number
  /** How long the caller waits for a call, in milliseconds. */
  readonly deadline: number
}

export interface Client {
  /** Ends with `ok`, or with the name of the failure. */
  readonly call: (planned: PlannedCall) => Promise<string>
  readonly close: () => Promise<void>
}

const apiKey = "key-of-the-fleet"
const key = Redacted.make(apiKey)

const nameOf = (error: unknown): string => {
  const { _tag, name, reason } = (error ?? {}) as {
    readonly _tag?: string
    readonly name?: string
    readonly reason?: { readonly _tag?: string }
  }
  return _tag === "HttpClientError" ? reason?._tag ?? _tag : _tag ?? name ?? String(error)
}

const outcomeOf = (exit: Exit.Exit<unknown, unknown>): string =>
  Exit.isSuccess(exit)
    ? "ok"
    : nameOf(Option.getOrElse(Cause.findErrorOption(exit.cause), () => Cause.squash(exit.cause)))

const ofEffect = <R>(
  layer: Layer.Layer<R>,
  call: (planned: PlannedCall) => Effect.Effect<unknown, unknown, R>
): Client => {
  const runtime = ManagedRuntime.make(layer)
  return {
    call: (planned) => runtime.runPromiseExit(call(planned)).then(outcomeOf),
    close: () => runtime.dispose()
  }
}

const veniceLayer = (baseUrl: string) =>
  Layer.effect(VeniceClient, VeniceClient.make({ baseUrl, apiKey: key })).pipe(Layer.provide(FetchHttpClient.layer))

const attempt = (planned: PlannedCall) =>
  Effect.flatMap(VeniceClient, (venice) =>
    venice.execute("POST /chat/completions", {
      body: bodyOf(planned),
      success: Schema.Unknown,
      timeout: "10 seconds"
    }))

const ofPromise = (
  call: (planned: PlannedCall, signal: AbortSignal) => Promise<unknown>,
  deadline: number
): Client => ({
  call: (planned) => {
    const signal = AbortSignal.timeout(deadline)
    return call(planned, signal).then(() => "ok", (error: unknown) => signal.aborted ? "TimeoutError" : nameOf(error))
  },
  close: () => Promise.resolve()
})

const make: Readonly<Record<Subject, (settings: Settings) => Promise<Client>>> = {
  "all parts": async ({ baseUrl, deadline, processes, redisPort }) => {
    const { guarded, layer } = await import("./guarded.ts")
    // The deadline is in the layer, and nothing else ends a call.
    return ofEffect(
      Layer.merge(layer(redisPort, deadline, processes), veniceLayer(baseUrl)),
      (planned) => guarded(bodyOf(planned), key)
    )
  },
  "Retry.standard": async ({ baseUrl, deadline }) =>
    ofEffect(
      veniceLayer(baseUrl),
      (planned) =>
        Effect.retry(attempt(planned), Retry.standard).pipe(Retry.withDeadline(deadline), Effect.timeout(deadline))
    ),
  "retryTransient": async ({ baseUrl, deadline }) =>
    ofEffect(FetchHttpClient.layer, (planned) =>
      Effect.gen(function*() {
        const client = (yield* HttpClient.HttpClient).pipe(
          HttpClient.filterStatusOk,
          HttpClient.retryTransient({ schedule: Schedule.exponential("500 millis"), times: 3 })
        )
        const request = HttpClientRequest.post(`${baseUrl}/chat/completions`).pipe(
          HttpClientRequest.bearerToken(key),
          HttpClientRequest.bodyJsonUnsafe(bodyOf(planned))
        )
        return yield* Effect.flatMap(client.execute(request), (response) => response.json)
      }).pipe(Effect.timeout(deadline))),
  "openai": async ({ baseUrl, deadline }) => {
    const { default: OpenAI } = await import("openai")
    const client = new OpenAI({ baseURL: baseUrl, apiKey })
    return ofPromise((planned, signal) => client.chat.completions.create(bodyOf(planned), { signal }), deadline)
  },
  "AI SDK": async ({ baseUrl, deadline }) => {
    const { generateText } = await import("ai")
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible")
    const provider = createOpenAICompatible({ name: "venice", baseURL: baseUrl, apiKey })
    return ofPromise((planned, abortSignal) => {
      const { model, ...rest } = bodyOf(planned)
      return generateText({ model: provider(model), ...rest, abortSignal })
    }, deadline)
  }
}

export const connect = (subject: Subject, settings: Settings): Promise<Client> => make[subject](settings)
