/**
 * How much of a response is read, and what is said of one that is not as expected, in memory.
 */
import type { Decode } from "@effect-venice/core"
import { HttpFailure, ResponseMetadata, VeniceClient } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import {
  BigDecimal,
  ByteSize,
  Cause,
  Context,
  Duration,
  Effect,
  Exit,
  Fiber,
  Logger,
  Schema,
  SchemaGetter,
  Stream
} from "effect"
import {
  FetchHttpClient,
  Headers,
  HttpBody,
  HttpClient,
  HttpClientError,
  HttpClientRequest,
  HttpClientResponse,
  HttpIncomingMessage
} from "effect/http"
import { TestClock } from "effect/testing"
import { readBody, readWhole } from "../src/internal/body.ts"
import { withEveryRetryAfter } from "../src/internal/retryAfter.ts"
import { exitOf } from "../src/internal/success.ts"
import { fromSchemaError, notJson, tooLong } from "../src/internal/unexpectedBody.ts"

const request = HttpClientRequest.post("https://host/v1/chat/completions")

const encoder = new TextEncoder()

/** A body of these chunks that ends, breaks or goes on, and what became of it. */
const bodyOf = (chunks: ReadonlyArray<string>, end: "close" | "error" | "open" = "close") => {
  const left = [...chunks]
  const state = { pulled: 0, cancelled: false }
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const chunk = left.shift()
      if (chunk !== undefined) {
        state.pulled++
        return controller.enqueue(encoder.encode(chunk))
      }
      if (end === "close") return controller.close()
      if (end === "error") return controller.error(new Error("reset"))
      return new Promise(() => {})
    },
    cancel: () => {
      state.cancelled = true
    }
  }, { highWaterMark: 0 })
  return { state, stream }
}

const web = (stream: BodyInit | null, headers: Record<string, string> = {}) =>
  HttpClientResponse.fromWeb(request, new Response(stream, { headers }))

/** A response whose platform has no stream of its own. */
const plain = (chunks: ReadonlyArray<string>, headers: Record<string, string> = {}) => {
  const response = HttpClientResponse.fromWeb(
    HttpClientRequest.setBody(request, HttpBody.stream(Stream.empty)),
    new Response(bodyOf(chunks).stream, { headers })
  )
  return response
}

const limits = (bytes: number) => ({ bytes, time: Duration.seconds(5) })

describe.each([["a web stream", (chunks: ReadonlyArray<string>) => web(bodyOf(chunks).stream)], [
  "a stream of Effect",
  plain
]])(
  "the body of an error over %s",
  (_, make) => {
    it.effect.each<readonly [number, ReadonlyArray<string>, string, boolean]>([
      [4, ["abcd"], "abcd", false],
      [3, ["abcd"], "abc", true],
      [4, ["ab", "cd"], "abcd", false],
      [3, ["ab", "cd"], "abc", true],
      [2, ["ab", "cd"], "ab", true],
      [1, ["ab", "cd", "ef"], "a", true],
      [0, ["ab"], "", true],
      [0, [], "", false],
      [9, [], "", false]
    ])("is read up to %d bytes: %j", ([bytes, chunks, text, truncated]) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* readBody(make(chunks), limits(bytes)), { text, truncated })
      }))
  }
)

describe("the body of an error", () => {
  it.effect("is read up to 256 KiB and for five seconds where nothing else is set", () =>
    Effect.gen(function*() {
      const { bytes, time } = yield* HttpFailure.BodyLimits

      assert.deepStrictEqual([bytes, Duration.toMillis(time)], [262_144, 5000])
    }))

  it.effect("is let go at its limit, and no sooner", () =>
    Effect.gen(function*() {
      const longer = bodyOf(["ab", "cd", "ef"])
      yield* readBody(web(longer.stream), limits(3))
      const equal = bodyOf(["ab", "cd"])
      yield* readBody(web(equal.stream), limits(4))

      assert.deepStrictEqual(longer.state, { pulled: 2, cancelled: true })
      assert.deepStrictEqual(equal.state, { pulled: 2, cancelled: false })
    }))

  it.effect("that breaks off is what came", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* readBody(web(bodyOf(["ab"], "error").stream), limits(9)), {
        text: "ab",
        truncated: true
      })
    }))

  it.effect("that never ends is what came in time", () =>
    Effect.gen(function*() {
      const { state, stream } = bodyOf(["ab"], "open")
      const fiber = yield* Effect.forkChild(readBody(web(stream), limits(9)))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")

      assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "ab", truncated: true })
      assert.isTrue(state.cancelled)
    }))

  it.effect("is none where there is none", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* readBody(web(null), limits(9)), { text: "", truncated: false })
    }))

  it.effect("may be cut inside a character, in a chunk or at the limit", () =>
    Effect.gen(function*() {
      const bytes = encoder.encode("ü")
      const split = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(bytes.subarray(0, 1))
          controller.enqueue(bytes.subarray(1))
          controller.close()
        }
      })

      assert.strictEqual((yield* readBody(web(split), limits(9))).text, "ü")
      assert.strictEqual((yield* readBody(web("aü"), limits(2))).text, "a\ufffd")
    }))
})

describe("the body of a success", () => {
  it.effect("is whole up to its limit, and else its first chunk", () =>
    Effect.gen(function*() {
      const make = (...chunks: ReadonlyArray<string>) => web(bodyOf(chunks).stream)

      assert.deepStrictEqual(yield* readWhole(make("ab", "cd"), 4), { text: "abcd", truncated: false })
      assert.deepStrictEqual(yield* readWhole(make("ab", "cd"), 3), { text: "ab", truncated: true })
    }))

  it.effect.each<readonly [Record<string, string>, boolean]>([
    [{ "content-length": "4" }, false],
    [{ "content-length": "5" }, false],
    [{ "content-length": "4", "content-encoding": "gzip" }, true],
    [{}, true]
  ])(
    "is trusted by its length only where a platform cannot hide it: %j",
    ([headers, isCounted]) =>
      Effect.gen(function*() {
        const response = plain(["ab", "cde"], headers)
        const { truncated } = yield* readWhole(response, 4)

        assert.strictEqual(truncated, isCounted || headers["content-length"] === "5")
      })
  )

  it.effect("that breaks off is a failure", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(readWhole(web(bodyOf(["ab"], "error").stream), 9))

      assert.strictEqual(error.reason._tag, "DecodeError")
      assert.strictEqual((error.reason.cause as Error).message, "reset")
    }))

  it.effect("is read up to 256 MiB where no limit is set", () =>
    Effect.gen(function*() {
      const chunk = new Uint8Array(64 * 1024 * 1024)
      let sent = 0
      const endless = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const next = sent === 0 ? chunk.subarray(0, 1) : chunk
          sent += next.length
          controller.enqueue(next)
        }
      }, { highWaterMark: 0 })
      const venice = yield* VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
        Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.succeed(web(endless))))
      )
      const error = yield* Effect.flip(venice.execute("GET /models", { success: Schema.Unknown }))

      assert.include(error.message, "Expected at most 268435456 bytes")
      assert.strictEqual(sent, 268_435_457)
    }))

  it.effect("is read up to the limit that is set", () =>
    Effect.gen(function*() {
      const { stream } = bodyOf(["[1,2]"])
      const venice = yield* VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
        Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.succeed(web(stream))))
      )
      const error = yield* venice.execute("GET /models", { success: Schema.Unknown }).pipe(
        Effect.provideService(HttpIncomingMessage.MaxBodySize, ByteSize.bytes(4)),
        Effect.flip
      )

      assert.include(error.message, "Expected at most 4 bytes")
    }))
})

describe("a body that is not as expected", () => {
  const input: Decode.Input = { status: 200, body: "{}", operation: "GET /models", now: 0, secrets: ["abcdef"] }

  const mismatch = (schema: Schema.Codec<any, any>, value: unknown, from = input) =>
    Effect.map(
      Effect.flip(Schema.decodeUnknownEffect(schema, { errors: "all" })(value)),
      (error) => fromSchemaError(error, from)
    )

  it.effect("says where, as code would", () =>
    Effect.gen(function*() {
      const Deep = Schema.Struct({ a: Schema.Array(Schema.Struct({ b: Schema.String })) })

      assert.strictEqual(
        (yield* mismatch(Deep, { a: [{ b: "x" }, { b: 1 }] })).message,
        "GET /models succeeded with 200, but a[1].b is not as expected: Expected string"
      )
      assert.strictEqual(
        (yield* mismatch(Schema.Array(Schema.String), ["a", 1])).message,
        "GET /models succeeded with 200, but [1] is not as expected: Expected string"
      )
      assert.strictEqual(
        (yield* mismatch(Schema.String, 1)).message,
        "GET /models succeeded with 200, but the body is not as expected: Expected string"
      )
    }))

  it.effect("names the request where no operation is known", () =>
    Effect.gen(function*() {
      const { operation: _, ...rest } = input

      assert.match((yield* mismatch(Schema.String, 1, rest)).message, /^The request succeeded with 200/)
    }))

  it.effect("has up to 20 differences, and 500 characters of each", () =>
    Effect.gen(function*() {
      const values = Array.from({ length: 21 }, () => 1)
      const long = (length: number) => Schema.String.check(Schema.makeFilter(() => "x ".repeat(length / 2)))
      const of = (schema: Schema.Codec<any, any>, value: unknown) =>
        Effect.map(mismatch(schema, value), ({ differences }) => differences)

      assert.strictEqual((yield* of(Schema.Array(Schema.String), values)).length, 20)
      assert.strictEqual((yield* of(Schema.Array(Schema.String), values.slice(1))).length, 20)
      assert.strictEqual((yield* of(long(500), "x"))[0]!.message.length, 500)
      assert.strictEqual((yield* of(long(502), "x"))[0]!.message.length, 500)
    }))

  it.effect("has no secret in a key or a message, and no control characters", () =>
    Effect.gen(function*() {
      const refusing = Schema.String.check(Schema.makeFilter((text) => `no ${text}\u001b[2J`))
      const { differences, message } = yield* mismatch(Schema.Record(Schema.String, refusing), {
        "a abcdef": "b abcdef"
      })

      assert.deepStrictEqual(differences, [{ path: ["a <redacted>"], message: "no b <redacted>\u001b[2J" }])
      assert.notInclude(message, "\u001b")
      assert.include(message, "a <redacted> is not as expected: no b <redacted>")
    }))

  it("is no JSON, or too long", () => {
    assert.include(notJson(input).message, "the body is not as expected: Expected JSON")
    assert.include(tooLong(input, 9).message, "the body is not as expected: Expected at most 9 bytes")
    assert.deepStrictEqual(notJson(input).differences, [{ path: [], message: "Expected JSON" }])
  })
})

it("an effect that needs no run is its exit", () => {
  assert.deepStrictEqual(exitOf(Effect.succeed(1)), Exit.succeed(1))
  assert.isUndefined(exitOf(Effect.map(Effect.succeed(1), (n) => n)))
})

it.effect("a schema that takes its time fails as any other", () =>
  Effect.gen(function*() {
    const slow = Schema.String.pipe(Schema.decode({
      decode: SchemaGetter.checkEffect(() => Effect.as(Effect.yieldNow, false)),
      encode: SchemaGetter.passthrough()
    }))
    const venice = yield* VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
      Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.succeed(web("\"x\""))))
    )
    const error = yield* Effect.flip(venice.execute("GET /models", { success: slow }))

    assert.strictEqual(error._tag, "UnexpectedBody")
  }))

describe("the Retry-After headers of node:http", () => {
  const withRaw = (raw: unknown, headers: Record<string, string> = { "retry-after": "1" }, depth = 0) => {
    const response = { headers: Headers.fromInput(headers), source: { rawHeaders: raw } }
    let wrapped: object = response
    for (let i = 0; i < depth; i++) wrapped = { headers: response.headers, original: wrapped }
    return withEveryRetryAfter(wrapped as HttpClientResponse.HttpClientResponse)["retry-after"]
  }

  it("are joined, whatever their case, also of a wrapped response", () => {
    const raw = ["Retry-After", "1", "Date", "x", "retry-after", "5"]

    for (const depth of [0, 1, 2]) assert.strictEqual(withRaw(raw, undefined, depth), "1, 5")
  })

  it("are left where there is one, or none", () => {
    assert.strictEqual(withRaw(["Retry-After", "1"]), "1")
    assert.strictEqual(withRaw(["Date", "Retry-After", "X", "retry-after"]), "1")
    assert.strictEqual(withRaw(["Date", "Retry-After", "100", "x", "Retry-After", "1"]), "1")
    assert.isUndefined(withRaw(["Retry-After", "1", "Retry-After", "5"], {}))
    // A client of your own may have replaced the one that arrived.
    assert.strictEqual(withRaw(["Retry-After", "5"]), "1")
  })

  it("are left where the platform has no raw headers", () => {
    assert.strictEqual(withRaw(undefined), "1")
    assert.strictEqual(withRaw("Retry-After"), "1")
    const headers = Headers.fromInput({ "retry-after": "1" })
    for (const response of [{ headers }, { headers, original: undefined }, { headers, original: { headers } }]) {
      assert.strictEqual(
        withEveryRetryAfter(response as HttpClientResponse.HttpClientResponse)["retry-after"],
        "1"
      )
    }
  })
})

describe("a redirect", () => {
  const respond = Effect.fnUntraced(function*(url: string | undefined, sent = "https://host/v1/models") {
    const { state, stream } = bodyOf(["ab"])
    const client = HttpFailure.typed(
      HttpClient.make((request) =>
        Effect.sync(() => {
          const response = new Response(stream)
          if (url !== undefined) Object.defineProperty(response, "url", { value: url })
          return HttpClientResponse.fromWeb(request, response)
        })
      )
    )
    const exit = yield* Effect.exit(client.get(sent))
    const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
    return { error: HttpClientError.isHttpClientError(error) ? error : undefined, exit, state }
  })

  it.effect("to another origin is refused, and let go", () =>
    Effect.gen(function*() {
      for (const url of ["https://other/v1/models", "http://host/v1/models", "https://host:444/v1/models"]) {
        const { error, state } = yield* respond(url)

        assert.strictEqual(error?.reason._tag, "InvalidUrlError")
        assert.strictEqual(
          error?.reason.description,
          `the client followed a redirect to ${new URL(url).origin}`
        )
        assert.isTrue(state.cancelled)
      }
    }))

  it.effect("inside an origin is the client's, and what has no URL is no redirect", () =>
    Effect.gen(function*() {
      for (
        const url of ["https://host/v1/models", "https://host:443/v2", "https://host/other", "", "not a URL", undefined]
      ) {
        assert.isTrue(Exit.isSuccess((yield* respond(url)).exit))
      }
    }))

  it.effect("is not for fetch to follow, whose other options stay, and only for this request", () =>
    Effect.gen(function*() {
      const seen: Array<RequestInit | undefined> = []
      const client = HttpFailure.typed(
        HttpClient.make((request) =>
          Effect.withFiber((fiber) => {
            seen.push(Context.getOrUndefined(fiber.context, FetchHttpClient.RequestInit))
            return Effect.succeed(HttpClientResponse.fromWeb(request, new Response("x")))
          })
        )
      )
      const after = yield* client.get("https://host/v1").pipe(
        Effect.andThen(Effect.service(FetchHttpClient.RequestInit)),
        Effect.provideService(FetchHttpClient.RequestInit, { keepalive: true, redirect: "follow" })
      )

      assert.deepStrictEqual(seen, [{ keepalive: true, redirect: "manual" }])
      assert.deepStrictEqual(after, { keepalive: true, redirect: "follow" })
    }))
})

describe("a typed client", () => {
  const typed = (respond: () => Response) =>
    HttpFailure.typed(
      HttpClient.make((request) => Effect.sync(() => HttpClientResponse.fromWeb(request, respond())))
    )

  it.effect("has no secret in the request of its response", () =>
    Effect.gen(function*() {
      const client = typed(() => new Response("x"))
      const response = yield* client.get("https://host/v1", { headers: { authorization: "Bearer abcdef" } })

      assert.strictEqual(response.request.headers.authorization, "<redacted>")
    }))

  it.effect("takes the statuses from 200 to 299 for a success", () =>
    Effect.gen(function*() {
      for (const [status, isSuccess] of [[200, true], [299, true], [300, false], [400, false]] as const) {
        const exit = yield* Effect.exit(typed(() => new Response("x", { status })).get("https://host/v1"))

        assert.strictEqual(Exit.isSuccess(exit), isSuccess, String(status))
      }
    }))
})

describe("the metadata of a success", () => {
  const headers = {
    "x-ratelimit-remaining-requests": "3",
    "x-venice-balance-usd": "1.5",
    "x-venice-model-deprecation-warning": "gone\u001b[2J soon",
    "x-venice-model-deprecation-date": "2026-01-01"
  }

  it.effect("has what its headers have", () =>
    Effect.gen(function*() {
      const all = yield* ResponseMetadata.fromResponse(
        web("x", { ...headers, "x-venice-model-deprecation-warning": "gone" })
      )
      const none = yield* ResponseMetadata.fromResponse(web("x"))

      assert.strictEqual(all.rateLimit?.requests?.remaining, 3)
      assert.strictEqual(BigDecimal.format(all.balance!.usd!), "1.5")
      assert.strictEqual(all.deprecation?.warning, "gone")
      assert.deepStrictEqual(none, {})
    }))

  const warnings = Effect.fnUntraced(function*(replies: ReadonlyArray<Record<string, string>>) {
    const lines: Array<unknown> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push([logLevel, message])
    })
    const left = [...replies]
    const venice = yield* VeniceClient.make({ baseUrl: "https://host/v1" }).pipe(
      Effect.provideService(
        HttpClient.HttpClient,
        HttpClient.make((request) =>
          Effect.sync(() => HttpClientResponse.fromWeb(request, new Response("x", { headers: left.shift()! })))
        )
      )
    )
    yield* Effect.forEach(replies, () => venice.request("GET /models")).pipe(Effect.provide(Logger.layer([logger])))
    return lines.flat(2)
  })

  it.effect("warns of each deprecation once", () =>
    Effect.gen(function*() {
      const warning = (text: string, date?: string) => ({
        "x-venice-model-deprecation-warning": text,
        ...(date !== undefined && { "x-venice-model-deprecation-date": date })
      })

      assert.deepStrictEqual(
        yield* warnings([warning("a"), warning("a"), warning("b"), warning("a", "2026-01-01"), {}]),
        ["Warn", "a", "Warn", "b", "Warn", "a"]
      )
      assert.deepStrictEqual(
        yield* warnings([{ "x-venice-model-deprecation-date": "2026-01-01" }]),
        ["Warn", "The model is deprecated"]
      )
    }))

  it.effect("warns of a thousand deprecations, and of no more", () =>
    Effect.gen(function*() {
      const replies = Array.from({ length: 1001 }, (_, i) => ({ "x-venice-model-deprecation-warning": `model ${i}` }))

      const lines = yield* warnings(replies)
      assert.strictEqual(lines.length, 2000)
      assert.strictEqual(lines.at(-1), "model 999")
    }))
})
