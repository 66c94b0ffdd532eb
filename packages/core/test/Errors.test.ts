import { Category, Errors, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, ErrorReporter, Schema } from "effect"
import { inspect } from "node:util"
import { codes } from "./fixtures/read.ts"

const classes: ReadonlyArray<VeniceError.VeniceErrorClass> = Object.values(Errors)

describe("the table", () => {
  it.each(codes)("$code is as documented", ({ code, logLevel, message, status }) => {
    const Class = VeniceError.byCode.get(code)!
    const error = Schema.decodeUnknownSync(VeniceError.VeniceError)({
      _tag: code,
      message,
      matchedBy: "code",
      response: { status }
    })

    assert.strictEqual(Class.status, status)
    assert.strictEqual(Class.defaultMessage, message)
    assert.strictEqual(error.constructor, Class)
    assert.strictEqual(error.status, status)
    assert.strictEqual(
      error[ErrorReporter.severity],
      logLevel === "error" ? "Error" : logLevel === "warn" ? "Warn" : "Info"
    )
  })

  it("has the forty codes of Venice's table and four others", () => {
    const beyond = ["PAYMENT_REQUIRED", "CONSENT_REQUIRED", "GONE", "UNRECOGNIZED_RESPONSE"]

    assert.deepStrictEqual(
      classes.map((Class) => Class.code).toSorted(),
      [...codes.map(({ code }) => code), ...beyond].toSorted()
    )
  })

  it("names each class after its code", () => {
    for (const [name, Class] of Object.entries(Errors)) {
      const words = Class.code.split("_").map((word) => word[0] + word.slice(1).toLowerCase())
      assert.strictEqual(name, words.join(""))
    }
  })

  it("has a member in every category", () => {
    assert.deepStrictEqual(
      [...new Set(classes.map((Class) => Class.category))].toSorted(),
      [...Category.all].toSorted()
    )
  })
})

describe("an error", () => {
  const error = new Errors.ModelOverloaded({
    response: {
      status: 429,
      operation: "POST /chat/completions",
      requestId: "91dbd54fa83f8cbd-EWR",
      retryAfter: Duration.seconds(30)
    }
  })

  it("defaults to the documented message and status", () => {
    const plain = new Errors.ModelOffline()

    assert.strictEqual(plain.message, "The model is temporarily offline. Please try again later.")
    assert.deepStrictEqual(plain.response, { status: 503 })
  })

  it("prints as one line with code, message, status, operation, request id and hint", () => {
    const line = "MODEL_OVERLOADED: The model is currently overloaded. Please try again later. "
      + "(HTTP 429 from POST /chat/completions, request 91dbd54fa83f8cbd-EWR, retry after 30s)"

    assert.strictEqual(String(error), line)
    assert.strictEqual(inspect(error), `${line}\n    see ${error.docs}`)
  })

  it("prints as one line, whatever the server sends", () => {
    const forged = new Errors.InvalidRequest({
      message: "first\n\u001b[2Jsecond\u2028third",
      response: { status: 400, requestId: "a\r\nb" }
    })

    assert.strictEqual(String(forged), "INVALID_REQUEST: first [2Jsecond third (HTTP 400, request a b)")
  })

  it.each([511, 512, 513, 4095])("has a stack without control characters, after %i others too", (length) => {
    const forged = new Errors.InvalidRequest({ message: `${"m".repeat(length)}\n    at forged` })

    assert.include(forged.stack, "m     at forged")
    assert.notInclude(forged.stack, "\n    at forged")
  })

  it.each([[500, "m".repeat(500)], [501, `${"m".repeat(499)}…`], [1000, `${"m".repeat(499)}…`], [
    1001,
    `${"m".repeat(499)}…`
  ]])("prints up to 500 characters of its message: %i", (length, printed) => {
    const long = new Errors.InvalidRequest({ message: "m".repeat(length) })

    assert.strictEqual(String(long), `INVALID_REQUEST: ${printed} (HTTP 400)`)
  })

  it.effect("is yieldable, and fails with itself", () =>
    Effect.gen(function*() {
      const failure = yield* Effect.flip(Effect.gen(function*() {
        return yield* error
      }))

      assert.strictEqual(failure, error)
    }))

  it.effect("tells reporters its severity, code, category and request", () =>
    Effect.gen(function*() {
      const reports: Array<unknown> = []
      const reporter = ErrorReporter.make(({ attributes, severity }) => {
        reports.push({ severity, ...attributes })
      })
      yield* ErrorReporter.report(Cause.fail(new Errors.InferenceFailed({ response: { status: 500, requestId: "r" } })))
        .pipe(Effect.provide(ErrorReporter.layer([reporter])))

      assert.deepStrictEqual(reports, [{
        severity: "Error",
        code: "INFERENCE_FAILED",
        category: "Server",
        status: 500,
        requestId: "r"
      }])
    }))

  it("does not encode the constants of its row", () => {
    assert.deepStrictEqual(JSON.parse(JSON.stringify(error)), {
      _tag: "MODEL_OVERLOADED",
      message: "The model is currently overloaded. Please try again later.",
      matchedBy: "code",
      response: {
        status: 429,
        operation: "POST /chat/completions",
        requestId: "91dbd54fa83f8cbd-EWR",
        retryAfter: 30_000
      }
    })
  })

  it("has the actual status beside the documented one", () => {
    const wrongType = new Errors.InvalidContentType({ response: { status: 400 } })

    assert.strictEqual(wrongType.status, 415)
    assert.strictEqual(wrongType.response.status, 400)
  })

  it("has no documented status when it is unrecognized", () => {
    const unknown = new Errors.UnrecognizedResponse({ category: "Capacity", response: { status: 529 } })

    assert.strictEqual(unknown.status, 529)
    assert.strictEqual(unknown.category, "Capacity")
  })
})
