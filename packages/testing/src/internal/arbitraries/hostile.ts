/**
 * Responses that try to break their reader.
 *
 * @internal
 */
import type { VeniceError } from "@effect-venice/core"
import { Errors } from "@effect-venice/core"
import * as Arbitrary from "effect/Arbitrary"
import * as Base64 from "effect/encoding/Base64"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { int, oneOf, pick, record } from "./choice.ts"
import type { Response } from "./responses.ts"
import { any, json, of, venice } from "./responses.ts"

const codes: ReadonlyArray<VeniceError.Code> = Object.values(Errors).map(({ code }) => code)

const ofSomeCode = Arbitrary.flatMap(pick(codes[0]!, ...codes.slice(1)), of)

/** Half of what was sent, at any cut. */
const truncated = Arbitrary.map(
  Arbitrary.all([oneOf(ofSomeCode, venice), int(0, 100)]),
  ([response, percent]): Response => ({
    ...response,
    body: response.body.slice(0, Math.floor(response.body.length * percent / 100))
  })
)

const status = pick(400, 200, 401, 402, 409, 422, 429, 500, 503, 999)

const withBody = (body: Arbitrary.Arbitrary<string>, headers: Readonly<Record<string, string>> = {}) =>
  Arbitrary.map(Arbitrary.all([status, body]), ([status, body]): Response => ({ status, headers, body }))

const deep = withBody(Arbitrary.map(
  Arbitrary.all([
    pick<readonly [string, string]>(
      ["[", "]"],
      ["{\"a\":", "}"],
      ["{\"error\":", "}"],
      ["{\"details\":{\"a\":", "}}"],
      ["{\"issues\":[", "]}"]
    ),
    int(1, 20_000),
    pick(true, false)
  ]),
  ([[open, close], depth, isClosed]) =>
    `{"error":"x","details":${open.repeat(depth)}1${isClosed ? `${close.repeat(depth)}}` : ""}`
))

const huge = withBody(Arbitrary.map(
  Arbitrary.all([
    pick<(size: number) => string>(
      (size) => JSON.stringify({ error: "e".repeat(size) }),
      (size) => "x".repeat(size),
      (size) => `<html>${"<title>".repeat(size / 8)}`,
      (size) => JSON.stringify({ issues: Array.from({ length: size / 40 }, (_, i) => ({ path: [i], message: "m" })) }),
      (size) => `data: ${"x".repeat(size)}`,
      (size) => "data: {\"error\"\n\n".repeat(size / 15),
      (size) => "eyJ".repeat(size / 3),
      (size) => "Bearer ".repeat(size / 7),
      (size) => " \n\t".repeat(size / 3)
    ),
    int(1, 200_000)
  ]),
  ([write, size]) => write(size)
))

const memberName = pick(
  "error",
  "message",
  "code",
  "details",
  "issues",
  "context",
  "request_id",
  "retry_after",
  "reason",
  "accepts",
  "customMessage",
  "response",
  "status",
  "__proto__"
)

const wrongTypes = withBody(Arbitrary.map(
  record(Arbitrary.all([memberName, json]), 6),
  (members) => JSON.stringify(members)
))

const encodings = pick<(body: string) => string>(
  (body) => `\ufeff${body}`,
  (body) => JSON.stringify(body),
  (body) => JSON.stringify(JSON.stringify(body)),
  (body) => `${body}\u0000`,
  (body) => body.replaceAll("e", "\\u0065"),
  (body) => new TextDecoder("latin1").decode(new TextEncoder().encode(`${body} é\u{1f600}`)),
  (body) => new TextDecoder("utf-16le").decode(new TextEncoder().encode(body)),
  (body) => `${body}\ud800`,
  (body) => body.replace("\"error\"", "\"\\ud800error\""),
  (body) => `data: ${body}\r\n\r\n`,
  (body) => Base64.encode(body),
  (body) => `\u001b[31m${body}\u001b[0m`
)

const encoded = Arbitrary.map(
  Arbitrary.all([oneOf(ofSomeCode, venice), encodings]),
  ([response, encode]): Response => ({ ...response, body: encode(response.body) })
)

/** A response to a request with a secret, which the server may repeat. */
export interface Hostile extends Response {
  /** What the request was authorized with. */
  readonly secrets: readonly [string]
}

// Long and mixed enough that no text has it by chance.
const secret = Arbitrary.map(
  Arbitrary.array(pick(..."k3vLmN8pQrSt2wXyZ4Aa7Bb9".split("") as [string, ...Array<string>]), {
    minLength: 16,
    maxLength: 40
  }),
  (letters) => `venice_key_${letters.join("")}`
)

const echoes = pick<(response: Response, secret: string) => Response>(
  (response, secret) => ({ ...response, body: JSON.stringify({ error: `Unknown credentials: ${secret}` }) }),
  (response, secret) => ({
    ...response,
    body: JSON.stringify({ error: "x", request: { headers: { authorization: `Bearer ${secret}` } } })
  }),
  (response, secret) => ({ ...response, headers: { ...response.headers, "x-request-id": secret } }),
  (response, secret) => ({ ...response, headers: { ...response.headers, "content-type": `text/${secret}` } }),
  (response, secret) => ({ ...response, body: `<html><pre>authorization: Bearer ${secret}</pre></html>` }),
  (response, secret) => ({ ...response, body: `${response.body}${secret}` }),
  (response, secret) => ({ ...response, body: JSON.stringify({ error: "x", code: secret, request_id: secret }) }),
  (response, secret) => ({
    ...response,
    body: JSON.stringify({ issues: [{ path: [secret], message: secret, code: secret }], details: { [secret]: 1 } })
  }),
  (response, secret) => ({ ...response, body: JSON.stringify({ error: JSON.stringify({ error: secret }) }) }),
  (response, secret) => ({ ...response, body: `data: ${JSON.stringify({ error: { message: secret } })}\n\n` })
)

const plain: Arbitrary.Arbitrary<Response> = oneOf(truncated, wrongTypes, encoded, deep, huge, any)

/** A response that is cut off, deep, huge, of wrong types or odd encodings, or repeats what it was sent. */
export const hostile: Arbitrary.Arbitrary<Hostile> = Arbitrary.map(
  Arbitrary.all([plain, secret, Arbitrary.schema(Schema.Boolean), echoes]),
  ([response, secret, isEchoed, echo]) => ({
    ...(isEchoed ? echo(response, secret) : response),
    secrets: [secret]
  })
)

const maxDepth = 100

/** A JSON value as text. `JSON.stringify` cannot be told an order of members that engines change, such as of numbers. */
const written = (value: unknown, isReversed: boolean, depth = 0): string => {
  if (depth > maxDepth) throw new RangeError("too deep")
  if (Array.isArray(value)) return `[${value.map((item) => written(item, isReversed, depth + 1)).join(",")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  const entries = Record.toEntries(value as Readonly<Record<string, unknown>>)
  const ordered = isReversed ? entries.toReversed() : entries
  return `{${
    ordered.map(([name, item]) => `${JSON.stringify(name)}:${written(item, isReversed, depth + 1)}`).join(",")
  }}`
}

/** The response with the members of every object in their order and in reverse, or nothing if the body has none. */
export const orders = (response: Response): readonly [Response, Response] | undefined => {
  try {
    const body: unknown = JSON.parse(response.body)
    return typeof body === "object" && body !== null
      ? [{ ...response, body: written(body, false) }, { ...response, body: written(body, true) }]
      : undefined
  } catch {
    return undefined
  }
}
