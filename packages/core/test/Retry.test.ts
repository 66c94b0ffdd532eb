import { Errors, Retry, type VeniceError } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import type { Schedule } from "effect"
import { Cause, Clock, Duration, Effect, Exit, Fiber, Random, Ref } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"

const transport = new HttpClientError.HttpClientError({
  reason: new HttpClientError.TransportError({ request: HttpClientRequest.get("http://localhost") })
})

/** The waits between the attempts of a call that fails with these, one after another, and then succeeds. */
const waits = Effect.fnUntraced(function*(
  failures: ReadonlyArray<unknown>,
  policy: Schedule.Schedule<unknown, unknown> = Retry.standard
) {
  const times = yield* Ref.make<ReadonlyArray<number>>([])
  const call = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const attempts = yield* Ref.updateAndGet(times, (times) => [...times, now])
    if (attempts.length <= failures.length) return yield* Effect.fail(failures[attempts.length - 1])
  })
  const fiber = yield* Effect.forkChild(Effect.exit(Effect.retry(call, policy)))
  // No policy waits longer than it allows in all.
  yield* TestClock.adjust("1 hour")
  const exit = yield* Fiber.join(fiber)
  const at = yield* Ref.get(times)
  return { exit, waits: at.slice(1).map((time, i) => time - at[i]!) }
})

const repeat = <A>(value: A, times: number) => Array.from({ length: times }, () => value)

const hinted = (hint: Duration.Input, status = 429) =>
  new Errors.RateLimitExceeded({ response: { status, retryAfter: Duration.fromInputUnsafe(hint) } })

/** Without the spread on top, a wait is exactly what was needed. */
const steady = Retry.jittered(Retry.standard, "none")

const isFailure = (exit: Exit.Exit<unknown, unknown>) => Exit.isFailure(exit)

describe("the kinds", () => {
  it.each<[string, unknown, Retry.Kind | undefined]>([
    ["rate limits", new Errors.RateLimitExceeded(), "RateLimit"],
    ["busy models", new Errors.ModelOverloaded(), "Capacity"],
    ["failures of the server", new Errors.UnknownError(), "Server"],
    ["failures of its upstream", new Errors.AsrUpstreamFailed(), "Upstream"],
    ["timeouts of Venice", new Errors.RequestTimeout(), "Timeout"],
    ["unknown answers by their status", new Errors.UnrecognizedResponse({ category: "Capacity" }), "Capacity"],
    ["connections that break", transport, "Transport"],
    ["timeouts of the caller", new Cause.TimeoutError(), "Transport"],
    ["an empty account", new Errors.InsufficientBalance(), undefined],
    ["a wrong request", new Errors.InvalidRequest(), undefined],
    ["unknown answers that are final", new Errors.UnrecognizedResponse({ category: "NotFound" }), undefined],
    ["failures of the caller", new Error("mine"), undefined],
    ["anything else", "mine", undefined],
    [
      "an invalid URL",
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.InvalidUrlError({ request: HttpClientRequest.get("http://") })
      }),
      undefined
    ]
  ])("are told apart: %s", (_, error, kind) => {
    assert.strictEqual(Retry.kindOf(error), kind)
  })
})

describe("the standard policy", () => {
  it.effect("waits as Venice advises after a failure of the server", () =>
    Effect.gen(function*() {
      const { exit, waits: found } = yield* waits(repeat(new Errors.InferenceFailed(), 9), steady)

      assert.deepStrictEqual(found, [500, 1000, 2000])
      assert.isTrue(isFailure(exit))
    }))

  it.effect("succeeds when a repeat does", () =>
    Effect.gen(function*() {
      const { exit, waits: found } = yield* waits([new Errors.ModelOffline(), transport], steady)

      assert.deepStrictEqual(found, [1000, 500])
      assert.isFalse(isFailure(exit))
    }))

  it.effect("makes five attempts at most, whatever fails", () =>
    Effect.gen(function*() {
      const mixed = [
        new Errors.RateLimitExceeded(),
        new Errors.ModelOffline(),
        new Errors.UnknownError(),
        transport,
        new Errors.AsrUpstreamFailed(),
        new Errors.RateLimitExceeded()
      ]
      const { waits: found } = yield* waits(mixed, steady)

      assert.strictEqual(found.length, 4)
    }))

  it.effect("keeps the state of each kind apart", () =>
    Effect.gen(function*() {
      const { waits: found } = yield* waits([
        new Errors.UnknownError(),
        hinted("2 seconds"),
        new Errors.UnknownError(),
        hinted("2 seconds")
      ], steady)

      // The 429 between the two 500s does not start their backoff anew.
      assert.deepStrictEqual(found, [500, 2000, 1000, 2000])
    }))

  it.effect("waits as long as Venice asks, and no less", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* waits([hinted("30 seconds")], steady)).waits, [30_000])
      // A hint below the backoff does not shorten it; one of zero says nothing.
      assert.deepStrictEqual((yield* waits([hinted("100 millis")], steady)).waits, [1000])
      assert.deepStrictEqual((yield* waits([hinted(0)], steady)).waits, [1000])
    }))

  it.effect("does not use a hint again for the next attempt", () =>
    Effect.gen(function*() {
      const { waits: found } = yield* waits([hinted("20 seconds"), new Errors.RateLimitExceeded()], steady)

      assert.deepStrictEqual(found, [20_000, 2000])
    }))

  it.effect("fails at once on a hint beyond its longest wait", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* waits([hinted("60 seconds")], steady)).waits, [60_000])
      assert.deepStrictEqual((yield* waits([hinted("60001 millis")], steady)).waits, [])
      assert.deepStrictEqual((yield* waits([hinted(Duration.seconds(277_403))], steady)).waits, [])
    }))

  it.effect("fails at once rather than run past its time", () =>
    Effect.gen(function*() {
      const { exit, waits: found } = yield* waits(repeat(hinted("50 seconds"), 5), steady)

      assert.deepStrictEqual(found, [50_000, 50_000])
      assert.isTrue(isFailure(exit))
    }))

  it.effect.prop("spreads its waits upwards, by a quarter at most", [], () =>
    Effect.gen(function*() {
      const error = hinted("10 seconds")
      const { waits: [wait] } = yield* waits([error]).pipe(Random.withSeed(yield* Random.next))

      assert.isAtLeast(wait!, 10_000)
      assert.isAtMost(wait!, 12_500)
    }), { arbitrary: { runs: 200 } })

  it.effect("repeats nothing that cannot succeed", () =>
    Effect.gen(function*() {
      const final: ReadonlyArray<VeniceError.VeniceError | Error> = [
        new Errors.InvalidRequest(),
        new Errors.AuthenticationFailed(),
        new Errors.InsufficientBalance({ response: { status: 429 } }),
        new Errors.Unauthorized(),
        new Errors.ModelNotFound(),
        new Errors.Gone(),
        new Errors.PayloadTooLarge(),
        new Errors.ContentPolicyViolation(),
        new Error("mine")
      ]
      for (const error of final) assert.deepStrictEqual((yield* waits([error], steady)).waits, [])
    }))

  it.effect("can be interrupted while it waits", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.retry(Effect.fail(hinted("60 seconds")), Retry.standard))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const exit = yield* Fiber.await(fiber)

      assert.isTrue(Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause))
    }))

  it.effect("starts anew for every call", () =>
    Effect.gen(function*() {
      const first = yield* waits(repeat(new Errors.UnknownError(), 9), steady)
      const second = yield* waits(repeat(new Errors.UnknownError(), 9), steady)

      assert.deepStrictEqual(first.waits, second.waits)
    }))
})
