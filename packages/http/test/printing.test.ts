/** What a server wrote, in the text of a failure. */
import { Redact } from "@effect-venice/core"
import { Failure } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Cause, DateTime, Duration } from "effect"
import { inspect } from "node:util"

const message = "ok\n\u001b[31mforged"
const response = { status: 200 }
const job = { medium: "video", model: "m", queueId: "q\n\u001b[31m" } as const

const failures = [
  new Failure.JsonRpcError({ message, response }),
  new Failure.UnexpectedBody({ message, differences: [{ path: [], message }], response }),
  new Failure.UnfinishedStream({ message, response, cause: new Error(message) }),
  new Failure.LockoutAhead({ message, until: DateTime.makeUnsafe(0), retryAfter: Duration.zero }),
  new Failure.CircuitOpen({ message, circuit: message, retryAfter: Duration.zero }),
  new Failure.PaceExceeded({ message, retryAfter: Duration.zero }),
  new Failure.JobFailure({ job, reason: new Cause.TimeoutError(message) })
]

describe.each(failures.map((failure) => [failure._tag, failure] as const))("%s", (tag, failure) => {
  it.each([
    ["String", String],
    ["inspect", (value: unknown) => inspect(value)],
    ["inspect inside of another", (value: unknown) => inspect({ value }, { breakLength: Infinity })]
  ])("is printed on one line by %s", (_, print) => {
    const text = print(failure)

    assert.include(text, tag)
    assert.include(text, "forged")
    assert.notMatch(text, /[\n\u001b]/)
  })

  it("has a stack with its message, without the control characters of it", () => {
    assert.notInclude(failure.stack, "\u001b")
    assert.include(failure.stack, Redact.printable(failure.message))
  })
})

it("a failure is made without a stack where a program has switched them off", () => {
  const limit = Error.stackTraceLimit
  try {
    Error.stackTraceLimit = undefined as unknown as number
    const failure = new Failure.JsonRpcError({ message, response })

    assert.isUndefined(failure.stack)
    assert.strictEqual(failure.message, message)
  } finally {
    Error.stackTraceLimit = limit
  }
})

it.each(["ok", message])("a failure can be made where a program has its stacks as lists of frames: %j", (message) => {
  const before = Error.prepareStackTrace
  Error.prepareStackTrace = (_, frames) => frames
  let stack: unknown
  try {
    stack = new Failure.JsonRpcError({ message, response }).stack
  } finally {
    Error.prepareStackTrace = before!
  }

  assert.isArray(stack)
})
