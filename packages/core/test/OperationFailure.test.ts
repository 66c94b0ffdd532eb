import { Decode, Errors, Operation, OperationFailure, VeniceError } from "@effect-venice/core"
import * as Fixtures from "@effect-venice/testing/Fixtures"
import { assert, describe, expect, it } from "@effect/vitest"

describe("the codes of an operation", () => {
  it.each(Fixtures.all.filter(({ operation }) => operation !== undefined && Operation.isOperation(operation)))(
    "hold what was captured or documented: $id",
    ({ code, operation }) => {
      assert.isTrue(OperationFailure.codes(operation as Operation.Operation).has(code), code)
    }
  )

  it("are written down", async () => {
    const lines = Operation.all.map((operation) =>
      `${operation} → ${[...OperationFailure.codes(operation)].toSorted().join(" ")}`
    )

    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("golden/operation-failures.txt")
  })

  it("are each of some operation", () => {
    for (const code of VeniceError.byCode.keys()) {
      assert.isTrue(
        Operation.all.some((operation) => OperationFailure.codes(operation).has(code as VeniceError.Code)),
        code
      )
    }
  })

  it("do not mention what an operation has nothing to do with", () => {
    const speech = OperationFailure.codes("POST /audio/speech")

    for (const code of ["IMAGE_TOO_SMALL", "CHARACTER_NOT_FOUND", "CONSENT_REQUIRED", "UPSCALE_FAILED"] as const) {
      assert.isFalse(speech.has(code), code)
    }
  })
})

describe("narrow", () => {
  it("lets an expected error through", () => {
    const error = new Errors.ModelOffline()

    assert.strictEqual<unknown>(OperationFailure.narrow("POST /chat/completions", error), error)
    assert.strictEqual<unknown>(OperationFailure.narrow("POST /something/new", error), error)
  })

  it("keeps the code, the category and the response of an unexpected one", () => {
    const error = Decode.response({ status: 400, body: "{\"error\":\"Image dimensions are too small\"}", now: 0 })
    const narrowed = OperationFailure.narrow("POST /audio/speech", error)

    if (narrowed._tag !== "UNRECOGNIZED_RESPONSE") return assert.fail(narrowed._tag)
    assert.strictEqual(narrowed.code, "IMAGE_TOO_SMALL")
    assert.strictEqual(narrowed.category, "InvalidMedia")
    assert.strictEqual(narrowed.message, error.message)
    assert.strictEqual(narrowed.matchedBy, "message")
    assert.deepStrictEqual(narrowed.response, error.response)
  })
})
