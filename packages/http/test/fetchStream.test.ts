import { VeniceFetch } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Schema } from "effect"
import { TestClock } from "effect/testing"

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

  it("around errors are the same at every cut, whatever ends the lines", async () => {
    const failure = "data: {\"error\":\"é\"}"
    const parts: ReadonlyArray<readonly [text: string, isError?: true]> = [
      ["\n"],
      ["data: 1\r\r"],
      [`${failure}\n\n`, true],
      ["\n"],
      ["data: 2\r\n\r\n"],
      ["\n"],
      [`${failure}\r\n\n`, true],
      [`${failure}\n\r\n`, true],
      ["\r"],
      [`retry: 5\n${failure}\r\n\r\n`, true],
      ["\n"],
      [`${failure}\r\r`, true],
      ["d: 3\n\n"],
      [failure, true]
    ]
    const replaced = (await textOf(`data: 1\n\n${failure}\n\n`)).replace("data: 1\n\n", "")
    const expected = parts.map(([text, isError]) => isError ? replaced : text).join("")
    const bytes = encode(parts.map(([text]) => text).join(""))
    const ends = [...bytes.keys()].filter((i) =>
      [10, 13, 0xc3].some((byte) => byte === bytes[i] || byte === bytes[i - 1])
    )
    const pairs = ends.flatMap((first) => ends.filter((second) => second > first).map((second) => [first, second]))
    const bytewise = [...bytes.keys()].slice(1)

    for (const positions of [[], ...pairs, bytewise]) {
      const chunks = cut(bytes, positions)

      assert.strictEqual(await (await streaming(chunks)).text(), expected, `cut at ${positions}`)
    }
  })

  it("are the same before the first event", async () => {
    const failure = `data: ${busy}\n\n`

    assert.strictEqual(await textOf(`\n${failure}`), `\n${await textOf(failure)}`)
  })

  it("are the same of fields that are not known", async () => {
    const text = "database: error\nretry: 5\n\n"

    assert.strictEqual(await textOf(text), text)
  })

  it("are the same with empty chunks in between", async () => {
    const text = `data: 1\r\n\r\ndata: ${busy}\r\n\r\ndata: 2\n\n`
    const expected = await textOf(text)
    const bytes = encode(text)
    for (const position of bytes.keys()) {
      const chunks = cut(bytes, [position]).flatMap((chunk) => [new Uint8Array(), chunk])

      assert.strictEqual(await (await streaming(chunks)).text(), expected)
    }
  })

  it("after the last event are passed on at the end", async () => {
    for (const rest of ["x", "data: 2", "\r", "id: 7\n"]) {
      assert.strictEqual(await textOf(`data: 1\n\n${rest}`), `data: 1\n\n${rest}`)
    }
  })

  it("come in no empty chunk", async () => {
    const chunks = [
      "data: 1\n\ndata: 2\n",
      "\n",
      `data: ${busy}\n\n`,
      "data: 3\r\r",
      "\n",
      `data: ${busy}\n\n: c`,
      "\n\n"
    ]
    const reader = (await streaming(chunks.map(encode))).body!.getReader()
    for (let next = await reader.read(); !next.done; next = await reader.read()) assert.isAbove(next.value.length, 0)
  })

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

describe("a success", () => {
  const answered = async (response: Response) =>
    await VeniceFetch.make({ fetch: async () => response })(chat) === response

  it("is a stream by its content type, in capitals too", async () => {
    for (const type of ["text/event-stream", "Text/Event-Stream; charset=utf-8"]) {
      assert.isFalse(await answered(new Response("data: 1\n\n", { headers: { "content-type": type } })))
    }
  })

  it.each<[string, Response]>([
    ["another content type", new Response("data: 1\n\n", { headers: { "content-type": "text/plain" } })],
    ["no content type", new Response(new Uint8Array(1))],
    ["no body", new Response(null, { headers: eventStream })],
    ["a status that is none of a success", new Response("data: 1\n\n", { status: 302, headers: eventStream })]
  ])("is no stream with %s", async (_, response) => {
    assert.isTrue(await answered(response))
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
    // From then on as they arrive.
    for (let i = 0; i < 20; i++) await reader.read()
    assert.strictEqual(pulls, 21)
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

  const limit = 256 * 1024

  it.each([[limit, true], [limit + 1, false]])("keeps %d bytes of an event: %j", async (size, isKept) => {
    const start = `data: ${busy.slice(0, -1)},"more":"`
    const event = encode(`${start.padEnd(size, "x")}"}\n\n`)
    for (const before of ["", "data: 1\n\n"]) {
      const text = await (await streaming([encode(before), ...cut(event, [1000, size])])).text()

      assert.strictEqual(text.includes("venice_code"), isKept)
      if (!isKept) assert.strictEqual(text, before + new TextDecoder().decode(event))
    }
  })

  it("passes a long event on whatever its last bytes look like, and goes on behind it", async () => {
    const seen: Array<number | undefined> = []
    const long = [`data: ${"x".repeat(limit)}`, `data: ${busy}`, "\n\n"]
    const response = await streaming([...long, `data: ${busy}\n\n`].map(encode), {}, {
      onError: (error) => seen.push(error.response.delivered)
    })
    const text = await response.text()

    assert.isTrue(text.startsWith(long.join("")))
    assert.strictEqual(text.match(/venice_code/g)?.length, 1)
    assert.deepStrictEqual(seen, [1])
  })

  it("counts no event for the limit of another", async () => {
    const halves = Array.from({ length: 40 }, () => [`data: ${"x".repeat(8 * 1024)}`, "\n\n"]).flat()
    const text = await (await streaming([...halves, "data: ", `${busy}\n`, "\n"].map(encode))).text()

    assert.include(text, "venice_code")
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

  it("is told without what is no event, and without the errors before it", async () => {
    const seen: Array<number | undefined> = []
    const others = ": no data\n\n: no error\n\nevent: error\n\nid: data\n\n"
    await textOf(`${others}data: 1\n\ndata: ${busy}\n\n${others}data: ${busy}\n\n`, {}, {
      onError: ({ response }) => seen.push(response.delivered)
    })

    assert.deepStrictEqual(seen, [1, 1])
  })

  it.effect("has the hint of its headers by the clock of the fiber that made the fetch", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const headers = { ...eventStream, "retry-after": "Thu, 01 Jan 1970 00:01:40 GMT" }
      const overloaded = "data: {\"error\":{\"message\":\"m\",\"code\":\"model_overloaded\"}}\n\n"
      yield* TestClock.adjust("70 seconds")
      const fetch = yield* VeniceFetch.makeEffect({
        fetch: async () => new Response(overloaded, { headers }),
        onError: ({ response }) => seen.push(String(response.retryAfter))
      })
      yield* Effect.promise(async () => (await fetch(chat)).text())

      assert.deepStrictEqual(seen, ["30000 millis"])
    }))

  it("is known by the state of a response that failed, without the word error", async () => {
    const failed = "data: {\"response\":{\"status\":\"failed\"}}\n\n"

    assert.include(await textOf(failed), "venice_code")
  })

  it.each(["null", "\"text\"", "[1]", "not JSON", "{\"response\":null}"])(
    "of the name error is one with any data: %s",
    async (data) => {
      const text = await textOf(`event: error\ndata: ${data}\n\ndata: 1\n\n`)

      assert.match(text, /^(?:event: error\n)?data: \{.*"venice_code".*\}\n\ndata: 1\n\n$/)
    }
  )

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

  it.each([
    { type: "response.failed", response: { id: "my-secret-value", error: { message: "m" } } },
    { type: "error", sequence_number: "my-secret-value", code: "model_overloaded", message: "m" }
  ])("has no secret of the request in its other members: $type", async (event) => {
    const text = await textOf(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`, {
      headers: { authorization: "Bearer my-secret-value" }
    })

    assert.include(text, "<redacted>")
    assert.notInclude(text, "my-secret-value")
  })

  describe.each([
    ["a chat", { error: { message: "m", code: "model_overloaded" } }, (json: any) => json.error],
    [
      "a response that failed",
      { type: "response.failed", response: { id: "r", error: { message: "m", code: "model_overloaded" } } },
      (json: any) => json.response.error
    ],
    [
      "an event error",
      { type: "error", sequence_number: 3, code: "model_overloaded", message: "m" },
      (json: any) => json.error
    ]
  ])("of %s", (_, event, errorIn) => {
    const written = async (userAgent: string) => {
      const text = await textOf(`data: ${JSON.stringify(event)}\n\n`, { headers: { "user-agent": userAgent } })
      // Without a name before, there is none after.
      const [, json] = /^data: (.*)\n\n$/.exec(text)!
      return JSON.parse(json!)
    }

    it("has four members for the AI SDK, and all of them for others", async () => {
      const others = errorIn(await written("OpenAI/JS 7.57.0"))
      const sdk = errorIn(await written("mine ai-sdk/openai-compatible/3.0.92"))

      assert.deepInclude(others, { code: "model_overloaded", venice_code: "MODEL_OVERLOADED" })
      assert.deepStrictEqual(sdk, { message: others.message, type: others.type, code: others.code, param: others })
    })

    it("is marked beside the error too, unless it is inside of a response", async () => {
      const { code, response } = await written("OpenAI/JS 7.57.0")

      assert.strictEqual(code, response === undefined ? "MODEL_OVERLOADED" : undefined)
    })

    it("is found in what the client keeps of it", async () => {
      assert.strictEqual(VeniceFetch.errorOf(errorIn(await written("OpenAI/JS 7.57.0")))?._tag, "MODEL_OVERLOADED")
    })
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
