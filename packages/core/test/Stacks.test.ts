import { Decode, Errors } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"

/** Decodes a response whose body is read by this. */
const reading = (read: () => string) =>
  Decode.response({
    status: 500,
    now: 0,
    get body() {
      return read()
    }
  })

const thrownBy = (run: () => unknown): unknown => {
  try {
    run()
  } catch (thrown) {
    return thrown
  }
  return assert.fail("nothing was thrown")
}

describe("while a response is decoded", () => {
  it("errors capture no stack, and do so again afterwards", () => {
    const before = Error.stackTraceLimit
    let during: unknown = "not read"
    reading(() => {
      during = Error.stackTraceLimit
      return ""
    })

    assert.isUndefined(during)
    assert.strictEqual(Error.stackTraceLimit, before)
  })

  it.each<[string, PropertyDescriptor | undefined]>([
    ["has no limit", undefined],
    ["has a limit that nobody may change", { value: 10, writable: false, configurable: true }]
  ])("the error is the same where `Error` %s", (_, limit) => {
    const before = Object.getOwnPropertyDescriptor(Error, "stackTraceLimit")!
    delete (Error as Partial<typeof Error>).stackTraceLimit
    if (limit !== undefined) Object.defineProperty(Error, "stackTraceLimit", limit)
    try {
      const error = reading(() => "{\"error\":\"Inference processing failed\"}")

      assert.strictEqual(error._tag, "INFERENCE_FAILED")
      assert.strictEqual(Error.stackTraceLimit, limit?.value)
    } finally {
      Object.defineProperty(Error, "stackTraceLimit", before)
    }
  })

  it("an error that the input throws keeps the stack it has, or gets one", () => {
    const made = new Error("made before")
    const { stack } = made

    assert.strictEqual(
      thrownBy(() =>
        reading(() => {
          throw made
        })
      ),
      made
    )
    assert.strictEqual(made.stack, stack)
    const inside = thrownBy(() =>
      reading(() => {
        throw new Error("made inside")
      })
    )
    assert.include((inside as Error).stack, "Stacks.test")
  })

  it("a text that the input throws stays a text", () => {
    const thrown = thrownBy(() =>
      reading(() => {
        // oxlint-disable-next-line no-throw-literal -- what others throw may be no error
        throw "no body"
      })
    )

    assert.strictEqual(thrown, "no body")
  })
})

describe("the stack of a decoded error", () => {
  const input = { status: 503, body: "", operation: "GET /models", now: 0 }

  it("is the origin of the response, or the frames of the caller if those are asked for", () => {
    assert.include(Decode.response(input).stack, "at HTTP 503 from GET /models")
    assert.include(Decode.response({ ...input, captureStack: true }).stack, "Stacks.test")
  })

  it("is the origin of the response where the engine captures no frames", () => {
    const { captureStackTrace } = Error
    Error.captureStackTrace = undefined as never
    try {
      assert.include(Decode.response({ ...input, captureStack: true }).stack, "at HTTP 503 from GET /models")
    } finally {
      Error.captureStackTrace = captureStackTrace
    }
  })
})

describe("where a program has its stacks as lists of frames", () => {
  it.each(["not found", "not\nfound"])("an error can be made with any message: %j", (message) => {
    const before = Error.prepareStackTrace
    Error.prepareStackTrace = (_, frames) => frames
    let stack: unknown
    try {
      stack = new Errors.ModelNotFound({ message }).stack
    } finally {
      Error.prepareStackTrace = before!
    }

    assert.isArray(stack)
  })
})
