/** What all parts of `resilience` add to a call that succeeds, over a client in memory. */
import { VeniceClient } from "@effect-venice/http"
import { Resilience } from "@effect-venice/http/resilience"
import { type Context, Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { compareCpu, isQuick, report, type Runs } from "./measure.ts"

const calls = isQuick ? 50 : 100

const headers = {
  "content-type": "application/json",
  "x-ratelimit-limit-requests": "1000000000",
  "x-ratelimit-remaining-requests": "1000000000",
  "x-ratelimit-limit-tokens": "100000000000",
  "x-ratelimit-remaining-tokens": "100000000000",
  "x-ratelimit-remaining": "50"
}

const completion = JSON.stringify({
  id: "c",
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "Rayleigh scattering." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 5, completion_tokens: 7, total_tokens: 12 }
})

const answering = HttpClient.make((request) =>
  Effect.succeed(HttpClientResponse.fromWeb(request, new Response(completion, { headers })))
)

const Client = Layer.provide(
  Layer.effect(VeniceClient, VeniceClient.make({ apiKey: "k" })),
  Layer.succeed(HttpClient.HttpClient, answering)
)

// A short window, so that what is kept of it does not grow with the length of the measurement.
const All = Resilience.layer({ pacing: { budgets: { requests: 1e9, tokens: 1e11 }, window: "1 second" } })

const services: Context.Context<VeniceClient | Resilience.Resilience> = await Effect.runPromise(
  Effect.scoped(Layer.build(Layer.merge(Client, All)))
)

const options = {
  body: { model: "m", messages: [{ role: "user", content: "Why is the sky blue?" }] },
  success: Schema.Struct({ id: Schema.String })
} as const

const each = <E>(call: Effect.Effect<unknown, E, VeniceClient | Resilience.Resilience>): Runs => ({
  run: () => Effect.runPromise(Effect.provideContext(Effect.repeat(call, { times: calls - 1 }), services)),
  units: calls
})

const operation = "POST /chat/completions"

const cost = await compareCpu({
  bare: each(Effect.flatMap(VeniceClient, (venice) => venice.execute(operation, options))),
  all: each(Resilience.execute(operation, options))
})

report({
  "resilience/memory/ratio": cost.ratio("all", "bare"),
  "resilience/memory/micros": cost.micros("all") - cost.micros("bare"),
  "resilience/bare/micros": cost.micros("bare")
})
process.exit()
