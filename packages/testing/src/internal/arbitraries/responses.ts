/**
 * Responses of any status, with headers and bodies that resemble those of Venice, and others.
 *
 * @internal
 */
import { Errors, VeniceError } from "@effect-venice/core"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as Fixtures from "../../Fixtures.ts"
import { int, oneOf, pick, record } from "./choice.ts"

/** A response as a client receives it. */
export interface Response {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export const json = Arbitrary.schema(Schema.Json)
const string = Arbitrary.schema(Schema.String)
const finite = Arbitrary.schema(Schema.Finite)

const key = pick(
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
)

const object = Arbitrary.map(
  Arbitrary.array(Arbitrary.all([key, json]), { maxLength: 6 }),
  (entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`
)

const nested = Arbitrary.map(
  Arbitrary.all([key, object, key, object]),
  ([a, x, b, y]) => `{"${a}":${x},"${b}":[${y},${x}]}`
)

const bytes = Arbitrary.map(
  Arbitrary.array(int(0, 255)),
  (bytes) => new TextDecoder().decode(new Uint8Array(bytes))
)

const events = Arbitrary.map(
  Arbitrary.array(nested, { maxLength: 3 }),
  (events) => events.map((data) => `data: ${data}\n\n`).join("")
)

const anyBody = oneOf(object, nested, bytes, events, string, Arbitrary.map(json, (value) => JSON.stringify(value)))

const anyHeader = Arbitrary.all([
  pick(
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
  ),
  oneOf(
    string,
    Arbitrary.map(Arbitrary.schema(Schema.Number), String),
    pick("", " ", "0", "-1", "1e400", "true", "text/event-stream", "<a>; rel=x", "e30=")
  )
])

/** A response of anything. */
export const any: Arbitrary.Arbitrary<Response> = Arbitrary.all({
  status: int(100, 999),
  headers: record(anyHeader, 5),
  body: anyBody
})

const strings = Arbitrary.array(string, { maxLength: 3 })

type Member = readonly [string, Arbitrary.Arbitrary<unknown>]

/** The members of Venice's bodies that go with any error, each with values of its type. */
const common: readonly [Member, ...ReadonlyArray<Member>] = [
  ["request_id", string],
  ["details", pick<unknown>({ _errors: ["a"], messages: { _errors: ["b"] } }, "a text", "")],
  ["issues", pick([{ code: "too_small", path: ["messages", 0], message: "Required" }], [])],
  ["hint", string],
  ["docs_url", string],
  ["retry_after", finite]
]

const members: readonly [Member, ...ReadonlyArray<Member>] = [
  ...common,
  ["credits_refunded", Arbitrary.schema(Schema.Boolean)],
  ["recommended_model", string],
  ["suggested_prompt", string],
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
  ["consent", json]
]

const someOf = (list: readonly [Member, ...ReadonlyArray<Member>]) => {
  const [first, ...rest] = list.map(([name, value]) => Arbitrary.map(value, (value) => [name, value] as const))
  return record(oneOf(first!, ...rest), 6)
}

const someCommonMembers = someOf(common)

const someMembers = someOf(members)

/** Headers of Venice that go with any error. */
const veniceHeaders = record(
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
  5
)

const rows = Object.values(Errors)

const wording = pick(
  "Specified model not found: lama. Did you mean: a, b?",
  "The input (35034 tokens) is longer than the model's context length (32768 tokens).",
  "Too many failed attempts (> 50) resulting in a non-success status code. Please wait 30s.",
  "a free text",
  ...rows.map(({ defaultMessage }) => defaultMessage)
)

const machineCode = pick(
  "context_length_exceeded",
  "needs_consent",
  "some_other_code",
  ...rows.map(({ code }) => code)
)

const failingStatus = pick(400, 401, 402, 403, 404, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504)

/** A response in Venice's shapes: any code, wording, members and headers, under a status in which they apply. */
export const venice: Arbitrary.Arbitrary<Response> = Arbitrary.map(
  Arbitrary.all([failingStatus, veniceHeaders, pick(0, 1, 2), wording, machineCode, someMembers]),
  ([status, headers, shape, message, code, rest]) => {
    const body = shape === 0
      ? { error: message, ...rest }
      : shape === 1
      ? { error: message, code, ...rest }
      : { error: { message, code, type: null, param: null }, ...rest }
    return { status, headers, body: JSON.stringify(body) }
  }
)

const spelling = pick<(message: string) => string>(
  (message) => message,
  (message) => message.replace(/\.$/, ""),
  (message) => message.toUpperCase()
)

/** The forms in which a body says what went wrong in words. */
const spoken = pick<(message: string) => object>(
  (message) => ({ error: message }),
  (message) => ({ error: { message } }),
  (message) => ({ message }),
  (message) => ({ error: { message, type: "invalid_request_error", param: null, code: null } })
)

/** The forms in which a body has a machine code. */
const coded = pick<(code: string, message: string) => object>(
  (code, message) => ({ error: message, code }),
  (code) => ({ error: code }),
  (code, message) => ({ error: { message, code } }),
  (code, message) => ({ error: { message, code, type: "server_error", param: null } }),
  (code, message) => ({ error: message, context: { errorCode: code } })
)

const knownForm = ({ body, headers, status }: Fixtures.Fixture): Response => ({ status, headers, body })

/** Codes that no sentence means. */
const wordless: ReadonlySet<VeniceError.Code> = new Set<VeniceError.Code>([
  "PAYMENT_REQUIRED",
  "CONSENT_REQUIRED",
  "GONE",
  "UNRECOGNIZED_RESPONSE"
])

const makeOf = (code: VeniceError.Code): Arbitrary.Arbitrary<Response> => {
  const { defaultMessage, status } = VeniceError.byCode.get(code)!
  const [canonical, ...others] = Fixtures.of(code)
  const known = Arbitrary.map(pick(canonical!, ...others), knownForm)
  const withCode = Arbitrary.map(
    Arbitrary.all([pick(status, 400, 422, 500, 599), veniceHeaders, coded, someCommonMembers]),
    ([status, headers, write, rest]) => ({
      status,
      headers,
      body: JSON.stringify({ ...rest, ...write(code, defaultMessage) })
    })
  )
  if (wordless.has(code)) return oneOf(known, withCode)
  const inWords = Arbitrary.map(
    Arbitrary.all([veniceHeaders, spoken, spelling, someCommonMembers]),
    ([headers, write, spell, rest]) => ({
      status,
      headers,
      body: JSON.stringify({ ...rest, ...write(spell(defaultMessage)) })
    })
  )
  return oneOf(inWords, known, withCode)
}

const made = new Map<VeniceError.Code, Arbitrary.Arbitrary<Response>>()

/** A response that means an error: its known forms, its wording and its code, in any of Venice's shapes. */
export const of = (code: VeniceError.Code): Arbitrary.Arbitrary<Response> => {
  const known = made.get(code)
  if (known !== undefined) return known
  const arbitrary = makeOf(code)
  made.set(code, arbitrary)
  return arbitrary
}
