/* oxlint-disable unicorn/no-useless-spread -- a spread groups the inputs that belong together */
import { Decode, Encode, Errors, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { BigDecimal, DateTime, Duration, ErrorReporter, type Schema } from "effect"
import { inspect } from "node:util"
import { isCounted } from "../src/internal/decoding/failureBudget.ts"
import { assertGolden, grouped, ranges, show } from "./golden.ts"

const now = Date.UTC(2026, 0, 1)

const at = (iso: string) => DateTime.makeUnsafe(iso)

const codes = [...VeniceError.byCode.keys()] as ReadonlyArray<VeniceError.Code>

const formats: ReadonlyArray<Encode.Format> = ["venice", "openai", "anthropic", "problem"]

const lists = (depth: number): Schema.Json => depth === 0 ? "x" : [lists(depth - 1)]

const unrecognized = (status: number) => new Errors.UnrecognizedResponse({ category: "Server", response: { status } })

describe("an encoded error", () => {
  it.each(formats)("of each code has a status, headers and a body in the format %s", (format) =>
    assertGolden(
      `encoded as ${format}`,
      codes.map((code) => {
        const { body, headers, status } = Encode.response(VeniceError.fromCode(code), format)
        return `${code} → ${status} ${show(headers)} ${show(body)}`
      })
    ))

  it("has every header by its name", () => assertGolden("names of headers", Encode.headerNames))

  const response = {
    status: 429,
    requestId: "request",
    rayId: "ray",
    retryAfter: Duration.millis(1500),
    upstreamCode: "upstream",
    balance: { usd: BigDecimal.fromStringUnsafe("12.50"), diem: BigDecimal.fromStringUnsafe("-0.5") },
    deprecation: { warning: "old", date: "2026-03-01", replacement: "new" },
    rateLimit: {
      requests: { limit: 1, remaining: 2, resetAt: at("2026-01-01T00:00:01Z") },
      tokens: { limit: 3, remaining: 4, resetAt: at("2026-01-01T00:00:02Z") },
      failures: { limit: 5, remaining: 6, resetAt: at("2026-01-01T00:00:03Z") }
    }
  }

  const line = (error: VeniceError.VeniceError) =>
    `${error._tag} ${show(error.response)} → ${show(Encode.headers(error))}`

  it("has the headers of its context", () =>
    assertGolden("headers", [
      line(new Errors.ModelOverloaded({ response })),
      line(new Errors.RateLimitExceeded({ response: { status: 429, rateLimit: {} } })),
      ...(["requests", "tokens", "failures"] as const).flatMap((name) =>
        [{}, { limit: 0 }, { remaining: 0 }, { resetAt: at("1970-01-01T00:00:00Z") }].map((budget) =>
          line(new Errors.RateLimitExceeded({ response: { status: 429, rateLimit: { [name]: budget } } }))
        )
      ),
      ...[{ usd: BigDecimal.fromStringUnsafe("0") }, { diem: BigDecimal.fromStringUnsafe("1e-9") }, {}].map((balance) =>
        line(new Errors.Unauthorized({ response: { status: 403, balance } }))
      ),
      ...[{ warning: "w".repeat(1000) }, { warning: "w".repeat(1001) }, { date: "d" }, { replacement: "r" }, {}].map((
        deprecation
      ) => line(new Errors.Unauthorized({ response: { status: 403, deprecation } }))),
      ...[0, 1, 999, 1000, 1001, 1500, 2000, 60_000].map((millis) =>
        line(new Errors.ModelOffline({ response: { status: 503, retryAfter: Duration.millis(millis) } }))
      ),
      ...["\t", "\u001f", " ~", "\u007f", "\u0080", "\u00ff", "\u0100", ""].map((requestId) =>
        line(new Errors.ModelOffline({ response: { status: 503, requestId: `x${requestId}` } }))
      ),
      line(new Errors.ModelOffline({ response: { status: 503, requestId: "" } }))
    ]))

  it("has the headers of a retired route", () => {
    const gone = (fields: ConstructorParameters<typeof Errors.Gone>[0]) =>
      `${show(fields)} → ${show(Encode.headers(new Errors.Gone(fields)))}`
    return assertGolden("headers of a retired route", [
      ...["/a", "<a", "a>", "", "/ü", "/\u0100", "x".repeat(1000), "x".repeat(1001), "r8_aB1aB1aB1aB1aB1aB1"].map((
        successor
      ) => gone({ successor })),
      ...[
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.999Z",
        "2026-01-01T00:00:01.000Z",
        "1970-01-01T00:00:00.000Z"
      ].flatMap((iso) => [
        gone({ sunset: at(iso) }),
        gone({ deprecated: at(iso) })
      ])
    ])
  })

  it("has the offer of a 402 within the limit of a server", () => {
    const offer = (length: number) => {
      const accepts = [{ payTo: "x ".repeat(750) }, { payTo: "x" }]
      accepts[1]!.payTo = "y".repeat(length - JSON.stringify({ accepts }).length + 1)
      const sent = Encode.headers(new Errors.PaymentRequired({ offer: { accepts } }))["payment-required"]
      return `${length} characters → a header of ${sent?.length ?? 0}`
    }
    return assertGolden("offers", [
      ...[3000, 3072, 3073].map(offer),
      show(Encode.headers(new Errors.PaymentRequired())),
      show(
        Encode.headers(
          new Errors.PaymentRequired({
            offer: { x402Version: 1, resource: { url: "u" }, accepts: [{ scheme: "exact" }] }
          })
        )
      )
    ])
  })

  it("counts the response that it is sent with", () => {
    const left = (error: VeniceError.VeniceError) => Encode.headers(error)["x-ratelimit-remaining"]
    const rateLimit = { failures: { remaining: 3 } }
    return assertGolden(
      "failures left before",
      [
        ...[399, 400, 428, 429, 430, 499, 500].map((status) =>
          new Errors.UnrecognizedResponse({ category: "Server", response: { status, rateLimit } })
        ),
        new Errors.PaymentRequired({ response: { status: 402, rateLimit } }),
        new Errors.PaymentRequired({ reason: "authentication", response: { status: 402, rateLimit } }),
        new Errors.PaymentRequired({ reason: "insufficient_balance", response: { status: 402, rateLimit } }),
        ...[400, 415].map((status) => new Errors.InvalidContentType({ response: { status, rateLimit } })),
        new Errors.InvalidRequest({ message: "Invalid JSON", response: { status: 400, rateLimit } }),
        new Errors.InvalidRequest({ response: { status: 400, rateLimit } }),
        new Errors.PayloadTooLarge({ message: "request body", response: { status: 413, rateLimit } }),
        new Errors.InferenceFailed({ response: { status: 200, rateLimit } }),
        new Errors.Unauthorized({ response: { status: 403, rateLimit: { failures: {} } } })
      ].map((error) =>
        `${error._tag} ${error.response.status} ${
          show({ reason: "reason" in error ? error.reason : undefined })
        } ${error.message} → ${left(error) ?? "nothing"}`
      )
    )
  })

  it("of a failing response has its status, and else the documented one", () =>
    assertGolden(
      "statuses",
      [0, 200, 302, 399, 400, 400.5, 499, 500, 599, 599.5, 600, 999].flatMap((status) =>
        [unrecognized(status), new Errors.ModelOffline({ response: { status } })].map((error) =>
          `${error._tag} ${status} → ${Encode.status(error)}`
        )
      )
    ))

  it("has the limit, the field and the hint in OpenAI's format", () => {
    const line = (error: VeniceError.VeniceError) =>
      `${error._tag} ${show({ ...error, message: undefined })} → ${show(Encode.response(error, "openai").body)}`
    const rejected = (path: ReadonlyArray<string | number>) =>
      Decode.response({ status: 400, body: JSON.stringify({ issues: [{ path, message: "m" }] }), now })
    return assertGolden("OpenAI's members", [
      ...(["requests", "tokens", "concurrency", "failures"] as const).map((limit) =>
        line(new Errors.RateLimitExceeded({ limit }))
      ),
      ...[0, 1, 250, 1500, 60_000].map((millis) =>
        line(new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.millis(millis) } }))
      ),
      ...[[], ["a"], ["a", 0, "b"], [""]].map((path) =>
        `${show(path)} → ${show(Encode.response(rejected(path), "openai").body.error)}`
      ),
      line(new Errors.TooManyTokens({ inputTokens: 2, maxTokens: 1 })),
      line(new Errors.TooManyTokens())
    ])
  })

  it("has its fields under Venice's names", () =>
    assertGolden(
      "members of fields",
      [
        new Errors.TooManyTokens({ inputTokens: 2, maxTokens: 1 }),
        new Errors.ModelNotFound({ model: "m", suggestions: ["a", "b"] }),
        new Errors.ModelNotFound({ model: "m".repeat(4097), suggestions: ["a".repeat(2049)] }),
        new Errors.ContentPolicyViolation({
          creditsRefunded: true,
          recommendedModel: "m",
          suggestedPrompt: "p",
          hint: "h"
        }),
        new Errors.RateLimitExceeded({ limit: "tokens" }),
        new Errors.PaymentRequired({
          reason: "authentication",
          offer: { x402Version: 1, resource: { url: "u" }, accepts: [{ scheme: "exact", maxTimeoutSeconds: 5 }] },
          currentBalanceUsd: 1,
          minimumBalanceUsd: 2,
          suggestedTopUpUsd: 3,
          minimumTopUpUsd: 4,
          supportedTokens: ["USDC"],
          supportedChains: ["base"]
        }),
        new Errors.PaymentRequired({ offer: { accepts: [] } }),
        ...[31, 32, 33].map((depth) => new Errors.ConsentRequired({ consent: lists(depth) })),
        new Errors.ConsentRequired({ consent: Array.from({ length: 1001 }, (_, i) => i) }),
        new Errors.ConsentRequired({ consentFlow: "f", faceMediaRoles: ["r"], consent: { a: null }, docsUrl: "d" }),
        new Errors.UnrecognizedResponse({
          category: "Billing",
          code: "c",
          response: { status: 418, upstreamCode: "u" }
        }),
        ...[100, 101].map((n) =>
          new Errors.UnrecognizedResponse({ category: "Billing", code: "u".repeat(n), response: { status: 418 } })
        ),
        ...[1000, 1001].map((n) => new Errors.Gone({ successor: "s".repeat(n) })),
        new Errors.ModelOffline({
          message: "m ".repeat(2049),
          response: { status: 503, requestId: "r ".repeat(2049), upstreamCode: "u" }
        })
      ].map((error) => `${error._tag} → ${show(Encode.response(error).body)}`)
    ))
})

it("a failed request counts by its code, its status and its message", () => {
  const statuses = [399, 400, 402, 413, 415, 428, 429, 430, 499, 500]
  const line = (code: string, message: string, reason?: unknown) =>
    `${code} ${show(message)} ${show(reason)} → ${
      grouped(statuses, (status) => isCounted(code, status, message, reason))
        .map(([counted, group]) => `${counted ? "counted" : "not counted"} under ${ranges(group, statuses)}`).join(", ")
    }`
  return assertGolden("counted failures", [
    line("UNAUTHORIZED", ""),
    ...["authentication", "insufficient_balance", undefined].map((reason) => line("PAYMENT_REQUIRED", "", reason)),
    line("INVALID_CONTENT_TYPE", ""),
    ...["Invalid JSON", "invalid json: x", "invalid jsonx", "x invalid json", ""].map((message) =>
      line("INVALID_REQUEST", message)
    ),
    ...["Request body", "request body: x", "request bodyx", "x request body", ""].map((message) =>
      line("PAYLOAD_TOO_LARGE", message)
    )
  ])
})

describe("a printed error", () => {
  const hints = [0, 1, 999, 1000, 1001, 1500, 29_970, 30_000, 30_030, 59_000, 60_000, 61_000, 3_600_000]

  it("is one line with its origin", () =>
    assertGolden(
      "printed errors",
      [
        {},
        { operation: "POST /chat/completions" },
        { requestId: "r" },
        { operation: "o".repeat(101), requestId: "r".repeat(201) },
        { operation: "o".repeat(100), requestId: "r".repeat(200) },
        { operation: "a\nb", requestId: "a\nb" },
        ...hints.map((millis) => ({ retryAfter: Duration.millis(millis) })),
        { retryAfter: Duration.nanos(1_500_000n) }
      ].flatMap((context) => {
        const response = { status: 503, ...context }
        const error = new Errors.ModelOffline({ response })
        return [
          `${show(context)} → ${show(String(error))}`,
          ...(inspect(error) === String(error) ? [] : [`inspected → ${show(inspect(error))}`])
        ]
      }).concat(
        ["m".repeat(500), "m".repeat(501), "a\r\nb", ""].map((message) =>
          `${show(message)} → ${show(String(new Errors.ModelOffline({ message })))}`
        )
      )
    ))

  it("has the message and its origin as its stack, if it was decoded", () => {
    const stack = (body: string, more: Partial<Decode.Input> = {}) =>
      `${show(body)} ${show(more)} → ${show(Decode.response({ status: 503, body, now, ...more }).stack)}`
    return assertGolden("stacks", [
      stack(""),
      stack("{\"error\":\"a\\nb\"}"),
      stack("x", { operation: "GET /models", headers: { "x-request-id": "r", "retry-after": "5" } }),
      stack("x", { operation: "o".repeat(100), headers: { "x-request-id": "r".repeat(200) } }),
      stack("x", { operation: "o".repeat(101), headers: { "x-request-id": "r".repeat(201) } })
    ])
  })

  it("has what reporters are told", () =>
    assertGolden(
      "attributes",
      [{}, { operation: "GET /models" }, { requestId: "r" }, { operation: "GET /models", requestId: "r" }].map(
        (context) => {
          const error = new Errors.ModelOffline({ response: { status: 503, ...context } })
          return `${show(context)} → ${error[ErrorReporter.severity]} ${show(error[ErrorReporter.attributes])}`
        }
      )
    ))

  it("is built where no stack is captured", () => {
    const before = Error.stackTraceLimit
    Error.stackTraceLimit = undefined!
    try {
      const error = new Errors.ModelOffline({ message: "a\nb" })
      assert.strictEqual(error.message, "a\nb")
    } finally {
      Error.stackTraceLimit = before
    }
  })

  it("has its parts in JSON", () =>
    assertGolden(
      "errors in JSON",
      codes.map((code) => JSON.stringify(VeniceError.fromCode(code)))
    ))

  it("keeps the lines of its stack, and no control character of its message", () => {
    const lines = (message: string) => new Errors.ModelOffline({ message }).stack!.split("\n")[0]

    return assertGolden(
      "heads of stacks",
      ["words", "a\u001bb", "a\nb", "$&\u001b"].map((message) => `${show(message)} → ${show(lines(message))}`)
    )
  })
})
