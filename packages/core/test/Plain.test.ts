import { Category, Decode, Errors, Plain, VeniceError } from "@effect-venice/core"
import { Arbitraries } from "@effect-venice/testing"
import { assert, describe, it, vi } from "@effect/vitest"
import { BigDecimal, DateTime, Duration, Effect } from "effect"
import { assertGolden } from "./golden.ts"

const now = Date.UTC(2026, 0, 1)

const busy = { status: 503, body: "{\"error\":\"The model is at capacity. Please try again later.\"}" }

describe("an error as a plain object", () => {
  it("has code, category, remedy, status and message, for every code", () =>
    assertGolden(
      "plain errors",
      [...VeniceError.byCode.keys()].map((code) =>
        JSON.stringify(Plain.fromError(VeniceError.fromCode(code as VeniceError.Code)))
      )
    ))

  it.effect.prop(
    "is what JSON makes of it, whatever it was decoded from",
    [Arbitraries.anyResponse],
    ([received]) =>
      Effect.sync(() => {
        const error = Plain.fromError(Decode.response({ ...received, now }))

        assert.deepStrictEqual(JSON.parse(JSON.stringify(error)), error)
        assert.include(Category.all, error.category)
      }),
    { arbitrary: { runs: 500 } }
  )

  it.effect.prop(
    "has the code, the hint and the fields of the error",
    [Arbitraries.response],
    ([received]) =>
      Effect.sync(() => {
        const error = Decode.response({ ...received, now })
        const plain = Plain.decode(received, { now })

        assert.deepStrictEqual(plain, Plain.fromError(error))
        assert.strictEqual(plain.code, error._tag)
        assert.strictEqual(
          plain.retryAfterMillis,
          error.response.retryAfter && Duration.toMillis(error.response.retryAfter)
        )
      }),
    { arbitrary: { runs: 300 } }
  )

  it("has its fields in JSON form", () =>
    assertGolden(
      "plain fields",
      [
        new Errors.ModelNotFound({ model: "m", suggestions: ["a"] }),
        new Errors.Gone({
          successor: "/b",
          sunset: DateTime.makeUnsafe("2026-09-16T00:00:00Z"),
          deprecated: DateTime.makeUnsafe("2026-07-09T00:00:00Z")
        }),
        new Errors.PaymentRequired({ reason: "authentication", offer: { accepts: [{ scheme: "exact" }] } }),
        new Errors.UnrecognizedResponse({ category: "Billing", code: "their_code", response: { status: 402 } }),
        new Errors.InvalidRequest({ response: { status: 400, upstreamCode: "their_code" } }),
        new Errors.RateLimitExceeded({
          limit: "tokens",
          response: {
            status: 429,
            retryAfter: Duration.millis(1500),
            requestId: "r",
            rayId: "ray",
            operation: "POST /chat/completions",
            balance: { usd: BigDecimal.fromStringUnsafe("12.50") },
            deprecation: { replacement: "new" },
            rateLimit: { tokens: { limit: 1, remaining: 0, resetAt: DateTime.makeUnsafe("2026-01-01T00:00:00Z") } }
          }
        }),
        Decode.response({
          status: 400,
          body: "{\"details\":{\"model\":{\"_errors\":[\"Required\"]}},\"issues\":[]}",
          now
        })
      ].map((error) => JSON.stringify(Plain.fromError(error)))
    ))

  it("has dates and balances as texts, before it is JSON", () => {
    const gone = Plain.fromError(new Errors.Gone({ sunset: DateTime.makeUnsafe("2026-09-16T00:00:00Z") }))
    const balance = { usd: BigDecimal.fromStringUnsafe("12.50"), diem: BigDecimal.fromStringUnsafe("0.000001") }
    const unauthorized = Plain.fromError(new Errors.Unauthorized({ response: { status: 403, balance } }))

    assert.deepInclude(gone, { sunset: "2026-09-16T00:00:00.000Z" })
    assert.deepStrictEqual(unauthorized.balance, { usd: "12.5", diem: "0.000001" })
  })

  it("leaves out a hint that never ends", () => {
    const error = Object.assign(new Errors.ModelOffline(), { response: { status: 503, retryAfter: Duration.infinity } })

    assert.notProperty(Plain.fromError(error), "retryAfterMillis")
  })
})

describe("decoding of parts", () => {
  it("knows what a repeat costs", () => {
    const failed = { status: 500, body: "{\"error\":\"Inference processing failed\"}" }

    assert.isTrue(Plain.decode(failed, { operation: "POST /chat/completions" }).retryable)
    assert.isFalse(Plain.decode(failed, { operation: "POST /video/queue" }).retryable)
  })

  it("takes the headers of node:http, of fetch, and pairs", () => {
    const requestIds = [
      { "CF-Ray": "91dbd54fa83f8cbd-EWR", "set-cookie": ["a", "b"] },
      new Headers({ "CF-RAY": "91dbd54fa83f8cbd-EWR" }),
      [["cf-ray", "91dbd54fa83f8cbd-EWR"]] as const
    ].map((headers) => Plain.decode({ ...busy, headers }).requestId)

    assert.deepStrictEqual(requestIds, Array(3).fill("91dbd54fa83f8cbd-EWR"))
  })

  it("keeps JSON of the server that looks like a date of Effect", () => {
    const lookalike = { "~effect/DateTime": 1 }
    assert.isTrue(DateTime.isDateTime(lookalike))
    const body = JSON.stringify({ error: { code: "needs_consent", message: "m" }, consent_flow: lookalike })
    const plain = Plain.decode({ status: 400, body })

    assert.deepStrictEqual(plain.code === "CONSENT_REQUIRED" && plain.consentFlow, lookalike)
  })

  it("does not need a body", () => {
    const error = Plain.decode({ status: 413 })

    assert.strictEqual(error.code, "PAYLOAD_TOO_LARGE")
    assert.notProperty(error, "body")
  })

  it("redacts the secrets that it is told", () => {
    const error = Plain.decode({ status: 400, body: "{\"error\":\"no my-api-key\"}" }, { secrets: ["my-api-key"] })

    assert.notInclude(JSON.stringify(error), "my-api-key")
  })
})

describe("decoding of a response", () => {
  it("reads the body", async () => {
    const error = await Plain.decode(new Response(busy.body, { status: 503, headers: { "retry-after": "2" } }))

    assert.strictEqual(error.code, "MODEL_AT_CAPACITY")
    assert.strictEqual(error.retryAfterMillis, 2000)
  })

  it.each([[100, 100, undefined], [101, 100, true]])(
    "reads %d bytes of at most %d",
    async (length, maxBytes, truncated) => {
      const error = await Plain.decode(new Response("x".repeat(length), { status: 500 }), { maxBytes })

      assert.strictEqual(error.body, "x".repeat(100))
      assert.strictEqual(error.bodyTruncated, truncated)
    }
  )

  it.each([[256 * 1024, "TOO_MANY_TOKENS"], [256 * 1024 + 1, "UNRECOGNIZED_RESPONSE"]])(
    "reads 256 KiB by default, so that one of %d bytes is a %s",
    async (length, code) => {
      const body = JSON.stringify({ code: "TOO_MANY_TOKENS", error: "x" })
      const padded = `${body.slice(0, -1)}${" ".repeat(length - body.length)}}`

      assert.strictEqual((await Plain.decode(new Response(padded, { status: 400 }))).code, code)
    }
  )

  it.each([[undefined, 5000], [20, 20]])("releases a body that does not end: %s, %d ms", async (maxMillis, millis) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    try {
      let isReleased = false
      const endless = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode("{\"error\":\"Inf")),
        cancel: () => void (isReleased = true)
      })
      const decoding = Plain.decode(
        new Response(endless, { status: 500 }),
        maxMillis === undefined ? {} : { maxMillis }
      )
      await vi.advanceTimersByTimeAsync(millis - 1)
      assert.isFalse(isReleased)
      await vi.advanceTimersByTimeAsync(1)
      const error = await decoding

      assert.isTrue(isReleased)
      assert.isTrue(error.bodyTruncated)
      assert.strictEqual(error.body, "{\"error\":\"Inf")
    } finally {
      vi.useRealTimers()
    }
  })

  it("decodes what arrived before the connection broke", async () => {
    let sent = false
    const broken = new ReadableStream({
      pull: (controller) => {
        if (sent) return controller.error(new Error("reset"))
        sent = true
        controller.enqueue(new TextEncoder().encode("half"))
      }
    })
    const error = await Plain.decode(new Response(broken, { status: 413 }))

    assert.strictEqual(error.code, "PAYLOAD_TOO_LARGE")
    assert.strictEqual(error.body, "half")
    assert.isTrue(error.bodyTruncated)
  })

  it("joins the parts of a character that arrive one after the other", async () => {
    const bytewise = new ReadableStream({
      start: (controller) => {
        for (const byte of new TextEncoder().encode("zwölf \u{1f600}")) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      }
    })
    const error = await Plain.decode(new Response(bytewise, { status: 500 }))

    assert.strictEqual(error.body, "zwölf \u{1f600}")
  })

  it("leaves no timer behind", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    try {
      await Plain.decode(new Response(busy.body, { status: 503 }))

      assert.strictEqual(vi.getTimerCount(), 0)
    } finally {
      vi.useRealTimers()
    }
  })

  // The `fetch` of React Native has no `body` at all.
  it.each([["used", true], ["absent", undefined], ["unknown", undefined]])(
    "takes a body that is %s",
    async (state, truncated) => {
      const response = new Response(state === "used" ? "x" : null, { status: 413 })
      if (state === "used") response.body!.getReader()
      if (state === "unknown") Object.defineProperty(response, "body", { value: undefined })
      const error = await Plain.decode(response)

      assert.strictEqual(error.code, "PAYLOAD_TOO_LARGE")
      assert.strictEqual(error.bodyTruncated, truncated)
      assert.isUndefined(error.body)
    }
  )
})

describe("decoding of an event", () => {
  it("gives the error of an event that is one", () => {
    const data = "{\"error\":{\"message\":\"m\",\"code\":\"model_overloaded\",\"retry_after\":30}}"

    assert.deepInclude(Plain.event(data), { code: "MODEL_OVERLOADED", status: 200, retryAfterMillis: 30_000 })
    assert.strictEqual(Plain.event("broken", { name: "error" })?.message, "broken")
  })

  it("gives nothing for any other", () => assert.isUndefined(Plain.event("{\"choices\":[]}")))
})
