/** What a program does with `VeniceClient`, wherever there is a `fetch`. */
import { Retry, VeniceError } from "@effect-venice/core"
import { Success, VeniceClient } from "@effect-venice/http"
import { Effect, Layer, Redacted, Schema, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { type Checks, equal } from "./check.ts"
import { small } from "./small.ts"

const clientOf = (baseUrl: string) =>
  VeniceClient.layerWith({ apiKey: Redacted.make("emulated-key"), baseUrl }).pipe(Layer.provide(FetchHttpClient.layer))

const body = { model: "llama-3.3-70b", messages: [{ role: "user" as const, content: "Hello" }] }

const call = Effect.flatMap(
  VeniceClient,
  (venice) => venice.execute("POST /chat/completions", { body, success: Success.ChatCompletion })
)

const stream = Stream.unwrap(
  Effect.map(VeniceClient, (venice) => venice.stream("POST /chat/completions", { body, event: Schema.Json }))
)

export const web: Checks = {
  ...small,

  "catch with VeniceClient": async (baseUrl) => {
    const caught = call.pipe(
      Effect.map(() => "paid"),
      Effect.catchTag("INSUFFICIENT_BALANCE", ({ response }) => Effect.succeed(`${response.status}`)),
      VeniceError.catchCategory("Server", (error) => Effect.succeed(error.message))
    )
    equal(await Effect.runPromise(Effect.provide(caught, clientOf(baseUrl))), "402")
  },

  "retry with VeniceClient": async (baseUrl) => {
    const { choices } = await Effect.runPromise(
      call.pipe(Effect.retry(Retry.standard), Effect.provide(clientOf(baseUrl)))
    )
    equal(choices.length, 1)
  },

  "stream with VeniceClient": async (baseUrl) => {
    const events: Array<string> = []
    const error = await stream.pipe(
      Stream.runForEach(() => Effect.sync(() => events.push("event"))),
      Effect.flip,
      Effect.provide(clientOf(baseUrl)),
      Effect.runPromise
    )
    if (error._tag !== "MODEL_OVERLOADED") throw error
    equal([events.length, error.response.delivered, error.response.status], [1, 1, 200])
  }
}
