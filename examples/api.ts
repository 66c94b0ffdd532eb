/**
 * An HTTP API of your own on Venice, with errors of its own as problem details.
 *
 *     VENICE_API_KEY=… node examples/api.ts
 *
 * Its users do not know Venice. Four errors say what they can do: shorten the text, change it, come back later, or only
 * wait for you. Each category of Venice's errors becomes one of them, and a category without an entry does not compile.
 */
import { Retry, VeniceError } from "@effect-venice/core"
import { type ExecuteFailure, Gateway, Success, VeniceClient } from "@effect-venice/http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Duration, Effect, Layer, Schema } from "effect"
import { HttpRouter, ProblemDetails } from "effect/http"
import { HttpApi, HttpApiBuilder, HttpApiEndpoint, HttpApiError, HttpApiGroup, HttpApiSchema } from "effect/http-api"
import { createServer } from "node:http"

const operation = "POST /chat/completions"

const typeOf = <const Name extends string>(name: Name) => `https://summaries.example/problems/${name}` as const

export class TextTooLong extends HttpApiError.Problem<TextTooLong>()("TextTooLong", {
  type: typeOf("text-too-long"),
  status: 413,
  title: "The text is too long"
}) {}

export class TextRefused extends HttpApiError.Problem<TextRefused>()("TextRefused", {
  type: typeOf("text-refused"),
  status: 422,
  title: "The text cannot be summarised"
}) {}

export class Busy extends HttpApiError.Problem<Busy>()("Busy", {
  type: typeOf("busy"),
  status: 503,
  title: "Too many summaries are asked for"
}, {
  retryAfter: Schema.optionalKey(Schema.Duration)
}) {}

export class Unavailable extends HttpApiError.Problem<Unavailable>()("Unavailable", {
  type: typeOf("unavailable"),
  status: 502,
  title: "Summaries are not available"
}) {}

/** The time to wait is in the header that clients and proxies read. */
const BusyWithHeader = Busy.pipe(HttpApiSchema.encodeToWithHeaders({
  body: ProblemDetails.Schema.pipe(
    HttpApiSchema.status(503),
    HttpApiSchema.asJson({ contentType: ProblemDetails.contentType })
  ),
  headers: { "retry-after": Schema.optionalKey(Schema.FiniteFromString) }
}, {
  encode: ({ retryAfter, status, title, type }) => ({
    body: { type, status, title },
    headers: retryAfter === undefined ? {} : { "retry-after": Math.ceil(Duration.toSeconds(retryAfter)) }
  }),
  decode: ({ headers: { "retry-after": seconds } }) =>
    new Busy(seconds === undefined ? {} : { retryAfter: Duration.seconds(seconds) })
}))

/** The API for users. Its OpenAPI document, with every problem, is at `/openapi.json`. */
export const Api = HttpApi.make("summaries").add(
  HttpApiGroup.make("summaries").add(
    HttpApiEndpoint.post("summarize", "/summaries", {
      payload: Schema.Struct({ text: Schema.NonEmptyString }),
      success: Schema.Struct({ summary: Schema.String }),
      error: [TextTooLong, TextRefused, BusyWithHeader, Unavailable]
    })
  )
)

const problemOf = (failure: ExecuteFailure<typeof operation>) => {
  const error = Gateway.fromFailure(failure)
  const { retryAfter } = error.response
  const tooLong = () => new TextTooLong({})
  const refused = () => new TextRefused({ detail: error.message })
  const busy = () => new Busy(retryAfter === undefined ? {} : { retryAfter })
  const unavailable = () => new Unavailable({})
  return VeniceError.matchCategory(error, {
    ContextLength: tooLong,
    ContentPolicy: refused,
    RateLimit: busy,
    Capacity: busy,
    Timeout: busy,
    Server: unavailable,
    Upstream: unavailable,
    // The request is ours, and so are the key and the account: no user can do anything about them.
    InvalidRequest: unavailable,
    InvalidMedia: unavailable,
    NotFound: unavailable,
    Authentication: unavailable,
    Permission: unavailable,
    Billing: unavailable
  })
}

const Summaries = HttpApiBuilder.group(
  Api,
  "summaries",
  Effect.fnUntraced(function*(handlers) {
    const venice = yield* VeniceClient
    // A user waits, so a longer hint is passed on.
    const policy = Retry.limit(Retry.standard, { attempts: 3, longestHint: "2 seconds" })

    return handlers.handle("summarize", ({ payload: { text } }) =>
      venice.execute(operation, {
        body: {
          model: "llama-3.3-70b",
          messages: [
            { role: "system", content: "Summarise the text in two sentences." },
            { role: "user", content: text }
          ]
        },
        success: Success.ChatCompletion,
        timeout: "1 minute"
      }).pipe(
        Effect.retry(policy),
        Effect.map(({ choices: [choice] }) => ({ summary: choice.message.content ?? "" })),
        // The whole failure is for you. It is printed without secrets.
        Effect.tapError(Effect.logWarning),
        Effect.mapError(problemOf)
      ))
  })
)

/** The routes of the service, to be served with `VeniceClient` and an HTTP server. */
export const Routes = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(Layer.provide(Summaries))

if (import.meta.main) {
  HttpRouter.serve(Routes).pipe(
    Layer.provide(VeniceClient.layer),
    Layer.provide(NodeHttpServer.layer(createServer, { port: Number(process.env.PORT ?? 3000) })),
    Layer.launch,
    NodeRuntime.runMain
  )
}
