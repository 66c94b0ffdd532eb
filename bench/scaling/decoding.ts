/** Decoding, by the size of a body and the number of headers, also of hostile ones. */
import * as Decode from "@effect-venice/core/Decode"
import { inspect } from "node:util"
import { bytes, counts, filled, type Path, secret } from "./path.ts"

/** Decodes, and reads all that is computed when it is first read. */
export const decoded = (status: number, body: string, more: Partial<Decode.Input> = {}) => () => {
  const error = Decode.response({
    status,
    body,
    operation: "POST /chat/completions",
    headers: { "content-type": body.startsWith("<") ? "text/html" : "application/json" },
    secrets: [secret],
    now: 0,
    ...more
  })
  return [
    error.response.body,
    "issues" in error && error.issues,
    "validation" in error && error.validation,
    JSON.stringify(error),
    inspect(error)
  ]
}

const parsed = (text: string) => () => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const body = (of: (size: number) => string, status = 400, more: Partial<Decode.Input> = {}): Path => ({
  sizes: bytes,
  of: (size) => decoded(status, of(size), more),
  engine: (size) => parsed(of(size))
})

const message = (part: string, status = 400, more: Partial<Decode.Input> = {}): Path =>
  body((size) => JSON.stringify({ error: filled(part, size) }), status, more)

const issues = (size: number): string => {
  const count = Math.ceil(size / 200)
  const list = Array.from({ length: count }, (_, i) => ({
    code: "invalid_type",
    expected: "string",
    received: "undefined",
    path: ["messages", i, "content"],
    message: "Expected a string"
  }))
  const tree = Object.fromEntries(list.map((issue, i) => [i, { _errors: [issue.message] }]))
  return JSON.stringify({ error: "Invalid request parameters", details: { _errors: [], messages: tree }, issues: list })
}

const headers = (of: (count: number) => ReadonlyArray<readonly [string, string]>): Path => ({
  sizes: counts,
  of: (count) => decoded(429, "{\"error\":\"Rate limit exceeded\"}", { headers: of(count) })
})

export const decoding: Readonly<Record<string, Path>> = {
  "validation": body(issues),
  "validation, as a list of one field": body((size) =>
    JSON.stringify({ error: "Invalid request parameters", details: { _errors: Array(Math.ceil(size / 4)).fill("x") } })
  ),
  "nested objects": body((size) => `${"{\"a\":".repeat(size / 6)}1${"}".repeat(size / 6)}`),
  "nested errors": body((size) => `${"{\"error\":".repeat(size / 10)}"x"${"}".repeat(size / 10)}`),
  "nested lists": body((size) => `{"error":"x","details":${"[".repeat(size / 2)}${"]".repeat(size / 2)}}`),
  "JSON in JSON": body((size) => {
    let text = "{\"error\":\"Rate limit exceeded\"}"
    while (text.length < size) text = JSON.stringify({ error: { message: text } })
    return text
  }),
  "a page": body((size) => `<html><title>Bad gateway</title>${filled("<p>upstream</p>\n", size)}</html>`, 502),
  "a page of tags that do not end": body((size) => filled("<title", size), 502),
  "white space": body((size) => " ".repeat(size), 502),
  "broken JSON": body((size) => `{"error":"${filled("x ", size)}`),
  "many members": body((size) =>
    JSON.stringify({
      error: "x",
      ...Object.fromEntries(Array.from({ length: size / 20 }, (_, i) => [`member${i}`, i]))
    })
  ),
  "a message of words": message("word after word "),
  "a message of wordings": message("maximum context length is 5 tokens, token limits exceeded "),
  "a message of digits": message("1234567890 tokens "),
  "a message of names": message("token: key= secret="),
  "a message of credentials": message("Bearer abcdefghijklmnop0123456789ABCDEF sk-abcdefghij0123456789ABCDEFGHIJ "),
  "a message of the secret": message(`${secret} `),
  "a message of encodings": message("%2D&#45;\\u002d"),
  "a message of URLs": message("https://user:password@host/?key=abc&token=def "),
  "a message of Base64": message("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0."),
  "a message of one letter": message("a"),
  "a message that was cut": message("word VENICE_INFERENCE_KEY_abcdefghij ", 500, { bodyTruncated: true }),
  "many headers": headers((count) => Array.from({ length: count }, (_, i) => [`x-name-${i}`, "value"])),
  "many values of a header": headers((count) => Array.from({ length: count }, () => ["retry-after", "30"])),
  "many lengths of a header": headers((
    count
  ) => [["retry-after", "3, ".repeat(count)], ["x-ratelimit-reset-requests", "1m".repeat(count)]])
}
