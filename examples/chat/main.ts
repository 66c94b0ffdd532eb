/**
 * A chat in the browser: a small server passes the stream of Venice on to a page, as server-sent events.
 *
 *     VENICE_API_KEY=… node examples/chat/main.ts
 *
 * The page shows the text as it arrives. If the stream fails in the middle, it keeps the text that came and says what
 * happened. A reader who closes the tab interrupts the request to Venice.
 */
import { Retry, VeniceError } from "@effect-venice/core"
import { type Failure, Gateway, Success, VeniceClient } from "@effect-venice/http"
import { NodeHttpServer, NodeRuntime } from "@effect/platform-node"
import { Cause, Duration, Effect, Layer, Schema, Stream } from "effect"
import { Sse } from "effect/encoding"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"

/** What the page sends: the whole conversation. */
const Conversation = Schema.Struct({
  messages: Schema.Array(Schema.Struct({
    role: Schema.Literals(["user", "assistant"]),
    content: Schema.String.check(Schema.isMaxLength(20_000))
  })).check(Schema.isMaxLength(100))
})

/** What the page says of a failure. Nothing in it is Venice's text, so it can be shown to anybody. */
const explanationOf = (failure: Failure.Failure): string => {
  const error = Gateway.fromFailure(failure)
  const { retryAfter } = error.response
  const later = retryAfter === undefined
    ? "Try again in a moment."
    : `Try again in ${Math.ceil(Duration.toSeconds(retryAfter))} seconds.`
  const busy = () => `The model is busy. ${later}`
  const broken = () => `The answer broke off. ${later}`
  const unavailable = () => "The chat is not available. We know about it."
  const rejected = () => "The model cannot answer this."
  return VeniceError.matchCategory(error, {
    RateLimit: busy,
    Capacity: busy,
    Server: broken,
    Upstream: broken,
    Timeout: broken,
    ContentPolicy: rejected,
    InvalidMedia: rejected,
    ContextLength: () => "The conversation is too long. Begin a new one.",
    InvalidRequest: unavailable,
    NotFound: unavailable,
    Authentication: unavailable,
    Permission: unavailable,
    Billing: unavailable
  })
}

const event = (name: "text" | "failed" | "done", data: string): string =>
  Sse.encoder.write({ _tag: "Event", event: name, id: undefined, data: JSON.stringify(data) })

const longestSilence = "30 seconds"

/** The events of the page. A failure is one of them, so that the page has one way to hear of it. */
export const answer = (venice: VeniceClient["Service"], { messages }: typeof Conversation.Type) =>
  venice.stream("POST /chat/completions", {
    body: { model: "llama-3.3-70b", messages },
    event: Success.ChatCompletionChunk,
    timeout: "1 minute"
  }).pipe(
    // A reader does not wait for a stream that is open and silent.
    Stream.timeoutOrElse({ duration: longestSilence, orElse: () => Stream.fail(new Cause.TimeoutError()) }),
    // Restarts only a stream that has not delivered anything.
    Stream.retry(Retry.limit(Retry.standard, { longestHint: "5 seconds" })),
    Stream.map(({ choices }) => choices[0]?.delta.content ?? ""),
    Stream.filter((text) => text !== ""),
    Stream.map((text) => event("text", text)),
    Stream.concat(Stream.succeed(event("done", ""))),
    Stream.tapError(Effect.logWarning),
    Stream.catch((failure) => Stream.succeed(event("failed", explanationOf(failure)))),
    Stream.encodeText
  )

const file = (name: string, contentType: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(readFileSync(join(import.meta.dirname, name), "utf8"), {
    contentType,
    headers: {
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:"
    }
  })

/** The page and its stream, to be served with `VeniceClient` and an HTTP server. */
export const Routes = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const venice = yield* VeniceClient
  yield* router.add("GET", "/", file("page.html", "text/html; charset=utf-8"))
  yield* router.add("GET", "/page.js", file("page.js", "text/javascript; charset=utf-8"))
  yield* router.add(
    "POST",
    "/chat",
    HttpServerRequest.schemaBodyJson(Conversation).pipe(
      Effect.map((conversation) =>
        HttpServerResponse.stream(answer(venice, conversation), {
          contentType: "text/event-stream",
          headers: { "cache-control": "no-store" }
        })
      ),
      Effect.catch(() => Effect.succeed(HttpServerResponse.empty({ status: 400 })))
    )
  )
}))

if (import.meta.main) {
  HttpRouter.serve(Routes).pipe(
    Layer.provide(VeniceClient.layer),
    Layer.provide(NodeHttpServer.layer(createServer, { port: Number(process.env.PORT ?? 3000) })),
    Layer.launch,
    NodeRuntime.runMain
  )
}
