/**
 * A gateway between users and Venice, in OpenAI's shapes: point any OpenAI client at it.
 *
 *     VENICE_API_KEY=… node examples/gateway.ts
 *
 * Users share the key of the gateway, so what is wrong with the account is not theirs to see. What is theirs (a wrong
 * model, a prompt that is too long, a busy model) arrives as OpenAI's clients know it, with the wait Venice asked for.
 */
import { Retry } from "@effect-venice/core"
import { Gateway, VeniceClient } from "@effect-venice/http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Effect, Layer, Schema } from "effect"
import { HttpRouter } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { createServer } from "node:http"

const Message = Schema.Struct({ role: Schema.String, content: Schema.String })

const Completion = Schema.Struct({
  id: Schema.String,
  object: Schema.String,
  created: Schema.Finite,
  model: Schema.String,
  choices: Schema.Array(Schema.Struct({
    index: Schema.Finite,
    message: Message,
    finish_reason: Schema.NullOr(Schema.String)
  }))
})

/** What users see. Its OpenAPI, with every error, is at `/openapi.json`. */
export const Api = HttpApi.make("gateway").add(
  HttpApiGroup.make("chat").add(
    HttpApiEndpoint.post("complete", "/v1/chat/completions", {
      payload: Schema.Struct({ model: Schema.String, messages: Schema.Array(Message) }),
      success: Completion,
      error: Gateway.errors("POST /chat/completions", "openai")
    })
  )
)

const Chat = HttpApiBuilder.group(
  Api,
  "chat",
  Effect.fnUntraced(function*(handlers) {
    const venice = yield* VeniceClient
    return handlers.handle(
      "complete",
      ({ payload }) =>
        venice.execute("POST /chat/completions", { body: payload, success: Completion, timeout: "2 minutes" }).pipe(
          Effect.retry(Retry.limit(Retry.eager, { attempts: 2 })),
          Effect.mapError((error) => Gateway.conceal(Gateway.fromFailure(error)))
        )
    )
  })
)

/** The routes of the gateway; `VeniceClient` and a server are for the caller to give. */
export const Routes = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(Layer.provide(Chat))

if (import.meta.main) {
  HttpRouter.serve(Routes).pipe(
    Layer.provide(VeniceClient.layer),
    Layer.provide(NodeHttpServer.layer(createServer, { port: 3000 })),
    Layer.launch,
    NodeRuntime.runMain
  )
}
