/** Responses of any status, with headers and bodies that resemble those of Venice, and others. */
import { Errors } from "@effect-venice/core"
import { Arbitrary, Schema } from "effect"

const json = Arbitrary.schema(Schema.Json)
const key = Arbitrary.schema(Schema.Literals([
  "error",
  "message",
  "code",
  "details",
  "issues",
  "context",
  "errorCode",
  "type",
  "accepts",
  "x402Version",
  "reason",
  "request_id",
  "retry_after",
  "path",
  "_errors",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "response"
]))
const object = Arbitrary.map(
  Arbitrary.array(Arbitrary.all([key, json]), { maxLength: 6 }),
  (entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`
)
const nested = Arbitrary.map(
  Arbitrary.all([key, object, key, object]),
  ([a, x, b, y]) => `{"${a}":${x},"${b}":[${y},${x}]}`
)
const bytes = Arbitrary.map(
  Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))),
  (bytes) => new TextDecoder().decode(new Uint8Array(bytes))
)
const sse = Arbitrary.map(
  Arbitrary.array(nested, { maxLength: 3 }),
  (events) => events.map((data) => `data: ${data}\n\n`).join("")
)
const body = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Literals([0, 1, 2, 3, 4, 5])),
  (kind) =>
    [
      object,
      nested,
      bytes,
      sse,
      Arbitrary.schema(Schema.String),
      Arbitrary.map(json, (value) => JSON.stringify(value))
    ][kind]!
)
const status = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 999 })))
const headerName = Arbitrary.schema(Schema.Literals([
  "Retry-After",
  "retry-after-ms",
  "x-ratelimit-remaining",
  "x-ratelimit-reset",
  "x-ratelimit-resets",
  "x-ratelimit-remaining-requests",
  "x-ratelimit-reset-requests",
  "cf-ray",
  "link",
  "sunset",
  "deprecation",
  "payment-required",
  "x-venice-balance-usd",
  "content-type",
  "x-venice-is-content-violation",
  "__proto__"
]))
const headerValue = Arbitrary.flatMap(
  Arbitrary.schema(Schema.Literals([0, 1, 2])),
  (kind) =>
    [
      Arbitrary.schema(Schema.String),
      Arbitrary.map(Arbitrary.schema(Schema.Number), String),
      Arbitrary.schema(
        Schema.Literals(["", " ", "0", "-1", "1e400", "true", "text/event-stream", "<a>; rel=x", "e30="])
      )
    ][kind]!
)
const headers = Arbitrary.map(
  Arbitrary.array(Arbitrary.all([headerName, headerValue]), { maxLength: 5 }),
  (entries): Readonly<Record<string, string>> => Object.fromEntries(entries)
)

export const anyResponse = Arbitrary.map(
  Arbitrary.all([status, headers, body]),
  ([status, headers, body]) => ({ status, headers, body })
)

const pick = <A>(first: A, ...rest: ReadonlyArray<A>): Arbitrary.Arbitrary<A> =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: rest.length }))),
    (i) => i === 0 ? first : rest[i - 1]!
  )

const string = Arbitrary.schema(Schema.String)
const finite = Arbitrary.schema(Schema.Finite)
const strings = Arbitrary.array(string, { maxLength: 3 })

// The members of Venice's bodies besides the message, each with values of its type.
const members: ReadonlyArray<readonly [string, Arbitrary.Arbitrary<unknown>]> = [
  ["request_id", string],
  ["details", pick<unknown>({ _errors: ["a"], messages: { _errors: ["b"] } }, "a text", "")],
  ["issues", pick([{ code: "too_small", path: ["messages", 0], message: "Required" }], [])],
  ["credits_refunded", Arbitrary.schema(Schema.Boolean)],
  ["recommended_model", string],
  ["suggested_prompt", string],
  ["hint", string],
  ["reason", pick<unknown>("authentication", "insufficient_balance", null)],
  ["x402Version", pick(1, 2)],
  ["resource", json],
  ["accepts", pick([{ scheme: "exact", amount: "5", extra: { name: "USDC" } }], [])],
  ["currentBalanceUsd", finite],
  ["minimumBalanceUsd", finite],
  ["suggestedTopUpUsd", finite],
  ["minimumTopUpUsd", finite],
  ["supportedTokens", strings],
  ["supportedChains", strings],
  ["consent_flow", json],
  ["face_media_roles", json],
  ["consent", json],
  ["docs_url", string],
  ["retry_after", finite]
]

const member = Arbitrary.flatMap(
  pick(members[0]!, ...members.slice(1)),
  ([name, value]) => Arbitrary.map(value, (value) => [name, value] as const)
)

const rows = Object.values(Errors)

const said = pick(
  "Specified model not found: lama. Did you mean: a, b?",
  "The input (35034 tokens) is longer than the model's context length (32768 tokens).",
  "Too many failed attempts (> 50) resulting in a non-success status code. Please wait 30s.",
  "a free text",
  ...rows.map(({ defaultMessage }) => defaultMessage)
)

const codes = pick("context_length_exceeded", "needs_consent", "some_other_code", ...rows.map(({ code }) => code))

const venice = Arbitrary.map(
  Arbitrary.all([pick(0, 1, 2), said, codes, Arbitrary.array(member, { maxLength: 6 })]),
  ([shape, message, code, entries]) => {
    const rest = Object.fromEntries(entries)
    if (shape === 0) return { error: message, ...rest }
    return shape === 1
      ? { error: message, code, ...rest }
      : { error: { message, code, type: null, param: null }, ...rest }
  }
)

const hints = Arbitrary.map(
  Arbitrary.array(
    pick<readonly [string, string]>(
      ["retry-after", "30"],
      ["retry-after", "1.5"],
      ["retry-after-ms", "250"],
      ["cf-ray", "91dbd54fa83f8cbd-EWR"],
      ["x-request-id", "r-1"],
      ["x-ratelimit-limit-requests", "20"],
      ["x-ratelimit-remaining-requests", "0"],
      ["x-ratelimit-reset-requests", "1767225660000"],
      ["x-ratelimit-remaining-tokens", "100"],
      ["x-ratelimit-remaining", "0"],
      ["x-ratelimit-resets", "1767225690000"],
      ["x-venice-balance-usd", "24.5"],
      ["x-venice-balance-diem", "0.000001"],
      ["x-venice-model-deprecation-warning", "old"],
      ["x-venice-model-deprecation-date", "2026-09-01"],
      ["x-venice-deprecated-replacement", "new"],
      ["link", "</api/v1/next>; rel=\"successor-version\""],
      ["sunset", "Wed, 16 Sep 2026 00:00:00 GMT"],
      ["deprecation", "@1783555200"],
      ["payment-required", "eyJhY2NlcHRzIjpbeyJwYXlUbyI6ImEifV19"]
    ),
    { maxLength: 5 }
  ),
  (entries): Readonly<Record<string, string>> => Object.fromEntries(entries)
)

/** Responses in Venice's shapes: any code, wording, members and headers, under a status in which they apply. */
export const veniceResponse = Arbitrary.map(
  Arbitrary.all([pick(400, 401, 402, 403, 404, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504), hints, venice]),
  ([status, headers, body]) => ({ status, headers, body: JSON.stringify(body) })
)
