import { Errors } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Emulator, Script } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Exit, Fiber, Schema, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"

const chat = { model: "llama-3.3-70b", messages: [{ role: "user", content: "Hello" }] }

const ask = (body: typeof chat = chat, headers: Record<string, string> = {}) =>
  Effect.flatMap(VeniceClient, (venice) => venice.request("POST /chat/completions", { body, headers })).pipe(
    Effect.match({ onFailure: (error) => error._tag as string, onSuccess: ({ status }) => String(status) })
  )

const withScript = (...rules: ReadonlyArray<Script.Rule>) =>
  Emulator.layerInProcessWith({ script: Script.make({ rules }) })

/** What a sequence of calls ends with. */
const outcomes = (count: number) => Effect.all(Array.from({ length: count }, () => ask()))

describe("a rule", () => {
  it.effect("answers as often as it says, and the first that is not used up wins", () =>
    outcomes(4).pipe(
      Effect.map((tags) => assert.deepStrictEqual(tags, ["MODEL_OFFLINE", "MODEL_OFFLINE", "INFERENCE_FAILED", "200"])),
      Effect.provide(withScript(
        Script.on("POST /chat/completions", { times: 2, fail: "MODEL_OFFLINE" }),
        Script.on("POST /chat/*", { times: "once", fail: "INFERENCE_FAILED" })
      ))
    ))

  const matched: ReadonlyArray<readonly [string, Script.RuleOptions & { readonly on?: string }, boolean]> = [
    ["any request", { on: "*" }, true],
    ["a pattern of operations", { on: "POST /chat/*" }, true],
    ["a pattern of paths", { on: "/chat/*" }, true],
    ["another operation", { on: "POST /embeddings" }, false],
    ["another method", { on: "GET *" }, false],
    ["a method", { method: "post" }, true],
    ["a path", { path: "/chat/{name}" }, true],
    ["a path of one segment more", { path: "/chat/completions/{name}" }, false],
    ["a model", { model: "llama-3.3-70b" }, true],
    ["a pattern of models", { model: "llama-*" }, true],
    ["the beginning of a model", { model: "llama" }, false],
    ["a header in any case", { headers: { "X-Tenant": "a*" } }, true],
    ["another value of a header", { headers: { "x-tenant": "b" } }, false],
    ["an absent header", { headers: { "x-other": "*" } }, false],
    ["a subset of the body", { body: { messages: [{ content: "Hello" }] } }, true],
    ["another body", { body: { messages: [{ content: "Bye" }] } }, false],
    ["a longer body", { body: { messages: [{ role: "user" }, { role: "user" }] } }, false],
    ["a predicate", { when: ({ body }) => body.includes("Hello") }, true],
    ["a predicate that is false", { when: () => false }, false]
  ]
  for (const [name, { on = "*", ...options }, isMatch] of matched) {
    it.effect(`${isMatch ? "matches" : "does not match"} ${name}`, () =>
      ask(chat, { "x-tenant": "acme" }).pipe(
        Effect.map((tag) => assert.strictEqual(tag, isMatch ? "MODEL_OFFLINE" : "200")),
        Effect.provide(withScript(Script.on(on, { ...options, fail: "MODEL_OFFLINE" })))
      ))
  }

  it.effect("matches the model of a multipart form", () =>
    Effect.gen(function*() {
      const client = yield* HttpClient.HttpClient
      const form = new FormData()
      form.append("file", new Blob([new Uint8Array(100)]), "a.wav")
      form.append("model", "whisper")
      const { status } = yield* client.execute(
        HttpClientRequest.post("https://api.venice.ai/api/v1/audio/transcriptions").pipe(
          HttpClientRequest.bodyFormData(form)
        )
      )

      assert.strictEqual(status, 503)
    }).pipe(Effect.provide(withScript(Script.on("*", { model: "whisper", fail: "MODEL_OFFLINE" })))))

  it.effect("fails with the fields that it gives", () =>
    Effect.gen(function*() {
      const venice = yield* VeniceClient
      const error = yield* Effect.flip(venice.request("POST /chat/completions", { body: chat }))

      assert.instanceOf(error, Errors.RateLimitExceeded)
      assert.deepStrictEqual(error.response.retryAfter, Duration.seconds(7))
      assert.strictEqual(error.response.rayId, "my-ray")
    }).pipe(Effect.provide(withScript(
      Script.on("*", { fail: { code: "RATE_LIMIT_EXCEEDED", retryAfter: "7 seconds", rayId: "my-ray" } })
    ))))

  const bodies: ReadonlyArray<readonly [Script.Response, string]> = [
    [{ body: "text" }, "text"],
    [{ json: { a: 1 } }, "{\"a\":1}"],
    [{ base64: "aGVsbG8=" }, "hello"],
    [{ events: [{ a: 1 }, "[DONE]"] }, "data: {\"a\":1}\n\ndata: [DONE]\n\n"],
    [{ body: [{ data: "a" }, { data: new TextEncoder().encode("b") }] }, "ab"]
  ]
  for (const [respond, expected] of bodies) {
    it.effect(`responds with ${JSON.stringify(respond)}`, () =>
      Effect.gen(function*() {
        const client = yield* HttpClient.HttpClient
        const response = yield* client.get("http://any.host/api/v1/models")

        assert.strictEqual(yield* response.text, expected)
      }).pipe(Effect.provide(withScript(Script.on("GET /models", { respond })))))
  }
})

/** When each part of an answer arrives, in milliseconds. */
const arrivals = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const start = yield* Clock.currentTimeMillis
  const times: Array<readonly [number, string]> = []
  const response = yield* client.get("http://any.host/api/v1/models")
  times.push([(yield* Clock.currentTimeMillis) - start, "header"])
  yield* Stream.runForEach(Stream.decodeText(response.stream), (text) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      times.push([now - start, text.trim()])
    }))
  return times
})

/** Runs on virtual time, as far as it goes. */
const onVirtualTime = <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(self)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const events = { events: ["a", "b", "c"] }

describe("how an answer arrives", () => {
  const cases: ReadonlyArray<readonly [string, Script.RuleOptions, ReadonlyArray<readonly [number, string]>]> = [
    ["at once", {}, [[0, "header"], [0, "data: a"], [0, "data: b"], [0, "data: c"]]],
    ["after a delay", { delay: "2 seconds" }, [
      [2000, "header"],
      [2000, "data: a"],
      [2000, "data: b"],
      [2000, "data: c"]
    ]],
    ["at a pace", { pace: { first: "1 second", perSecond: 2 } }, [
      [0, "header"],
      [1000, "data: a"],
      [1500, "data: b"],
      [2000, "data: c"]
    ]],
    ["drop by drop", { drip: { bytes: 9, every: "100 millis" } }, [
      [0, "header"],
      [0, "data: a"],
      [100, "data: b"],
      [200, "data: c"]
    ]]
  ]
  for (const [name, options, expected] of cases) {
    it.effect(name, () =>
      onVirtualTime(arrivals).pipe(
        Effect.map((times) => assert.deepStrictEqual(times, expected)),
        Effect.provide(withScript(Script.on("GET /models", { ...options, respond: events })))
      ))
  }

  it.effect("with the delays of its chunks", () =>
    onVirtualTime(arrivals).pipe(
      Effect.map((times) => assert.deepStrictEqual(times, [[0, "header"], [0, "a"], [50, "b"]])),
      Effect.provide(withScript(
        Script.on("GET /models", { respond: { body: [{ data: "a" }, { data: "b", delay: Duration.millis(50) }] } })
      ))
    ))

  it.effect("is not before its time", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(ask())
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "200")
    }).pipe(Effect.provide(withScript(Script.on("*", { delay: "2 seconds" })))))

  it.effect("varies by jitter, drawn from the seed", () => {
    const run = (seed: number) =>
      onVirtualTime(arrivals).pipe(
        Effect.map((times) => times.map(([time]) => time)),
        Effect.provide(Emulator.layerInProcessWith({
          script: Script.make({
            seed,
            rules: [Script.on("GET /models", { respond: events, pace: { perSecond: 1, jitter: 0.5 } })]
          })
        }))
      )
    return Effect.gen(function*() {
      const [first, again, other] = yield* Effect.all([run(1), run(1), run(2)])
      assert.deepStrictEqual(first, again)
      assert.notDeepEqual(first, other)
      assert.isTrue(first![3]! - first![2]! >= 500 && first![3]! - first![2]! <= 1500)
    })
  })
})

describe("a disconnect", () => {
  const read = Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    let body = ""
    const response = yield* Effect.exit(client.get("http://any.host/api/v1/models"))
    if (Exit.isFailure(response)) return [response, body] as const
    const exit = yield* Effect.exit(
      Stream.runForEach(Stream.decodeText(response.value.stream), (text) => Effect.sync(() => body += text))
    )
    return [exit, body] as const
  })

  const reason = (exit: Exit.Exit<unknown, unknown>) =>
    (Exit.isFailure(exit) ? (exit.cause.reasons[0] as any).error.reason._tag : undefined) as string | undefined

  const cases: ReadonlyArray<readonly [Script.Disconnect, string, string]> = [
    ["before-header", "TransportError", ""],
    ["within-header", "TransportError", ""],
    [{ afterBytes: 0 }, "DecodeError", ""],
    [{ afterBytes: 12 }, "DecodeError", "data: a\n\ndat"],
    [{ afterEvents: 2 }, "DecodeError", "data: a\n\ndata: b\n\n"]
  ]
  for (const [disconnect, tag, received] of cases) {
    it.effect(`comes ${JSON.stringify(disconnect)}`, () =>
      Effect.gen(function*() {
        const [exit, body] = yield* read
        const emulator = yield* Emulator.Emulator
        const [entry] = yield* emulator.journal()

        assert.strictEqual(reason(exit), tag)
        assert.strictEqual(body, received)
        assert.strictEqual(entry?.outcome, "disconnected")
      }).pipe(Effect.provide(withScript(Script.on("GET /models", { respond: events, disconnect })))))
  }

  it.effect("cuts the events of Venice, too", () =>
    read.pipe(
      Effect.map(([exit, body]) => {
        assert.strictEqual(reason(exit), "DecodeError")
        assert.strictEqual(body.length, 10)
      }),
      Effect.provide(withScript(Script.on("GET /models", { disconnect: { afterBytes: 10 } })))
    ))
})

describe("chaos", () => {
  const rates = { MODEL_OVERLOADED: 0.2, INFERENCE_FAILED: 0.2, disconnect: 0.1 }

  const run = (seed: number, concurrency: number) =>
    Effect.all(Array.from({ length: 300 }, () => ask()), { concurrency }).pipe(
      Effect.provide(Emulator.layerInProcessWith({ script: Script.make({ seed, rules: Script.chaos(rates) }) }))
    )

  it.effect("is the same for the same seed, also with concurrent requests", () =>
    Effect.gen(function*() {
      const [first, again, concurrent, other] = yield* Effect.all([run(7, 1), run(7, 1), run(7, 50), run(8, 1)])

      assert.deepStrictEqual(first, again)
      assert.deepStrictEqual(first, concurrent)
      assert.notDeepEqual(first, other)
    }))

  it.effect("has the rates that are asked for", () =>
    Effect.gen(function*() {
      const tags = yield* run(1, 1)
      const share = (tag: string) => tags.filter((other) => other === tag).length / tags.length

      assert.closeTo(share("MODEL_OVERLOADED"), 0.2, 0.06)
      assert.closeTo(share("INFERENCE_FAILED"), 0.2, 0.06)
      assert.closeTo(share("HttpClientError"), 0.1, 0.05)
    }))

  it("refuses rates of more than 1 together, and negative ones", () => {
    assert.throws(() => Script.chaos({ disconnect: 0.6, delay: 0.6 }), /rates of at most 1 together/)
    assert.throws(() => Script.chaos({ disconnect: -0.1 }), /rates\.disconnect/)
  })

  it.effect("lets all requests fail at a rate of 1, in the order of its kinds", () =>
    outcomes(3).pipe(
      Effect.map((tags) => assert.deepStrictEqual(new Set(tags), new Set(["MODEL_OVERLOADED"]))),
      Effect.provide(withScript(...Script.chaos({ MODEL_OVERLOADED: 1 })))
    ))
})

describe("Script.validate", () => {
  const rule = (value: object) => ({ rules: [{ on: "*", ...value }] })

  const problems: ReadonlyArray<readonly [unknown, string, RegExp]> = [
    [[], "", /object/],
    [{ rule: [] }, "rule", /^Unknown key/],
    [{ seed: {} }, "seed", /./],
    [rule({ tims: 1 }), "rules[0].tims", /^Unknown key; did you mean times\?/],
    [rule({ on: "POST /chat/completion" }), "rules[0].on", /did you mean POST \/chat\/completions\?/],
    [rule({ fail: "MODEL_OFLINE" }), "rules[0].fail", /did you mean MODEL_OFFLINE\?/],
    [rule({ fail: 429 }), "rules[0].fail", /a code of Venice/],
    [rule({ fail: { code: "NOPE" } }), "rules[0].fail.code", /a code of Venice/],
    [rule({ fail: { code: "RATE_LIMIT_EXCEEDED", limt: "tokens" } }), "rules[0].fail.limt", /^Unknown key/],
    [rule({ fail: { code: "RATE_LIMIT_EXCEEDED", retryAfter: "soon" } }), "rules[0].fail.retryAfter", /a duration/],
    [rule({ delay: "-1 seconds" }), "rules[0].delay", /a duration/],
    [rule({ delay: "Infinity" }), "rules[0].delay", /a duration/],
    [rule({ times: 0 }), "rules[0].times", /./],
    [rule({ times: "twice" }), "rules[0].times", /./],
    [rule({ rate: 1.1 }), "rules[0].rate", /between 0 and 1/],
    [rule({ respond: { status: 99 } }), "rules[0].respond.status", /between 200 and 599/],
    [rule({ respond: { headers: { "a b": "c" } } }), "rules[0].respond.headers.a b", /a name of a header/],
    [
      rule({ respond: { headers: { a: "b\r\nc: d" } } }),
      "rules[0].respond.headers.a",
      /a value that a header can have/
    ],
    [rule({ respond: { body: "", json: 1 } }), "rules[0].respond", /at most one of/],
    [rule({ fail: "MODEL_OFFLINE", respond: {} }), "rules[0].respond", /not together with fail/],
    [rule({ drip: { bytes: 0, every: "1 second" } }), "rules[0].drip.bytes", /./],
    [rule({ disconnect: "sometimes" }), "rules[0].disconnect", /./],
    [rule({ pace: { jitter: 2 } }), "rules[0].pace.jitter", /between 0 and 1/],
    [{ chaos: { rates: { MODEL_OFLINE: 0.1 } } }, "chaos.rates.MODEL_OFLINE", /did you mean MODEL_OFFLINE\?/]
  ]
  for (const [input, path, message] of problems) {
    it(`says where ${JSON.stringify(input)} is wrong`, () => {
      const found = Script.validate(input)

      assert.deepStrictEqual(found.map(({ path }) => path), [path])
      assert.match(found[0]!.message, message)
    })
  }

  it("reports every problem at once", () => {
    assert.lengthOf(Script.validate({ rules: [{ times: 0 }, { rate: 2 }], extra: 1 }), 3)
  })

  it("accepts what a rule is written as", () => {
    const rules = [
      Script.on("POST /chat/completions", { fail: new Errors.RateLimitExceeded({ limit: "tokens" }), times: 3 }),
      Script.on("*", { respond: { events: [1] }, delay: "1 second", disconnect: { afterEvents: 1 } })
    ]
    const encoded = JSON.parse(JSON.stringify(rules.map((rule) => Schema.encodeSync(Script.Rule)(rule))))

    assert.deepStrictEqual(Script.validate({ rules: encoded }), [])
  })
})
