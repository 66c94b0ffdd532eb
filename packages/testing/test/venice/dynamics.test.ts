import { Dynamics } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Random, Schema } from "effect"
import { TestClock } from "effect/testing"
import { chat, type Client, form, make } from "./ask.ts"

const post = ({ ask }: Client, body: object = chat, key = "some-key") => ask("POST /chat/completions", { body, key })

const limits: Dynamics.RateLimits = { window: Duration.minutes(1), tiers: { M: { requests: 3, tokens: 1000 } } }

describe("windows of requests and tokens", () => {
  it.effect("run out after so many requests, and are full again at the reset that the headers name", () =>
    Effect.gen(function*() {
      const client = yield* make({ rateLimits: limits })
      yield* TestClock.adjust(Duration.seconds(5))
      const first = yield* post(client)
      yield* TestClock.adjust(Duration.seconds(10))
      yield* Effect.all([post(client), post(client)])
      const refused = yield* post(client)

      assert.strictEqual(first.headers["x-ratelimit-limit-requests"], "3")
      assert.strictEqual(first.headers["x-ratelimit-remaining-requests"], "2")
      assert.strictEqual(first.headers["x-ratelimit-reset-requests"], String(Date.UTC(2026, 0, 1) + 65_000))
      assert.deepStrictEqual(refused.error?.response.retryAfter, Duration.seconds(50))
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers["x-ratelimit-remaining-requests"], "0")
      assert.strictEqual(refused.error?._tag === "RATE_LIMIT_EXCEEDED" && refused.error.limit, "requests")

      yield* TestClock.adjust(Duration.millis(49_999))
      assert.strictEqual((yield* post(client)).status, 429)
      yield* TestClock.adjust(Duration.millis(1))
      assert.strictEqual((yield* post(client)).status, 200)
    }))

  it.effect("run out after so many tokens", () =>
    Effect.gen(function*() {
      const client = yield* make({ rateLimits: { ...limits, tiers: { M: { requests: 100, tokens: 20 } } } })
      const first = yield* post(client)
      const second = yield* post(client)
      const third = yield* post(client)

      assert.strictEqual(first.headers["x-ratelimit-remaining-tokens"], String(20 - first.json.usage.total_tokens))
      assert.strictEqual(second.headers["x-ratelimit-remaining-tokens"], "0")
      assert.strictEqual(third.error?._tag === "RATE_LIMIT_EXCEEDED" && third.error.limit, "tokens")
    }))

  it.effect("belong to a key and a model, or to the tier if it is shared", () =>
    Effect.gen(function*() {
      const one = { ...limits, tiers: { M: { requests: 1 } } }
      const other = { ...chat, model: "openai-gpt-oss-120b" }
      const own = yield* make({ rateLimits: one })
      const shared = yield* make({ rateLimits: { ...one, sharedBy: "tier" } })
      yield* Effect.all([post(own), post(shared)])

      assert.strictEqual((yield* post(own)).status, 429)
      assert.strictEqual((yield* post(own, other)).status, 200)
      assert.strictEqual((yield* post(own, chat, "other-key")).status, 200)
      assert.strictEqual((yield* post(shared, other)).status, 429)
    }))

  it.effect("do not limit a tier that they do not name", () =>
    Effect.gen(function*() {
      const client = yield* make({ rateLimits: limits })
      const { headers } = yield* post(client, { ...chat, model: "llama-3.2-3b" })

      assert.isUndefined(headers["x-ratelimit-limit-requests"])
    }))

  it.effect("let exactly as many of many concurrent requests pass", () =>
    Effect.gen(function*() {
      const client = yield* make({
        rateLimits: { ...limits, tiers: { M: { requests: 100 } } },
        latency: { median: Duration.seconds(1) }
      })
      const fiber = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 300 }, () => post(client)), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust(Duration.seconds(1))
      const answers = yield* Fiber.join(fiber)

      assert.strictEqual(answers.filter(({ status }) => status === 200).length, 100)
    }))

  it.effect("are listed, and logged when they are exceeded", () =>
    Effect.gen(function*() {
      const client = yield* make({ rateLimits: { ...limits, tiers: { M: { requests: 1, tokens: 7 } } } })
      yield* Effect.all([post(client), post(client)])
      const listed = yield* client.ask("GET /api_keys/rate_limits")
      const log = yield* client.ask("GET /api_keys/rate_limits/log")

      assert.deepStrictEqual(
        listed.json.data.rateLimits.find(({ apiModelId }: any) => apiModelId === "llama-3.3-70b").rateLimits,
        [{ type: "RPM", amount: 1 }, { type: "TPM", amount: 7 }]
      )
      assert.strictEqual(log.json.data[0].rateLimitType, "RPM")
      assert.strictEqual(log.json.data[0].modelId, "llama-3.3-70b")
    }))
})

describe("the failure budget", () => {
  const small: Dynamics.FailureBudget = { ...Dynamics.failureBudget, limit: 3, unsupportedLimit: 2 }
  const invalid = { ...chat, temperature: 3 }

  it.effect("says how many failures are left before it counts, and locks out when none is", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small })
      const failures = yield* Effect.all([post(client, invalid), post(client, invalid), post(client, invalid)])
      const locked = yield* post(client)

      assert.deepStrictEqual(failures.map(({ headers }) => headers["x-ratelimit-remaining"]), ["3", "2", "1"])
      assert.strictEqual(locked.status, 429)
      assert.strictEqual(
        locked.json.error,
        "Too many failed attempts (> 3) resulting in a non-success status code. Please wait 30 seconds and try again. "
          + "See https://docs.venice.ai/api-reference/rate-limiting for more information."
      )
      assert.strictEqual(locked.error?._tag === "RATE_LIMIT_EXCEEDED" && locked.error.limit, "failures")
      assert.deepStrictEqual(locked.error?.response.retryAfter, Duration.seconds(30))
    }))

  it.effect("opens again after 30 seconds, and not before", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small })
      yield* Effect.all([post(client, invalid), post(client, invalid), post(client, invalid)])
      yield* TestClock.adjust(Duration.millis(29_999))
      assert.strictEqual((yield* post(client)).status, 429)
      yield* TestClock.adjust(Duration.millis(1))
      const open = yield* post(client)

      assert.strictEqual(open.status, 200)
      assert.strictEqual(open.headers["x-ratelimit-remaining"], "3")
    }))

  it.effect("forgets the failures of a window that has passed", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small })
      yield* Effect.all([post(client, invalid), post(client, invalid)])
      yield* TestClock.adjust(Duration.seconds(30))
      yield* post(client, invalid)

      assert.strictEqual((yield* post(client)).headers["x-ratelimit-remaining"], "2")
    }))

  it.effect("belongs to a key, a model and a user", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small })
      yield* Effect.all([post(client, invalid), post(client, invalid), post(client, invalid)])

      assert.strictEqual((yield* post(client)).status, 429)
      assert.strictEqual((yield* post(client, { ...chat, model: "llama-3.2-3b" })).status, 200)
      assert.strictEqual((yield* post(client, { ...chat, user: "b" })).status, 200)
      assert.strictEqual((yield* post(client, chat, "other-key")).status, 200)
    }))

  it.effect.each([
    ["missing credentials", { body: chat, key: undefined }],
    ["a wrong content type", { body: "x", headers: { "content-type": "text/plain" } }],
    ["invalid JSON", { body: "{" }]
  ])("does not count %s", ([, request]) =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small })
      yield* Effect.all(Array.from({ length: 5 }, () => client.ask("POST /chat/completions", request as object)))

      assert.strictEqual((yield* post(client)).headers["x-ratelimit-remaining"], "3")
    }))

  it.effect("counts no 429 and no 5xx", () =>
    Effect.gen(function*() {
      const limited = yield* make({ failureBudget: small, rateLimits: { ...limits, tiers: { M: { requests: 1 } } } })
      const down = yield* make({
        failureBudget: small,
        outages: [{ from: Duration.zero, for: Duration.hours(1), error: "INFERENCE_FAILED" }]
      })
      for (const client of [limited, down]) {
        const answers = yield* Effect.all(Array.from({ length: 5 }, () => post(client)))

        assert.strictEqual(answers.at(-1)?.headers["x-ratelimit-remaining"], "3")
      }
    }))

  it.effect("counts features that a model does not support by themselves", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small })
      const unsupported = {
        ...chat,
        model: "venice-uncensored",
        tools: [{ type: "function", function: { name: "f" } }]
      }
      const first = yield* post(client, unsupported)
      const second = yield* post(client, unsupported)

      assert.strictEqual(first.headers["x-ratelimit-remaining"], "3")
      assert.strictEqual(second.headers["x-ratelimit-remaining"], "3")
      assert.match((yield* post(client, unsupported)).json.error, /^Too many failed attempts \(> 2\)/)
    }))

  it.effect("shares one bucket among the forms of a key", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small })
      const broken = (model: string) => client.ask("POST /audio/transcriptions", form({ model }))
      yield* Effect.all([broken("a"), broken("b"), broken("c")])

      assert.strictEqual((yield* broken("d")).status, 429)
    }))

  it.effect("names the lockout in customMessage if it shall", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: { ...small, limit: 1, wording: "customMessage" } })
      yield* post(client, invalid)
      const { error, json } = yield* post(client)

      assert.strictEqual(json.error, "Rate limit exceeded")
      assert.match(json.customMessage, /^Too many failed attempts/)
      assert.strictEqual(error?._tag === "RATE_LIMIT_EXCEEDED" && error.limit, "failures")
    }))

  it.effect("locks out a wrong key that is tried again and again", () =>
    Effect.gen(function*() {
      const client = yield* make({ failureBudget: small, keys: [{ value: "right" }] })
      yield* Effect.all(Array.from({ length: 3 }, () => post(client, chat, "wrong")))

      assert.strictEqual((yield* post(client, chat, "wrong")).status, 429)
      assert.strictEqual((yield* post(client, chat, "right")).status, 200)
    }))
})

describe("a model", () => {
  const busy = (capacity: Dynamics.Capacity): Dynamics.Dynamics => ({
    models: [{ id: "m", type: "text", model_spec: {}, capacity }],
    latency: { median: Duration.seconds(10) }
  })

  it.effect("runs as many requests at once as it has capacity for", () =>
    Effect.gen(function*() {
      const client = yield* make(busy({ concurrent: 2, retryAfter: Duration.seconds(7) }))
      const running = yield* Effect.forkChild(
        Effect.all([post(client, { ...chat, model: "m" }), post(client, { ...chat, model: "m" })], { concurrency: 2 })
      )
      yield* TestClock.adjust(Duration.seconds(1))
      const third = yield* post(client, { ...chat, model: "m" })
      yield* TestClock.adjust(Duration.seconds(9))
      yield* Fiber.join(running)
      const later = yield* Effect.forkChild(post(client, { ...chat, model: "m" }))
      yield* TestClock.adjust(Duration.seconds(10))

      assert.strictEqual(third.error?._tag, "MODEL_OVERLOADED")
      assert.strictEqual(third.headers["retry-after"], "7")
      assert.strictEqual((yield* Fiber.join(later)).status, 200)
    }))

  it.effect("gives its capacity back when a request is given up, once the run would have ended", () =>
    Effect.gen(function*() {
      const client = yield* make(busy({ concurrent: 1, error: "MODEL_AT_CAPACITY" }))
      const running = yield* Effect.forkChild(post(client, { ...chat, model: "m" }))
      yield* TestClock.adjust(Duration.seconds(1))
      const refused = yield* post(client, { ...chat, model: "m" })
      yield* Fiber.interrupt(running)
      const next = yield* Effect.forkChild(post(client, { ...chat, model: "m" }))
      yield* TestClock.adjust(Duration.seconds(10))

      assert.strictEqual(refused.error?._tag, "MODEL_AT_CAPACITY")
      assert.strictEqual((yield* Fiber.join(next)).status, 200)
    }))

  it.effect("keeps its place while a stream is read", () =>
    Effect.gen(function*() {
      const client = yield* make({
        models: [{ id: "m", type: "text", model_spec: {}, capacity: { concurrent: 1 } }],
        streaming: { every: Duration.seconds(1) }
      })
      const body = { ...chat, model: "m" }
      const { body: chunks } = yield* post(client, { ...body, stream: true })
      const seconds = (chunks as ReadonlyArray<unknown>).length - 1
      yield* TestClock.adjust(Duration.seconds(seconds - 1))
      assert.strictEqual((yield* post(client, body)).status, 429)
      yield* TestClock.adjust(Duration.seconds(1))
      assert.strictEqual((yield* post(client, body)).status, 200)
    }))

  it.effect("is out from one moment to another", () =>
    Effect.gen(function*() {
      const client = yield* make({
        outages: [{ model: "llama-3.3-70b", from: Duration.seconds(10), for: Duration.seconds(20) }]
      })
      const statusAt = (seconds: number) =>
        Effect.andThen(TestClock.setTime(seconds * 1000), Effect.map(post(client), ({ status }) => status))

      assert.strictEqual(yield* statusAt(9.999), 200)
      assert.strictEqual(yield* statusAt(10), 503)
      assert.strictEqual((yield* post(client, { ...chat, model: "llama-3.2-3b" })).status, 200)
      assert.strictEqual(yield* statusAt(29.999), 503)
      assert.strictEqual(yield* statusAt(30), 200)
    }))

  it.effect("fails in an outage as the outage says, and its overload names a wait", () =>
    Effect.gen(function*() {
      const outage = { from: Duration.zero, for: Duration.hours(1), error: "MODEL_OVERLOADED" }
      const { error, headers } = yield* Effect.flatMap(make({ outages: [outage] }), (client) => post(client))

      assert.strictEqual(error?._tag, "MODEL_OVERLOADED")
      assert.strictEqual(headers["retry-after"], "30")
    }))
})

describe("latency", () => {
  it.effect("is the median without a spread", () =>
    Effect.gen(function*() {
      const client = yield* make({ latency: { median: Duration.seconds(2) } })
      const fiber = yield* Effect.forkChild(post(client))
      yield* TestClock.adjust(Duration.millis(1999))
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust(Duration.millis(1))
      assert.strictEqual((yield* Fiber.join(fiber)).status, 200)
    }))

  it.effect("is spread so that half are below the median and one in a hundred above the 99th percentile", () =>
    Effect.gen(function*() {
      const client = yield* make({ latency: { median: Duration.seconds(1), p99: Duration.seconds(5) } })
      const start = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const timed = Effect.andThen(post(client), Effect.clockWith((clock) => clock.currentTimeMillis))
      const fiber = yield* Effect.forkChild(
        Random.withSeed(Effect.all(Array.from({ length: 1000 }, () => timed), { concurrency: "unbounded" }), "latency")
      )
      yield* TestClock.adjust(Duration.minutes(5))
      const waits = (yield* Fiber.join(fiber)).map((at) => at - start)
      const share = (from: number) => waits.filter((wait) => wait > from).length / waits.length

      assert.closeTo(share(1000), 0.5, 0.05)
      assert.closeTo(share(5000), 0.01, 0.01)
    }))
})

describe("the emulated Venice", () => {
  it.effect("answers the same for the same seed", () =>
    Effect.gen(function*() {
      const run = Random.withSeed(
        Effect.flatMap(make(), (client) =>
          Effect.all([
            post(client),
            client.ask("POST /video/queue", {
              body: { model: "wan-2-7-text-to-video", prompt: "x", duration: "5s" }
            })
          ])),
        "seed"
      )
      const [first, second] = [yield* run, yield* run]

      assert.deepStrictEqual(first, second)
    }))

  it.effect("forgets everything at a reset", () =>
    Effect.gen(function*() {
      const client = yield* make({ rateLimits: { ...limits, tiers: { M: { requests: 1 } } }, balance: { usd: 1 } })
      yield* Effect.all([post(client), post(client)])
      yield* client.venice.reset

      assert.deepStrictEqual(yield* client.venice.charges, [])
      assert.strictEqual((yield* post(client)).status, 200)
    }))

  it("reads its dynamics from JSON, and refuses what is none", () => {
    const decode = Schema.decodeUnknownSync(Schema.toCodecJson(Dynamics.Dynamics))
    const { latency, rateLimits } = decode({
      latency: { median: "200 millis", p99: "3 seconds" },
      rateLimits: { window: "1 minute", tiers: { M: { requests: 5 } } }
    })

    assert.deepStrictEqual(latency?.p99, Duration.seconds(3))
    assert.strictEqual(rateLimits?.tiers.M?.requests, 5)
    assert.throws(() => decode({ latency: { median: "soon" } }))
    assert.throws(() => decode({ latency: { median: "-1 seconds" } }))
    assert.throws(
      () => decode({ outages: [{ from: "0 seconds", for: "1 second", error: "NO_SUCH_CODE" }] }),
      /code of Venice/
    )
    assert.throws(() => decode({ jobs: { failureRate: 2 } }))
  })
})
