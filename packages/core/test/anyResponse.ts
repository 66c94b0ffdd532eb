/** Responses of any status, with headers and bodies that come close to what Venice sends, and that do not. */
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
