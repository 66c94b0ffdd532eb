/**
 * Bodies of undici, which are read without the platform's stream: how each way of ending is read, and what it leaves.
 */
import { HttpFailure } from "@effect-venice/http"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Stream } from "effect"
import { HttpBody, HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { once } from "node:events"
import type { ServerResponse } from "node:http"
import { Readable } from "node:stream"
import { vi } from "vitest"
import { readBody, readWhole } from "../src/internal/body.ts"
import { nodeBody, readNodeBody } from "../src/internal/nodeBody.ts"
import { serve } from "./server.ts"

const limits = { bytes: 9, time: Duration.seconds(5) }

const request = HttpClientRequest.post("https://host/v1/chat/completions")

class Original {
  readonly [HttpClientResponse.TypeId] = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly source: { readonly body: unknown }
  constructor(body: unknown, sent = request) {
    this.request = sent
    this.source = { body }
  }
  /** As the platform's, for a body that was read otherwise. */
  readonly text = Effect.fail("unusable")
  get stream() {
    return Stream.make(new TextEncoder().encode("stream"))
  }
}

/** A response as the platform makes it of undici's. */
const over = (body: unknown, sent = request): HttpClientResponse.HttpClientResponse =>
  Object.assign(Object.create(new Original(body, sent)), {
    original: new Original(body, sent),
    controller: new AbortController()
  })

/** A body of these chunks, which the test ends. */
const bodyOf = (...chunks: ReadonlyArray<string>) => {
  const body = new Readable({ read: () => {} })
  for (const chunk of chunks) body.push(chunk)
  return body
}

const ended = (...chunks: ReadonlyArray<string>) => {
  const body = bodyOf(...chunks)
  body.push(null)
  return body
}

const read = (body: Readable, bytes = limits.bytes) => readBody(over(body), { ...limits, bytes })

describe("a body of undici", () => {
  it.each<readonly [number, ReadonlyArray<string>, string, boolean]>([
    [4, ["abcd"], "abcd", false],
    [3, ["abcd"], "abc", true],
    [4, ["ab", "cd"], "abcd", false],
    [3, ["ab", "cd"], "abc", true],
    [0, ["ab"], "", true],
    [0, [], "", false]
  ])("that has arrived is read up to %d bytes, without a timer: %j", (bytes, chunks, text, truncated) => {
    // Synchronously: nothing is waited for.
    assert.deepStrictEqual(Effect.runSync(read(ended(...chunks), bytes)), { text, truncated })
  })

  it.effect("is waited for", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const fiber = yield* Effect.forkChild(read(body))
      yield* Effect.yieldNow
      assert.isUndefined(fiber.pollUnsafe())
      body.push("cd")
      body.push(null)

      assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "abcd", truncated: false })
      assert.isTrue(body.readableEnded)
    }))

  it.effect("is let go once it is longer than the limit", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const fiber = yield* Effect.forkChild(read(body, 3))
      yield* Effect.yieldNow
      body.push("cd")

      assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "abc", truncated: true })
      assert.isTrue(body.destroyed)
    }))

  it.effect("that breaks off is what came", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const fiber = yield* Effect.forkChild(read(body))
      yield* Effect.yieldNow
      body.destroy(new Error("reset"))

      assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "ab", truncated: true })
    }))

  it.effect("that is closed without an error, now or before, is not whole", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const fiber = yield* Effect.forkChild(read(body))
      yield* Effect.yieldNow
      body.destroy()

      assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "ab", truncated: true })
      assert.deepStrictEqual(yield* read(body), { text: "", truncated: true })
    }))

  it.effect("that was closed before anything of it was read is not whole, and as a success a failure", () =>
    Effect.gen(function*() {
      const closed = () => bodyOf("ab").destroy()

      assert.deepStrictEqual(yield* read(closed()), { text: "", truncated: true })
      const { reason } = yield* Effect.flip(readWhole(over(closed()), 9))
      assert.strictEqual(reason._tag === "DecodeError" && reason.cause, "closed")
    }))

  it.effect("that is closed while the limit of time is set is not whole", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const chunks: Array<Uint8Array> = []
      const reading = readNodeBody(over(body), body as never, (chunk) =>
        chunks.push(chunk) > 0, (waiting) =>
        Effect.suspend(() => {
          body.destroy()
          return waiting
        }))

      assert.strictEqual(yield* Effect.flip(reading), "closed")
      assert.strictEqual(Buffer.concat(chunks).toString(), "ab")
    }))

  it.effect("that is empty and was read to its end is whole", () =>
    Effect.gen(function*() {
      const body = ended()
      yield* Effect.promise(() => new Promise((resolve) => body.on("end", resolve).resume()))

      assert.deepStrictEqual(yield* read(body), { text: "", truncated: false })
    }))

  it.effect("that never ends is what came in time", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const fiber = yield* Effect.forkChild(read(body))
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")

      assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "ab", truncated: true })
      assert.isTrue(body.destroyed)
    }))

  it.effect("is let go by an interruption", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const fiber = yield* Effect.forkChild(read(body))
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)

      assert.isTrue(body.destroyed)
    }))

  it.effect("is read by the platform while an upload may be running, or where another wrapper may change it", () =>
    Effect.gen(function*() {
      const uploading = HttpClientRequest.setBody(request, HttpBody.stream(Stream.empty))
      const changed = Object.create(over(ended("ab")), { stream: { get: () => Stream.empty } })

      assert.strictEqual((yield* readBody(over(ended("ab"), uploading), limits)).text, "stream")
      assert.isUndefined(nodeBody(changed))
      assert.isUndefined(nodeBody(over({ read: () => null })))
      assert.isUndefined(nodeBody(over({ read: () => null, readableEncoding: null })))
      assert.isUndefined(nodeBody(over({ _readableState: { ended: true }, readableEncoding: null })))
      assert.isUndefined(nodeBody(over(null)))
      assert.isUndefined(nodeBody(over(ended("ab").setEncoding("utf8"))))
      assert.isDefined(nodeBody(over(ended("ab"))))
    }))
})

it("a response in another wrapper than Effect's is not opened", () => {
  const wrapped = (original: unknown, more: object = { controller: new AbortController() }) =>
    nodeBody(Object.assign(Object.create(new Original(ended("ab"))), { original, ...more }))
  const own = Object.defineProperty(new Original(ended("ab")), "stream", { value: Stream.empty })

  assert.isDefined(wrapped(new Original(ended("ab"))))
  assert.isDefined(nodeBody(new Original(ended("ab")) as never))
  assert.isUndefined(wrapped(new Original(ended("ab")), {}))
  assert.isUndefined(wrapped(new Original(ended("ab")), { controller: {} }))
  assert.isUndefined(wrapped(null))
  assert.isUndefined(wrapped(undefined))
  assert.isUndefined(wrapped(own))
  assert.isUndefined(wrapped(Object.create(new Original(ended("ab")))))
  assert.isUndefined(wrapped(Object.assign(new Original(ended("ab")), { source: null })))
})

describe("a body of undici that nobody read", () => {
  it.live("and that has ended is empty", () =>
    Effect.gen(function*() {
      const body = ended()
      body.resume()
      yield* Effect.promise(() => once(body, "close"))

      assert.deepStrictEqual(yield* read(body), { text: "", truncated: false })
    }))

  it.live("and that was destroyed is not whole, whether its end had arrived or not", () =>
    Effect.gen(function*() {
      for (const body of [ended("ab"), bodyOf("ab")]) {
        body.destroy()
        yield* Effect.promise(() => once(body, "close"))

        const error = yield* Effect.flip(readWhole(over(body), 9))
        assert.strictEqual(error.reason.cause, "closed")
        assert.deepStrictEqual(yield* read(body), { text: "", truncated: true })
      }
    }))
})

it.effect("a body of undici keeps no listener but one for a late error", () =>
  Effect.gen(function*() {
    const listeners = (body: Readable) => ["data", "end", "close"].map((event) => body.listenerCount(event))
    const before = listeners(bodyOf())
    const bodies = { arrived: ended("ab"), waited: bodyOf("ab"), long: bodyOf("ab"), interrupted: bodyOf("ab") }
    const waiting = yield* Effect.forkChild(read(bodies.waited))
    const tooLong = yield* Effect.forkChild(read(bodies.long, 3))
    const interrupted = yield* Effect.forkChild(read(bodies.interrupted))
    yield* Effect.yieldNow
    bodies.waited.push(null)
    bodies.long.push("cd")
    yield* read(bodies.arrived)
    yield* Fiber.join(waiting)
    yield* Fiber.join(tooLong)
    yield* Fiber.interrupt(interrupted)

    for (const [name, body] of Object.entries(bodies)) {
      assert.deepStrictEqual(listeners(body), before, name)
      // An error without a listener would end the process.
      assert.isTrue(body.emit("error", new Error("late")), name)
    }
  }))

it.effect("what is no bytes in a body of undici is passed over", () =>
  Effect.gen(function*() {
    const body = new Readable({ objectMode: true, read: () => {} })
    const fiber = yield* Effect.forkChild(read(body))
    yield* Effect.yieldNow
    body.push("text")
    body.push(Buffer.from("ab"))
    body.push(null)

    assert.deepStrictEqual(yield* Fiber.join(fiber), { text: "ab", truncated: false })
  }))

const head = (more: string) => `HTTP/1.1 500 X\r\ncontent-type: application/json\r\n${more}\r\n\r\n`

const writing = (text: string, reset = false) => ({ socket }: ServerResponse) =>
  void socket?.write(text, () => reset ? socket.resetAndDestroy() : socket.end())

const chunked = `${head("transfer-encoding: chunked")}5\r\n{"err\r\n`

/** The body, how many requests were aborted while it was read, and what the platform was told not to watch any more. */
const spied = <A, E>(reading: Effect.Effect<A, E>) =>
  Effect.suspend(() => {
    const abort = vi.spyOn(AbortController.prototype, "abort")
    const unregister = vi.spyOn(FinalizationRegistry.prototype, "unregister")
    // Restoring a spy forgets its calls.
    return Effect.map(reading, (body) => ({
      body,
      aborts: abort.mock.calls.length,
      unregistered: unregister.mock.calls.map(([token]): unknown => token)
    })).pipe(
      Effect.ensuring(Effect.sync(() => {
        abort.mockRestore()
        unregister.mockRestore()
      }))
    )
  })

describe("a response over undici", () => {
  it.live.each<readonly [string, (response: ServerResponse) => void, string, boolean]>([
    ["is whole", writing(`${head("content-length: 5")}{"err`), "{\"err", false],
    ["is whole in chunks", writing(`${chunked}0\r\n\r\n`), "{\"err", false],
    ["is empty", writing(head("content-length: 0")), "", false],
    ["is longer than announced", writing(`${head("content-length: 5")}{"error":"x"}`), "{\"err", false],
    ["is shorter than announced", writing(`${head("content-length: 50")}{"err`), "{\"err", true],
    ["lacks its last chunk", writing(chunked), "{\"err", true],
    ["is reset", writing(`${head("content-length: 50")}{"err`, true), "{\"err", true],
    ["ends with its connection", writing(`${head("connection: close")}{"err`), "{\"err", false]
  ])("that %s is read to its end, and nothing is aborted", ([, handle, text, truncated]) =>
    Effect.gen(function*() {
      const server = yield* serve(handle)
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get(server.url)
      assert.isDefined(nodeBody(response))
      const { aborts, body } = yield* spied(readBody(response, { bytes: 99, time: Duration.seconds(5) }))

      assert.deepStrictEqual(body, { text, truncated })
      assert.strictEqual(aborts, 0)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))

  it.live("leaves its connection to the next requests", () =>
    Effect.gen(function*() {
      const ports = new Set<number | undefined>()
      const server = yield* serve((response) => {
        ports.add(response.socket?.remotePort)
        response.writeHead(429, { "content-type": "application/json" }).end("{\"error\":\"Rate limit exceeded\"}")
      })
      const client = HttpFailure.typed(yield* HttpClient.HttpClient)
      for (let i = 0; i < 20; i++) {
        assert.strictEqual((yield* Effect.flip(client.get(server.url)))._tag, "RATE_LIMIT_EXCEEDED")
      }

      // The next request may be sent before undici has taken the connection back, and opens a second one.
      assert.isAtMost(ports.size, 2)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))

  it.live("that was read is known to Effect, which would abort it when it is collected", () =>
    Effect.gen(function*() {
      const server = yield* serve((response) => response.writeHead(429).end("{}"))
      const client = yield* HttpClient.HttpClient
      const response = yield* client.get(server.url)
      const { original } = response as unknown as { readonly original: WeakKey }

      const { unregistered } = yield* spied(readBody(response, { bytes: 99, time: Duration.seconds(5) }))

      assert.isTrue(unregistered.includes(original))
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))
})

it.effect("a success over undici that is closed while it is read is a failure", () =>
  Effect.gen(function*() {
    const body = bodyOf("ab")
    const fiber = yield* Effect.forkChild(Effect.flip(readWhole(over(body), 9)))
    yield* Effect.yieldNow
    body.destroy()

    assert.strictEqual((yield* Fiber.join(fiber)).reason.cause, "closed")
  }))

describe("a success over undici", () => {
  it.effect("is whole up to its limit, and else its beginning", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* readWhole(over(ended("ab", "cd")), 4), { text: "abcd", truncated: false })
      const longer = ended("ab", "cd")
      assert.deepStrictEqual(yield* readWhole(over(longer), 3), { text: "abc", truncated: true })
      assert.isTrue(longer.destroyed)
    }))

  it.effect("that breaks off is a failure", () =>
    Effect.gen(function*() {
      const body = bodyOf("ab")
      const fiber = yield* Effect.forkChild(Effect.flip(readWhole(over(body), 9)))
      yield* Effect.yieldNow
      body.destroy(new Error("reset"))
      const { reason } = yield* Fiber.join(fiber)

      assert.strictEqual(reason._tag, "DecodeError")
      assert.strictEqual((reason.cause as Error).message, "reset")
    }))
})
