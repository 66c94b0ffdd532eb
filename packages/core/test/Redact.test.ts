import { Decode, Errors, Redact } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Console, Effect, Logger } from "effect"
import { inspect } from "node:util"

const random = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0"

describe("a credential that nobody told of", () => {
  it.each([
    `gsk_${random}`,
    `AIza${random.slice(0, 35)}`,
    `AIzaSyA-b_c1D2-e_f3G4-h_i5J6-k_l7M8-n_o`,
    `xai-${random}`,
    `r8_${random}`,
    `fw_${random}`,
    `hf_${random}`,
    `sk_live_${random}`,
    `sk_${random}`,
    `sk-proj-${random}`,
    `nvapi-${random}`,
    "AKIAIOSFODNN7EXAMPLE",
    `ghp_${random}`,
    `gho_${random}`,
    `glpat-${random.slice(0, 20)}`,
    `xoxb-123456789012-1234567890123-${random.slice(0, 24)}`,
    `xoxp-123456789012-1234567890123-${random.slice(0, 24)}`
  ])("is known by its prefix: %s", (credential) => {
    const error = Decode.response({
      status: 500,
      body: JSON.stringify({ error: `upstream refused ${credential}`, details: { [credential]: credential } }),
      now: 0
    })

    assert.notInclude(JSON.stringify(error), credential.slice(6))
    assert.notInclude(String(error), credential.slice(6))
    assert.strictEqual(Redact.json(`a ${credential}.`), "a <redacted>.")
  })

  it.each([
    "the model xai-grok-2-vision-latest is gone",
    "set hf_hub_download_timeout in task_queue_settings_1",
    "making AKIA a name, asking sk_",
    "Authentication failed: re-auth with a new key"
  ])("is no word of a sentence: %s", (text) => assert.strictEqual(Redact.json(text), text))

  it("stands behind the name of a gateway's header", () => {
    for (const name of ["cf-aig-authorization", "helicone-auth", "x-goog-api-key", "api-key", "x-relay-token"]) {
      assert.deepStrictEqual(Redact.json({ [name]: "abc" }), { [name]: "<redacted>" })
      assert.notInclude(String(Redact.json(`got {"${name}":"s3cr3t-s3cr3t-s3cr3t"}`)), "s3cr3t")
    }
  })
})

it("a known secret goes in any mixture of encodings, and the text around it stays", () => {
  const clean = Redact.secrets(["a/b+c=d&e\"f"])

  assert.strictEqual(clean("1 a%2fb%2Bc%3dd%26e%22f 2 % & \\ 3"), "1 <redacted> 2 % & \\ 3")
  assert.strictEqual(clean("1 a%252fb%252bc%253dd%2526e%2522f 2"), "1 <redacted> 2")
  assert.strictEqual(clean("a&#x2F;b&#43;c&equals;d&amp;e&quot;f!"), "<redacted>!")
  assert.strictEqual(clean("a\\/b\\u002bc\\\\u003dd&amp;e\\\\\\\"f!"), "<redacted>!")
  assert.strictEqual(clean("a%2fb+c=d%26e&amp;f"), "a%2fb+c=d%26e&amp;f")
})

describe("the text of a server", () => {
  const message = "busy\r\n    at forged (line)\u001b[2J\u001b[31m\u009b31m\u202e\u0007 end"
  const error = new Errors.ModelOverloaded({ message, response: { status: 429, requestId: "id\u001b[31m" } })
  const decoded = Decode.response({
    status: 429,
    body: JSON.stringify({ error: message, code: "MODEL_OVERLOADED", request_id: "id\u001b[31m" }),
    now: 0
  })
  const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\n\s+at forged/

  it("cannot forge a line or paint where an error is printed", () => {
    for (const printed of [error, decoded].flatMap((error) => [String(error), inspect(error), `${error}`])) {
      assert.notMatch(printed, unsafe)
    }
    for (const { stack } of [error, decoded]) assert.notMatch(stack!, unsafe)
  })

  it.effect("cannot forge a line or paint in a log of the error", () => {
    const lines: Array<unknown> = []
    const console = new Proxy(globalThis.console, {
      get: () => (...args: ReadonlyArray<unknown>) => lines.push(...args)
    })
    return Effect.logError(decoded).pipe(
      Effect.provide(Logger.layer([Logger.consolePretty({ colors: false }), Logger.consoleLogFmt])),
      Effect.provideService(Console.Console, console),
      Effect.andThen(Effect.sync(() => {
        assert.isAbove(lines.length, 1)
        for (const line of lines) assert.notMatch(typeof line === "string" ? line : inspect(line), unsafe)
      }))
    )
  })

  it("stays as it was sent in the message and in the body", () => {
    assert.strictEqual(error.message, message)
    assert.include(decoded.message, "\u001b[31m")
    assert.include(JSON.parse(decoded.response.body!), { error: message })
  })

  it("is printable on request", () => {
    assert.strictEqual(Redact.printable("a\u001b[31m\r\nb"), "a [31m b")
    assert.strictEqual(Redact.printable("zwölf\u{1f600}"), "zwölf\u{1f600}")
  })
})

describe("what looks like a credential", () => {
  it("is redacted in a text, and words are not", () => {
    assert.strictEqual(Redact.text(`{"token":"${random}"}`), "{\"token\":\"<redacted>\"}")
    assert.strictEqual(Redact.text("the token is missing"), "the token is missing")
  })

  it("is redacted in headers, by their names in any case and by their values", () => {
    const headers = { Authorization: "abc", "cf-aig-authorization": "abc", cookie: "a=b", "x-note": `Bearer ${random}` }

    assert.deepStrictEqual(Redact.headers({ ...headers, accept: "*/*", absent: undefined }), {
      Authorization: "<redacted>",
      "cf-aig-authorization": "<redacted>",
      cookie: "<redacted>",
      "x-note": "Bearer <redacted>",
      accept: "*/*"
    })
  })
})
