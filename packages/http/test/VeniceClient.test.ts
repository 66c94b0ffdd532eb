import { Operation, Retry, RetryBudget } from "@effect-venice/core"
import { type RequestOptions, VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import type { Layer } from "effect"
import {
  ByteSize,
  Cause,
  ConfigProvider,
  Deferred,
  Effect,
  Exit,
  Redacted,
  Schedule,
  Schema,
  SchemaGetter,
  Stream
} from "effect"
import { FetchHttpClient, HttpBody, HttpClient, HttpClientResponse, HttpIncomingMessage } from "effect/http"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { inspect } from "node:util"
import { chat, embeddings, image } from "./bodies.ts"
import { answer, type Got, serve } from "./server.ts"

const key = "correct-horse-battery-staple"

const Answer = Schema.Struct({ choices: Schema.Array(Schema.Struct({ text: Schema.String })) })

const clients: ReadonlyArray<readonly [string, Layer.Layer<HttpClient.HttpClient>]> = [
  ["fetch", FetchHttpClient.layer],
  ["undici", NodeHttpClient.layerUndici],
  ["node:http", NodeHttpClient.layerNodeHttp]
]

const connect = (url: string, apiKey: string | undefined = key) =>
  VeniceClient.make({ baseUrl: url, apiKey: apiKey === undefined ? undefined : Redacted.make(apiKey) })

describe.each(clients)("over %s", (_, layer) => {
  const run = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, layer)

  it.live("decodes a success with the caller's schema", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, { choices: [{ text: "hi" }], usage: {} }))
      const venice = yield* connect(server.url)
      const body = { ...chat, prompt: "\u{1f600}" }

      const found = yield* venice.execute("POST /chat/completions", { body, success: Answer })

      assert.deepStrictEqual(found, { choices: [{ text: "hi" }] })
      const [got] = server.got as [Got]
      assert.strictEqual(`${got.method} ${got.url}`, "POST /api/v1/chat/completions")
      assert.strictEqual(got.headers.authorization, `Bearer ${key}`)
      assert.strictEqual(got.headers["content-type"], "application/json")
      assert.deepStrictEqual(JSON.parse(got.body.toString()), body)
    }).pipe(run))

  it.live("fails with the decoded error", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) =>
        answer(response, 429, { error: "The model is currently overloaded. Please try again later." }, {
          "Retry-After": "30",
          "CF-RAY": "91dbd54fa83f8cbd-EWR"
        })
      )
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.execute("POST /chat/completions", { body: chat, success: Answer }))

      assert.strictEqual(
        String(error),
        "MODEL_OVERLOADED: The model is currently overloaded. Please try again later. "
          + "(HTTP 429 from POST /chat/completions, request 91dbd54fa83f8cbd-EWR, retry after 30s)"
      )
    }).pipe(run))

  it.live("says where a success is not as expected", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, { choices: [{ text: "a" }, { text: 1 }] }))
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.execute("POST /chat/completions", { body: chat, success: Answer }))

      if (error._tag !== "UnexpectedBody") return assert.fail(String(error))
      assert.deepStrictEqual(error.differences, [{ path: ["choices", 1, "text"], message: "Expected string" }])
      assert.strictEqual(
        error.message,
        "POST /chat/completions succeeded with 200, but choices[1].text is not as expected: Expected string"
      )
      assert.strictEqual(error.response.body, "{\"choices\":[{\"text\":\"a\"},{\"text\":1}]}")
      // The call was answered, and billed: no policy repeats it.
      assert.isUndefined(Retry.kindOf(error))
    }).pipe(run))

  it.live("says that a success is no JSON", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, "<html>login</html>"))
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.execute("GET /models", { success: Schema.Unknown }))

      assert.strictEqual(
        error.message,
        "GET /models succeeded with 200, but the body is not as expected: Expected JSON"
      )
    }).pipe(run))

  it.live("reads no more of a success than it may, and lets the connection go", () =>
    Effect.gen(function*() {
      const released: Array<string> = []
      const server = yield* serve((response, got) => {
        response.writeHead(200, { "content-type": "application/json" })
        if (got.url.includes("short")) return response.end("[1,2,3,45]")
        response.write("[1,2,3,456")
        response.once("close", () => released.push(got.url))
      })
      const venice = yield* connect(server.url)
      const ask = (query: Record<string, string>) =>
        Effect.provideService(
          venice.execute("GET /models", { query, success: Schema.Unknown }),
          HttpIncomingMessage.MaxBodySize,
          ByteSize.bytes(query.long === undefined ? 10 : 9)
        )

      assert.deepStrictEqual(yield* ask({ short: "yes" }), [1, 2, 3, 45])
      const error = yield* Effect.flip(ask({ long: "yes" }))

      if (error._tag !== "UnexpectedBody") return assert.fail(String(error))
      assert.strictEqual(
        error.message,
        "GET /models succeeded with 200, but the body is not as expected: Expected at most 9 bytes"
      )
      assert.isTrue(error.response.bodyTruncated)
      while (released.length === 0) yield* Effect.sleep("10 millis")
    }).pipe(run))

  it.live("leaves a refused connection to HttpClientError", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => {})
      yield* Effect.promise(server.close)
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.request("GET /models"))

      assert.strictEqual(error._tag, "HttpClientError")
      assert.strictEqual(Retry.kindOf(error), "Transport")
    }).pipe(run))

  it.live("leaves a connection that is reset before the headers to HttpClientError", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => response.socket?.resetAndDestroy())
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.request("POST /embeddings", { body: embeddings }))

      assert.strictEqual(Retry.kindOf(error), "Transport")
    }).pipe(run))

  it.live("decodes what came of a body that breaks off", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => {
        response.writeHead(413, { "content-type": "application/json", "content-length": "1000" })
        response.write("{\"error\":\"File exc", () => setTimeout(() => response.socket?.destroy(), 20))
      })
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.request("POST /audio/transcriptions"))

      if (error._tag !== "PAYLOAD_TOO_LARGE") return assert.fail(String(error))
      assert.strictEqual(error.response.body, "{\"error\":\"File exc")
      assert.isTrue(error.response.bodyTruncated)
    }).pipe(run))

  it.live("reads no more of an error than its limit, and lets the connection go", () =>
    Effect.gen(function*() {
      let written = 0
      const chunk = Buffer.alloc(64 * 1024, "x")
      const server = yield* serve((response) => {
        response.writeHead(500, { "content-type": "application/json" })
        const write = () => {
          while (!response.destroyed && response.write(chunk)) written += chunk.length
          if (!response.destroyed) response.once("drain", write)
        }
        write()
      })
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.request("POST /chat/completions", { body: chat }))

      if (error._tag !== "UNRECOGNIZED_RESPONSE") return assert.fail(String(error))
      assert.isTrue(error.response.bodyTruncated)
      assert.isBelow(written, 64 * 1024 * 1024)
      yield* server.released
    }).pipe(run))

  it.live("aborts the request when it is interrupted", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => {})
      const venice = yield* connect(server.url)

      const result = yield* Effect.timeoutOption(venice.request("GET /models"), "100 millis")

      assert.strictEqual(result._tag, "None")
      yield* server.released
    }).pipe(run))

  it.live("aborts a call that is interrupted, wherever its answer is", () =>
    Effect.gen(function*() {
      const server = yield* serve((response, { url }) => {
        if (url.endsWith("before")) return
        response.writeHead(url.endsWith("failure") ? 500 : 200, {
          "content-type": "application/json",
          ...(url.endsWith("announced") && { "content-length": "1000" })
        })
        response.write("[1")
      })
      const venice = yield* connect(server.url)

      for (const at of ["before", "announced", "chunked", "failure"]) {
        const call = venice.execute("GET /models", { query: { at }, success: Schema.Unknown })
        const result = yield* Effect.timeoutOption(call, "100 millis")

        assert.strictEqual(result._tag, "None", at)
        yield* server.released
      }
    }).pipe(run))

  it.live("lets go of what a client beneath gave up on", () =>
    Effect.gen(function*() {
      const server = yield* serve((response, { url }) => {
        if (url.endsWith("never")) return
        response.writeHead(503).write("x")
      })
      const beneath = yield* HttpClient.HttpClient
      const impatient = HttpClient.transformResponse(beneath, (sent) =>
        Effect.timeoutOrElse(sent, { duration: "20 millis", orElse: () => Effect.die("too late") }))
      const venice = yield* VeniceClient.make({ baseUrl: server.url }).pipe(
        Effect.provideService(HttpClient.HttpClient, impatient)
      )

      for (let i = 0; i < 5; i++) {
        yield* Effect.exit(venice.execute("GET /models", { query: { answers: "never" }, success: Schema.Unknown }))
      }
      yield* server.released
    }).pipe(run))

  it.live("decodes in the scope of its caller", () =>
    Effect.gen(function*() {
      const events: Array<string> = []
      const log = (event: string) => Effect.sync(() => events.push(event))
      const server = yield* serve((response) => answer(response, 200, ["text"]))
      const venice = yield* connect(server.url)
      const success = Schema.Array(Schema.String.pipe(Schema.decode({
        decode: SchemaGetter.transformEffect((text: string) =>
          Effect.as(Effect.acquireRelease(log("acquire"), () => log("release")), text)
        ),
        encode: SchemaGetter.passthrough()
      })))

      yield* Effect.scoped(Effect.andThen(venice.execute("GET /models", { success }), log("use")))

      assert.deepStrictEqual(events, ["acquire", "use", "release"])
    }).pipe(run))

  it.live("stops an upload whose answer has come", () =>
    Effect.gen(function*() {
      const stopped = yield* Deferred.make<void>()
      const upload = Stream.fromSchedule(Schedule.spaced("5 millis")).pipe(
        Stream.map(() => new Uint8Array(1024)),
        Stream.ensuring(Deferred.succeed(stopped, undefined))
      )
      const port = yield* Effect.acquireRelease(
        Effect.promise(() =>
          new Promise<Server>((resolve) => {
            const server = createServer((_, response) => answer(response, 413, { error: "too large" }))
            server.listen(0, "127.0.0.1", () => resolve(server))
          })
        ),
        (server) => Effect.sync(() => server.closeAllConnections())
      ).pipe(Effect.map((server) => (server.address() as AddressInfo).port))
      const venice = yield* connect(`http://127.0.0.1:${port}`)

      const error = yield* Effect.flip(
        venice.execute("POST /audio/transcriptions", { body: HttpBody.stream(upload), success: Schema.Unknown })
      )

      assert.strictEqual(error._tag, "PAYLOAD_TOO_LARGE")
      yield* Deferred.await(stopped)
    }).pipe(run))

  it.live("sends multipart", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, { text: "hi" }))
      const venice = yield* connect(server.url)
      const form = new FormData()
      form.append("model", "whisper")
      form.append("file", new Blob(["RIFF"], { type: "audio/wav" }), "a.wav")

      const found = yield* venice.execute("POST /audio/transcriptions", {
        body: form,
        success: Schema.Struct({ text: Schema.String })
      })

      assert.strictEqual(found.text, "hi")
      const [got] = server.got as [Got]
      assert.match(got.headers["content-type"]!, /^multipart\/form-data; ?boundary=/)
      assert.include(got.body.toString(), "RIFF")
      assert.include(got.body.toString(), "filename=\"a.wav\"")
    }).pipe(run))

  it.live("hands over a success that is no JSON", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) =>
        answer(response, 200, Buffer.from([1, 2, 3]), { "content-type": "audio/mpeg" })
      )
      const venice = yield* connect(server.url)

      const response = yield* venice.request("POST /audio/speech", { body: { input: "hi" } })

      assert.deepStrictEqual(new Uint8Array(yield* response.arrayBuffer), new Uint8Array([1, 2, 3]))
    }).pipe(run))

  it.live("fails on a blocked image, which is a success by its status", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) =>
        answer(response, 200, Buffer.alloc(10), {
          "x-venice-is-content-violation": "true",
          "content-type": "image/png"
        })
      )
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.request("POST /image/generate", { body: image }))

      assert.strictEqual(error._tag, "CONTENT_POLICY_VIOLATION")
    }).pipe(run))

  it.live("lets the connection of a blocked image go", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => {
        response.writeHead(200, { "x-venice-is-content-violation": "true", "content-type": "image/png" })
        response.write(Buffer.alloc(100_000))
      })
      const venice = yield* connect(server.url)

      yield* Effect.all(
        Array.from({ length: 20 }, () => Effect.flip(venice.request("POST /image/generate", { body: image }))),
        {
          concurrency: 10
        }
      )
      yield* server.released
    }).pipe(run))

  it.live("keeps the key out of an error in which the server repeats it", () =>
    Effect.gen(function*() {
      const server = yield* serve((response, got) =>
        answer(response, 401, { error: `Unknown: ${got.headers.authorization}`, got })
      )
      const venice = yield* connect(server.url)

      const error = yield* Effect.flip(venice.request("GET /models"))

      for (
        const text of [
          String(error),
          error.stack,
          JSON.stringify(error),
          inspect(error, { customInspect: false, depth: 9 })
        ]
      ) {
        assert.notInclude(text, key)
      }
      assert.strictEqual(error.message, "Unknown: Bearer <redacted>")
    }).pipe(run))
})

describe("requests", () => {
  const run = <A, E, R>(test: Effect.Effect<A, E, R>) => Effect.provide(test, FetchHttpClient.layer)

  it.live("fill the path, the query and the headers", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))
      const venice = yield* connect(`${server.url}/`)

      yield* venice.request("GET /characters/{slug}/reviews", {
        path: { slug: "alan watts/x" },
        query: { page: 2 },
        headers: { "x-mine": "yes" }
      })
      yield* venice.request(Operation.custom("PATCH /something/new"), { body: HttpBody.text("raw", "text/csv") })

      const [first, second] = server.got as [Got, Got]
      assert.strictEqual(first.url, "/api/v1/characters/alan%20watts%2Fx/reviews?page=2")
      assert.strictEqual(first.headers["x-mine"], "yes")
      assert.strictEqual(`${second.method} ${second.url}`, "PATCH /api/v1/something/new")
      assert.strictEqual(second.headers["content-type"], "text/csv")
    }).pipe(run))

  it.live("need every parameter of their path", () =>
    Effect.gen(function*() {
      const venice = yield* connect("http://127.0.0.1:1")
      const error = yield* Effect.flip(
        venice.request("GET /characters/{slug}", {} as RequestOptions<"GET /characters/{slug}">)
      )

      assert.include(error.message, "GET /characters/{slug} needs a value for slug")
    }).pipe(run))

  it.live("need a body that can be written", () =>
    Effect.gen(function*() {
      const venice = yield* connect("http://127.0.0.1:1")
      const loop: Record<string, unknown> & typeof embeddings = { ...embeddings }
      loop.loop = loop
      const error = yield* Effect.flip(venice.request("POST /embeddings", { body: loop }))

      assert.include(error.message, "the body cannot be encoded as JSON")
    }).pipe(run))

  it.live("go without a key where there is none", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))
      const venice = yield* VeniceClient.make({ baseUrl: server.url })

      yield* venice.request("GET /models", { headers: { "SIGN-IN-WITH-X": "proof" } })

      assert.isUndefined(server.got[0]!.headers.authorization)
      assert.strictEqual(server.got[0]!.headers["sign-in-with-x"], "proof")
    }).pipe(run))

  it.live("are retried by a policy, as often and as late as the server asks", () =>
    Effect.gen(function*() {
      const times: Array<number> = []
      const server = yield* serve((response) => {
        times.push(performance.now())
        if (times.length === 1) return answer(response, 429, { error: "Rate limit exceeded" }, { "Retry-After": "1.2" })
        if (times.length === 2) return answer(response, 500, { error: "Inference processing failed" })
        answer(response, 200, { choices: [] })
      })
      const venice = yield* connect(server.url)

      yield* Effect.retry(venice.execute("POST /chat/completions", { body: chat, success: Answer }), Retry.standard)

      assert.strictEqual(times.length, 3)
      assert.isAtLeast(times[1]! - times[0]!, 1200)
      assert.isAtLeast(times[2]! - times[1]!, 500)
    }).pipe(run))

  it.live("are not repeated blindly when their answer is lost", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => response.socket?.resetAndDestroy())
      const venice = yield* connect(server.url)
      const policy = Retry.eager
      const count = <A, E, R>(call: Effect.Effect<A, E, R>) =>
        Effect.map(Effect.flip(call), () => server.got.splice(0).length)

      const post = venice.request("POST /chat/completions", { body: chat })
      assert.strictEqual(yield* count(Effect.retry(post, policy)), 1)
      assert.strictEqual(yield* count(Operation.allowReplay(Effect.retry(post, policy))), 4)
      assert.strictEqual(yield* count(Effect.retry(venice.request("GET /models"), policy)), 4)
    }).pipe(run))

  it.live("that take too long are aborted, and repeated only where nothing can be billed", () =>
    Effect.gen(function*() {
      const server = yield* serve((response, got) => {
        if (got.url.includes("embeddings")) response.writeHead(200, { "content-type": "application/json" }).write("{")
      })
      const venice = yield* connect(server.url)
      const count = <A, E, R>(call: Effect.Effect<A, E, R>) =>
        Effect.map(
          Effect.flip(Effect.retry(call, Retry.eager)),
          (error) => [server.got.splice(0).length, error] as const
        )
      const options = { timeout: "250 millis", success: Schema.Unknown } as const

      const [reads, error] = yield* count(venice.execute("GET /models", options))
      assert.strictEqual(reads, 4)
      assert.include(String(error), "no response within 250ms (GET /models)")
      assert.strictEqual((yield* count(venice.execute("POST /chat/completions", { ...options, body: chat })))[0], 1)
      // With `execute` the time is for the whole answer.
      assert.strictEqual((yield* count(venice.execute("POST /embeddings", { ...options, body: embeddings })))[0], 1)
      yield* server.released
    }).pipe(run))

  it.live("carry one idempotency key for all attempts where the operation takes one", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 500, { error: "An unknown error occurred" }))
      const venice = yield* connect(server.url)
      const rpc = venice.request("POST /crypto/rpc/{network}", { path: { network: "base" }, body: {} })

      yield* Effect.flip(Operation.withIdempotencyKey(Effect.retry(rpc, Retry.eager)))
      yield* Effect.flip(Operation.withIdempotencyKey(venice.request("GET /models")))
      yield* Effect.flip(Operation.withIdempotencyKey(venice.request(Operation.custom("POST /crypto/rpc/base"))))
      yield* Effect.flip(Operation.withIdempotencyKey(venice.http.post("/crypto/rpc/base")))
      yield* Effect.flip(
        venice.request(Operation.custom("POST /crypto/rpc/base"), { headers: { "Idempotency-Key": "mine" } })
      )

      const keys = server.got.map(({ headers }) => headers["idempotency-key"])
      assert.strictEqual(keys.length, 8)
      assert.strictEqual(keys[7], "mine")
      for (const key of [keys[5], keys[6]]) assert.match(String(key), /^[A-Za-z0-9_-]{1,255}$/)
      assert.strictEqual(new Set(keys.slice(0, 4)).size, 1)
      assert.match(String(keys[0]), /^[A-Za-z0-9_-]{1,255}$/)
      assert.isUndefined(keys[4])
    }).pipe(run))

  it.live("pay into the budget for retries when they succeed", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))
      const venice = yield* connect(server.url)
      const { tokens } = yield* RetryBudget.RetryBudget

      yield* venice.request("GET /models")
      yield* venice.execute("GET /models", { success: Schema.Unknown })

      assert.strictEqual(yield* tokens, 0.4)
    }).pipe(run, Effect.provide(RetryBudget.layer({ initial: 0, allowance: 0 }))))

  it.live("stream their success", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, "a,b\n1,2\n", { "content-type": "text/csv" }))
      const venice = yield* connect(server.url)
      const response = yield* venice.request("GET /billing/usage-history")

      assert.strictEqual(yield* Stream.mkString(Stream.decodeText(response.stream)), "a,b\n1,2\n")
    }).pipe(run))
})

describe("the path of an operation", () => {
  const attempt = (operation: Operation.AnyOperation, path: Record<string, string | number>) =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))
      const venice = yield* connect(server.url)
      const exit = yield* Effect.exit(Effect.retry(venice.request(operation, { path }), Retry.eager))
      return { exit, urls: server.got.map(({ url }) => url) }
    }).pipe(Effect.provide(FetchHttpClient.layer))

  it.live.each(
    [
      ["GET /characters/{slug}", { slug: ".." }, "GET /characters/{slug} has a path with . or .. in it"],
      ["GET /characters/{slug}", { slug: "." }, "GET /characters/{slug} has a path with . or .. in it"],
      ["GET /characters/{slug}/reviews", { slug: ".." }, "has a path with . or .. in it"],
      ["GET /new/{a}{b}", { a: ".", b: "." }, "has a path with . or .. in it"],
      ["GET /../../admin", {}, "has a path with . or .. in it"],
      ["GET /characters/%2E./models", {}, "has a path with . or .. in it"],
      ["GET /characters/{slug}", { slug: "" }, "GET /characters/{slug} needs a value for slug"]
    ] as const
  )("is not left: %s %j", ([operation, path, problem]) =>
    Effect.gen(function*() {
      const { exit, urls } = yield* attempt(Operation.custom(operation), path)

      assert.deepStrictEqual(urls, [])
      const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit
      assert.nestedInclude(error, { "reason._tag": "InvalidUrlError" })
      assert.include(String(error), problem)
      assert.isUndefined(Retry.kindOf(error))
    }))

  it.live.each(
    [
      ["..a", "/..a"],
      ["...", "/..."],
      ["../models", "/..%2Fmodels"],
      ["%2e%2e", "/%252e%252e"],
      ["a.b", "/a.b"],
      ["\ud800", "/%EF%BF%BD"],
      [0, "/0"]
    ] as const
  )("keeps any other value in its segment: %j", ([slug, segment]) =>
    Effect.gen(function*() {
      const { urls } = yield* attempt("GET /characters/{slug}", { slug })

      assert.deepStrictEqual(urls, [`/api/v1/characters${segment}`])
    }))
})

describe("the layer over fetch", () => {
  it.live("does not follow a redirect with a charged request", () =>
    Effect.gen(function*() {
      const other = yield* serve((response) => answer(response, 200, {}))
      const server = yield* serve((response) => answer(response, 307, "", { location: `${other.url}/video/queue` }))
      const call = Effect.flatMap(VeniceClient, (venice) =>
        venice.request("POST /video/queue", { body: {}, headers: { "PAYMENT-SIGNATURE": "signed" } }))

      const error = yield* Effect.flip(call).pipe(
        Effect.provide(VeniceClient.layer),
        Effect.provideService(
          ConfigProvider.ConfigProvider,
          ConfigProvider.fromEnv({
            env: { VENICE_API_KEY: key, VENICE_BASE_URL: server.url }
          })
        )
      )

      assert.strictEqual(error._tag, "UNRECOGNIZED_RESPONSE")
      assert.strictEqual(other.got.length, 0)
    }))
})

describe("a key from the program", () => {
  it.live.each([Redacted.make(key), key])("is sent, whether it is redacted or not", (apiKey) =>
    Effect.gen(function*() {
      const server = yield* serve((response) => answer(response, 200, {}))

      yield* VeniceClient.use((venice) => venice.request("GET /models")).pipe(
        Effect.provide(VeniceClient.layerWith({ apiKey, baseUrl: server.url }))
      )

      assert.strictEqual(server.got[0]?.headers.authorization, `Bearer ${key}`)
    }))
})

describe("a host that the environment names", () => {
  const admin = "VENICE_ADMIN_KEY_of-a-test"
  const send = (url: string, apiKey: string, headers: Record<string, string>, inCode = false) =>
    Effect.gen(function*() {
      const sent: Array<string> = []
      const client = HttpClient.make((request, { host }) => {
        sent.push(host)
        return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("{}")))
      })
      const env = { VENICE_API_KEY: apiKey, VENICE_BASE_URL: url }
      const options = yield* Effect.provideService(
        VeniceClient.config,
        ConfigProvider.ConfigProvider,
        ConfigProvider.fromEnv({ env })
      )
      const venice = yield* VeniceClient.make(inCode ? { ...options, baseUrl: url } : options).pipe(
        Effect.provideService(HttpClient.HttpClient, client)
      )
      const exit = yield* Effect.exit(Effect.retry(venice.request("GET /models", { headers }), Retry.eager))
      return { sent, error: Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined }
    })

  it.effect.each<readonly [string, Record<string, string>]>([
    [admin, {}],
    [key, { Authorization: `Bearer ${admin}`, "X-Other": admin }],
    [key, { "SIGN-IN-WITH-X": "signed" }],
    [key, { "X-Sign-In-With-X": "signed" }],
    [key, { "PAYMENT-SIGNATURE": "signed" }],
    [key, { "X-PAYMENT": "signed" }],
    [key, { "X-402-Payment": "signed" }]
  ])("gets no admin key, sign-in or payment: %j", ([apiKey, headers]) =>
    Effect.gen(function*() {
      for (const url of ["https://gateway.example/v1", "https://venice.ai.example/v1", "http://api.venice.ai/api/v1"]) {
        const { error, sent } = yield* send(url, apiKey, headers)

        assert.deepStrictEqual(sent, [])
        assert.nestedInclude(error, { "reason._tag": "InvalidUrlError" })
        assert.include(String(error), "give the base URL in code")
        assert.notInclude(inspect(error, { depth: 9 }), "of-a-test")
      }
    }))

  it.effect("gets them if code names it, or if it is Venice or this machine", () =>
    Effect.gen(function*() {
      const headers = { "PAYMENT-SIGNATURE": "signed" }
      const gateway = yield* send("https://gateway.example/v1", admin, headers, true)
      assert.deepStrictEqual(gateway, { sent: ["gateway.example"], error: undefined })
      for (const host of ["api.venice.ai", "localhost:1", "127.0.0.1:1", "[::1]:1"]) {
        const url = `http${host.includes("venice") ? "s" : ""}://${host}/v1`
        assert.deepStrictEqual(yield* send(url, admin, headers), { sent: [host], error: undefined })
      }
    }))

  it.effect("gets an inference key", () =>
    Effect.gen(function*() {
      const { error, sent } = yield* send("https://gateway.example/v1", key, {})

      assert.deepStrictEqual([sent, error], [["gateway.example"], undefined])
    }))
})

describe("configuration", () => {
  const build = (env: Record<string, string>) =>
    Effect.exit(VeniceClient.config.pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
    ))

  it.effect("comes from the environment", () =>
    Effect.gen(function*() {
      const options = yield* build({ VENICE_API_KEY: ` ${key}\n`, VENICE_BASE_URL: "http://localhost:1/v1" })

      if (!Exit.isSuccess(options)) return assert.fail("no options")
      assert.strictEqual(Redacted.value(options.value.apiKey!), key)
      assert.strictEqual(String(options.value.baseUrl), "http://localhost:1/v1")
      assert.notInclude(inspect(options.value, { depth: 9 }), key)
    }))

  it.effect("defaults to the public API", () =>
    Effect.gen(function*() {
      const options = yield* build({ VENICE_API_KEY: key })

      assert.strictEqual(Exit.isSuccess(options) && String(options.value.baseUrl), "https://api.venice.ai/api/v1")
    }))

  it.effect.each<Record<string, string>>([
    {},
    { VENICE_API_KEY: "" },
    { VENICE_API_KEY: "two words-of-a-secret" },
    { VENICE_API_KEY: "new\nline-of-a-secret" },
    { VENICE_API_KEY: key, VENICE_BASE_URL: "not a url" },
    { VENICE_API_KEY: key, VENICE_BASE_URL: "http://user:password-of-a-secret@bad host/" }
  ])("is refused, without a word of the key: %j", (env) =>
    Effect.gen(function*() {
      const exit = yield* build(env)

      assert.isTrue(Exit.isFailure(exit))
      assert.notInclude(inspect(exit, { depth: 20 }), "of-a-secret")
    }))

  it.effect.each<readonly [Record<string, string>, string]>([
    [{}, "VENICE_API_KEY is not set. Create a key at https://venice.ai/settings/api"],
    [{ VENICE_API_KEY: "" }, "VENICE_API_KEY is not set. Create a key at https://venice.ai/settings/api"],
    [
      { VENICE_API_KEY: "a b" },
      "VENICE_API_KEY has a character that no key has. Copy the key again from https://venice.ai/settings/api"
    ]
  ])("that is missing or wrong says where to get a key: %j", ([env, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Effect.provide(VeniceClient, VeniceClient.layer).pipe(
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
        )
      )

      assert.include(String(error), message)
      assert.include(Cause.pretty(Cause.fail(error)), message)
    }))
})
