import type { Category } from "@effect-venice/core"
import { Errors, Retry, VeniceError } from "@effect-venice/core"
import { Duration, Effect, Match } from "effect"
import { describe, expect, test } from "tstyche"

declare const call: Effect.Effect<string, VeniceError.VeniceError>
declare const small: Effect.Effect<string, Errors.InsufficientBalance | Errors.ModelOffline | Errors.ModelOverloaded>
declare const error: Errors.ModelOffline | Errors.ModelNotFound

describe("the constants of a row", () => {
  test("are literals", () => {
    expect<Errors.RateLimitExceeded["status"]>().type.toBe<429>()
    expect<Errors.RateLimitExceeded["category"]>().type.toBe<"RateLimit">()
    expect<Errors.RateLimitExceeded["_tag"]>().type.toBe<"RATE_LIMIT_EXCEEDED">()
    expect(Errors.Gone.code).type.toBe<"GONE">()
  })

  test("the category of an unrecognized response is known at run time only", () => {
    expect<Errors.UnrecognizedResponse["category"]>().type.toBe<Category.Category>()
  })
})

describe("catchTag", () => {
  test("narrows", () => {
    expect(small.pipe(Effect.catchTag("INSUFFICIENT_BALANCE", () => Effect.succeed(1)))).type.toBe<
      Effect.Effect<string | number, Errors.ModelOffline | Errors.ModelOverloaded>
    >()
  })

  test("knows the fields of a code", () => {
    call.pipe(Effect.catchTag("MODEL_NOT_FOUND", (error) => {
      expect(error.suggestions).type.toBe<ReadonlyArray<string> | undefined>()
      return Effect.void
    }))
  })

  test("does not take a code that cannot occur", () => {
    // @ts-expect-error Argument of type '"GONE"' is not assignable to parameter of type
    small.pipe(Effect.catchTag("GONE", () => Effect.void))
    // @ts-expect-error Argument of type '"NotFound"' is not assignable to parameter of type
    small.pipe(VeniceError.catchCategory("NotFound", () => Effect.void))
  })
})

describe("catchCategory", () => {
  test("takes the members out of the channel", () => {
    expect(small.pipe(VeniceError.catchCategory("Capacity", () => Effect.succeed(1)))).type.toBe<
      Effect.Effect<string | number, Errors.InsufficientBalance>
    >()
    expect(small.pipe(VeniceError.catchCategory(["Capacity", "Billing"], () => Effect.succeed(1)))).type.toBe<
      Effect.Effect<string | number>
    >()
    expect(VeniceError.catchCategory(small, "Billing", () => Effect.fail("other"))).type.toBe<
      Effect.Effect<string, Errors.ModelOffline | Errors.ModelOverloaded | string>
    >()
  })

  test("hands over exactly the members", () => {
    small.pipe(VeniceError.catchCategory("Capacity", (error) => {
      expect(error).type.toBe<Errors.ModelOffline | Errors.ModelOverloaded>()
      return Effect.void
    }))
  })

  test("hands over an unrecognized response and leaves it in the channel", () => {
    const handled = call.pipe(VeniceError.catchCategory("Billing", (error) => {
      expect(error).type.toBe<
        | Errors.InsufficientBalance
        | Errors.ApiKeyDiemSpendLimitExceeded
        | Errors.ApiKeyUsdSpendLimitExceeded
        | Errors.PaymentRequired
        | Errors.UnrecognizedResponse
      >()
      return Effect.void
    }))
    expect<Effect.Error<typeof handled>>().type.toBe<
      Exclude<
        VeniceError.VeniceError,
        | Errors.InsufficientBalance
        | Errors.ApiKeyDiemSpendLimitExceeded
        | Errors.ApiKeyUsdSpendLimitExceeded
        | Errors.PaymentRequired
      >
    >()
  })
})

describe("exhaustive matching", () => {
  test("match is complete with every code", () => {
    expect(VeniceError.match(error, { MODEL_OFFLINE: () => 1, MODEL_NOT_FOUND: () => 2 })).type.toBe<number>()
  })

  test("match names the code that is left out", () => {
    // @ts-expect-error Property 'MODEL_NOT_FOUND' is missing in type
    VeniceError.match(error, { MODEL_OFFLINE: () => 1 })
  })

  test("Match.valueTags names the code that is left out", () => {
    // @ts-expect-error Property 'MODEL_NOT_FOUND' is missing in type
    Match.valueTags(error, { MODEL_OFFLINE: () => 1 })
  })

  test("a channel that is not emptied names what is left", () => {
    const handled = small.pipe(Effect.catchTags({
      INSUFFICIENT_BALANCE: () => Effect.succeed(""),
      MODEL_OFFLINE: () => Effect.succeed("")
    }))
    // @ts-expect-error ModelOverloaded
    const none: Effect.Effect<string> = handled
    expect<Effect.Error<typeof handled>>().type.toBe<Errors.ModelOverloaded>()
    void none
  })
})

describe("a policy", () => {
  const rule: Retry.Rule = {
    base: Duration.seconds(1),
    factor: 2,
    cap: Duration.seconds(8),
    retries: 3,
    jitter: "none"
  }

  test("cannot forget a kind", () => {
    // @ts-expect-error missing the following properties
    Retry.make({ RateLimit: rule, Capacity: rule, Server: rule, Upstream: rule })
    // @ts-expect-error Property 'Transport' is missing in type
    Retry.make({ RateLimit: rule, Capacity: rule, Server: rule, Upstream: rule, Timeout: rule })
  })

  test("leaves the channel as it is", () => {
    expect(Effect.retry(small, Retry.standard)).type.toBe<typeof small>()
  })
})
