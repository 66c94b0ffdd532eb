/**
 * An example of every error, with the fields and headers that Venice sends with it.
 *
 * @since 0.1.0
 */
import { Errors, Operation, OperationFailure, VeniceError } from "@effect-venice/core"
import * as BigDecimal from "effect/BigDecimal"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

const validation = {
  details: { _errors: [], messages: { _errors: ["Array must contain at least 1 element(s)"] } },
  issues: [{ code: "too_small", minimum: 1, path: ["messages"], message: "Array must contain at least 1 element(s)" }]
}

const withFields: Readonly<Record<string, VeniceError.VeniceError>> = {
  INVALID_REQUEST: Schema.decodeUnknownSync(Errors.InvalidRequest)({
    _tag: "INVALID_REQUEST",
    message: Errors.InvalidRequest.defaultMessage,
    matchedBy: "message",
    response: { status: 400 },
    validation
  }),
  MODEL_NOT_FOUND: new Errors.ModelNotFound({
    message: "Specified model not found: lama. Did you mean: llama-3.3-70b, llama-3.2-3b?",
    model: "lama",
    suggestions: ["llama-3.3-70b", "llama-3.2-3b"]
  }),
  PAYLOAD_TOO_LARGE: new Errors.PayloadTooLarge({ message: "File exceeds the maximum allowed size of 25 MB." }),
  INVALID_CONTENT_TYPE: new Errors.InvalidContentType({
    message: "'Content-Type' must be 'application/json'",
    response: { status: 400 }
  }),
  CONTENT_POLICY_VIOLATION: new Errors.ContentPolicyViolation({
    suggestedPrompt: "A storm over the lagoon, instrumental."
  }),
  RATE_LIMIT_EXCEEDED: new Errors.RateLimitExceeded({
    limit: "requests",
    response: {
      status: 429,
      retryAfter: Duration.seconds(2),
      rateLimit: { requests: { limit: 20, remaining: 0 } },
      balance: { usd: BigDecimal.fromStringUnsafe("24.5") }
    }
  }),
  MODEL_OVERLOADED: new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(30) } }),
  PAYMENT_REQUIRED: new Errors.PaymentRequired({ message: "Authentication required", reason: "authentication" }),
  CONSENT_REQUIRED: new Errors.ConsentRequired({
    message: "The media contains faces; consent is needed.",
    consentFlow: "attestation",
    faceMediaRoles: ["reference_image"],
    consent: { provider: "seedance" },
    docsUrl: "https://docs.venice.ai/guides/media/seedance-face-consent"
  }),
  GONE: new Errors.Gone({
    message: "GET /billing/usage was retired. Use GET /billing/usage-history.",
    successor: "/api/v1/billing/usage-history",
    sunset: DateTime.makeUnsafe("2026-09-16T00:00:00Z"),
    deprecated: DateTime.makeUnsafe("2026-07-09T00:00:00Z")
  }),
  UNRECOGNIZED_RESPONSE: new Errors.UnrecognizedResponse({
    category: "Permission",
    message: "Attention Required! | Cloudflare",
    response: {
      status: 403,
      contentType: "text/html; charset=UTF-8",
      body: "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body></body></html>"
    }
  })
}

/**
 * An example of every error, by documented status and code. Use it in a test that covers all errors.
 *
 * @category constants
 * @since 0.1.0
 */
export const errors: ReadonlyArray<VeniceError.VeniceError> = Object.values(Errors).map(({ code }) =>
  withFields[code] ?? VeniceError.fromCode(code)
).sort((a, b) => a.response.status - b.response.status || (a._tag < b._tag ? -1 : 1))

/**
 * The example of a code, for a test or a reply of the emulator.
 *
 * @category reading
 * @since 0.1.0
 */
export const error = (code: VeniceError.Code): VeniceError.VeniceError => errors.find((error) => error._tag === code)!

/**
 * An operation that can respond with the code. Call it in a test to receive the error in its failure channel.
 *
 * @category reading
 * @since 0.1.0
 */
export const operation = (code: VeniceError.Code): Operation.Operation =>
  ["POST /chat/completions" as const, ...Operation.all].find((operation) =>
    OperationFailure.codes(operation).has(code)
  )!
