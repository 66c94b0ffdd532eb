/** Calls to an emulator to which everything happens that a metric records. */
import { Errors, Retry, RetryBudget } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { BoundedRedis, Fallback, Hedge, Resilience } from "@effect-venice/http/resilience"
import { type Dynamics, Emulator, Script, WireResponse } from "@effect-venice/testing"
import { Duration, Effect, Layer, Schema } from "effect"
import { Redis } from "effect/persistence"

const success = Schema.Unknown
const messages = [{ role: "user", content: "Why is the sky blue?" }]
const chat = "POST /chat/completions"

/** The Venice that is called: an account with both balances, and answers that take their time. */
export const script: Script.Script = Script.make({
  dynamics: {
    balance: { usd: 20, diem: 3 },
    latency: { median: Duration.millis(20), p99: Duration.millis(60) }
  } satisfies Dynamics.Dynamics
})

const ask = (model: string) =>
  Effect.flatMap(VeniceClient, (venice) => venice.execute(chat, { body: { model, messages }, success }))

const through = (model: string) => Resilience.execute(chat, { body: { model, messages }, success, policy: Retry.never })

const protect = <A, E, R>(call: Effect.Effect<A, E, R>) => Resilience.protect(chat, { policy: Retry.never })(call)

const all = <A, E, R>(...calls: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.forEach(calls, Effect.exit, { concurrency: "unbounded", discard: true })

/** Failures of each kind: of Venice, without a response, and unknown. */
const failures = Effect.gen(function*() {
  const emulator = yield* Emulator.Emulator
  const replies = [
    new Errors.RateLimitExceeded(),
    new Errors.ModelOverloaded(),
    new Errors.InsufficientBalance(),
    new Errors.AuthenticationFailed(),
    new Errors.InferenceFailed(),
    new Errors.ContentPolicyViolation(),
    WireResponse.text(418, "I am a teapot")
  ]
  for (const reply of replies) {
    yield* emulator.reply(reply)
    yield* Effect.exit(ask("llama-3.3-70b"))
  }
  yield* emulator.on(chat, { times: 1, disconnect: "before-header" })
  yield* Effect.exit(ask("llama-3.3-70b"))
})

const successes = Effect.gen(function*() {
  yield* through("llama-3.3-70b")
  yield* through("llama-3.2-3b")
}).pipe(Effect.provide(Resilience.layer({ balance: {}, guard: false, breaker: false, pacing: false })))

const brief = Effect.sleep("5 millis")
const fails = Effect.fail(new Errors.ModelOffline({ response: { status: 503 } }))

/** Each part holds calls back, and refuses one. */
const held = Effect.gen(function*() {
  const guard = (longestWait: Duration.Input) =>
    Resilience.layer({ guard: { limit: 2, spare: 1, longestWait }, breaker: false, pacing: false })
  const pacing = (longestWait: Duration.Input) =>
    Resilience.layer({
      pacing: { budgets: { requests: 1, tokens: 1e6 }, window: "10 millis", longestWait },
      guard: false,
      breaker: false
    })
  yield* Effect.provide(all(protect(brief), protect(brief)), guard("1 second"))
  yield* Effect.provide(all(protect(brief), protect(brief)), guard(0))
  yield* Effect.provide(all(protect(brief), protect(brief)), pacing("1 second"))
  yield* Effect.provide(all(protect(brief), protect(brief)), pacing(0))
  yield* Effect.repeat(Effect.exit(protect(fails)), { times: 6 }).pipe(
    Effect.provide(Resilience.layer({ guard: false, pacing: false }))
  )
})

const fallbacks = fails.pipe(Fallback.on("sibling", "Capacity", () => ask("llama-3.2-3b")))

/** A read whose requests take so many milliseconds, one after the other. */
const read = (...takes: ReadonlyArray<number>) => {
  let sent = 0
  return Effect.suspend(() => {
    const millis = takes[sent++]!
    return Effect.andThen(Effect.sleep(Duration.millis(Math.abs(millis))), millis < 0 ? fails : Effect.void)
  })
}

const hedge = Hedge.hedge("GET /models", { after: "2 millis" })

const hedges = Effect.gen(function*() {
  yield* all(hedge(read(20, 200)), hedge(read(200, 2)), hedge(read(-10, -10)))
  const empty = yield* RetryBudget.make({ allowance: 0, initial: 0 })
  yield* Effect.provideService(hedge(read(10)), RetryBudget.RetryBudget, empty)
})

/** A Redis that does not respond, and one that refuses connections: the command after each finds it away. */
const redis = Effect.forEach([
  Effect.never,
  Effect.fail(new Redis.RedisError({ cause: new Error("connect ECONNREFUSED 127.0.0.1:6379") }))
], (response) => {
  const send = () => response
  const driver = Layer.effect(
    Redis.Redis,
    Redis.make({
      send,
      subscribe: () => Effect.succeed(Effect.never),
      connect: Effect.succeed({ send, close: Effect.void })
    })
  )
  const command = Effect.flatMap(Redis.Redis, (redis) => Effect.exit(redis.send("GET", "n")))
  return Effect.andThen(command, command).pipe(
    Effect.provide(BoundedRedis.layer(driver, { timeout: "5 millis" }))
  )
}, { discard: true })

/** Everything once, in about half a second. */
export const busy: Effect.Effect<void, unknown, Emulator.Emulator | VeniceClient> = Effect.all(
  [failures, successes, held, fallbacks, hedges, redis],
  { discard: true }
).pipe(Effect.scoped)
