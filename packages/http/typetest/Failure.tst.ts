import { Errors, type OperationFailure, VeniceError } from "@effect-venice/core"
import { type ExecuteFailure, Failure, type RequestFailure } from "@effect-venice/http"
import type { Cause } from "effect"
import { describe, expect, test } from "tstyche"

declare const small: Errors.ModelOffline | Errors.ModelNotFound | Failure.UnexpectedBody | Cause.TimeoutError
declare const whole: ExecuteFailure<"GET /models">

describe("match", () => {
  test("is complete with every tag of the channel", () => {
    expect(Failure.match(small, {
      MODEL_OFFLINE: () => 1,
      MODEL_NOT_FOUND: ({ suggestions }) => suggestions,
      UnexpectedBody: ({ differences }) => differences.length,
      TimeoutError: () => "late"
    })).type.toBe<number | string | ReadonlyArray<string> | undefined>()
  })

  test("takes what execute fails with", () => {
    expect(Failure.match(whole, {
      INVALID_REQUEST: () => "",
      PAYMENT_REQUIRED: () => "",
      RATE_LIMIT_EXCEEDED: () => "",
      UNKNOWN_ERROR: () => "",
      UNRECOGNIZED_RESPONSE: () => "",
      HttpClientError: ({ reason }) => reason._tag,
      UnexpectedBody: () => ""
    })).type.toBe<string>()
  })

  test("names the failure that is left out", () => {
    // @ts-expect-error Property 'TimeoutError' is missing in type
    Failure.match(small, { MODEL_OFFLINE: () => 1, MODEL_NOT_FOUND: () => 1, UnexpectedBody: () => 1 })
  })

  test("names the failure that the channel does not have", () => {
    Failure.match(small, {
      MODEL_OFFLINE: () => 1,
      MODEL_NOT_FOUND: () => 1,
      UnexpectedBody: () => 1,
      TimeoutError: () => 1,
      // @ts-expect-error '"This channel has no GONE"'
      GONE: () => 1
    })
  })

  test("takes only failures with a tag", () => {
    // @ts-expect-error Property '_tag' is missing in type 'Error' but required in type 'Tagged'
    Failure.match(new Error("of another kind"), {})
  })
})

describe("matchCategory", () => {
  test("is complete with every category, and every tag of another failure", () => {
    expect(Failure.matchCategory(small, {
      Capacity: (error) => error._tag,
      NotFound: ({ suggestions }) => suggestions,
      UnexpectedBody: ({ differences }) => differences.length,
      TimeoutError: () => true
    })).type.toBe<"MODEL_OFFLINE" | number | boolean | ReadonlyArray<string> | undefined>()
  })

  test("names the category and the failure that are left out", () => {
    // @ts-expect-error Property 'NotFound' is missing in type
    Failure.matchCategory(small, { Capacity: () => 1, UnexpectedBody: () => 1, TimeoutError: () => 1 })
    // @ts-expect-error Property 'TimeoutError' is missing in type
    Failure.matchCategory(small, { Capacity: () => 1, UnexpectedBody: () => 1, NotFound: () => 1 })
  })

  test("names the category that the channel does not have", () => {
    Failure.matchCategory(small, {
      Capacity: () => 1,
      NotFound: () => 1,
      UnexpectedBody: () => 1,
      TimeoutError: () => 1,
      // @ts-expect-error '"This channel has no Billing"'
      Billing: () => 1
    })
  })

  test("needs all thirteen categories of a call, and its failures without a response", () => {
    // @ts-expect-error missing the following properties from type 'CategoryHandlers<
    Failure.matchCategory(whole, {})
    expect<keyof Failure.CategoryHandlers<RequestFailure<"GET /models">>>().type.toBe<
      VeniceError.VeniceError["category"] | "HttpClientError"
    >()
  })
})

describe("VeniceError.match", () => {
  test("says where a whole channel is matched", () => {
    // @ts-expect-error "HttpClientError is not an error of Venice: match the whole channel with Failure.match
    VeniceError.match({} as RequestFailure<"GET /models">, {})
    expect<OperationFailure.Of<"GET /models">>().type.toBeAssignableTo<VeniceError.VeniceError>()
  })
})

void Errors
