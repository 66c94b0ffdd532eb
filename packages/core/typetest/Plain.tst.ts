import { Errors, Plain, type VeniceError } from "@effect-venice/core"
import type { BigDecimal, DateTime, Duration } from "effect"
import { describe, expect, test } from "tstyche"

type Rows = { readonly [E in VeniceError.VeniceError as E["_tag"]]: E }

type CommonFields =
  | "_tag"
  | "message"
  | "matchedBy"
  | "response"
  | "attempts"
  | "status"
  | "category"
  | "docs"
  | "name"
  | "stack"

/** The fields that a row declares, of those that a class also inherits. */
type OwnFields<E> = Exclude<
  Extract<keyof E, string>,
  CommonFields | keyof Error | `~${string}` | "toJSON" | "toString" | "pipe"
>

/** A value in JSON form. */
type InJson<A> = A extends DateTime.Utc ? string
  : A extends Duration.Duration ? number
  : A extends BigDecimal.BigDecimal ? string
  : A

type Own<C extends Plain.PlainCode> = Omit<
  Plain.PlainErrorOf<C>,
  keyof Plain.PlainCommon | "code" | "category"
>

type Fields<C extends Plain.PlainCode> = { readonly [K in keyof Own<C>]: InJson<Own<C>[K]> }

type Declared<E> = { readonly [K in keyof E as K extends OwnFields<E> ? K : never]: InJson<E[K]> }

type IsAny<A> = 0 extends 1 & A ? true : false

type AreAny<A> = { [K in keyof A]-?: IsAny<A[K]> }[keyof A]

declare const error: Plain.PlainError

describe("a plain error", () => {
  test("is a member for every code, with its category", () => {
    expect<Plain.PlainError["code"]>().type.toBe<VeniceError.Code>()
    expect<{ readonly [C in Plain.PlainCode]: Plain.PlainErrorOf<C>["category"] }>().type.toBe<
      { readonly [C in VeniceError.Code]: Rows[C]["category"] }
    >()
  })

  test("has the fields of its row", () => {
    expect<keyof Plain.PlainFields>().type.toBe<
      & { readonly [C in VeniceError.Code]: OwnFields<Rows[C]> extends never ? never : C }[VeniceError.Code]
      & Exclude<VeniceError.Code, "UNRECOGNIZED_RESPONSE">
    >()
    expect<Fields<"TOO_MANY_TOKENS">>().type.toBe<Declared<Errors.TooManyTokens>>()
    expect<Fields<"MODEL_NOT_FOUND">>().type.toBe<Declared<Errors.ModelNotFound>>()
    expect<Fields<"CONTENT_POLICY_VIOLATION">>().type.toBe<Declared<Errors.ContentPolicyViolation>>()
    expect<Fields<"RATE_LIMIT_EXCEEDED">>().type.toBe<Declared<Errors.RateLimitExceeded>>()
    expect<Fields<"GONE">>().type.toBe<Declared<Errors.Gone>>()
    expect<keyof Own<"PAYMENT_REQUIRED">>().type.toBe<OwnFields<Errors.PaymentRequired>>()
    expect<Own<"PAYMENT_REQUIRED">["offer"]>().type.toBeAssignableFrom<Errors.PaymentRequired["offer"]>()
    expect<keyof Own<"CONSENT_REQUIRED">>().type.toBe<OwnFields<Errors.ConsentRequired>>()
    expect<Own<"INVALID_REQUEST">["issues"]>().type.toBeAssignableFrom<Errors.InvalidRequest["issues"]>()
    expect<Own<"INVALID_REQUEST">["details"]>().type.toBeAssignableFrom<Errors.InvalidRequest["details"]>()
  })

  test("has nothing that is any", () => {
    expect<AreAny<{ readonly a?: any; readonly b: string }>>().type.toBe<boolean>()
    expect<{ [C in Plain.PlainCode]: AreAny<Plain.PlainErrorOf<C>> }[Plain.PlainCode]>().type.toBe<false>()
  })

  test("narrows by its code and by its category", () => {
    if (error.code === "MODEL_NOT_FOUND") expect(error.suggestions).type.toBe<ReadonlyArray<string> | undefined>()
    if (error.category === "Capacity") {
      expect(error.code).type.toBe<
        "MODEL_OVERLOADED" | "MODEL_OFFLINE" | "MODEL_AT_CAPACITY" | "UNRECOGNIZED_RESPONSE"
      >()
    }
  })
})

describe("decoding", () => {
  test("is a promise for a response only", () => {
    expect(Plain.decode(new Response())).type.toBe<Promise<Plain.PlainError>>()
    expect(Plain.decode({ status: 500, body: "" })).type.toBe<Plain.PlainError>()
    expect(Plain.fromError(new Errors.Gone())).type.toBe<Plain.PlainError>()
  })
})
