/**
 * What holds for every policy and every script of failures: `DurableRetry` decides as `Effect.retry` does, in one process
 * and in several.
 */
import { Operation, Retry, RetryBudget } from "@effect-venice/core"
import { DurableRetry } from "@effect-venice/http/resilience"
import { Arbitraries } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Arbitrary, Cause, Clock, Duration, Effect, Exit, Fiber, Random, Schedule, Schema } from "effect"
import { TestClock } from "effect/testing"
import { emptyStorage, runProcess } from "./storedEngine.ts"

/** What happened in a call: when its attempts began and with which key, and its exit. */
interface Log {
  readonly began: Array<number>
  readonly keys: Array<string | undefined>
  readonly resends: Array<unknown>
}

const emptyLog = (): Log => ({ began: [], keys: [], resends: [] })

/** A call that fails with a script, and then succeeds. */
const scripted = (script: ReadonlyArray<Arbitraries.FailedAttempt>, log: Log) =>
  Effect.gen(function*() {
    log.began.push(yield* Clock.currentTimeMillis)
    log.keys.push(yield* Operation.IdempotencyKey)
    const { output } = yield* Schedule.CurrentMetadata
    log.resends.push(output === undefined ? undefined : (output as Retry.Retried).retry)
    const next = script[log.began.length - 1]
    if (next === undefined) return "done"
    yield* Effect.sleep(next.took)
    return yield* Effect.fail(next.failure)
  })

const names = { name: "call", success: Schema.String } as const

const exitOf = (exit: Exit.Exit<unknown, unknown>) => {
  if (Exit.isSuccess(exit)) return exit.value
  const error = Cause.squash(exit.cause)
  return {
    attempt: Retry.attemptOf(error),
    attempts: Retry.history(error),
    kind: Retry.kindOf(error),
    outcome: Retry.outcomeOf(error),
    operation: Retry.operationOf(error)
  }
}

/** Runs an effect, with all the time that it waits for, from the same moment and with the same random numbers. */
const timed = <A, E, R>(self: Effect.Effect<A, E, R>, seed: number | string) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(self)
    yield* TestClock.adjust("400 days")
    return yield* Fiber.join(fiber)
  }).pipe(Random.withSeed(seed), Effect.provide(TestClock.layer()))

const circumstances = Arbitrary.all([
  Arbitraries.policy,
  Arbitraries.failures,
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 999 })))
])

/** A deadline, a budget of retries, a key and a consent, or not, by the digits of a number. */
const under = (number: number) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const budget = yield* RetryBudget.make({ initial: number % 7, allowance: 0, capacity: 7 })
    const withKey = number % 3 === 0 ? Operation.withIdempotencyKey(self) : self
    const withConsent = number % 4 === 0 ? Operation.allowReplay(withKey) : withKey
    const withBudget = number % 5 === 0
      ? Effect.provideService(withConsent, RetryBudget.RetryBudget, budget)
      : withConsent
    return yield* number % 2 === 0 ? Retry.withDeadline(withBudget, Duration.seconds(number)) : withBudget
  })

/** Makes the tests, each with a number of runs. */
export const properties = (runs: number): void => {
  it.effect.prop(
    "decides as Effect.retry does",
    [circumstances],
    ([[policy, script, number]]) =>
      Effect.gen(function*() {
        const expected = emptyLog()
        const actual = emptyLog()

        const inMemory = yield* timed(
          Effect.exit(Effect.retry(scripted(script, expected), policy)).pipe(under(number)),
          number
        )
        const durable = yield* timed(
          runProcess(DurableRetry.retry({ ...names, policy })(scripted(script, actual)), emptyStorage()).pipe(
            under(number)
          ),
          number
        )

        assert.deepStrictEqual(actual, expected)
        assert.deepStrictEqual(exitOf(durable!), exitOf(inMemory))
      }),
    { arbitrary: { runs } }
  )

  it.effect.prop(
    "goes on in another process as if there were one",
    [Arbitrary.all([circumstances, Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 })))])],
    ([[[policy, script, number], point]]) =>
      Effect.gen(function*() {
        const expected = emptyLog()
        const actual = emptyLog()
        const whole = emptyStorage()
        const storage = emptyStorage()
        const call = (log: Log) => DurableRetry.retry({ ...names, policy })(scripted(script, log))

        const once = yield* timed(under(number)(runProcess(call(expected), whole)), number)
        const activities = [...whole.results.keys()].filter((activity) => !activity.endsWith("begun"))
        const activity = activities[point % activities.length]!
        const twice = yield* timed(
          Effect.gen(function*() {
            assert.isUndefined(yield* runProcess(call(actual), storage, { activity, when: "after" }))
            return yield* runProcess(call(actual), storage)
          }).pipe(under(number)),
          number
        )

        assert.deepStrictEqual(actual, expected)
        assert.deepStrictEqual(exitOf(twice!), exitOf(once!))
        assert.deepStrictEqual([...storage.results.values()], [...whole.results.values()])
      }),
    { arbitrary: { runs } }
  )
}
