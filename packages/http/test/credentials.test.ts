import { Operation, Retry, VeniceError } from "@effect-venice/core"
import { AiFailure, Failure, Gateway, HttpFailure, ResponseMetadata, VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Console, Effect, Exit, Logger, Redacted, Schema, Stream } from "effect"
import { AiError } from "effect/ai"
import { FetchHttpClient, HttpClient, type HttpClientError } from "effect/http"
import type { IncomingHttpHeaders, ServerResponse } from "node:http"
import { inspect } from "node:util"
import { chat } from "./bodies.ts"
import { answer, serve } from "./server.ts"
import { recorder } from "./spans.ts"

const key = "correct-horse-battery-staple"

const wallet = {
  "PAYMENT-SIGNATURE": "signed-payment-1",
  "X-402-Payment": "signed-payment-2",
  "X-PAYMENT": "signed-payment-3",
  "SIGN-IN-WITH-X": "signed-sign-in-1",
  "X-Sign-In-With-X": "signed-sign-in-2",
  "X-Api-Key": "another-key-1",
  "Proxy-Authorization": `Basic ${btoa("proxy-user:proxy-password-1")}`,
  cookie: "session=session-cookie-1",
  // What gateways ask for.
  "cf-aig-authorization": "Bearer gateway-key-1",
  "Helicone-Auth": "Bearer gateway-key-2",
  "x-goog-api-key": "gateway-key-3",
  "api-key": "gateway-key-4",
  "x-relay-signature": "gateway-key-5",
  "X-Session-Token": "fragment-1+/fragment-2=&\"fragment-3'<>fragment-4"
}

const secrets = [
  key,
  ...Object.values(wallet).map((value) => value.replace(/^Basic |^Bearer |^session=/, "")),
  "proxy-password-1",
  "fragment-1",
  "fragment-2",
  "fragment-3",
  "fragment-4",
  "secret-of-query"
]

/** Writes what some template, proxy or framework does with characters that are no letters. */
const encodings: Readonly<Record<string, (text: string) => string>> = {
  "percent, in lower case": (text) => encodeURIComponent(text).replace(/%../g, (hex) => hex.toLowerCase()),
  "percent twice": (text) => encodeURIComponent(encodeURIComponent(text)),
  "a form": (text) => new URLSearchParams({ text }).toString(),
  "HTML by name": (text) =>
    text.replaceAll("&", "&amp;").replaceAll("\"", "&quot;").replaceAll("'", "&#39;").replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;"),
  "HTML by number": (text) => text.replace(/[^\w: -]/g, (char) => `&#x${char.charCodeAt(0).toString(16)};`),
  "HTML as Go writes it": (text) =>
    text.replaceAll("&", "&amp;").replaceAll("\"", "&#34;").replaceAll("'", "&#39;").replaceAll("+", "&#43;")
      .replaceAll("<", "&lt;").replaceAll(">", "&gt;"),
  "JSON in JSON in JSON": (text) => JSON.stringify(JSON.stringify(text)),
  "JSON as PHP writes it": (text) => JSON.stringify(JSON.stringify(text).replaceAll("/", "\\/")),
  "numbers in JSON": (text) =>
    JSON.stringify(text).replace(/[+=&'<>/]/g, (char) => `\\u00${char.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** The request's credentials as headers of other names, with what else a header may not repeat. */
const echoed = (headers: IncomingHttpHeaders): Record<string, string> => ({
  ...Object.fromEntries(
    ["authorization", ...Object.keys(wallet).map((name) => name.toLowerCase())]
      .map((name) => [`x-echo-${name}`, String(headers[name])])
  ),
  "x-request-id": String(headers.authorization),
  "x-venice-model-deprecation-warning": `deprecated for ${String(headers.authorization)}`
})

type Fault = (response: ServerResponse, headers: IncomingHttpHeaders, all: string) => void

const faults: Readonly<Record<string, Fault>> = {
  "an error that repeats the request": (response, headers, all) =>
    answer(
      response,
      400,
      { error: { message: all, code: headers["payment-signature"], type: key }, details: { [key]: all } },
      echoed(headers)
    ),
  "an error that repeats the headers in other encodings": (response, headers) => {
    const values = Object.values(headers).flatMap((value) => {
      const basic = /^Basic (.*)/.exec(String(value))
      return basic === null ? [String(value)] : [String(value), atob(basic[1]!)]
    })
    const written = Object.entries(encodings).map(([name, encode]) => [name, encode(values.join(" "))])
    answer(response, 400, { error: { message: written.join("\n") }, details: Object.fromEntries(written) })
  },
  "a page that repeats the headers in other encodings": (response, headers) => {
    const values = Object.values(headers).join(" ")
    answer(response, 502, Object.values(encodings).map((encode) => encode(values)).join("\n"), {
      "content-type": "text/html"
    })
  },
  "a success whose model is the key": (response) => answer(response, 200, { model: key, id: key, choices: 1 }),
  "a content type that repeats the key": (response, { authorization }) =>
    answer(response, 500, "oops", { "content-type": authorization! }),
  "a reset": (response) => void response.socket!.resetAndDestroy(),
  "an answer that is no HTTP": (response, _, all) => void response.socket!.end(`HTTP/1.1 200 OK\r\n${all}\r\n\r\n`),
  "a success that breaks off": (response, headers, all) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "9999", ...echoed(headers) })
    response.write(all, () => response.socket!.destroy())
  },
  "an error that is cut inside the key": (response) => {
    response.writeHead(400, { "content-type": "application/json", "content-length": "9999" })
    response.write(`{"error":"bad ${key.slice(0, -1)}`, () => setTimeout(() => response.socket!.destroy(), 20))
  },
  "a success of another shape": (response, headers, all) =>
    answer(response, 200, { choices: all, [String(headers["x-payment"])]: all }, echoed(headers)),
  "a stream that breaks off": (response, headers) => {
    response.writeHead(200, { "content-type": "text/event-stream", ...echoed(headers) })
    response.write("data: {\"choices\":[]}\n\n", () => setTimeout(() => response.socket!.destroy(), 20))
  },
  "a stream with the request in an error": (response, _, all) =>
    void response.writeHead(200, { "content-type": "text/event-stream" })
      .end(`data: ${JSON.stringify({ error: { message: all } })}\n\n`)
}

const Answer = Schema.Struct({ choices: Schema.Array(Schema.Unknown) })

const encoded = (error: unknown): unknown => {
  if (error instanceof Failure.UnexpectedBody) {
    return Schema.encodeUnknownSync(Schema.toCodecJson(Failure.UnexpectedBody))(error)
  }
  if (error instanceof Failure.UnfinishedStream) {
    return Schema.encodeUnknownSync(Schema.toCodecJson(Failure.UnfinishedStream))(error)
  }
  return VeniceError.isVeniceError(error)
    ? Schema.encodeUnknownSync(Schema.toCodecJson(VeniceError.VeniceError))(error)
    : undefined
}

/** Whatever a call wrote to its logs and spans, with every header recorded. */
const watching = Effect.fnUntraced(function*<A, E>(call: Effect.Effect<A, E, HttpClient.HttpClient>) {
  const lines: Array<unknown> = []
  const { spans, tracer } = recorder()
  const write = (...args: ReadonlyArray<unknown>) => void lines.push(...args)
  const console = new Proxy(globalThis.console, { get: () => write })
  const exit = yield* call.pipe(
    Effect.tapCause((cause) => Effect.logError("failed", cause)),
    Effect.tapError((error) => Effect.logError(error)),
    Effect.withSpan("outer"),
    Effect.exit,
    Effect.provide(Logger.layer([Logger.consolePretty(), Logger.consoleJson, Logger.consoleLogFmt])),
    Effect.provideService(Console.Console, console),
    Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
    Effect.withTracer(tracer)
  )
  const written = [
    ...lines,
    ...spans.map(({ attributes, events, name, status }) => [name, attributes, events, status])
  ].map((item) => typeof item === "string" ? item : inspect(item, { depth: 12 }))
  return { exit, spans, written: written.join("\n") }
})

const failureOf = (exit: Exit.Exit<unknown, unknown>): unknown =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) : assert.fail("a success")

const textOf = (exit: Exit.Exit<unknown, unknown>): string => {
  const error = failureOf(exit)
  const failure = error as Failure.Failure
  const gateway = Gateway.fromFailure(failure)
  const ai = AiFailure.toAiError(failure, "generateText")
  return [
    JSON.stringify(gateway),
    inspect(Gateway.toResponse(gateway), { depth: 9, customInspect: false }),
    JSON.stringify(Schema.encodeSync(Schema.toCodecJson(AiError.AiError))(ai)),
    inspect(ai, { depth: 12, customInspect: false }),
    Cause.pretty(Cause.fail(ai)),
    String(error),
    (error as Error).stack,
    JSON.stringify(error),
    inspect(error, { depth: 10 }),
    inspect(error, { depth: 10, customInspect: false }),
    JSON.stringify(exit),
    inspect(exit, { depth: 10 }),
    Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
    JSON.stringify(encoded(error))
  ].join("\n")
}

const options = { query: { token: "secret-of-query" }, headers: wallet, body: { ...chat, prompt: "a private prompt" } }

describe.each([
  ["fetch", FetchHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp]
])("credentials over %s", (_, layer) => {
  const connect = (url: string) => VeniceClient.make({ baseUrl: url, apiKey: Redacted.make(key) })

  it.live.each(Object.entries(faults))("are in no error, log or span of %s", ([name, fault]) =>
    Effect.gen(function*() {
      const server = yield* serve((response, { headers, url }) =>
        fault(response, headers, JSON.stringify({ url, headers }))
      )
      const venice = yield* connect(server.url)
      const call = name.includes("stream")
        ? Stream.runDrain(venice.stream("POST /chat/completions", { ...options, event: Answer }))
        : venice.execute("POST /chat/completions", { ...options, success: Answer })

      const { exit, spans, written } = yield* watching(Effect.asVoid(call as Effect.Effect<unknown, unknown>))

      const all = `${textOf(exit)}\n${written}`
      for (const secret of [...secrets, key.slice(0, -1), options.body.prompt]) assert.notInclude(all, secret)
      // The request was sent with all of them, and the span of it was recorded.
      assert.strictEqual(server.got[0]?.headers["payment-signature"], wallet["PAYMENT-SIGNATURE"])
      assert.include(spans.map((span) => span.name), "POST")
    }).pipe(Effect.provide(layer)))

  it.live("are in no response, nor in the error of reading it", () =>
    Effect.gen(function*() {
      const server = yield* serve((response, { headers }) =>
        faults["a success that breaks off"]!(response, headers, "{")
      )
      const venice = yield* connect(server.url)
      const response = yield* venice.request("POST /audio/speech", options)
      const error = yield* Effect.flip(response.arrayBuffer)

      const text = inspect(response, { depth: 10 }) + inspect(error, { depth: 10, customInspect: false })
      assert.strictEqual(response.request.headers.authorization, "<redacted>")
      for (const name of ["authorization", ...Object.keys(wallet)]) {
        assert.notInclude(JSON.stringify(response.request), String(server.got[0]!.headers[name.toLowerCase()]))
      }
      assert.notInclude(text, options.body.prompt)
      assert.strictEqual(Retry.kindOf(error), "Transport")
    }).pipe(Effect.provide(layer)))

  it.live.each<readonly [string, string, string]>([
    ["the password of the base URL", "http://user:url%2Fpassword-1@", "url/password-1"],
    ["a token instead of a user", "http://token-of-url-1@", "token-of-url-1"]
  ])("are in no failure over %s", ([, before, secret]) =>
    Effect.gen(function*() {
      const server = yield* serve((response, got) =>
        answer(response, 400, { error: JSON.stringify(got) + secret + before })
      )
      for (const url of [server.url.replace("http://", before), `${before}bad host/v1`, `${before}127.0.0.1:1/v1`]) {
        const venice = yield* connect(url)
        const call = venice.execute("POST /chat/completions", { ...options, success: Answer })

        const { exit, written } = yield* watching(call)

        const all = `${textOf(exit)}\n${written}`
        for (const text of [...secrets, secret, encodeURIComponent(secret)]) assert.notInclude(all, text)
      }
    }).pipe(Effect.provide(layer)))

  it.live("are in no failure over a token in the URL's text", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => void response.socket!.resetAndDestroy())
      const client = HttpFailure.typed(yield* HttpClient.HttpClient)
      const venice = yield* connect(server.url)
      const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        client.post(`${server.url}?token=text-secret-1&n=1#access_token=text-secret-2`, { headers: wallet }),
        venice.request("GET /models"),
        venice.request(Operation.custom("GET /new?signature=text-secret-1&n=1"))
      ]
      for (const call of calls) {
        const { exit, written } = yield* watching(Effect.asVoid(call))

        const all = `${textOf(exit)}\n${written}`
        for (const secret of [...secrets, "text-secret-1", "text-secret-2"]) {
          assert.notInclude(all, secret)
        }
      }
    }).pipe(Effect.provide(layer)))

  it.live("are in no failure from before the request is sent", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))
      const venice = yield* connect(server.url)
      const talkative = {
        toJSON: () => {
          throw new Error(`cannot encode ${key} for ${wallet["api-key"]}`)
        }
      }
      const calls = [
        ["EncodeError", venice.request(Operation.custom("POST /new"), { ...options, body: talkative })],
        ["EncodeError", venice.request(Operation.custom("POST /new"), { ...options, body: { n: 1n } })],
        ["InvalidUrlError", venice.request("GET /characters/{slug}", { ...options, path: { slug: "" } })],
        ["InvalidUrlError", venice.request("GET /characters/{slug}", { ...options, path: { slug: ".." } })]
      ] as ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>]>
      for (const [tag, call] of calls) {
        const { exit, written } = yield* watching(Effect.asVoid(Effect.retry(call, Retry.eager)))

        const all = `${textOf(exit)}\n${written}`
        for (const secret of [...secrets, options.body.prompt]) assert.notInclude(all, secret)
        assert.include(failureOf(exit), { _tag: "HttpClientError" })
        assert.strictEqual((failureOf(exit) as HttpClientError.HttpClientError).reason._tag, tag)
      }
      assert.strictEqual(server.got.length, 0)
    }).pipe(Effect.provide(layer)))

  it.live("that no header may hold fail before they are sent, without a repeat", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))
      const venice = yield* connect(server.url)
      const unsafe = yield* VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make(`${key}\n`) })

      const signed = yield* Effect.exit(venice.request("GET /models", { headers: { "X-PAYMENT": "signed\npayment" } }))
      const keyed = yield* Effect.exit(Effect.retry(unsafe.request("GET /models"), Retry.eager))

      for (const [exit, name] of [[signed, "x-payment"], [keyed, "authorization"]] as const) {
        const text = textOf(exit)
        assert.include(text, `the header ${name} contains characters that are not allowed in a header`)
        assert.notInclude(text, key)
        assert.notInclude(text, "signed")
        assert.isUndefined(Retry.kindOf(failureOf(exit)))
      }
      assert.strictEqual(server.got.length, 0)
    }).pipe(Effect.provide(layer)))

  it.live("leave a failure what a policy knows it by", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => {})
      yield* Effect.promise(server.close)
      const venice = yield* connect(server.url)

      // A connection that was never made is repeated, whatever was to be sent.
      const error = yield* Effect.flip(Effect.retry(venice.request("POST /chat/completions", options), Retry.eager))

      assert.strictEqual(error._tag, "HttpClientError")
      assert.strictEqual(Retry.history(error)?.made.length, 4)
      assert.include(String(error), "POST http://127.0.0.1")
    }).pipe(Effect.provide(layer)))

  it.live("are kept out of the errors of any client that is typed", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => void response.socket!.resetAndDestroy())
      const client = HttpFailure.typed(yield* HttpClient.HttpClient)

      const exit = yield* Effect.exit(client.post(server.url, { headers: wallet }))

      for (const secret of secrets) assert.notInclude(textOf(exit), secret)
    }).pipe(Effect.provide(layer)))
})

it.live("what a schema says of a body is without what the body repeats", () =>
  Effect.gen(function*() {
    const server = yield* serve((response) => answer(response, 200, { [key]: key }))
    const venice = yield* VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make(key) })
    const refusing = Schema.String.check(Schema.makeFilter((text) => `no ${text}`))

    for (const value of [Schema.Number, refusing]) {
      const success = Schema.Record(Schema.String, value)
      const exit = yield* Effect.exit(venice.execute("GET /models", { success }))

      assert.include(textOf(exit), "<redacted> is not as expected")
      assert.notInclude(textOf(exit), key)
    }
  }).pipe(Effect.provide(FetchHttpClient.layer)))

it.live("what a success says of its model is logged without what it repeats", () =>
  Effect.gen(function*() {
    const server = yield* serve((response, { headers }) => answer(response, 200, {}, echoed(headers)))
    const venice = yield* VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make(key) })

    const { written } = yield* watching(Effect.asVoid(venice.request("GET /models")))
    const [, hints] = yield* ResponseMetadata.collect(venice.request("GET /models"))

    assert.include(written, "deprecated for Bearer <redacted>")
    assert.notInclude(written, key)
    assert.strictEqual(hints.deprecation?.warning, "deprecated for Bearer <redacted>")
  }).pipe(Effect.provide(FetchHttpClient.layer)))
