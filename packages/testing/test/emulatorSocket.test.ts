import { Emulator, type Script } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Stream } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { connect } from "node:net"

const events = { events: ["a", "b", "c"] }

/** What a client gets: how it ends, and the body until then. */
const read = Effect.gen(function*() {
  const { baseUrl } = yield* Emulator.Emulator
  const client = yield* HttpClient.HttpClient
  let body = ""
  const response = yield* Effect.exit(client.get(`${baseUrl}/models`))
  const exit = Exit.isFailure(response) ? response : yield* Effect.exit(
    Stream.runForEach(Stream.decodeText(response.value.stream), (text) => Effect.sync(() => body += text))
  )
  const error: any = Exit.isFailure(exit) ? (exit.cause.reasons[0] as any).error.reason : undefined
  const cause = error?.cause
  return { reason: error?._tag, message: cause?.message, cause: cause?.cause?.code, body }
})

const socket = Layer.merge(Emulator.layer, FetchHttpClient.layer)

const disconnects: ReadonlyArray<Script.Disconnect> = [
  "before-header",
  "within-header",
  { afterBytes: 12 },
  { afterEvents: 2 }
]

describe("a disconnect", () => {
  for (const disconnect of disconnects) {
    it.live(`${JSON.stringify(disconnect)} is the same on a socket as in process`, () => {
      const observe = Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.on("GET /models", { respond: events, disconnect })
        const seen = yield* read
        const [entry] = yield* emulator.journal()
        return { ...seen, outcome: entry?.outcome, sent: entry?.response?.body.bytes }
      })
      return Effect.gen(function*() {
        const real = yield* Effect.provide(observe, socket)
        const virtual = yield* Effect.provide(observe, Emulator.layerInProcess)

        assert.deepStrictEqual(virtual, real)
        assert.strictEqual(real.outcome, "disconnected")
        assert.strictEqual(real.cause, "UND_ERR_SOCKET")
      })
    })
  }

  it.live("within the header leaves half a header on the socket", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("GET /models", { disconnect: "within-header" })
      const { port } = new URL(emulator.baseUrl)
      const received = yield* Effect.promise(() =>
        new Promise<string>((resolve) => {
          let text = ""
          const client = connect(Number(port), "127.0.0.1")
          client.on("data", (data) => text += String(data)).on("close", () => resolve(text))
          client.write("GET /api/v1/models HTTP/1.1\r\nhost: a\r\n\r\n")
        })
      )

      assert.strictEqual(received, "HTTP/1.1 200 OK\r\ncontent-ty")
    }).pipe(Effect.provide(socket)))
})

describe("the server of the emulator", () => {
  it.live("sends the events of a stream when they are due", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const client = yield* HttpClient.HttpClient
      yield* emulator.on("GET /models", { respond: events, pace: { first: "1 hour", perSecond: 1 } })
      const chunks: Array<string> = []
      const { stream } = yield* client.get(`${emulator.baseUrl}/models`)
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(Stream.decodeText(stream), (text) => Effect.sync(() => chunks.push(text)))
      )
      yield* Effect.sleep("20 millis")
      assert.deepStrictEqual(chunks, [])
      yield* emulator.advance("1 hour")
      yield* Effect.sleep("20 millis")
      assert.deepStrictEqual(chunks, ["data: a\n\n"])
      yield* emulator.advance("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(chunks.join(""), "data: a\n\ndata: b\n\ndata: c\n\n")
    }).pipe(Effect.provide(socket)))

  it.live("journals a client that leaves", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const client = yield* HttpClient.HttpClient
      yield* emulator.on("GET /models", { delay: "1 hour" })
      yield* client.get(`${emulator.baseUrl}/models`).pipe(Effect.timeout("20 millis"), Effect.ignore)
      yield* Effect.sleep("20 millis")

      assert.deepStrictEqual((yield* emulator.journal()).map(({ outcome }) => outcome), ["aborted"])
    }).pipe(Effect.provide(socket)))

  it.live("stops at once while a request is open", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const fiber = yield* Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.on("GET /models", { delay: "1 hour" })
        const fiber = yield* Effect.forkDetach(Effect.exit(client.get(`${emulator.baseUrl}/models`)))
        yield* Effect.sleep("20 millis")
        return fiber
      }).pipe(Effect.provide(Emulator.layer))
      const exit = yield* Fiber.join(fiber)

      assert.isTrue(Exit.isFailure(exit) || exit.value.status >= 500)
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it.live("refuses a body that is larger than any of Venice, and goes on", () =>
    Effect.gen(function*() {
      const { baseUrl } = yield* Emulator.Emulator
      const post = (body: BodyInit, headers: Record<string, string> = {}) =>
        Effect.promise(() =>
          fetch(`${baseUrl}/embeddings`, { method: "POST", body, headers }).then(({ status }) => status)
        )

      assert.strictEqual(yield* post("x", { "x-emulate": "MODEL_OFFLINE" }), 503)
      assert.strictEqual(yield* post(new Uint8Array(65 * 2 ** 20)), 413)
      assert.strictEqual(yield* post("x", { "x-emulate": "MODEL_OFFLINE" }), 503)
    }).pipe(Effect.provide(socket)))
})
