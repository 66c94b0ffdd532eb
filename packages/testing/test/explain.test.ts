import { Category, Errors, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Result, Schema } from "effect"
import { type Subject, subjectOf, subjectsOf } from "../src/internal/pasted/subject.ts"
import * as Transcript from "../src/internal/pasted/transcript.ts"
import { run } from "./command.ts"

const now = Date.UTC(2026, 0, 1)

const explained = (text: string): Subject => Result.getOrThrow(subjectOf(text, now))

const error = (text: string): VeniceError.VeniceError => {
  const subject = explained(text)
  if (subject._tag !== "Error") throw new Error(`${text} is ${subject._tag}`)
  return subject.error
}

const refused = (text: string): string => Result.getOrThrow(Result.flip(subjectOf(text, now)))

describe("a query", () => {
  it("is the code or the class of each error, however it is written", () => {
    for (const [name, { code, docs }] of Object.entries(Errors)) {
      const spellings = [
        code,
        code.toLowerCase(),
        code.replaceAll("_", "-"),
        code.replaceAll("_", " "),
        name,
        ` ${name}\n`
      ]
      for (const text of [...spellings, `Errors.${name}`, docs, `${docs}/`]) {
        assert.strictEqual(error(text)._tag, code, text)
      }
    }
  })

  it("is the documented message of each error that has one", () => {
    for (const { "~row": row, code, defaultMessage } of VeniceError.byCode.values()) {
      if (row.hasUndocumentedMessage === true) continue
      assert.strictEqual(error(defaultMessage)._tag, code)
      assert.strictEqual(error(defaultMessage).response.status, row.status)
    }
  })

  it("is each category, but for the one that has the name of a class", () => {
    for (const category of Category.all.filter((category) => category !== "InvalidRequest")) {
      assert.deepStrictEqual(explained(category.toLowerCase()), { _tag: "Category", category })
    }
  })

  it("is a printed error", () => {
    assert.strictEqual(error(String(new Errors.ModelNotFound({ message: "it is gone" })))._tag, "MODEL_NOT_FOUND")
  })

  it("is a machine code that others use", () => {
    assert.strictEqual(error("context_length_exceeded")._tag, "TOO_MANY_TOKENS")
    assert.strictEqual(error("X402_SIGN_IN_NONCE_USED")._tag, "X402_INVALID_SIGN_IN")
  })

  it("is a status: one error, several, or none", () => {
    assert.strictEqual(error("HTTP 504")._tag, "REQUEST_TIMEOUT")
    assert.deepStrictEqual(explained("429 Too Many Requests"), {
      _tag: "Errors",
      codes: ["RATE_LIMIT_EXCEEDED", "MODEL_OVERLOADED"]
    })
    const { _tag, category, response } = error("529")
    assert.deepStrictEqual([_tag, category, response.status], ["UNRECOGNIZED_RESPONSE", "Capacity", 529])
    assert.match(refused("99"), /^Nothing is known about "99"/)
  })

  it("keeps the wording and the fields of a message", () => {
    const found = error("Specified model not found: lama. Did you mean: llama?")
    assert.deepStrictEqual([found.message, "suggestions" in found && found.suggestions], [
      "Specified model not found: lama. Did you mean: llama?",
      ["llama"]
    ])
  })

  it("that is mistyped gets a proposal", () => {
    assert.match(refused("RATE_LIMT_EXCEEDED"), /; did you mean RATE_LIMIT_EXCEEDED\?$/)
    assert.match(refused("RateLimitExceded"), /; did you mean RateLimitExceeded\?$/)
    assert.match(refused("no such thing as this"), /give a code, a status, a message or a response$/)
  })
})

const body = "{\"error\":\"The model is currently overloaded. Please try again later.\"}"

describe("a pasted response", () => {
  it("is what `curl -i` prints, after interim responses and with any end of line", () => {
    for (const eol of ["\n", "\r\n"]) {
      const found = error([
        "$ curl -i https://api.venice.ai/api/v1/chat/completions",
        "HTTP/1.1 100 Continue",
        "",
        "HTTP/2 429",
        "Retry-After: 30",
        "x-ratelimit-remaining-requests: 0",
        "",
        body
      ].join(eol))

      assert.strictEqual(found._tag, "MODEL_OVERLOADED")
      assert.strictEqual(found.response.status, 429)
      assert.deepStrictEqual(found.response.retryAfter, Duration.seconds(30))
    }
  })

  it("is what `curl -v` prints, with the operation and without the key", () => {
    const found = error([
      "* Connected to api.venice.ai",
      "> POST /api/v1/video/queue HTTP/2",
      "> authorization: Bearer a-key-that-looks-like-nothing",
      "> ",
      "{ [120 bytes data]",
      "< HTTP/2 500 ",
      "< cf-ray: ray",
      "< ",
      "{\"error\":\"Inference processing failed\",\"request_id\":\"a-key-that-looks-like-nothing\"}",
      "* Connection #0 to host left intact"
    ].join("\n"))

    assert.strictEqual(found._tag, "INFERENCE_FAILED")
    assert.strictEqual(found.response.operation, "POST /video/queue")
    assert.notInclude(JSON.stringify(found), "a-key-that-looks-like-nothing")
  })

  it("is a JSON line, or several", () => {
    const line = JSON.stringify({ status: 503, body: "{\"error\":\"The model is at capacity\"}" })

    assert.strictEqual(error(line)._tag, "MODEL_AT_CAPACITY")
    assert.strictEqual(subjectsOf(`${line}\n\n${line}\n`, now).length, 2)
    assert.strictEqual(refused("{\"status\":42,\"body\":\"\"}"), "status: Expected a value between 100 and 999")
  })

  it("is a body that identifies its error, and no other", () => {
    assert.strictEqual(error(body)._tag, "MODEL_OVERLOADED")
    assert.strictEqual(
      error("{\n  \"error\": { \"code\": \"needs_consent\", \"message\": \"x\" }\n}")._tag,
      "CONSENT_REQUIRED"
    )
    assert.match(refused("{\"error\":\"x\"}"), /paste the status too/)
  })

  it("is no success", () => {
    assert.strictEqual(refused("HTTP/2 200\n\n{\"choices\":[]}"), "HTTP 200: not a failing response")
  })

  it.effect.prop("is never a defect", { text: Schema.String }, ({ text }) =>
    Effect.sync(() => {
      for (const prefix of ["", "HTTP/2 429\n", "< HTTP/2 429\n< ", "{\"status\":429,\"body\":"]) {
        subjectsOf(prefix + text, now)
      }
    }))
})

describe("a transcript", () => {
  it("joins repeated headers, and needs no body", () => {
    assert.deepStrictEqual(Transcript.read("HTTP/1.1 418 I'm a teapot\nA: 1\nnot a header\na: 2"), {
      status: 418,
      headers: { a: "1, 2" },
      body: "",
      operation: undefined,
      secrets: []
    })
  })

  it("is nothing without a status line", () => {
    assert.isUndefined(Transcript.read("HTTP 429\n\nx"))
  })
})

describe("effect-venice explain", () => {
  it.live("explains each error in 80 columns, with what to do and its page", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run(["explain", "rate", "limit", "exceeded"])

      assert.deepStrictEqual([status, stderr], [0, ""])
      assert.include(stdout, "What to do\n  Wait for `response.retryAfter`")
      assert.include(stdout, new Errors.RateLimitExceeded().docs)
      for (const line of stdout.split("\n")) assert.isAtMost(line.length, 80)
    }))

  it.live("writes Arabic with code and messages from left to right", () =>
    Effect.gen(function*() {
      const { status, stdout } = yield* run(["explain", "--locale", "ar", "MODEL_OFFLINE"])

      assert.strictEqual(status, 0)
      assert.include(stdout, "ماذا تفعل\n  انتظر، أو استخدم نموذجًا آخر.")
      assert.include(stdout, "\u2066The model is temporarily offline. Please try again later.\u2069")
      assert.strictEqual(stdout.split("\u2066").length, stdout.split("\u2069").length)
      assert.notInclude(stdout, "`")
    }))

  it.live("writes JSON lines, with the error of a response and without what paints the terminal", () =>
    Effect.gen(function*() {
      const input = `HTTP/2 400\n\n${JSON.stringify({ error: "\u001b[31m\u202e" })}`
      const { status, stdout } = yield* run(["explain", "--json"], { input })
      const { error, matchedBy, retries } = JSON.parse(stdout)

      assert.strictEqual(status, 0)
      assert.deepStrictEqual([error._tag, matchedBy, retries.reason], ["INVALID_REQUEST", "shape", "final"])
      assert.notMatch(stdout, /[\u001b\u202e]/)
    }))

  it.live("exits with 2 for an unknown query, and with 1 for input that is no failing response", () =>
    Effect.gen(function*() {
      const query = yield* run(["explain", "RATE_LIMT_EXCEEDED"])
      const input = yield* run(["explain"], { input: "HTTP/2 204\n\n" })

      assert.deepStrictEqual([query.status, query.stdout], [2, ""])
      assert.match(query.stderr, /did you mean RATE_LIMIT_EXCEEDED\?/)
      assert.deepStrictEqual(input, {
        status: 1,
        stdout: "",
        stderr: "effect-venice: HTTP 204: not a failing status\n"
      })
    }))

  it.live("explains the lines that it can, and exits with 1 if it cannot explain one", () =>
    Effect.gen(function*() {
      const { status, stderr, stdout } = yield* run(["explain", "--json"], {
        input: "{\"status\":504,\"body\":\"\"}\n{\"status\":200,\"body\":\"\"}\n"
      })

      assert.strictEqual(status, 1)
      assert.strictEqual(stderr, "effect-venice: line 2: HTTP 200: not a failing response\n")
      assert.strictEqual(JSON.parse(stdout).code, "REQUEST_TIMEOUT")
    }))
})
