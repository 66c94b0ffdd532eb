/** Wordings and types that Venice, or a gateway in front of it, sends under more than one status. */
import { Decode, OperationFailure, Retry } from "@effect-venice/core"
import { assert, it } from "@effect/vitest"

const overloaded = JSON.stringify({ error: "The model is currently overloaded. Please try again later." })

it.each([429, 503])("an overloaded model is recognized under %s and retried", (status) => {
  const error = Decode.response({ status, body: overloaded, operation: "POST /video/queue", now: 0 })

  assert.strictEqual(error._tag, "MODEL_OVERLOADED")
  assert.strictEqual(error.category, "Capacity")
  assert.strictEqual(OperationFailure.narrow("POST /video/queue", error)._tag, "MODEL_OVERLOADED")
  assert.isTrue(Retry.isRepeatable(error))
})

it.each([402, 429].flatMap((status) => [
  [status, { error: { type: "insufficient_quota", code: null, message: "You exceeded your quota" } }] as const,
  [status, { error: { type: "insufficient_quota", code: null } }] as const,
  [status, { error: "Insufficient credits" }] as const,
  [status, { error: "Insufficient USD balance" }] as const
]))("an empty balance is recognized under %s: %j", (status, body) => {
  const error = Decode.response({ status, body: JSON.stringify(body), now: 0 })

  assert.strictEqual(error._tag, "INSUFFICIENT_BALANCE")
  assert.isFalse(Retry.isRepeatable(error))
})
