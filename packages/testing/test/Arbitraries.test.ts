import { Decode, Operation, Retry, VeniceError } from "@effect-venice/core"
import { Arbitraries } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Formatter } from "effect"

const codes = Array.from(VeniceError.byCode.keys()) as ReadonlyArray<VeniceError.Code>

const sample = <A>(arbitrary: Arbitrary.Arbitrary<A>, count: number, size = 10) =>
  Arbitrary.sampleEffect(arbitrary, { count, size, seed: 7 })

/** What a property ends with, as a test runner shows it. */
const counterexample = <A>(arbitrary: Arbitrary.Arbitrary<A>, property: (value: A) => boolean, seed: number) =>
  Effect.map(
    Arbitrary.checkEffect(arbitrary, property, { runs: 2000, maxShrinks: 2000, seed }),
    (result) => {
      if (result._tag !== "Falsified") return assert.fail(result._tag)
      return result.shrunkInput
    }
  )

describe("errors", () => {
  it.effect("are of every code, with each field and without it", () =>
    Effect.gen(function*() {
      const errors = yield* sample(Arbitraries.error, 500)

      assert.deepStrictEqual([...new Set(errors.map(({ _tag }) => _tag))].toSorted(), codes.toSorted())
      for (const member of ["retryAfter", "requestId", "rateLimit", "balance", "deprecation", "body"] as const) {
        assert.strictEqual(new Set(errors.map(({ response }) => member in response)).size, 2, member)
      }
    }))

  it.effect.prop(
    "are errors of Venice",
    [Arbitraries.error],
    ([error]) => Effect.sync(() => assert.isTrue(VeniceError.isVeniceError(error)))
  )

  it.effect("of a code are of that code", () =>
    Effect.gen(function*() {
      for (const error of yield* sample(Arbitraries.errorOf("MODEL_NOT_FOUND"), 50)) {
        assert.strictEqual(error._tag, "MODEL_NOT_FOUND")
      }
    }))

  it.effect("shrink to one without anything that does not matter", () =>
    Effect.gen(function*() {
      const error = yield* counterexample(Arbitraries.error, (error) => error.response.requestId === undefined, 3)

      assert.deepStrictEqual(Object.keys(error.response).toSorted(), ["requestId", "status"])
      assert.strictEqual(error.response.requestId, "")
      assert.strictEqual(error.message, "")
    }))
})

describe("responses", () => {
  it.effect.each(codes)("of %s are recognized as such", (code) =>
    Effect.gen(function*() {
      for (const response of yield* sample(Arbitraries.responseOf(code), 25)) {
        assert.strictEqual(Decode.response({ ...response, now: 0 })._tag, code, JSON.stringify(response))
      }
    }))

  it.effect("of a code shrink to its plain message", () =>
    Effect.gen(function*() {
      const shrunk = yield* counterexample(
        Arbitraries.responseOf("RATE_LIMIT_EXCEEDED"),
        ({ body }) => !/rate limit/i.test(body),
        1
      )

      assert.deepStrictEqual(shrunk, { status: 429, headers: {}, body: "{\"error\":\"Rate limit exceeded\"}" })
    }))

  it.effect("in Venice's shapes mean every error but those that need more than a code or a wording", () =>
    Effect.gen(function*() {
      const found = new Set<string>()
      for (const response of yield* sample(Arbitraries.response, 600)) {
        found.add(Decode.response({ ...response, now: 0 })._tag)
      }

      assert.deepStrictEqual(codes.filter((code) => !found.has(code)), [])
    }))

  it.effect("that are hostile are cut off, deep, huge, oddly encoded and full of secrets", () =>
    Effect.gen(function*() {
      const responses = yield* sample(Arbitraries.hostileResponse, 400)
      const some = (predicate: (response: Arbitraries.HostileResponse) => boolean) =>
        responses.filter(predicate).length >= 5

      assert.isTrue(some(({ body }) => body.startsWith("{\"error\"") && !body.endsWith("}")), "cut off")
      assert.isTrue(some(({ body }) => /[[{]{1000}|(?:\{"\w+":){1000}/.test(body)), "deep")
      assert.isTrue(some(({ body }) => body.length > 50_000), "huge")
      assert.isTrue(some(({ body }) => body.startsWith("\ufeff") || body.startsWith("\"")), "encoded")
      assert.isTrue(some(({ body, secrets: [secret] }) => body.includes(secret)), "secret in the body")
      assert.isTrue(
        some(({ headers, secrets: [secret] }) => JSON.stringify(headers).includes(secret)),
        "secret in a header"
      )
    }))

  it.effect("that are hostile shrink to what is wrong with them", () =>
    Effect.gen(function*() {
      const { body, headers, secrets: [secret], status } = yield* counterexample(
        Arbitraries.hostileResponse,
        ({ body, secrets: [secret] }) => !body.includes(secret),
        1
      )

      assert.strictEqual(body, `{"error":"Unknown credentials: ${secret}"}`)
      assert.strictEqual(secret, `venice_key_${"k".repeat(16)}`)
      assert.deepStrictEqual(headers, {})
      assert.include([200, 400, 401, 402, 403, 404, 429, 500], status)
    }))
})

describe("failures", () => {
  it.effect("are of every kind, with and without a hint, and final", () =>
    Effect.gen(function*() {
      const failed = (yield* sample(Arbitraries.failures, 300)).flat()
      const kinds = new Set(failed.map(({ failure }) => Retry.kindOf(failure)))

      assert.deepStrictEqual([...kinds].map(String).toSorted(), [...Retry.kinds, "undefined"].toSorted())
      assert.isTrue(failed.some(({ failure }) => VeniceError.isVeniceError(failure) && failure.response.retryAfter))
      assert.isTrue(failed.some(({ failure }) => Retry.kindOf(failure) !== undefined && !Retry.isRepeatable(failure)))
    }))

  it.effect("of a call are of one operation", () =>
    Effect.gen(function*() {
      for (const attempts of yield* sample(Arbitraries.failures, 100)) {
        const operations = attempts.flatMap(({ failure }) =>
          VeniceError.isVeniceError(failure) ? [failure.response.operation] : []
        )
        assert.isAtMost(new Set(operations).size, 1)
        assert.isTrue(operations.every((operation) => operation !== undefined && Operation.isOperation(operation)))
      }
    }))

  it.effect("shrink to the attempts that matter, without hint and time", () =>
    Effect.gen(function*() {
      const limited = (attempts: ReadonlyArray<Arbitraries.FailedAttempt>) =>
        attempts.filter(({ failure }) => failure._tag === "RATE_LIMIT_EXCEEDED").length
      const shrunk = yield* counterexample(Arbitraries.failures, (attempts) => limited(attempts) < 2, 5)

      assert.strictEqual(
        Formatter.format(shrunk),
        "[{\"failure\":RATE_LIMIT_EXCEEDED: RATE_LIMIT_EXCEEDED (HTTP 429 from POST /chat/completions),\"took\":0 millis},"
          + "{\"failure\":RATE_LIMIT_EXCEEDED: RATE_LIMIT_EXCEEDED (HTTP 429 from POST /chat/completions),\"took\":0 millis}]"
      )
    }))
})

describe("policies", () => {
  it.effect("use every combinator, and print as the code that makes them", () =>
    Effect.gen(function*() {
      const printed = (yield* sample(Arbitraries.policy, 300)).map(String)
      const words = [
        "andThen",
        "stricter",
        "lenient",
        "limit",
        "without",
        "only",
        "jittered",
        "override",
        "make",
        "never",
        "standard",
        "patient",
        "eager"
      ]

      for (const word of words) assert.isTrue(printed.some((code) => code.includes(`Retry.${word}`)), word)
      for (const [i, policy] of (yield* sample(Arbitraries.policy, 30)).entries()) {
        const again: Retry.Policy = new Function("Retry", `return ${String(policy)}`)(Retry)
        const of = (policy: Retry.Policy) => JSON.stringify(Retry.simulate(policy, ["MODEL_OFFLINE", "UNKNOWN_ERROR"]))

        assert.strictEqual(of(again), of(policy), `policy ${i}`)
      }
    }))

  it.effect("shrink to a short one", () =>
    Effect.gen(function*() {
      const retriesTwice = (policy: Retry.Policy) =>
        Retry.simulate(policy, ["MODEL_OFFLINE", "MODEL_OFFLINE"]).outcome === "succeeded"
      const shrunk = yield* counterexample(Arbitraries.policy, (policy) => !retriesTwice(policy), 2)

      assert.isAtMost(String(shrunk).length, 60, String(shrunk))
    }))
})
