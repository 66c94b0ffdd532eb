/** What a policy tells of a call: span events, its output as a schedule, the history at its bound, the deadline. */
import { Attempts, Errors, Operation, Retry, RetryStream } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Fiber, Random, Ref, Schedule, Stream, Tracer } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"

const rule: Retry.Rule = { base: "1 second", factor: 2, cap: "8 seconds", retries: 3, jitter: "none" }

const policyOf = (part: Partial<Retry.Rule> = {}): Retry.Policy => {
  const each = { ...rule, ...part }
  return Retry.make({ RateLimit: each, Capacity: each, Server: each, Upstream: each, Timeout: each, Transport: each })
}

const failure = (category: Retry.Kind & ("Server" | "Capacity"), response: object = {}) =>
  new Errors.UnrecognizedResponse({ category, response: { status: 599, operation: "GET /models", ...response } })

/** Fails with these, one after another, and then succeeds. */
const failing = (failures: ReadonlyArray<unknown>) =>
  Effect.map(Ref.make(0), (count) =>
    Effect.flatMap(
      Ref.getAndUpdate(count, (n) => n + 1),
      (n) => n < failures.length ? Effect.fail(failures[n]) : Effect.succeed(n + 1)
    ))

const settle = Effect.fnUntraced(function*<A, E>(effect: Effect.Effect<A, E>) {
  const fiber = yield* Effect.forkChild(effect)
  yield* TestClock.adjust("10 hours")
  return yield* Fiber.join(fiber)
})

/** The names and attributes of the events that a retried call adds to its span, and when. */
const eventsOf = Effect.fnUntraced(function*(failures: ReadonlyArray<unknown>, policy: Retry.Policy) {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const call = yield* failing(failures)
  yield* settle(
    Effect.exit(Effect.retry(call, policy)).pipe(
      Effect.withSpan("call"),
      Effect.provideService(Tracer.Tracer, tracer)
    )
  )
  return spans.flatMap(({ events }) =>
    events.map(([name, at, attributes]) => [name, Number(at / 1_000_000n), attributes] as const)
  )
})

describe("the span of a call", () => {
  it.effect("has an event for each retry, and one when the policy gives up", () =>
    Effect.gen(function*() {
      const start = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      const events = yield* eventsOf(
        [failure("Server", { requestId: "r-1" }), failure("Capacity"), new Cause.TimeoutError()],
        policyOf()
      )

      assert.deepStrictEqual<unknown>(events.map(([name, at, attributes]) => [name, at - start, attributes]), [
        ["retry", 0, {
          "error.type": "UNRECOGNIZED_RESPONSE",
          "http.response.status_code": 599,
          "venice.request.id": "r-1",
          "http.request.resend_count": 1,
          "venice.retry.delay_ms": 1000
        }],
        ["retry", 1000, {
          "error.type": "UNRECOGNIZED_RESPONSE",
          "http.response.status_code": 599,
          "http.request.resend_count": 2,
          "venice.retry.delay_ms": 1000
        }],
        ["retry.stopped", 2000, { "error.type": "TimeoutError", "venice.retry.reason": "replay" }]
      ])
    }))

  it.effect("has no event for a failure that is never retried", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* eventsOf([new Errors.InvalidRequest()], policyOf()), [])
    }))

  it.effect("has an event for a failure that ends the retries", () =>
    Effect.gen(function*() {
      const events = yield* eventsOf([failure("Server"), new Errors.InvalidRequest()], policyOf())

      assert.deepStrictEqual(events.map(([name]) => name), ["retry", "retry.stopped"])
      assert.strictEqual((events[1]![2] as Record<string, unknown>)["venice.retry.reason"], "final")
    }))
})

describe("the output of a policy", () => {
  it.effect("says of each retry its kind, number, hint and delay", () =>
    Effect.gen(function*() {
      const outputs: Array<Retry.Retried> = []
      const hint = Duration.seconds(5)
      const call = yield* failing([failure("Server"), failure("Capacity", { retryAfter: hint }), failure("Server")])
      const policy = Schedule.tap(policyOf(), ({ output }) => Effect.sync(() => outputs.push(output)))

      assert.strictEqual(yield* settle(Effect.retry(call, policy)), 4)
      assert.deepStrictEqual(outputs, [
        { kind: "Server", retry: 1, hint: undefined, delay: Duration.seconds(1) },
        { kind: "Capacity", retry: 2, hint, delay: hint },
        { kind: "Server", retry: 3, hint: undefined, delay: Duration.seconds(2) }
      ])
    }))

  it.effect("counts retries beyond what the history keeps", () =>
    Effect.gen(function*() {
      const numbers: Array<number> = []
      const call = yield* failing(Array.from({ length: 40 }, () => failure("Server")))
      const policy = Schedule.tap(policyOf({ retries: 50 }), ({ output }) =>
        Effect.sync(() => numbers.push(output.retry)))
      yield* settle(Effect.retry(call, policy))

      assert.deepStrictEqual(
        numbers,
        Array.from({ length: 40 }, (_, i) =>
          i + 1)
      )
    }))

  it.effect("draws the delay between floor and ceiling", () =>
    Effect.gen(function*() {
      const delays: Array<number> = []
      const call = yield* failing(Array.from({ length: 50 }, () => failure("Server")))
      const policy = Schedule.tap(policyOf({ retries: 50, factor: 1, jitter: "proportional" }), ({ output }) =>
        Effect.sync(() => delays.push(Duration.toMillis(output.delay))))
      yield* settle(Random.withSeed(Effect.retry(call, policy), 1))

      assert.isAtLeast(Math.min(...delays), 1000)
      assert.isBelow(Math.min(...delays), 1050)
      assert.isAbove(Math.max(...delays), 1200)
      assert.isAtMost(Math.max(...delays), 1250)
    }))
})

describe("the history of a call", () => {
  it.effect.each([1, 2, 31, 32, 33, 34, 70])(
    "of %i attempts is that of `Attempts.make`",
    (length) =>
      Effect.gen(function*() {
        const failures = Array.from({ length }, (_, i) => failure("Server", { requestId: `r-${i + 1}` }))
        const call = yield* failing(failures)
        const policy = Retry.limit(policyOf({ retries: 100, factor: 1 }), { attempts: length })
        const error = yield* settle(Effect.flip(Effect.retry(call, policy)))
        const made = failures.map((_, i): Attempts.Attempt => ({
          code: "UNRECOGNIZED_RESPONSE",
          status: 599,
          requestId: `r-${i + 1}`,
          ...(i < length - 1 && { delay: Duration.seconds(1) })
        }))

        assert.deepStrictEqual(Retry.history(error), Attempts.make(made, "attempts"))
      })
  )

  it.effect("is on the failure while a retry is pending, for whatever ends the retries", () =>
    Effect.gen(function*() {
      const error = failure("Server")
      const foreign = Object.assign(new Error("foreign"), {
        "~@effect-venice/core/Classification": { category: "Server" }
      })
      for (const value of [error, foreign]) {
        const fiber = yield* Effect.forkChild(Effect.retry(Effect.fail(value), policyOf()))
        yield* TestClock.adjust("500 millis")
        yield* Fiber.interrupt(fiber)

        assert.strictEqual(Retry.history(value)?.reason, "outside")
        assert.strictEqual(Retry.history(value)?.made.length, 1)
        assert.isUndefined(Retry.history(value)?.made[0]?.delay)
      }
    }))

  it("is none of a failure that no policy saw", () => {
    assert.isUndefined(Retry.history(failure("Server")))
    assert.isUndefined(Retry.history(new Error("mine")))
    assert.isUndefined(Retry.history(null))
    assert.isUndefined(Retry.history(undefined))
  })

  it.effect("of a text or nothing cannot be kept, and does not fail the call otherwise", () =>
    Effect.gen(function*() {
      for (const value of ["text", 5, null, undefined]) {
        const call = yield* failing([failure("Server"), value])

        assert.strictEqual(yield* settle(Effect.flip(Effect.retry(call, policyOf()))), value)
      }
    }))
})

describe("a policy around a policy", () => {
  const inner = Retry.limit(policyOf(), { attempts: 2 })
  const attemptsOf = (f: (call: Effect.Effect<never, unknown>) => Effect.Effect<unknown, unknown>) =>
    Effect.gen(function*() {
      const count = yield* Ref.make(0)
      const error = failure("Server")
      yield* settle(Effect.exit(f(Effect.andThen(Ref.update(count, (n) => n + 1), Effect.fail(error)))))
      return yield* Ref.get(count)
    })

  it.effect("adds no attempts to those of the inner one", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* attemptsOf((call) => Effect.retry(Effect.retry(call, inner), policyOf())), 2)
    }))

  it.effect("adds none to those in another fiber, or if the failure arrives later", () =>
    Effect.gen(function*() {
      const forked = attemptsOf((call) =>
        Effect.retry(Effect.flatMap(Effect.forkChild(Effect.retry(call, inner)), Fiber.join), policyOf())
      )
      const later = attemptsOf((call) =>
        Effect.retry(
          Effect.catch(Effect.retry(call, inner), (error) => Effect.delay(Effect.fail(error), 1)),
          policyOf()
        )
      )

      assert.strictEqual(yield* forked, 2)
      assert.strictEqual(yield* later, 2)
    }))

  it.effect("that gave up does not stop a policy inside of the next call", () =>
    Effect.gen(function*() {
      const error = failure("Server")
      const once = Retry.limit(policyOf(), { attempts: 1 })
      const count = yield* Ref.make(0)
      const call = Effect.andThen(Ref.update(count, (n) => n + 1), Effect.fail(error))
      yield* settle(Effect.exit(Effect.andThen(Effect.exit(Effect.retry(call, once)), Effect.retry(call, policyOf()))))

      assert.strictEqual(yield* Ref.get(count), 1 + 4)
    }))
})

describe("a deadline", () => {
  it.effect("is unset by default, and set from now, with the effect first or last", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(5000)

      assert.isUndefined(yield* Retry.Deadline)
      assert.strictEqual(yield* Retry.withDeadline(Retry.Deadline, "2 seconds"), 7000)
      assert.strictEqual(yield* Retry.Deadline.pipe(Retry.withDeadline("2 seconds")), 7000)
      assert.strictEqual(
        yield* Retry.Deadline.pipe(Retry.withDeadline("2 seconds"), Retry.withDeadline("1 second")),
        6000
      )
      assert.strictEqual(
        yield* Retry.Deadline.pipe(Retry.withDeadline("1 second"), Retry.withDeadline("2 seconds")),
        6000
      )
    }))

  it.effect("is asked after the policy's own limits", () =>
    Effect.gen(function*() {
      const error = failure("Server")
      const limited = Retry.limit(policyOf(), { attempts: 1 })
      yield* Effect.exit(Retry.withDeadline(Effect.retry(Effect.fail(error), limited), 0))
      assert.strictEqual(Retry.history(error)?.reason, "attempts")

      const other = failure("Server")
      yield* Effect.exit(Retry.withDeadline(Effect.retry(Effect.fail(other), policyOf()), 0))
      assert.strictEqual(Retry.history(other)?.reason, "deadline")
    }))
})

describe("a request with an idempotency key", () => {
  const lost = () => failure("Server", { operation: "POST /crypto/rpc/{network}" })

  it.effect("is sent again after a failure, and only then", () =>
    Effect.gen(function*() {
      const withKey = yield* failing([lost()])
      const without = yield* failing([lost()])
      const keyed = Effect.provideService(Effect.retry(withKey, policyOf()), Operation.IdempotencyKey, "key")

      assert.strictEqual(yield* settle(keyed), 2)
      assert.strictEqual(Retry.history(yield* settle(Effect.flip(Effect.retry(without, policyOf()))))?.reason, "replay")
    }))
})

describe("a lost request whose own headers have an idempotency key", () => {
  const lost = (headers: Readonly<Record<string, string>>) =>
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({
        request: HttpClientRequest.post("https://api.venice.ai/api/v1/crypto/rpc/base", { headers })
      })
    })

  it.effect("is sent again only if the key is that of every attempt", () =>
    Effect.gen(function*() {
      const call = yield* failing([lost({ "Idempotency-Key": "key" })])
      const other = yield* failing([lost({ "Idempotency-Key": "key" })])
      const unkeyed = yield* failing([lost({ "Idempotency-Key": "key" })])
      const reasonOf = (self: Effect.Effect<unknown, unknown>) =>
        Effect.map(settle(Effect.flip(self)), (error) => Retry.history(error)?.reason)
      const withKey = Effect.provideService(Operation.IdempotencyKey, "key")

      assert.strictEqual(yield* settle(withKey(Effect.retry(call, policyOf()))), 2)
      assert.strictEqual(
        yield* reasonOf(Effect.provideService(Effect.retry(other, policyOf()), Operation.IdempotencyKey, "other")),
        "replay"
      )
      assert.strictEqual(yield* reasonOf(Effect.retry(unkeyed, policyOf())), "replay")
    }))
})

describe("a failure without a hint", () => {
  it.effect("is retried by a policy that accepts no hint", () =>
    Effect.gen(function*() {
      const policy = Retry.limit(policyOf(), { longestHint: 0 })
      const plain = yield* failing([failure("Server"), failure("Server", { retryAfter: Duration.zero })])
      const hinted = yield* failing([failure("Server", { retryAfter: Duration.millis(1) })])

      assert.strictEqual(yield* settle(Effect.retry(plain, policy)), 3)
      assert.strictEqual(Retry.history(yield* settle(Effect.flip(Effect.retry(hinted, policy))))?.reason, "hint")
    }))
})

describe("a predicate", () => {
  it.effect("is true after the delay, and false at once when the policy gives up", () =>
    Effect.gen(function*() {
      const shouldRetry = yield* Retry.toPredicate(policyOf({ retries: 1 }))
      const fiber = yield* Effect.forkChild(shouldRetry(failure("Server")))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")

      assert.isTrue(yield* Fiber.join(fiber))
      assert.isFalse(yield* shouldRetry(failure("Server")))
    }))
})

describe("a stream under a policy", () => {
  it.effect("has its own failures when it is run again", () =>
    Effect.gen(function*() {
      const error = failure("Server")
      const call = yield* failing([error])
      const stream = RetryStream.retry(Stream.concat(Stream.fromEffect(call), Stream.fail(error)), policyOf())
      const items: Array<unknown> = []
      const run = Stream.runForEach(stream, (item) => Effect.sync(() => items.push(item)))

      assert.strictEqual(yield* settle(Effect.flip(run)), error)
      assert.deepStrictEqual(items, [2])
      assert.strictEqual(yield* settle(Effect.flip(run)), error)
      assert.deepStrictEqual(items, [2, 3])
    }))

  it.effect("is retried again in the next run, although the first run delivered", () =>
    Effect.gen(function*() {
      const script = yield* Ref.make(["item", "fail", "fail", "item", "end"])
      const next = Ref.modify(script, ([first, ...rest]) => [first!, rest])
      const error = failure("Server")
      const once = Stream.fromEffect(
        Effect.flatMap(next, (what) => what === "fail" ? Effect.fail(error) : Effect.succeed(what))
      )
      const stream = RetryStream.retry(once, policyOf())

      assert.deepStrictEqual(yield* settle(Stream.runCollect(stream)), ["item"])
      assert.deepStrictEqual(yield* settle(Stream.runCollect(stream)), ["item"])
    }))
})
