import { Decode, ResponseBody, VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as ErrorBody from "../src/internal/decoding/errorBody.ts"

/** Decodes a body of a declared shape, and expects an error unless a text of the body happens to be a code. */
const agrees = (body: object, status: number, expected: string) => {
  const text = JSON.stringify(body)
  const reading = ErrorBody.read(text)
  const isCoded = reading.codes.some((code) => VeniceError.byCode.has(code))

  assert.strictEqual(reading.shape, "venice")
  const error = Decode.response({ status, body: text, now: 0 })
  if (!isCoded) assert.strictEqual(error._tag, expected)
  return { error, reading }
}

const isBlank = (text: string) => text.trim() === ""

describe("the schemas and the reader agree", () => {
  it.effect.prop("on a message", [ResponseBody.Simple], ([body]) =>
    Effect.sync(() => {
      const { error, reading } = agrees(body, 400, "INVALID_REQUEST")
      if (!isBlank(body.error)) assert.strictEqual(reading.message, body.error)
      if (!isBlank(body.error)) assert.strictEqual(error.message, body.error)
    }))

  it.effect.prop("on a message with a code", [ResponseBody.Coded], ([body]) =>
    Effect.sync(() => {
      const { reading } = agrees(body, 400, "INVALID_REQUEST")
      if (!isBlank(body.code)) assert.include(reading.codes, body.code)
    }))

  it.effect.prop("on OpenAI's shape", [ResponseBody.OpenAi], ([body]) =>
    Effect.sync(() => {
      const { reading } = agrees(body, 500, "UNKNOWN_ERROR")
      if (!isBlank(body.error.message)) assert.strictEqual(reading.message, body.error.message)
      assert.deepStrictEqual(reading.error, JSON.parse(JSON.stringify(body.error)))
    }))

  it.effect.prop("on a list of issues", [ResponseBody.IssueList], ([body]) =>
    Effect.sync(() => {
      agrees(body, 400, "INVALID_REQUEST")
    }))

  it.effect.prop("on the body of 2025", [ResponseBody.Context], ([body]) =>
    Effect.sync(() => {
      const { reading } = agrees(body, 400, "INVALID_REQUEST")
      if (!isBlank(body.context.errorCode)) assert.include(reading.codes, body.context.errorCode)
    }))

  it.effect.prop("on the x402 discovery", [ResponseBody.PaymentDiscovery], ([body]) =>
    Effect.sync(() => {
      const text = JSON.stringify(body)
      const error = Decode.response({ status: 402, body: text, now: 0 })
      if (ErrorBody.read(text).codes.length > 0) return
      assert.strictEqual(error._tag, "PAYMENT_REQUIRED")
      assert.strictEqual(
        error._tag === "PAYMENT_REQUIRED" && error.offer?.accepts.length,
        Math.min(body.accepts.length, 50)
      )
    }))

  it.effect.prop("on a wallet's balance", [ResponseBody.WalletBalance], ([body]) =>
    Effect.sync(() => {
      const error = Decode.response({ status: 402, body: JSON.stringify(body), now: 0 })
      assert.strictEqual(error._tag, "PAYMENT_REQUIRED")
      assert.strictEqual(error._tag === "PAYMENT_REQUIRED" && error.reason, "insufficient_balance")
    }))

  it.effect.prop("on a consent", [ResponseBody.Consent], ([body]) =>
    Effect.sync(() => {
      assert.strictEqual(Decode.response({ status: 409, body: JSON.stringify(body), now: 0 })._tag, "CONSENT_REQUIRED")
    }))

  it.effect.prop("on a failed top-up", [ResponseBody.TopUp], ([body]) =>
    Effect.sync(() => {
      const bare = { ...body, error: "INVALID_PAYMENT" }
      const { reading } = agrees(bare, 400, "INVALID_REQUEST")
      assert.strictEqual(reading.codes[0], "INVALID_PAYMENT")
      assert.strictEqual(reading.message, isBlank(body.message) ? "INVALID_PAYMENT" : body.message)
    }))

  it.effect.prop("on a refusal by a provider", [ResponseBody.ContentPolicy], ([body]) =>
    Effect.sync(() => {
      const error = Decode.response({ status: 422, body: JSON.stringify(body), now: 0 })
      if (typeof body.error === "object") assert.strictEqual(error._tag, "CONTENT_POLICY_VIOLATION")
    }))
})

const wallet = {
  error: "x",
  code: "PAYMENT_REQUIRED",
  reason: "insufficient_balance",
  suggestedTopUpUsd: 5,
  minimumTopUpUsd: 1,
  supportedTokens: ["USDC"],
  supportedChains: ["base"],
  topUpInstructions: {},
  siwxChallenge: {}
}

const consent = {
  error: { code: "needs_consent", message: "x" },
  consent_flow: {},
  face_media_roles: [],
  consent: {},
  docs_url: "https://example.org"
}

it.each<[string, Schema.Constraint, ReadonlyArray<object>, ReadonlyArray<object>]>([
  ["Simple", ResponseBody.Simple, [{ error: "x" }, { error: "x", details: { a: 1 }, issues: [{}] }], [{
    error: "x",
    issues: 1
  }, { error: 1 }]],
  ["ContentPolicy", ResponseBody.ContentPolicy, [
    { error: "x", credits_refunded: true },
    { error: { message: "x", type: "provider_content_policy", recommended_model: "m" } }
  ], [{ error: { message: "x", type: "" } }, { error: { message: "x", type: "other" } }]],
  ["WalletBalance", ResponseBody.WalletBalance, [wallet], [{ ...wallet, code: "" }, { ...wallet, reason: "" }]],
  ["Consent", ResponseBody.Consent, [consent], [{ ...consent, error: { code: "", message: "x" } }]]
])("the schema %s accepts the bodies of its kind, and no others", (_, schema, accepted, rejected) => {
  const accepts = Schema.is(schema as Schema.Schema<unknown>)
  for (const body of accepted) assert.isTrue(accepts(body), JSON.stringify(body))
  for (const body of rejected) assert.isFalse(accepts(body), JSON.stringify(body))
})
