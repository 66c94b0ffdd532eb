import { Errors } from "@effect-venice/core"
import { Fallback, TopUp } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Metric } from "effect"
import { TestClock } from "effect/testing"

const offer = { accepts: [{ scheme: "exact", network: "base", amount: "5000000" }] }

const makeAccount = (cost = 1) => {
  const account = { balance: 0, sent: 0 }
  const required = new Errors.PaymentRequired({ reason: "insufficient_balance", offer, suggestedTopUpUsd: 5 })
  const ask = Effect.suspend(() => {
    account.sent++
    if (account.balance < cost) return Effect.fail(required)
    account.balance -= cost
    return Effect.succeed("an answer")
  })
  const pay = (failure: Errors.PaymentRequired) =>
    Effect.sync(() => {
      account.balance += failure.suggestedTopUpUsd ?? 0
    })
  return { account, ask, pay, required }
}

describe("a top-up", () => {
  it.effect("is shared by calls at the same time", () =>
    Effect.gen(function*() {
      const { account, ask, pay } = makeAccount(0.01)
      const topUp = yield* TopUp.make((failure) => Effect.andThen(Effect.sleep("1 second"), pay(failure)))
      const call = TopUp.payAndResend(topUp)(ask)
      const fiber = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 20 }, () => call), { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("1 minute")

      assert.deepStrictEqual(new Set(yield* Fiber.join(fiber)), new Set(["an answer"]))
      assert.strictEqual(yield* topUp.payments, 1)
      assert.strictEqual(account.sent, 40)
    }))

  it.effect("is paid again for a call that began after it", () =>
    Effect.gen(function*() {
      const { ask, pay } = makeAccount(5)
      const topUp = yield* TopUp.make(pay)
      for (let i = 0; i < 3; i++) yield* TopUp.payAndResend(topUp)(ask)

      assert.strictEqual(yield* topUp.payments, 3)
    }))

  it.effect("is paid once for a call, which passes a second refusal", () =>
    Effect.gen(function*() {
      const { account, ask, required } = makeAccount()
      const topUp = yield* TopUp.make(() => Effect.void)
      const failure = yield* Effect.flip(TopUp.payAndResend(topUp)(ask))

      assert.strictEqual(failure, required)
      assert.strictEqual(account.sent, 2)
      assert.strictEqual(yield* topUp.payments, 1)
      assert.deepStrictEqual(Fallback.historyOf(failure).map(({ route }) => route), ["top-up"])
    }))

  it.effect.each([
    ["without an offer", new Errors.PaymentRequired({ reason: "insufficient_balance" })],
    ["after an event of a stream", new Errors.PaymentRequired({ offer, response: { status: 402, delivered: 1 } })],
    ["of another server", { _tag: "PAYMENT_REQUIRED", offer, reason: "insufficient_balance" }],
    ["that is none", undefined],
    ["without credentials", new Errors.PaymentRequired({ reason: "authentication", offer })],
    ["of another kind", new Errors.InsufficientBalance()],
    ["of another kind, with an offer", Object.assign(new Errors.InsufficientBalance(), { offer })]
  ])("is not paid for a failure %s", ([, failure]) =>
    Effect.gen(function*() {
      const topUp = yield* TopUp.make(() => Effect.void)

      assert.strictEqual(yield* Effect.flip(TopUp.payAndResend(topUp)(Effect.fail(failure))), failure)
      assert.strictEqual(yield* topUp.payments, 0)
    }))

  it.effect("succeeds with nothing, and counts as a route", () =>
    Effect.gen(function*() {
      const counter = Metric.withAttributes(Fallback.fallbacks, {
        "venice.route": "top-up",
        "error.type": "PAYMENT_REQUIRED"
      })
      const { ask, pay, required } = makeAccount()
      const topUp = yield* TopUp.make((failure) => Effect.as(pay(failure), "a receipt"))
      const { count } = yield* Metric.value(counter)

      yield* TopUp.payAndResend(topUp)(ask)
      assert.strictEqual((yield* Metric.value(counter)).count, Number(count) + 1)
      assert.isUndefined(yield* topUp.since(1, required))
    }))

  it.effect("fails the call with the error of the payment", () =>
    Effect.gen(function*() {
      const { account, ask } = makeAccount()
      const topUp = yield* TopUp.make(() => Effect.fail("no wallet" as const))

      assert.strictEqual(yield* Effect.flip(TopUp.payAndResend(topUp)(ask)), "no wallet")
      assert.strictEqual(account.sent, 1)
    }))

  it.effect("is not paid again by the calls that waited for a payment that failed", () =>
    Effect.gen(function*() {
      const { ask } = makeAccount()
      const topUp = yield* TopUp.make(() => Effect.andThen(Effect.sleep("1 second"), Effect.fail("no answer" as const)))
      const call = Effect.flip(TopUp.payAndResend(topUp)(ask))
      const fiber = yield* Effect.forkChild(Effect.all([call, call, call], { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 minute")

      assert.deepStrictEqual(yield* Fiber.join(fiber), ["no answer", "no answer", "no answer"])
      assert.strictEqual(yield* topUp.payments, 1)
    }))

  it.effect("is not cut off by an interruption", () =>
    Effect.gen(function*() {
      const { ask, pay } = makeAccount()
      const [begun, go] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const topUp = yield* TopUp.make((failure) =>
        Deferred.succeed(begun, undefined).pipe(
          Effect.andThen(Deferred.await(go)),
          Effect.andThen(pay(failure))
        )
      )
      const fiber = yield* Effect.forkChild(TopUp.payAndResend(topUp)(ask))
      yield* Deferred.await(begun)
      const interruption = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(interruption)

      assert.strictEqual(yield* topUp.payments, 1)
    }))
})
