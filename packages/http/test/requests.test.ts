/**
 * What `VeniceClient` sends, and what it refuses to, in memory. What happens on the wire is in `VeniceClient.test.ts`.
 */
import { Operation } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, ConfigProvider, Effect, Exit, Fiber, Redacted, Schema, Stream } from "effect"
import { HttpBody, HttpClient, type HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"

const connect = (
  options: Parameters<typeof VeniceClient.make>[0] = {},
  respond: () => Response = () => new Response("{}"),
  sent: Array<{ readonly request: HttpClientRequest.HttpClientRequest; readonly url: string }> = []
) =>
  Effect.map(
    VeniceClient.make({ baseUrl: "https://host/v1", ...options }).pipe(
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make((request, url) =>
          Effect.sync(() => {
            sent.push({ request, url: String(url) })
            return HttpClientResponse.fromWeb(request, respond())
          })
        )
      )
    ),
    (venice) => ({ venice, sent })
  )

const paths: ReadonlyArray<readonly [string, Record<string, string | number>?]> = [
  ["GET /models"],
  ["GET /characters/{slug}", { slug: "alan-watts" }],
  ["GET /characters/{slug}", { slug: 0 }],
  ["GET /characters/{slug}", { slug: "a b/c?d#e%f" }],
  ["GET /characters/{slug}", { slug: "\ud83d\ude00" }],
  ["GET /characters/{slug}", { slug: "a\ud83d\udc00\ud800b\udfff" }],
  ["GET /characters/{slug}", { slug: "" }],
  ["GET /characters/{slug}", { slug: null as never }],
  ["GET /characters/{slug}", { other: "a" }],
  ["GET /characters/{slug}", { slug: null as never }],
  ["GET /characters/{slug}"],
  ["GET /{a}/{b}", { a: 1, b: 2 }],
  ["GET /{a}/{b}", { b: 2 }],
  ["GET /{a}/{b}"],
  ["GET /{}", { "": "x" }],
  ["GET /{{a}}", { a: "x" }],
  ["GET /."],
  ["GET /.."],
  ["GET /..."],
  ["GET /a/./b"],
  ["GET /a/../b"],
  ["GET /a/.b"],
  ["GET /a/b."],
  ["GET /a/..b"],
  ["GET /a/b.."],
  ["GET /a\\..\\b"],
  ["GET /%2e"],
  ["GET /%2E%2e/a"],
  ["GET /.%2e/a"],
  ["GET /%2e%2e%2e/a"],
  ["GET /a/..#part"],
  ["GET /a?b=/../c"],
  ["GET /a?b=1?c=/../d"],
  ["GET ../a"],
  ["DELETE /api_keys"]
]

const show = Effect.fnUntraced(function*(
  operation: string,
  path: Record<string, string | number> | undefined,
  query?: Record<string, string>
) {
  const { sent, venice } = yield* connect()
  const custom = Operation.custom(operation as "GET /")
  const exit = yield* Effect.exit(venice.request(custom, { path, query } as object))
  const [first] = sent
  if (first !== undefined) return `${first.request.method} ${first.url}`
  return Exit.isFailure(exit) ? String(Cause.squash(exit.cause)) : "nothing"
})

it("every operation is sent to this URL, or refused", async () => {
  const lines: Array<string> = []
  for (const [operation, path] of paths) {
    const outcome = await Effect.runPromise(show(operation, path))
    lines.push(`${operation} ${path === undefined ? "" : JSON.stringify(path)} → ${outcome}`)
  }
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/requests.txt")
})

class Own {
  readonly model = "m"
}

describe("a body", () => {
  const form = new FormData()
  form.append("model", "m")

  const bodyOf = Effect.fnUntraced(function*(body: unknown, streaming = false) {
    const response = () => new Response("data: [DONE]\n\n", { headers: { "content-type": "text/event-stream" } })
    const { sent, venice } = yield* connect({}, response)
    const operation = Operation.custom("POST /new")
    yield* streaming
      ? Stream.runDrain(venice.stream(operation, { body, event: Schema.Unknown }))
      : venice.request(operation, { body })
    const sentBody = sent[0]!.request.body
    const text = sentBody._tag === "Uint8Array" ? `: ${new TextDecoder().decode(sentBody.body)}` : ""
    return `${sentBody._tag} ${"contentType" in sentBody ? sentBody.contentType : undefined}${text}`
  })

  it.effect.each<readonly [string, unknown, string, string]>([
    ["nothing", undefined, "Empty undefined", "Empty undefined"],
    [
      "an object",
      { model: "m" },
      "Uint8Array application/json: {\"model\":\"m\"}",
      "Uint8Array application/json: {\"model\":\"m\",\"stream\":true}"
    ],
    [
      "an object that does not want to stream",
      { stream: false },
      "Uint8Array application/json: {\"stream\":false}",
      "Uint8Array application/json: {\"stream\":true}"
    ],
    ["a list", [1], "Uint8Array application/json: [1]", "Uint8Array application/json: [1]"],
    ["null", null, "Uint8Array application/json: null", "Uint8Array application/json: null"],
    [
      "an object of a class",
      new Own(),
      "Uint8Array application/json: {\"model\":\"m\"}",
      "Uint8Array application/json: {\"model\":\"m\"}"
    ],
    ["a form", form, "FormData undefined", "FormData undefined"],
    ["a body of Effect", HttpBody.text("x"), "Uint8Array text/plain: x", "Uint8Array text/plain: x"]
  ])("is %s", ([, body, sent, streamed]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* bodyOf(body), sent)
      assert.strictEqual(yield* bodyOf(body, true), streamed)
    }))

  it.effect("that is no JSON is an EncodeError with its cause", () =>
    Effect.gen(function*() {
      const { sent, venice } = yield* connect()
      const error = yield* Effect.flip(venice.request(Operation.custom("POST /new"), { body: { n: 1n } }))

      assert.strictEqual(error._tag, "HttpClientError")
      if (error._tag !== "HttpClientError") return
      assert.deepInclude(error.reason, { _tag: "EncodeError", description: "the body cannot be encoded as JSON" })
      assert.isDefined(error.reason.cause)
      assert.deepStrictEqual(sent, [])
    }))
})

describe("a request", () => {
  it.effect("has the query and the headers of its call, and the key", () =>
    Effect.gen(function*() {
      const { sent, venice } = yield* connect({ apiKey: "abcdef" })
      yield* venice.request("GET /models", { query: { type: "text" }, headers: { "X-A": "a" } })
      const [{ request, url }] = sent as [typeof sent[number]]

      assert.strictEqual(`${url} ${request.urlParams.params.join()}`, "https://host/v1/models?type=text type,text")
      assert.strictEqual(request.headers["x-a"], "a")
      assert.strictEqual(request.headers.authorization, "Bearer abcdef")
    }))

  it.effect("goes to Venice where no URL is given", () =>
    Effect.gen(function*() {
      const { sent, venice } = yield* connect({ baseUrl: undefined })
      yield* venice.request("GET /models")

      assert.strictEqual(sent[0]!.url, "https://api.venice.ai/api/v1/models")
      assert.isUndefined(sent[0]!.request.headers.authorization)
    }))

  it.effect("has the key, redacted or not", () =>
    Effect.gen(function*() {
      const { sent, venice } = yield* connect({ apiKey: Redacted.make("abcdef") })
      yield* venice.http.get("/models")

      assert.strictEqual(sent[0]!.request.headers.authorization, "Bearer abcdef")
    }))
})

it.effect("a failure before the request is sent has no key", () =>
  Effect.gen(function*() {
    const { venice } = yield* connect({ apiKey: "abcdefgh" })
    const body = {
      toJSON: () => {
        throw new Error("no JSON of abcdefgh")
      }
    }
    const error = yield* Effect.flip(venice.request(Operation.custom("POST /new"), { body }))

    assert.notInclude(inspect(error, { depth: 9, customInspect: false }), "abcdefgh")
  }))

describe("a timeout", () => {
  const late = Effect.fnUntraced(function*(
    call: (venice: VeniceClient["Service"]) => Effect.Effect<unknown, unknown>
  ) {
    const venice = yield* VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
      Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.never))
    )
    const fiber = yield* Effect.forkChild(Effect.flip(call(venice)))
    yield* TestClock.adjust("1499 millis")
    const isEarly = fiber.pollUnsafe() !== undefined
    yield* TestClock.adjust("1 millis")
    return { isEarly, error: (yield* Fiber.join(fiber)) as any }
  })

  const timeout = "1500 millis"

  it.effect.each<readonly [string, (venice: VeniceClient["Service"]) => Effect.Effect<unknown, unknown>]>([
    ["request", (venice) => venice.request("GET /models", { timeout })],
    [
      "request with a query in its text",
      (venice) => venice.request(Operation.custom("GET /models?token=a"), { timeout })
    ],
    ["execute", (venice) => venice.execute("GET /models", { timeout, success: Schema.Unknown })],
    ["stream", (venice) => Stream.runDrain(venice.stream("GET /models", { timeout, event: Schema.Unknown }))]
  ])("ends %s on time, with an error that names the operation", ([, call]) =>
    Effect.gen(function*() {
      const { error, isEarly } = yield* late(call)

      assert.isFalse(isEarly)
      assert.strictEqual(error.reason._tag, "TransportError")
      assert.strictEqual(error.reason.description, "no response within 1s 500ms")
      assert.strictEqual(error.reason.cause._tag, "TimeoutError")
      assert.strictEqual(`${error.request.method} ${error.request.url}`, "GET /models")
    }))
})

describe("a success that hides an error", () => {
  const call = (operation: string, body: unknown, status = 200) =>
    Effect.flatMap(
      connect({}, () => new Response(JSON.stringify(body), { status })),
      ({ venice }) =>
        venice.execute(Operation.custom(operation as "GET /"), {
          success: Schema.Unknown,
          path: { network: "base" }
        } as { success: typeof Schema.Unknown })
    ).pipe(
      Effect.match({
        onSuccess: (value) => JSON.stringify(value),
        onFailure: (error) => {
          const fields = error as { readonly code?: unknown; readonly data?: unknown }
          const shown = Object.entries({ code: fields.code, data: fields.data }).filter(([, value]) =>
            value !== undefined
          )
          return `${error._tag}: ${
            [error.message, ...shown.map(([name, value]) => `${name} ${JSON.stringify(value)}`)].join(", ")
          }`
        }
      })
    )

  const bodies: ReadonlyArray<unknown> = [
    {},
    { error: null },
    { error: "" },
    { error: "Inference processing failed" },
    { error: { code: "MODEL_OFFLINE", message: "off" } },
    { error: { message: "unheard of" } },
    { data: { error: "Inference processing failed" } },
    { error: { code: -32_000, message: "execution reverted", data: "0x08c379a0" } },
    { error: { code: "-32000", message: "as a text" } },
    { error: { code: "3x", message: "Venice's" } },
    { error: { code: null } },
    { error: { message: 1 } },
    { error: { code: "9".repeat(400), message: "beyond numbers" } },
    { error: 1 },
    { error: [] },
    { error: { message: "data", data: { a: "venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7" } } },
    { error: { message: "hex", data: `0x${"aB".repeat(40)}` } },
    { error: { message: "hex", data: `0x${"aB".repeat(40)}g` } },
    { error: { message: "hex", data: `00x${"aB".repeat(40)}` } },
    { error: { message: "no data", data: null } },
    "text",
    { error: { message: "a key: venice_inference_key_aB3dE5fG7hJ9kL1mN3pQ5rS7" } },
    [{ error: { code: 1, message: "of a batch" } }]
  ]

  it("fails with these errors", async () => {
    const lines: Array<string> = []
    for (const body of bodies) {
      for (const operation of ["POST /chat/completions", "POST /crypto/rpc/{network}"]) {
        lines.push(`${operation} ${JSON.stringify(body)} → ${await Effect.runPromise(call(operation, body))}`)
      }
    }
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/hidden-errors.txt")
  })
})

describe("a key from the environment", () => {
  const keyOf = (key: string) =>
    VeniceClient.config.pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env: { VENICE_API_KEY: key } })),
      Effect.match({
        onSuccess: ({ apiKey }) => Redacted.value(apiKey!),
        onFailure: () => "refused"
      })
    )

  it.effect("has only printable characters, without those around it", () =>
    Effect.gen(function*() {
      for (const key of ["a", "!~", " a ", "\ta\n"]) assert.strictEqual(yield* keyOf(key), key.trim())
      for (const key of ["", " \t", "a b", "a\u007f", "\u0000a", "ä", "a\nb"]) {
        assert.strictEqual(yield* keyOf(key), "refused")
      }
    }))
})

describe("a host that the environment names", () => {
  const trusts = Effect.fnUntraced(function*(url: string) {
    const env = { VENICE_API_KEY: "abcdef", VENICE_BASE_URL: url }
    const options = yield* Effect.provideService(
      VeniceClient.config,
      ConfigProvider.ConfigProvider,
      ConfigProvider.fromEnv({ env })
    )
    const { venice } = yield* connect(options)
    const headers = { "x-payment": "signed" }
    return yield* Effect.match(venice.request("GET /models", { headers }), {
      onSuccess: () => "sent",
      onFailure: (error) => error.message
    })
  })

  it.effect("gets a payment if a URL in code names it", () =>
    Effect.gen(function*() {
      const { sent, venice } = yield* connect({ baseUrl: new URL("https://gateway.example/v1") })
      yield* venice.request("GET /models", { headers: { "x-payment": "signed" } })

      assert.strictEqual(sent[0]!.url, "https://gateway.example/v1/models")
    }))

  it("gets a payment if it is one of these", async () => {
    const lines: Array<string> = []
    for (
      const url of [
        "https://venice.ai/v1",
        "https://api.venice.ai/v1",
        "https://a.b.venice.ai/v1",
        "http://api.venice.ai/v1",
        "https://evilvenice.ai/v1",
        "https://venice.ai.example/v1",
        "https://venicexai/v1",
        "http://localhost/v1",
        "https://localhost:8080/v1",
        "http://xlocalhost/v1",
        "http://localhost.example/v1",
        "http://127.0.0.1/v1",
        "http://127.255.10.254:1/v1",
        "http://127.0.0.1.example/v1",
        "http://128.0.0.1/v1",
        "http://10.0.0.1/v1",
        "http://[::1]/v1",
        "http://[::2]/v1",
        "http://[1::1]/v1"
      ]
    ) lines.push(`${url} → ${await Effect.runPromise(trusts(url))}`)
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/hosts.txt")
  })
})
