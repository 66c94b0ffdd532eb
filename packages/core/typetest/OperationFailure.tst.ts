import type { Errors, OperationFailure, VeniceError } from "@effect-venice/core"
import { describe, expect, test } from "tstyche"

describe("the channel of an operation", () => {
  test("holds what it can answer", () => {
    expect<OperationFailure.Of<"GET /models">>().type.toBe<
      | Errors.InvalidRequest
      | Errors.PaymentRequired
      | Errors.RateLimitExceeded
      | Errors.UnknownError
      | Errors.UnrecognizedResponse
    >()
    expect<OperationFailure.CodeOf<"POST /audio/speech">>().type.toBe<
      | "API_ACCESS_DISABLED"
      | "API_KEY_DIEM_SPEND_LIMIT_EXCEEDED"
      | "API_KEY_USD_SPEND_LIMIT_EXCEEDED"
      | "AUTHENTICATION_FAILED"
      | "AUTHENTICATION_FAILED_INACTIVE_KEY"
      | "CONTENT_POLICY_VIOLATION"
      | "INFERENCE_FAILED"
      | "INSUFFICIENT_BALANCE"
      | "INVALID_CONTENT_TYPE"
      | "INVALID_MODEL"
      | "INVALID_REQUEST"
      | "MODEL_AT_CAPACITY"
      | "MODEL_NOT_FOUND"
      | "MODEL_OFFLINE"
      | "MODEL_OVERLOADED"
      | "PAYLOAD_TOO_LARGE"
      | "PAYMENT_REQUIRED"
      | "PRO_ONLY_MODEL"
      | "RATE_LIMIT_EXCEEDED"
      | "UNAUTHORIZED"
      | "UNKNOWN_ERROR"
      | "UNRECOGNIZED_RESPONSE"
      | "X402_INVALID_SIGN_IN"
    >()
  })

  test("is everything outside of the documentation", () => {
    expect<OperationFailure.Of<"POST /something/new">>().type.toBe<VeniceError.VeniceError>()
  })
})
