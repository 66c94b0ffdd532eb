import { Decode, Errors, Plain, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Result, Schema } from "effect"

import { type Subject, subjectOf, subjectsOf } from "../src/internal/pasted/subject.ts"

const now = Date.UTC(2026, 0, 1)

const overloaded = "{\"error\":\"The model is currently overloaded. Please try again later.\"}"

const key = "a-key-that-looks-like-nothing"

const entry = {
  startedDateTime: "2026-01-01T00:00:00.000Z",
  request: {
    method: "POST",
    url: "https://api.venice.ai/api/v1/chat/completions",
    headers: [{ name: "Authorization", value: `Bearer ${key}` }]
  },
  response: {
    status: 429,
    statusText: "Too Many Requests",
    headers: [{ name: "Retry-After", value: "30" }, { name: "Content-Type", value: "application/json" }],
    content: { size: overloaded.length, mimeType: "application/json", text: overloaded }
  }
}

const withResponse = (response: object) => ({ ...entry, response: { ...entry.response, ...response } })

const errorOf = (subject: Result.Result<Subject, string>): VeniceError.VeniceError => {
  const found = Result.getOrThrow(subject)
  if (found._tag !== "Error") throw new Error(`It is ${found._tag}`)
  return found.error
}

const read = (value: unknown) => errorOf(subjectOf(JSON.stringify(value), now))

describe("an entry of a HAR file", () => {
  it("is the response with the operation of its request", () => {
    const error = read(entry)

    assert.strictEqual(error._tag, "MODEL_OVERLOADED")
    assert.strictEqual(error.response.operation, "POST /chat/completions")
    assert.strictEqual(String(error.response.retryAfter), "30000 millis")
  })

  it("does not keep the credentials of its request", () => {
    const echoed = withResponse({ content: { text: JSON.stringify({ error: `No access for ${key}` }) } })

    assert.notInclude(JSON.stringify(Plain.fromError(read(echoed))), key)
  })

  it("has its body in base64 if it says so", () => {
    const content = { text: Buffer.from(overloaded).toString("base64"), encoding: "base64" }

    assert.strictEqual(read(withResponse({ content }))._tag, "MODEL_OVERLOADED")
  })

  it("is refused without a response", () => {
    const lost = withResponse({ status: 0, headers: [], content: {} })

    assert.strictEqual(
      Result.getOrThrow(Result.flip(subjectOf(JSON.stringify(lost), now))),
      "The request got no response"
    )
  })

  it("is refused if it is none", () => {
    assert.isTrue(Result.isFailure(subjectOf(JSON.stringify({ request: { url: 1 }, response: {} }), now)))
  })
})

describe("a HAR file", () => {
  const success = withResponse({ status: 200, content: { text: "{}" } })
  const file = (entries: ReadonlyArray<unknown>) => JSON.stringify({ log: { version: "1.2", entries } }, undefined, 2)

  it("is its failing responses", () => {
    const offline = withResponse({ content: { text: JSON.stringify({ error: { code: "MODEL_OFFLINE" } }) } })
    const subjects = subjectsOf(file([success, entry, offline]), now)

    assert.deepStrictEqual(subjects.map((subject) => errorOf(subject)._tag), ["MODEL_OVERLOADED", "MODEL_OFFLINE"])
  })

  it("is refused without one", () => {
    for (const entries of [[], [success]]) {
      const subjects = subjectsOf(file(entries), now)
      assert.deepStrictEqual(subjects, [Result.fail("The HAR file has no failing response")])
    }
  })
})

describe("a line of a log", () => {
  const line = { status: 429, headers: { "retry-after": "30" }, body: overloaded }

  it("may have a time and a level before the JSON", () => {
    const text = `2026-01-01T00:00:00.000Z [error] venice: ${JSON.stringify(line)}`

    assert.strictEqual(errorOf(subjectOf(text, now))._tag, "MODEL_OVERLOADED")
  })

  it("may have the encoded error, alone or as a member", () => {
    const error = Decode.response({ ...line, now })
    const encoded = Schema.encodeSync(Schema.toCodecJson(VeniceError.VeniceError))(error)

    for (const value of [encoded, { level: "error", error: encoded }]) {
      assert.strictEqual(String(read(value).response.retryAfter), "30000 millis")
    }
  })

  it("may name a code in a sentence", () => {
    const text = "Jan 01 00:00:00 web-1 app[7]: call failed with TOO_MANY_TOKENS after 3 s"

    assert.strictEqual(errorOf(subjectOf(text, now))._tag, Errors.TooManyTokens.code)
  })
})
