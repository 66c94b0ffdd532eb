/**
 * A gateway between users and Venice that any OpenAI client can use.
 *
 *     VENICE_API_KEY=… node examples/gateway.ts
 *
 * Users share the key of the gateway, so errors about its Venice account are concealed. Errors about a request (a wrong
 * model, a prompt that is too long, a busy model) are sent in OpenAI's shape, with Venice's hint.
 */
import { Retry } from "@effect-venice/core"
import { type Failure, Gateway, VeniceClient } from "@effect-venice/http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Duration, Effect, Layer, Schema, Stream } from "effect"
import { HttpRouter } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiGroup } from "effect/http-api"
import { createServer } from "node:http"

const operation = "POST /chat/completions"

// The gateway reads only these members. It passes the others on unchanged, in both directions.
const others = [Schema.Record(Schema.String, Schema.Json)] as const

const Message = Schema.StructWithRest(Schema.Struct({ role: Schema.String }), others)

const Request = Schema.StructWithRest(
  Schema.Struct({
    model: Schema.String,
    messages: Schema.Array(Message),
    stream: Schema.optionalKey(Schema.NullOr(Schema.Boolean))
  }),
  others
)

/** The API for users. Its OpenAPI document, with every error, is at `/openapi.json`. */
export const Api = HttpApi.make("gateway").add(
  HttpApiGroup.make("chat").add(
    HttpApiEndpoint.post("complete", "/v1/chat/completions", {
      payload: Request,
      success: Schema.Json,
      error: Gateway.errors(operation, "openai")
    })
  )
)

/** What a user may see of a failure. */
const shown = <E extends Failure.Failure>(failure: E) => Gateway.conceal(Gateway.fromFailure(failure))

const Chat = HttpApiBuilder.group(
  Api,
  "chat",
  Effect.fnUntraced(function*(handlers) {
    const venice = yield* VeniceClient
    // The user's client waits for longer hints itself.
    const policy = Retry.limit(Retry.standard, { attempts: 3, longestHint: Duration.seconds(2) })

    const complete = (body: typeof Request.Type) =>
      venice.execute(operation, { body, success: Schema.Json, timeout: "2 minutes" }).pipe(
        Effect.retry(policy),
        Effect.mapError(shown)
      )

    // The failure of a stream that has begun is an event, which a user sees too.
    const stream = (body: typeof Request.Type) =>
      venice.stream(operation, { body, event: Schema.Json }).pipe(
        Stream.retry(policy),
        Stream.mapError(shown),
        Gateway.streamed
      )

    return handlers.handle("complete", ({ payload }) =>
      Effect.gen(function*() {
        return payload.stream === true ? yield* stream(payload) : yield* complete(payload)
      }))
  })
)

/** The routes of the gateway, to be served with `VeniceClient` and an HTTP server. */
export const Routes = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(Layer.provide(Chat))

if (import.meta.main) {
  HttpRouter.serve(Routes).pipe(
    Layer.provide(VeniceClient.layer),
    Layer.provide(NodeHttpServer.layer(createServer, { port: Number(process.env.PORT ?? 3000) })),
    Layer.launch,
    NodeRuntime.runMain
  )
}
