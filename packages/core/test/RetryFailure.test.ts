/** What a policy reads from a failure. The file in `golden/` is to be read in review. */
import { Category, Classification, Errors, Retry, VeniceError } from "@effect-venice/core"
import { assert, describe, expect, it } from "@effect/vitest"
import { Cause, Duration } from "effect"
import { HttpClientError, HttpClientRequest, HttpClientResponse } from "effect/http"
import { attemptOf, hintOf, operationOf, outcomeOf } from "../src/internal/retrying/failure.ts"

const request = HttpClientRequest.post("https://api.venice.ai/api/v1/video/queue?key=secret")

const transport = (cause?: unknown) =>
  new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })

const outcome = (error: unknown): string => {
  const kind = Retry.kindOf(error)
  return kind === undefined ? "final" : `${kind}, ${outcomeOf(error, kind)}`
}

const unrecognized = (response: VeniceError.VeniceError["response"], rest: object = {}) =>
  new Errors.UnrecognizedResponse({ category: "Server", matchedBy: "code", ...rest, response })

/** An error of another copy of the library, which may have a response of another kind. */
const unchecked = (response: object) => Object.assign(unrecognized({ status: 500 }), { response })

const nested = (depth: number, innermost: unknown): unknown =>
  depth === 0 ? innermost : { cause: nested(depth - 1, innermost) }

const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable([], {})
  revoke()
  return proxy
}

const throwing = (name: string) =>
  Object.defineProperty({}, name, {
    get: () => {
      throw new Error("no")
    }
  })

describe("the kind of a failure and how its request ended", () => {
  it("are written down", async () => {
    const categories = Category.retryable.flatMap((category) =>
      [200, 299, 300, 400, 429, 500, 503, 504, 520, 523, 524].map((status) =>
        `${category} with status ${status} → ${outcome(unrecognized({ status }, { category }))}`
      )
    )
    const matched = (["code", "message", "shape", "status", "none"] as const).flatMap((matchedBy) =>
      [200, 429, 500, 503].map((status) =>
        `${status}, recognized by ${matchedBy} → ${outcome(unrecognized({ status }, { matchedBy }))}`
      )
    )
    const codes = [...VeniceError.byCode.keys()].map((code) =>
      `${code} → ${outcome(VeniceError.fromCode(code as VeniceError.Code))}`
    )
    const causes: ReadonlyArray<readonly [string, unknown]> = [
      ...["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "ECONNRESET", "ETIMEDOUT", "EPIPE", ""]
        .flatMap((code) =>
          [undefined, "connect", "getaddrinfo", "read", ""].map((syscall) =>
            [`${code || "an empty code"} of ${syscall ?? "no call"}`, { code, syscall }] as const
          )
        ),
      ["no cause", undefined],
      ["a text", "ECONNREFUSED"],
      ["a call without a code", { syscall: "connect" }],
      ["a code that is a number", { code: 5 }],
      ["a code that is a number, of a refused connection", { code: 5, cause: { code: "ECONNREFUSED" } }],
      ["a code of its own, of a refused connection", { code: "OTHER", cause: { code: "ECONNREFUSED" } }],
      ...[1, 3, 4, 5].map((depth) =>
        [`a refused connection ${depth} causes deep`, nested(depth, { code: "ECONNREFUSED" })] as const
      ),
      ["no errors", { errors: [] }],
      ["no errors, of a refused connection", { errors: [], code: "ECONNREFUSED" }],
      ["errors that are no list, of a refused connection", { errors: "none", code: "ECONNREFUSED" }],
      ["two refused connections", { errors: [{ code: "ECONNREFUSED" }, { code: "ENOTFOUND" }] }],
      ["a refused and a reset connection", { errors: [{ code: "ECONNREFUSED" }, { code: "ECONNRESET" }] }],
      ["a reset and a refused connection", { errors: [{ code: "ECONNRESET" }, { code: "ECONNREFUSED" }] }],
      ["errors 4 causes deep", nested(3, { errors: [{ code: "ECONNREFUSED" }] })],
      ["errors 5 causes deep", nested(4, { errors: [{ code: "ECONNREFUSED" }] })],
      ["errors that cannot be read, of a refused connection", { errors: revoked(), code: "ECONNREFUSED" }],
      ["a code that throws", throwing("code")],
      ["a cause that throws", throwing("cause")],
      ["errors that throw", throwing("errors")],
      [
        "a list that throws",
        {
          errors: new Proxy([], {
            get: () => {
              throw new Error("no")
            }
          })
        }
      ],
      [
        "a list whose items throw",
        {
          errors: new Proxy([1], {
            get: (_, name) => {
              if (name === "length") return 1
              throw new Error("no")
            }
          })
        }
      ]
    ]
    const lines = [
      "# Codes",
      ...codes,
      "",
      "# Categories, recognized by a code",
      ...categories,
      "",
      "# Errors of the server",
      ...matched,
      "",
      "# Causes of a failed transport",
      ...causes.map(([name, cause]) => `${name} → ${outcome(transport(cause))}`)
    ]

    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/failures.txt")
  })

  it.each<[string, unknown, string]>([
    ["a timeout of the caller", new Cause.TimeoutError(), "Transport, lost"],
    ["an error of the caller", new Error("mine"), "final"],
    ["nothing", undefined, "final"],
    ["a stream that delivered nothing", unrecognized({ status: 200, delivered: 0 }), "Server, failed"],
    ["a stream that delivered an event", unrecognized({ status: 200, delivered: 1 }), "final"],
    ["a response that is not to be retried", unrecognized({ status: 500, shouldRetry: false }), "final"],
    ["a classified error", { [Classification.key]: { category: "Server" } }, "Server, failed"],
    [
      "a classified error that was lost",
      { [Classification.key]: { category: "Server", outcome: "lost" } },
      "Server, lost"
    ],
    ["a classified error that is final", { [Classification.key]: { category: "Billing" } }, "final"]
  ])("of %s", (_, error, expected) => {
    assert.strictEqual(outcome(error), expected)
  })

  it.each<[string, (response: HttpClientResponse.HttpClientResponse) => HttpClientError.HttpClientErrorReason, string]>(
    [
      [
        "that is cut off",
        (response) => new HttpClientError.DecodeError({ request, response, cause: new TypeError("terminated") }),
        "Transport, lost"
      ],
      [
        "that is cut off without a cause",
        (response) => new HttpClientError.DecodeError({ request, response }),
        "Transport, lost"
      ],
      [
        "that is no JSON",
        (response) => new HttpClientError.DecodeError({ request, response, cause: new SyntaxError("no JSON") }),
        "final"
      ],
      ["with another status", (response) => new HttpClientError.StatusCodeError({ request, response }), "final"],
      ["that is empty", (response) => new HttpClientError.EmptyBodyError({ request, response }), "final"]
    ]
  )("of a response %s", (_, reason, expected) => {
    const response = HttpClientResponse.fromWeb(request, new Response())

    assert.strictEqual(outcome(new HttpClientError.HttpClientError({ reason: reason(response) })), expected)
  })
})

describe("a 503 that only its shape identifies", () => {
  const withBody = (body: unknown, more: { readonly relay?: string } = {}) => {
    const text = typeof body === "string" ? body : JSON.stringify(body)
    return outcome(
      unrecognized({ status: 503, ...(body !== undefined && { body: text }), ...more }, { matchedBy: "shape" })
    )
  }

  it.each(["code", "request_id", "details", "issues", "customMessage", "context", "retry_after", "upstream_code"])(
    "was refused by Venice if its body has %s beside the error",
    (member) => {
      assert.strictEqual(withBody({ error: "busy", [member]: "x" }), "Server, refused")
    }
  )

  it.each<[string, unknown]>([
    ["a member that Venice does not send", { error: "busy", status: 503 }],
    ["an error that is an object", { error: { message: "busy" } }],
    ["no error", { details: {} }],
    ["a text as its body", "error"],
    ["no body", undefined]
  ])("was lost if it has %s", (_, body) => {
    assert.strictEqual(withBody(body), "Server, lost")
  })

  it("was lost if a relay wrote it", () => {
    assert.strictEqual(withBody({ error: "busy" }), "Server, refused")
    assert.strictEqual(withBody({ error: "busy" }, { relay: "OpenRouter" }), "Server, lost")
  })
})

describe("an error that throws when it is asked for its class", () => {
  const error = (asked: string) =>
    new Proxy({}, {
      has: (_, name) => {
        if (String(name).includes(asked)) throw new Error("no")
        return false
      }
    })

  it.each(["HttpClientError", "TimeoutError"])("%s is final", (asked) => {
    assert.isUndefined(Retry.kindOf(error(asked)))
    assert.isFalse(Retry.isRepeatable(error(asked)))
  })
})

describe("whether a failure may be retried", () => {
  it.each<[string, unknown, boolean]>([
    ["a refused run", unrecognized({ status: 429, operation: "POST /video/queue" }), true],
    ["a failed run that is charged", unrecognized({ status: 500, operation: "POST /video/queue" }), false],
    ["a failed read", unrecognized({ status: 500, operation: "GET /models" }), true],
    ["a failure that is final", new Errors.InvalidRequest(), false],
    ["a lost request that is charged", transport(), false],
    ["a request that was not sent", transport({ code: "ENOTFOUND" }), true]
  ])("is told of %s", (_, error, expected) => {
    assert.strictEqual(Retry.isRepeatable(error), expected)
  })
})

describe("the facts about a failure", () => {
  const hint = Duration.seconds(3)
  const foreign = { _tag: "Foreign", [Classification.key]: { category: "Server", hint, operation: "GET /models" } }

  it("are its operation, if the failure names it", () => {
    assert.strictEqual(operationOf(unrecognized({ status: 500, operation: "POST /new" })), "POST /new")
    assert.strictEqual(operationOf(transport()), "POST /video/queue")
    assert.strictEqual(operationOf(foreign), "GET /models")
    assert.isUndefined(operationOf(unrecognized({ status: 500 })))
    assert.isUndefined(operationOf(unchecked({ status: 500, operation: 42 })))
    assert.isUndefined(operationOf(new Error("mine")))
  })

  it("are its hint, if the server asks to wait", () => {
    assert.strictEqual(hintOf(unrecognized({ status: 500, retryAfter: hint })), hint)
    assert.strictEqual(hintOf(foreign), hint)
    assert.isUndefined(hintOf(transport()))
    for (const retryAfter of [Duration.seconds(-1), 5, { value: { _tag: "Millis", millis: 5 } }]) {
      assert.isUndefined(hintOf(unchecked({ status: 500, retryAfter })))
    }
  })

  it("are the entry of the history", () => {
    const response = { status: 500, requestId: "r".repeat(200), retryAfter: hint }
    const longer = { ...response, requestId: "r".repeat(201) }
    const entry = { code: "UNRECOGNIZED_RESPONSE", status: 500, requestId: response.requestId, hint }

    assert.deepStrictEqual(attemptOf(unrecognized(response)), entry)
    assert.deepStrictEqual(attemptOf(unrecognized(longer)), entry)
    assert.deepStrictEqual(attemptOf(unrecognized({ status: 500 })), { code: "UNRECOGNIZED_RESPONSE", status: 500 })
    assert.deepStrictEqual(attemptOf(foreign), { code: "Foreign", hint })
    const endless = unchecked({ status: 500, retryAfter: Duration.infinity })
    assert.deepStrictEqual(attemptOf(endless), { code: "UNRECOGNIZED_RESPONSE", status: 500 })
    // Another library's error has a response of another kind.
    assert.deepStrictEqual(attemptOf({ ...foreign, response }), { code: "Foreign", hint })
    assert.deepStrictEqual(attemptOf({ _tag: 5 }), { code: "Error" })
    assert.deepStrictEqual(attemptOf("text"), { code: "Error" })
  })
})
