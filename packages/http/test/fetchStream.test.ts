import { VeniceFetch } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"

const chat = "https://api.venice.ai/api/v1/chat/completions"

const encode = (text: string) => new TextEncoder().encode(text)

const eventStream = { "content-type": "text/event-stream; charset=utf-8" }

const sourceOf = (chunks: ReadonlyArray<Uint8Array>) =>
  new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk)
      controller.close()
    }
  })

/** The response to a request whose success is a stream of these chunks. */
const streaming = (chunks: ReadonlyArray<Uint8Array>, init: RequestInit = {}, options: VeniceFetch.Options = {}) =>
  VeniceFetch.make({
    ...options,
    fetch: async () => new Response(sourceOf(chunks), { headers: eventStream })
  })(chat, { method: "POST", ...init })

const bytesOf = async (response: Response) => new Uint8Array(await response.arrayBuffer())

const textOf = async (text: string, init?: RequestInit, options?: VeniceFetch.Options) =>
  (await streaming([encode(text)], init, options)).text()

/** Cuts bytes at positions. */
const cut = (bytes: Uint8Array, positions: ReadonlyArray<number>): ReadonlyArray<Uint8Array> => {
  const ends = [...positions.map((position) => position % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b)
  return ends.map((end, i) => bytes.slice(ends[i - 1] ?? 0, end)).filter(({ length }) => length > 0)
}

const busy = "{\"error\":{\"message\":\"The model is overloaded\",\"code\":\"model_overloaded\",\"retry_after\":30}}"

describe("the bytes of a stream", () => {
  const line = Arbitrary.schema(Schema.Literals([
    "data: {\"choices\":[{\"delta\":{\"content\":\"é error failed\"}}]}",
    "data: {\"error\":null}",
    "data: {\"a\":",
    "data: [DONE]",
    "event: message",
    "event: error x",
    ": keep-alive",
    "id: 7",
    "",
    "",
    "\ufeff"
  ]))
  const ending = Arbitrary.schema(Schema.Literals(["\n", "\r\n", "\r"]))
  const position = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2000 })))

  it.effect.prop(
    "are the same, however they arrive",
    [Arbitrary.array(Arbitrary.all([line, ending]), { maxLength: 30 }), Arbitrary.array(position, { maxLength: 20 })],
    ([lines, positions]) =>
      Effect.promise(async () => {
        const bytes = encode(lines.flat().join(""))

        assert.deepStrictEqual(await bytesOf(await streaming(cut(bytes, positions))), bytes)
      }),
    { arbitrary: { runs: 150 } }
  )

  it.effect.prop(
    "around an error are the same, however it arrives",
    [ending, Arbitrary.array(position, { maxLength: 20 })],
    ([end, positions]) =>
      Effect.promise(async () => {
        const before = `data: {"choices":[]}${end}${end}: é${end}${end}`
        const after = `data: [DONE]${end}${end}`
        const bytes = encode(`${before}data: ${busy}${end}${end}${after}`)
        const text = await (await streaming(cut(bytes, positions))).text()

        assert.isTrue(text.startsWith(before))
        assert.isTrue(text.endsWith(after))
        assert.match(
          text.slice(before.length, -after.length),
          /^data: \{"error":.*"venice_code":"MODEL_OVERLOADED".*\}\n\n$/
        )
      }),
    { arbitrary: { runs: 100 } }
  )

  it.each(["\r", "\n", "\r\n"])(
    "around an error are the same when a chunk ends within its last line end: %j",
    async (end) => {
      const before = `data: 1${end}${end}`
      const after = `data: 2${end}${end}`
      const error = `data: ${busy}${end}${end}`
      for (const length of [error.length - 1, error.length]) {
        const chunks = cut(encode(before + error + after), [before.length + length])
        const text = await (await streaming(chunks)).text()
        const replaced = text.slice(before.length, text.length - after.length)

        assert.strictEqual(text, before + replaced + after)
        assert.match(replaced, /^data: \{"error":.*\}\n\n$/)
      }
    }
  )

  it("of a binary success are not touched", async () => {
    const bytes = new Uint8Array([10, 10, 255, 0, 13, 10])
    const fetch = VeniceFetch.make({
      fetch: async () => new Response(bytes, { headers: { "content-type": "audio/mpeg" } })
    })

    assert.deepStrictEqual(await bytesOf(await fetch(chat)), bytes)
  })

  it("keep status, headers and origin", async () => {
    const fetch = VeniceFetch.make({
      fetch: async () => {
        const response = new Response("data: 1\n\n", {
          status: 201,
          statusText: "Made",
          headers: { ...eventStream, "content-length": "9", "content-encoding": "gzip", "cf-ray": "r" }
        })
        return Object.defineProperty(response, "url", { value: chat })
      }
    })
    const { headers, status, statusText, url } = await fetch(chat)

    assert.deepStrictEqual([status, statusText, url], [201, "Made", chat])
    assert.deepStrictEqual(Object.fromEntries(headers), { ...eventStream, "cf-ray": "r" })
  })
})

describe("a stream", () => {
  it("passes an event on when it is complete, and keeps half of one", async () => {
    const { readable: source, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    const send = (text: string) => void writer.write(encode(text))
    const response = await VeniceFetch.make({ fetch: async () => new Response(source, { headers: eventStream }) })(chat)
    const reader = response.body!.getReader()
    const next = async () => new TextDecoder().decode((await reader.read()).value)

    send("data: 1\n\ndata: 2")
    assert.strictEqual(await next(), "data: 1\n\n")
    send("\n\n")
    const halves = await next()
    assert.strictEqual(halves.length === 7 ? halves + await next() : halves, "data: 2\n\n")
  })

  it("passes the bytes of a long event on", async () => {
    let pulls = 0
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulls++
        controller.enqueue(encode("x".repeat(64 * 1024)))
      }
    }, { highWaterMark: 0 })
    const response = await VeniceFetch.make({ fetch: async () => new Response(source, { headers: eventStream }) })(chat)
    const reader = response.body!.getReader()
    await reader.read()

    assert.isAtMost(pulls, 6)
    await reader.cancel()
  })

  it("passes an event on that is too long for an error, counts it, and finds an error after it", async () => {
    const seen: Array<number | undefined> = []
    const long = `data: {"error":"${"x".repeat(600 * 1024)}"}\n\n`
    const options: VeniceFetch.Options = { onError: ({ response }) => seen.push(response.delivered) }
    const positions = Array.from({ length: 9 }, (_, i) => (i + 1) * 64 * 1024)
    const chunks = cut(encode(`${long}data: 1\n\ndata: ${busy}\n\n`), positions)
    const text = await (await streaming(chunks, {}, options)).text()

    assert.isTrue(text.startsWith(`${long}data: 1\n\ndata: {"error":`))
    assert.include(text.slice(long.length), "\"venice_code\":\"MODEL_OVERLOADED\"")
    assert.deepStrictEqual(seen, [2])
  })

  it("is read as its reader reads, and cancelled with its reason", async () => {
    let pulls = 0
    let cancelled: unknown
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulls++
        controller.enqueue(encode("data: 1\n\n"))
      },
      cancel: (reason) => {
        cancelled = reason
      }
    }, { highWaterMark: 0 })
    const response = await VeniceFetch.make({ fetch: async () => new Response(source, { headers: eventStream }) })(chat)
    assert.strictEqual(pulls, 0)

    const reader = response.body!.getReader()
    await reader.read()
    assert.strictEqual(pulls, 1)

    const reason = new Error("enough")
    await reader.cancel(reason)
    assert.strictEqual(cancelled, reason)
  })

  it("fails with what its source fails with", async () => {
    const error = new Error("reset")
    let sent = false
    const source = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent) return controller.error(error)
        sent = true
        controller.enqueue(encode("data: 1\n\n"))
      }
    }, { highWaterMark: 0 })
    const response = await VeniceFetch.make({ fetch: async () => new Response(source, { headers: eventStream }) })(chat)
    const reader = response.body!.getReader()

    assert.strictEqual(new TextDecoder().decode((await reader.read()).value), "data: 1\n\n")
    assert.strictEqual(await reader.read().catch((thrown: unknown) => thrown), error)
  })
})

describe("an error in a stream", () => {
  it("is told to the hook, with the events before it", async () => {
    const seen: Array<[string, number | undefined]> = []
    await textOf(`: hello\n\ndata: 1\n\nid: 2\ndata: 2\n\ndata: ${busy}\n\n`, {}, {
      onError: ({ _tag, response }) => seen.push([_tag, response.delivered])
    })

    assert.deepStrictEqual(seen, [["MODEL_OVERLOADED", 2]])
  })

  it("without the blank line at its end is one too", async () => {
    assert.include(await textOf(`data: ${busy}`), "\"venice_code\":\"MODEL_OVERLOADED\"")
  })

  it("is one by its name if its data is no JSON, or no object", async () => {
    for (const data of ["overloaded", "[\"overloaded\"]"]) {
      const seen: Array<string> = []
      const text = await textOf(`event: error\ndata: ${data}\n\n`, {}, { onError: ({ _tag }) => seen.push(_tag) })
      const [, json] = /^data: (.*)\n\n$/.exec(text)!

      assert.lengthOf(seen, 1)
      assert.strictEqual(VeniceFetch.errorOf(JSON.parse(json!))?._tag as string, seen[0])
    }
  })

  it("has no secret of the request", async () => {
    const text = await textOf("data: {\"error\":{\"message\":\"no my-secret-value\"}}\n\n", {
      headers: { authorization: "Bearer my-secret-value" }
    })

    assert.include(text, "venice_code")
    assert.notInclude(text, "my-secret-value")
  })

  it("has Anthropic's event for Anthropic's client", async () => {
    const text = await textOf(`data: ${busy}\n\n`, { headers: { "anthropic-version": "1" } })

    assert.match(text, /^event: error\ndata: \{"type":"error","error":\{"type":"overloaded_error",/)
  })

  it("keeps the form of the events of /responses", async () => {
    const failed = { type: "response.failed", sequence_number: 3, response: { id: "r", status: "failed", error: null } }
    const text = await textOf(`event: response.failed\ndata: ${JSON.stringify(failed)}\n\n`)
    const [, json] = /^event: response\.failed\ndata: (.*)\n\n$/.exec(text)!
    const { response, ...rest } = JSON.parse(json!)

    assert.deepStrictEqual(rest, { type: "response.failed", sequence_number: 3 })
    assert.deepInclude(response, { id: "r", status: "failed" })
    assert.isString(response.error.code)
    assert.isDefined(VeniceFetch.errorOf(JSON.parse(json!)))
  })

  it("keeps the name of an event error", async () => {
    const error = { type: "error", sequence_number: 3, code: "model_overloaded", message: "m", param: null }
    const text = await textOf(`event: error\ndata: ${JSON.stringify(error)}\n\n`)
    const [, json] = /^event: error\ndata: (.*)\n\n$/.exec(text)!

    assert.deepInclude(JSON.parse(json!), { type: "error", sequence_number: 3 })
    assert.strictEqual(VeniceFetch.errorOf(JSON.parse(json!))?._tag, "MODEL_OVERLOADED")
  })
})
