import { Decode, Encode } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"

const decode = (body: unknown, options: Partial<Decode.Input> = {}) =>
  Decode.response({ status: 429, body: typeof body === "string" ? body : JSON.stringify(body), now: 0, ...options })

const millis = (error: ReturnType<typeof decode>) =>
  error.response.retryAfter && Duration.toMillis(error.response.retryAfter)

const venice = "{\"error\":\"The model is currently overloaded. Please try again later.\"}"

describe("a response inside that of a relay", () => {
  it("is unwrapped from OpenRouter's metadata", () => {
    const error = decode({
      error: { message: "Provider returned error", code: 429, metadata: { raw: venice, provider_name: "Venice" } }
    })

    assert.strictEqual(error._tag, "MODEL_OVERLOADED")
    assert.strictEqual(error.message, "The model is currently overloaded. Please try again later.")
    assert.strictEqual(error.response.relay, "OpenRouter")
  })

  it.each<[string, (inner: string) => unknown]>([
    ["OpenRouter's metadata", (raw) => ({ error: { message: "m", metadata: { raw } } })],
    ["a message", (message) => ({ error: { message } })],
    ["a body", (body) => body]
  ])("has no credential in its message that was escaped inside of %s", (_, wrap) => {
    const inner = "{\"error\":\"Bad sk\\u002dAb1Ab1Ab1Ab1Ab1Ab1\"}"

    assert.strictEqual(decode(JSON.stringify(wrap(inner))).message, "Bad <redacted>")
  })

  it("is unwrapped where OpenRouter's metadata holds it as an object", () => {
    const error = decode({ error: { message: "Provider returned error", metadata: { raw: JSON.parse(venice) } } })

    assert.strictEqual(error._tag, "MODEL_OVERLOADED")
  })

  it.each([
    [
      "words",
      "litellm.RateLimitError: RateLimitError: VeniceException - The model is currently overloaded. Please try again later."
    ],
    ["a body", `litellm.RateLimitError: RateLimitError: OpenAIException - ${venice}`],
    [
      "a body as Python prints it",
      "litellm.RateLimitError: RateLimitError: OpenAIException - Error code: 429 - {'error': 'The model is currently overloaded. Please try again later.', 'request_id': None}"
    ],
    [
      "words and what LiteLLM adds",
      "litellm.RateLimitError: RateLimitError: OpenAIException - The model is currently overloaded. Please try again later.. Received Model Group=venice\nAvailable Model Group Fallbacks=None LiteLLM Retried: 2 times"
    ]
  ])("is unwrapped from LiteLLM's exception with %s", (_, message) => {
    const error = decode({ error: { message, type: null, param: null, code: "429" } })

    assert.strictEqual(error._tag, "MODEL_OVERLOADED")
    assert.strictEqual(error.response.relay, "LiteLLM")
    assert.isUndefined(error.response.upstreamCode)
  })

  it.each([
    ["the whole body", JSON.stringify(venice)],
    ["the message", JSON.stringify({ error: venice })],
    ["the message of an object", JSON.stringify({ error: { message: venice } })]
  ])("is unwrapped where %s is JSON that was encoded twice", (_, body) => {
    const error = decode(body)

    assert.strictEqual(error._tag, "MODEL_OVERLOADED")
    assert.strictEqual(error.response.relay, "unknown")
  })

  it("is unwrapped once", () => {
    const twice = JSON.stringify({ error: JSON.stringify({ error: venice }) })

    assert.strictEqual(decode(twice).message, venice)
  })

  it("has no relay if it came directly", () => {
    assert.isUndefined(decode(venice).response.relay)
  })

  it("keeps the body of the relay", () => {
    const body = JSON.stringify({ error: venice })

    assert.strictEqual(decode(body).response.body, body)
  })

  it.each([["'", "\\'"], ["\"", "\\\""]])(
    "is searched in linear time for the end of a string: %s",
    (quote, escaped) => {
      const message = `litellm.E: E: OpenAIException - Error code: 429 - {${quote}${escaped.repeat(8000)}}`
      // In quadratic time this takes minutes.
      for (let i = 0; i < 100; i++) assert.strictEqual(decode({ error: { message } }).response.relay, "LiteLLM")
    }
  )

  it("is a body like any other where the text inside is none", () => {
    const error = decode({ error: "{not JSON}" })

    assert.strictEqual(error.message, "{not JSON}")
    assert.isUndefined(error.response.relay)
  })
})

describe("the hint of another provider", () => {
  it("is read from OpenRouter's metadata", () => {
    assert.strictEqual(
      millis(decode({ error: { message: "Rate limited", metadata: { retry_after_seconds: 12.5 } } })),
      12_500
    )
  })

  it("is read from the headers that OpenRouter repeats", () => {
    const headers = { "X-RateLimit-Limit": "50", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1743724800000" }
    const error = decode({ error: { message: "free-models-per-day", metadata: { headers } } }, {
      now: 1743724800000 - 7000
    })

    assert.strictEqual(millis(error), 7000)
  })

  it("is read from OpenRouter's metadata around a body of Venice", () => {
    const metadata = { raw: venice, retry_after_seconds: 3 }

    assert.strictEqual(millis(decode({ error: { message: "Provider returned error", metadata } })), 3000)
  })

  it("is read from Google's RetryInfo", () => {
    const details = [
      { "@type": "type.googleapis.com/google.rpc.Help" },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.074824224s" }
    ]

    assert.strictEqual(
      millis(decode({ error: { code: 429, message: "quota", status: "RESOURCE_EXHAUSTED", details } })),
      34_075
    )
  })

  it.each([
    { metadata: null },
    { metadata: { headers: null, retry_after_seconds: "soon" } },
    { metadata: { headers: { "retry-after": {} } } },
    { details: [null, { retryDelay: 5 }, { retryDelay: "s" }] }
  ])("is none in %j", (members) => {
    assert.isUndefined(millis(decode({ error: { message: "Rate limited", ...members } })))
  })
})

describe("an event stream under a failing status", () => {
  const headers = { "content-type": "text/event-stream" }
  const event = "{\"error\":{\"message\":\"busy\",\"code\":\"model_overloaded\",\"retry_after\":12}}"

  it.each([
    ["by its content type", { headers, body: `data: ${event}\n\ndata: [DONE]\n\n` }],
    ["by its first line", { body: `event: error\ndata: ${event}\n\n` }],
    ["without the blank line at its end", { headers, body: `data: ${event}` }]
  ])("is read %s", (_, options) => {
    const error = decode(options.body, options)

    assert.strictEqual(error._tag, "MODEL_OVERLOADED")
    assert.strictEqual(millis(error), 12_000)
    assert.strictEqual(error.response.status, 429)
  })

  it("is a text where it has no error", () => {
    const error = decode("data: hello\n\n", { status: 502, headers })

    assert.strictEqual(error._tag, "UNRECOGNIZED_RESPONSE")
    assert.strictEqual(error.message, "data: hello")
  })

  it("is empty in a success without an event, whatever it holds instead", () => {
    const { message } = decode(JSON.stringify(venice), { status: 200, headers })

    assert.strictEqual(message, "HTTP 200 with an empty body")
  })

  it("holds the body itself where it is no stream after all", () => {
    assert.strictEqual(decode(venice, { headers })._tag, "MODEL_OVERLOADED")
  })
})

describe("an event that is an error", () => {
  const input = { status: 200, now: 0 }

  it("may be named so, with code and message at top level", () => {
    const data = "{\"code\":\"MODEL_AT_CAPACITY\",\"message\":\"The model is at capacity. Please try again later.\"}"

    assert.strictEqual(Decode.event(data, input, "error")?._tag, "MODEL_AT_CAPACITY")
    assert.isUndefined(Decode.event(data, input, "message"))
  })

  it("may name its type", () => {
    assert.strictEqual(
      Decode.event("{\"type\":\"error\",\"code\":\"server_error\",\"message\":\"It broke\"}", input)?.message,
      "It broke"
    )
  })

  it("may be a list of issues", () => {
    const data = "{\"error\":[{\"path\":[\"messages\"],\"message\":\"Required\"}]}"

    assert.strictEqual(Decode.event(data, input)?.message, "Required")
    assert.isUndefined(Decode.event("{\"error\":[]}", input))
  })
})

describe("a lockout", () => {
  const locked =
    "Too many failed attempts (> 50) resulting in a non-success status code. Please wait 45 seconds and try again."

  it("may be named beside the message", () => {
    const error = decode({ error: "Rate limit exceeded", customMessage: locked })

    if (error._tag !== "RATE_LIMIT_EXCEEDED") return assert.fail(String(error))
    assert.strictEqual(error.limit, "failures")
    assert.strictEqual(millis(error), 45_000)
    assert.strictEqual(error.message, "Rate limit exceeded")
  })

  it("lasts 30 seconds in a stream too", () => {
    const error = Decode.event("{\"error\":\"Too many failed attempts (> 50)\"}", { status: 200, now: 0 })

    assert.strictEqual(error && millis(error), 30_000)
  })
})

describe("a machine code that nobody knows", () => {
  it.each([
    [400, "INVALID_REQUEST"],
    [401, "AUTHENTICATION_FAILED"],
    [403, "UNAUTHORIZED"],
    [429, "RATE_LIMIT_EXCEEDED"],
    [500, "UNKNOWN_ERROR"]
  ])("stays readable under %i", (status, tag) => {
    const error = decode({ error: "no", code: "MODEL_PRIVACY_RESTRICTED" }, { status })

    assert.strictEqual(error._tag, tag)
    assert.strictEqual(error.response.upstreamCode, "MODEL_PRIVACY_RESTRICTED")
    const { body, headers, status: sent } = Encode.response(error)
    const again = Decode.response({ status: sent, headers, body: JSON.stringify(body), now: 0 })
    assert.strictEqual(again.response.upstreamCode, "MODEL_PRIVACY_RESTRICTED")
  })

  it("stays readable beside a known wording", () => {
    assert.strictEqual(
      decode({ error: "Rate limit exceeded", code: "SOMETHING_NEW" }).response.upstreamCode,
      "SOMETHING_NEW"
    )
  })

  it("is no known code, and no status", () => {
    assert.isUndefined(decode({ error: "no", code: "RATE_LIMIT_EXCEEDED" }).response.upstreamCode)
    assert.isUndefined(decode({ error: { message: "no", code: "429" } }).response.upstreamCode)
  })
})

describe("a message", () => {
  it.each([
    ["<html><title> </title></html>", "HTTP 503 with an HTML page"],
    ["<html><title>\u00a0</title></html>", "HTTP 503 with an HTML page"],
    ["\u00a0\u00a0", "HTTP 503 with an empty body"],
    ["\ufeff \n", "HTTP 503 with an empty body"],
    ["{\"error\":\"\u00a0\"}", "HTTP 503 with an unknown JSON body"]
  ])("of %j is never empty", (body, message) => {
    assert.strictEqual(decode(body, { status: 503 }).message, message)
  })
})

describe("the clock of the server", () => {
  const date = "Thu, 01 Oct 2026 12:00:00 GMT"
  const time = Date.parse(date)
  const minute = 60_000

  it.each([["behind", -minute], ["ahead", minute]])("counts where the client's is %s", (_, skew) => {
    const now = time + skew
    const retryAfter = "Thu, 01 Oct 2026 12:00:02 GMT"
    const reset = { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(time + 2000) }

    assert.strictEqual(millis(decode(venice, { now, headers: { date, "retry-after": retryAfter } })), 2000)
    assert.strictEqual(
      millis(decode("{\"error\":\"Rate limit exceeded\"}", { now, headers: { date, ...reset } })),
      2000
    )
  })

  it("is the client's where the two agree to the second", () => {
    const headers = { date, "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(time + 2000) }

    assert.strictEqual(millis(decode("{}", { now: time + 400, headers })), 1600)
    assert.strictEqual(millis(decode("{}", { now: time + 999, headers })), 1001)
    assert.strictEqual(millis(decode("{}", { now: time + 1000, headers })), 2000)
  })

  it.each([
    ["of another century", { date: "Thu, 01 Jan 1970 00:00:00 GMT" }],
    ["that is none", { date: "yesterday" }],
    ["of a cached response", { date, age: "60" }]
  ])("is not a date %s", (_, headers) => {
    const retryAfter = new Date(time + minute + 5000).toUTCString()

    assert.strictEqual(
      millis(decode(venice, { now: time + minute, headers: { ...headers, "retry-after": retryAfter } })),
      5000
    )
  })
})

describe("several Retry-After headers", () => {
  const now = Date.UTC(2026, 0, 1)

  it.each([
    ["30, 60", 60_000],
    ["60, 30", 60_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT, 45", 60_000],
    ["75, Thu, 01 Jan 2026 00:01:00 GMT", 75_000],
    ["Thu, 01 Jan 2026 00:01:00 GMT, Thu, 01 Jan 2026 00:02:00 GMT", 120_000],
    ["soon, 30", 30_000]
  ])("ask for the longest: %s", (value, expected) => {
    assert.strictEqual(millis(decode(venice, { now, headers: { "retry-after": value } })), expected)
  })

  it("may be pairs", () => {
    const headers = [["Retry-After", "30"], ["retry-after", "60"]] as const

    assert.strictEqual(millis(decode(venice, { headers })), 60_000)
  })
})

describe("the failure budget", () => {
  const remaining = (status: number, body: unknown, shown: string) => {
    const error = decode(body, {
      status,
      headers: { "x-ratelimit-remaining": shown, "x-ratelimit-resets": "1780000000000" }
    })
    const { body: encoded, headers, status: sent } = Encode.response(error)
    const again = Decode.response({ status: sent, headers, body: JSON.stringify(encoded), now: 0 })
    assert.deepStrictEqual(again.response.rateLimit?.failures, error.response.rateLimit?.failures)
    return error.response.rateLimit?.failures?.remaining
  }

  it.each<[string, number, unknown]>([
    ["a wrong request", 400, { error: "Invalid request parameters" }],
    ["a wrong key", 401, { error: "Authentication failed" }],
    ["an empty account", 402, { error: "Insufficient balance" }],
    ["a large file", 413, { error: "File exceeds the maximum allowed size of 25 MB." }],
    ["a page of a proxy", 404, "<html></html>"]
  ])("counts %s", (_, status, body) => {
    assert.strictEqual(remaining(status, body, "2"), 1)
    assert.strictEqual(remaining(status, body, "1"), 0)
    assert.strictEqual(remaining(status, body, "0"), 0)
  })

  it.each<[string, number, unknown]>([
    ["a rate limit", 429, { error: "Rate limit exceeded" }],
    ["a failure of the server", 500, { error: "Inference processing failed" }],
    ["missing credentials", 402, { error: "Authentication required" }],
    ["a wrong content type", 400, { error: "'Content-Type' must be 'application/json'" }],
    ["invalid JSON", 400, { error: "Invalid JSON request" }],
    ["a body over the limit of the parser", 413, { error: "Request body exceeds the maximum allowed size." }]
  ])("does not count %s", (_, status, body) => {
    assert.strictEqual(remaining(status, body, "2"), 2)
  })
})

describe("a success", () => {
  const hidden = (body: unknown) => Decode.hidden({ status: 200, body: JSON.stringify(body), now: 0 })

  it.each<[string, unknown, string]>([
    [
      "a failed response",
      { id: "r", status: "failed", error: { code: "server_error", message: "It broke" } },
      "UNRECOGNIZED_RESPONSE"
    ],
    ["a known code", { error: { code: "model_overloaded", message: "busy" } }, "MODEL_OVERLOADED"],
    ["a known message", { error: "Inference processing failed" }, "INFERENCE_FAILED"],
    ["a bare code", { error: "CONTENT_POLICY_VIOLATION" }, "CONTENT_POLICY_VIOLATION"]
  ])("that holds %s is an error", (_, body, tag) => {
    assert.strictEqual(hidden(body)?._tag, tag)
  })

  it.each<[string, unknown]>([
    ["without an error", { id: "r", status: "completed", error: null, output: [] }],
    ["with an error of the caller's own", { error: "no cat in the picture" }],
    ["with words about errors", { choices: [{ message: { content: "\"error\": \"Rate limit exceeded\"" } }] }],
    ["with an empty error", { error: [] }],
    ["that is no object", ["error", { error: "Rate limit exceeded" }]]
  ])("%s is none", (_, body) => {
    assert.isUndefined(hidden(body))
  })

  it("that is no JSON is none", () => {
    assert.isUndefined(Decode.hidden({ status: 200, body: "\"error\": \"Rate limit exceeded\"", now: 0 }))
  })

  it("is in the category of the server where nobody knows its error", () => {
    assert.strictEqual(hidden({ status: "failed", error: { message: "It broke" } })?.category, "Server")
  })
})
