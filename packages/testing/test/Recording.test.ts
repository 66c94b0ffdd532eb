import { Errors, Retry } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Emulator, Recording } from "@effect-venice/testing"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Redacted, Scope, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openai } from "./recording/openai.ts"

const temporaryFile = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "recording-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
).pipe(Effect.map((directory) => join(directory, "exchanges.jsonl")))

const withFiles = Effect.provide(NodeFileSystem.layer)

const key = "VENICE-INFERENCE-KEY-abcdefghijklmnop"

const venice = VeniceClient.make({ apiKey: Redacted.make(key), baseUrl: "https://api.venice.ai/api/v1" })

/** Runs against the emulator, and records. */
const recording = <A, E>(
  file: string,
  use: (client: VeniceClient["Service"], emulator: Emulator.Service) => Effect.Effect<A, E>,
  options: Partial<Recording.Options> = {}
) =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    return yield* Effect.flatMap(venice, (client) => use(client, emulator)).pipe(
      Effect.provide(Recording.layer({ file, ...options }))
    )
  }).pipe(Effect.provide(Emulator.layerInProcess), withFiles)

const replaying = <A, E>(
  file: Recording.ReplayOptions["file"],
  use: (client: VeniceClient["Service"], replay: Recording.Replay["Service"]) => Effect.Effect<A, E>,
  options: Partial<Recording.ReplayOptions> = {}
) =>
  Effect.gen(function*() {
    const replay = yield* Recording.Replay
    return yield* Effect.flatMap(venice, (client) => use(client, replay))
  }).pipe(Effect.provide(Recording.layerReplay({ file, timing: "immediate", ...options })), withFiles)

const embed = (input: string, more: object = {}) => ({
  body: { model: "text-embedding-bge-m3", input, ...more }
})

const exchangesOf = (file: string) =>
  readFileSync(file, "utf8").trimEnd().split("\n").slice(1).map((line) => JSON.parse(line))

const server = (handler: Parameters<typeof createServer>[1]) =>
  Effect.acquireRelease(
    Effect.promise(() =>
      new Promise<ReturnType<typeof createServer>>((resolve) => {
        const server = createServer(handler)
        server.listen(0, "127.0.0.1", () => resolve(server))
      })
    ),
    (server) =>
      Effect.sync(() => {
        server.closeAllConnections()
        server.close()
      })
  ).pipe(Effect.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`))

describe("Recording", () => {
  it.live("replays what the clients of others got through the proxy, streamed or not", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const ask = (baseUrl: string) =>
        Effect.promise(async () => {
          const client = await openai(baseUrl, "sk-another-key-1234567890abcdef")
          const messages = [{ role: "user", content: "Why is the sky blue?" }]
          const whole = await client.chat.completions.create({ model: "llama-3.3-70b", messages })
          const chunks: Array<unknown> = []
          for await (
            const chunk of await client.chat.completions.create({ model: "llama-3.3-70b", messages, stream: true })
          ) chunks.push(chunk)
          const error = await client.chat.completions.create({ model: "none", messages: [] }).catch((error: {
            status: number
            message: string
          }) => [error.status, error.message])
          return JSON.parse(JSON.stringify({ whole, chunks, error }))
        })
      const recorded = yield* Effect.gen(function*() {
        const { baseUrl } = yield* Emulator.Emulator
        return yield* Effect.flatMap(Recording.Proxy, (proxy) => ask(proxy.baseUrl)).pipe(
          Effect.provide(Recording.layerProxy({ upstream: baseUrl, file }))
        )
      }).pipe(Effect.provide(Emulator.layer), withFiles)
      const replayed = yield* Effect.flatMap(
        Recording.Replay,
        (replay) => Effect.zip(ask(replay.baseUrl), replay.verify)
      ).pipe(Effect.provide(Recording.layerReplayServer({ file, timing: "immediate" })), withFiles)

      assert.isAbove(recorded.chunks.length, 1)
      assert.deepStrictEqual(replayed[0], recorded)
      assert.notInclude(readFileSync(file, "utf8"), "sk-another-key")
    }))

  it.effect("has no secret of the request, wherever and however it is written", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const echo = [
        key,
        encodeURIComponent(key),
        btoa(key),
        [...key].map((character) => `\\u00${character.charCodeAt(0).toString(16)}`).join("")
      ].join(" ")
      yield* recording(file, (client, emulator) =>
        Effect.gen(function*() {
          yield* emulator.on("POST /embeddings", {
            respond: {
              headers: { "x-echo": key, "set-cookie": "session=abcdefgh12345678" },
              body: [{ data: key.slice(0, 25) }, { data: `${key.slice(25)} in two chunks, ${echo}` }]
            }
          })
          yield* Effect.flatMap(
            client.request("POST /embeddings", {
              ...embed(`my key is ${key}`, { password: "correct horse" }),
              query: { api_key: "query-secret-123" }
            }),
            (response) => response.text
          )
        }))
      const text = readFileSync(file, "utf8")
      const [exchange] = exchangesOf(file)

      for (const secret of [key, key.slice(0, 25), key.slice(-12), btoa(key).slice(0, 40), "correct horse"]) {
        assert.notInclude(text, secret)
      }
      assert.notInclude(text, "query-secret-123")
      assert.notInclude(text, "abcdefgh12345678")
      assert.strictEqual(exchange.request.headers.authorization, "<redacted>")
      assert.include(
        exchange.response.body.chunks.map((chunk: { text: string }) => chunk.text).join(""),
        "in two chunks"
      )
      assert.include(text, "text-embedding-bge-m3")
    }))

  it.effect("writes an exchange without its contents if a secret is left", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      // What replaces the first one makes the second one of the text around it.
      const secrets = ["text-embedding", "\":\"<redacted>-bge-m3"]
      yield* recording(file, (client) => client.request("POST /embeddings", embed("a")), { secrets })
      const [exchange] = exchangesOf(file)

      assert.strictEqual(exchange.request.body.isWithheld, true)
      assert.strictEqual(exchange.response.body.isWithheld, true)
      assert.deepStrictEqual(exchange.response.headers, {})
    }))

  it.effect("replays the time of every chunk", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const read = (client: VeniceClient["Service"]) =>
        Effect.gen(function*() {
          const times: Array<number> = []
          const start = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          const response = yield* client.request("POST /embeddings", embed("a"))
          yield* Stream.runForEach(response.stream, (bytes) =>
            bytes.length === 0 ? Effect.void : Effect.clockWith((clock) =>
              Effect.map(clock.currentTimeMillis, (now) => {
                times.push(now - start)
              })
            ))
          return times
        })
      const inTime = (client: VeniceClient["Service"]) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(read(client))
          yield* TestClock.adjust("1 minute")
          return yield* Fiber.join(fiber)
        })
      const recorded = yield* recording(file, (client, emulator) =>
        Effect.andThen(
          emulator.on("POST /embeddings", {
            delay: "2 seconds",
            respond: { events: ["one", "two"] },
            pace: { first: "1 second", perSecond: 2 }
          }),
          inTime(client)
        ))
      const replayed = yield* replaying(file, inTime, { timing: "recorded" })

      assert.deepStrictEqual(recorded, [3000, 3500])
      assert.deepStrictEqual(replayed, recorded)
      assert.deepStrictEqual(yield* replaying(file, read), [0, 0])
    }))

  it.effect("keeps the distance of moments in the headers of limits", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const hint = (client: VeniceClient["Service"]) =>
        Effect.map(Effect.flip(client.request("POST /embeddings", embed("a"))), (error) =>
          error._tag === "RATE_LIMIT_EXCEEDED" ? String(error.response.retryAfter) : error._tag)
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const recorded = yield* recording(file, (client, emulator) =>
        Effect.andThen(
          emulator.on("POST /embeddings", {
            respond: {
              status: 429,
              json: { error: "Rate limit exceeded" },
              headers: {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": String(Date.UTC(2026, 0, 1) + 7000)
              }
            }
          }),
          hint(client)
        ))
      yield* TestClock.adjust("1 hour")

      assert.strictEqual(recorded, "7000 millis")
      assert.strictEqual(yield* replaying(file, hint), recorded)
    }))

  it.effect("replays the exchanges of a request in their order, and then no more", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const status = (client: VeniceClient["Service"], input: string) =>
        Effect.match(client.request("POST /embeddings", embed(input)), {
          onFailure: (error) => error._tag,
          onSuccess: () => "succeeded"
        })
      const all = (client: VeniceClient["Service"]) => Effect.forEach(["a", "b", "a"], (input) => status(client, input))
      yield* recording(file, (client, emulator) =>
        Effect.andThen(emulator.reply(new Errors.ModelOffline(), new Errors.UnknownError()), all(client)))

      const expected = ["MODEL_OFFLINE", "UNKNOWN_ERROR", "succeeded"]
      yield* replaying(file, (client, replay) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* all(client), expected)
          yield* replay.verify
          const error = yield* Effect.flip(client.request("POST /embeddings", embed("a")))
          assert.strictEqual(error._tag, "INVALID_REQUEST")
          assert.include(error.message, "The recording has POST /embeddings with this body 2 times")
          yield* replay.reset
          assert.deepStrictEqual(yield* all(client), expected)
        }))
      const repeated = yield* replaying(
        file,
        (client) =>
          Effect.forEach(["a", "a", "a"], (input) =>
            status(client, input)),
        { repeat: true }
      )
      assert.deepStrictEqual(repeated, ["MODEL_OFFLINE", "succeeded", "succeeded"])
    }))

  it.effect("says what differs from the nearest exchange, and what is left", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* recording(file, (client) => client.request("POST /embeddings", embed("Venice", { user: "a" })))
      const [error, unmet] = yield* replaying(file, (client, replay) =>
        Effect.all([
          Effect.flip(client.request("POST /embeddings", embed("Murano", { user: "a" }))),
          Effect.flip(replay.verify)
        ]))

      assert.strictEqual(
        error.message,
        [
          "No recorded exchange matches POST /embeddings. The nearest is exchange 1 (line 2): POST /api/v1/embeddings",
          "--- recorded",
          "+++ received",
          "@@ -1,3 +1,3 @@",
          " {",
          "-  \"input\": \"Venice\",",
          "+  \"input\": \"Murano\",",
          "   \"model\": \"text-embedding-bge-m3\","
        ].join("\n")
      )
      assert.deepStrictEqual(unmet.unused, ["exchange 1 (line 2): POST /api/v1/embeddings"])
      assert.lengthOf(unmet.unmatched, 1)
    }))

  it.effect("ignores the order of members, and the ones it is told to", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* recording(file, (client, emulator) =>
        Effect.andThen(
          emulator.on("POST /embeddings", { respond: { json: {} } }),
          client.request("POST /embeddings", embed("a", { user: "u1", x: { id: 1 } }))
        ))
      const other = { body: { x: { id: 2 }, user: "u2", input: "a", model: "text-embedding-bge-m3" } }
      const ask = (client: VeniceClient["Service"]) => client.request("POST /embeddings", other)

      assert.strictEqual((yield* Effect.flip(replaying(file, ask, { ignore: ["user"] })))._tag, "INVALID_REQUEST")
      assert.strictEqual((yield* replaying(file, ask, { ignore: ["user", "x.id"] })).status, 200)
      assert.strictEqual((yield* replaying(file, ask, { ignore: ["user", "*.id"] })).status, 200)
    }))

  it.effect("keeps bytes that are no text, and marks a body that is cut", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const bytes = Uint8Array.from([0xff, 0xd8, 0, 1, 254])
      const read = (client: VeniceClient["Service"]) =>
        Effect.flatMap(client.request("POST /embeddings", embed("a")), (response) => response.arrayBuffer)
      yield* recording(file, (client, emulator) =>
        Effect.andThen(emulator.reply({ status: 200, headers: {}, body: bytes }), read(client)))
      const long = yield* temporaryFile
      yield* recording(
        long,
        (client, emulator) =>
          Effect.andThen(emulator.reply({ status: 200, headers: {}, body: "x".repeat(100_000) }), read(client)),
        { limits: { response: 1000 } }
      )
      const [cut] = exchangesOf(long)

      assert.deepStrictEqual(new Uint8Array(yield* replaying(file, read)), bytes)
      assert.strictEqual(cut.response.body.isCut, true)
      assert.strictEqual(cut.response.body.bytes, 100_000)
      assert.lengthOf(cut.response.body.chunks[0].text, 1000)
      assert.strictEqual((yield* Effect.flip(replaying(long, read)))._tag, "HttpClientError")
    }))

  it.live("records and replays a client that leaves in the middle", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const leave = (client: VeniceClient["Service"]) =>
        Effect.flatMap(client.request("POST /embeddings", embed("a")), (response) =>
          Stream.runHead(Stream.filter(response.stream, (bytes) => bytes.length > 0)))
      const readAll = (client: VeniceClient["Service"]) =>
        Effect.flatMap(client.request("POST /embeddings", embed("a")), (response) =>
          response.text)
      yield* recording(file, (client, emulator) =>
        Effect.andThen(
          emulator.on("POST /embeddings", { respond: { events: ["one", "two"] }, pace: { perSecond: 50 } }),
          leave(client)
        ))
      const [exchange] = exchangesOf(file)

      assert.strictEqual(exchange.end.outcome, "aborted")
      assert.strictEqual(exchange.response.body.chunks[0].text, "data: one\n\n")
      assert.isDefined(yield* replaying(file, leave))
      assert.strictEqual((yield* Effect.flip(replaying(file, readAll)))._tag, "HttpClientError")
    }))

  it.live("records an upstream that is down or breaks off, and replays the same", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const upstream = yield* server((request, response) => {
        if (request.url!.endsWith("/models")) return response.socket!.destroy()
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write("data: one\n\n", () => setTimeout(() => response.socket!.destroy(), 20))
      })
      const ask = (baseUrl: string) =>
        Effect.promise(async () => {
          const failure = async (path: string) => {
            try {
              const response = await fetch(`${baseUrl}${path}`)
              const text: Array<string> = []
              try {
                for await (const chunk of response.body!) text.push(new TextDecoder().decode(chunk))
                return [...text, "ended"]
              } catch {
                return [...text, "broke off"]
              }
            } catch {
              return ["no response"]
            }
          }
          return [await failure("/models"), await failure("/characters")]
        })
      const proxied = (upstream: string) =>
        Effect.flatMap(Recording.Proxy, ({ baseUrl }) => ask(baseUrl)).pipe(
          Effect.provide(Recording.layerProxy({ upstream, file })),
          withFiles
        )
      const recorded = yield* proxied(upstream)
      const replayed = yield* Effect.flatMap(Recording.Replay, ({ baseUrl }) => ask(baseUrl)).pipe(
        Effect.provide(Recording.layerReplayServer({ file })),
        withFiles
      )

      assert.deepStrictEqual(recorded, [["no response"], ["data: one\n\n", "broke off"]])
      assert.deepStrictEqual(replayed, recorded)
      assert.deepStrictEqual(exchangesOf(file).map(({ end }) => end.outcome), ["failed", "broken"])
    }))

  it.live("replays a refused connection with its code, so that a policy treats it the same", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const scope = yield* Scope.make()
      const upstream = yield* Scope.provide(server(() => {}), scope)
      yield* Effect.flatMap(Recording.Proxy, ({ baseUrl }) =>
        // The proxy could have got the same port if the upstream had gone before.
        Effect.andThen(
          Scope.close(scope, Exit.void),
          Effect.promise(() => fetch(`${baseUrl}/video/queue`, { method: "POST" }).catch(() => {}))
        )).pipe(Effect.provide(Recording.layerProxy({ upstream, file })), withFiles)
      const error = yield* Effect.flip(replaying(file, (client) => client.request("POST /video/queue")))
      const [exchange] = exchangesOf(file)

      assert.strictEqual(exchange.end.error.code, "ECONNREFUSED")
      assert.strictEqual(error._tag, "HttpClientError")
      // A connection that was never made is a request that was not sent.
      assert.isTrue(Retry.isRepeatable(error))
    }))

  it.effect("records a request that streams its body", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const body = Stream.fromIterable(["{\"input\":", "\"a\"}"]).pipe(Stream.encodeText)
      const emulator = Effect.provide(
        Effect.flatMap(HttpClient.HttpClient, (client) =>
          client.execute(HttpClientRequest.bodyStream(HttpClientRequest.post("https://a/api/v1/embeddings"), body)))
          .pipe(Effect.flatMap((response) =>
            response.text
          )),
        Recording.layer({ file })
      )
      yield* emulator.pipe(Effect.provide(Emulator.layerInProcess), withFiles)

      assert.strictEqual(exchangesOf(file)[0].request.body.text, "{\"input\":\"a\"}")
    }))

  it.effect("goes on after a kill, and skips the half line", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      const once = (input: string) => recording(file, (client) => client.request("POST /embeddings", embed(input)))
      yield* once("a")
      appendFileSync(file, readFileSync(file, "utf8").split("\n")[1]!.slice(0, 50))
      assert.deepStrictEqual(Recording.validate(readFileSync(file, "utf8")).half, [3])
      yield* once("b")
      const read = yield* withFiles(Recording.read(file))

      assert.deepStrictEqual(read.half, [3])
      assert.deepStrictEqual(read.exchanges.map(({ exchange, line }) => [line, exchange.request.body.text]), [
        [2, "{\"model\":\"text-embedding-bge-m3\",\"input\":\"a\"}"],
        [5, "{\"model\":\"text-embedding-bge-m3\",\"input\":\"b\"}"]
      ])
    }))

  it.effect("names the line and the member of every problem", () =>
    Effect.gen(function*() {
      const file = yield* temporaryFile
      yield* recording(file, (client) => client.request("POST /embeddings", embed("a")))
      const [session, exchange] = readFileSync(file, "utf8").split("\n")
      const broken = exchange!.replace("\"method\":\"POST\"", "\"method\":7")
      writeFileSync(file, `${session!.replace("\"version\":1", "\"version\":2")}\n${broken}\nwords\n${exchange}\n`)
      const { message } = yield* Effect.flip(withFiles(Recording.read(file)))

      assert.deepStrictEqual(message.split("\n"), [
        "line 1: version: is 2, and this version reads 1",
        "line 2: request.method: Expected string",
        "line 3: not JSON"
      ])
      assert.deepStrictEqual(Recording.validate("").problems.map(({ message }) => message), ["the file is empty"])
      assert.match(Recording.validate(`${exchange}\n`).problems[0]!.message, /^not a recording/)
    }))

  it.effect("does not let a file that cannot be opened pass", () =>
    Effect.gen(function*() {
      const layer = Layer.provide(Recording.layer({ file: "/no/such/file" }), Emulator.layerInProcess)
      const error = yield* Effect.flip(Effect.provide(venice, layer)).pipe(withFiles)

      assert.strictEqual(error._tag, "PlatformError")
    }))
})
