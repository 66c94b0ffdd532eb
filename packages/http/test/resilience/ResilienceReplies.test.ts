/** The parts over a Redis that replies what no script of ours does, late, or not at all. */
import { Errors, Retry } from "@effect-venice/core"
import { Breaker, Pacing, Resilience } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, DateTime, Duration, Effect, Exit, Fiber, Layer, Redacted, Scope } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"
import { scriptedRedis } from "./scriptedRedis.ts"

const operation = "POST /chat/completions"

const once = { _tag: "Consecutive", failures: 1 } as const

const protect = Resilience.protect(operation, { body: { model: "m", messages: [] } })

const layerOver = (redis: Redis.Redis["Service"], settings: Resilience.RedisSettings = {}) =>
  Layer.provide(Resilience.layerRedis({ policy: Retry.never, ...settings }), Layer.succeed(Redis.Redis, redis))

/** Lets seconds pass, also for what takes no time of the clock: names are digests. */
const pass = Effect.fnUntraced(function*(seconds: number) {
  for (let i = 0; i < seconds; i++) {
    yield* TestClock.withLive(Effect.sleep("2 millis"))
    yield* TestClock.adjust("1 second")
  }
})

describe("a call", () => {
  const replies: ReadonlyArray<readonly [name: string, reply: Effect.Effect<unknown>]> = [
    ["null", Effect.succeed(null)],
    ["an object", Effect.succeed({})],
    ["a text", Effect.succeed("OK")],
    ["an empty list", Effect.succeed([])],
    ["replies that are none", Effect.succeed([5, null, "x"])],
    ["replies of other parts", Effect.succeed([[0, ["admitted"]], [0, ["send", 0]], [0, "OK"]])],
    ["a verdict without a number", Effect.succeed([[0, ["wait"]], [0, null], [0, {}]])],
    ["a defect", Effect.die(new Error("a bug of the driver"))]
  ]
  for (const [name, reply] of replies) {
    it.effect(`is sent when Redis replies with ${name}`, () =>
      Effect.gen(function*() {
        const redis = yield* scriptedRedis(() => reply)
        const calls = Effect.all([protect(Effect.succeed("sent")), protect(Effect.succeed("sent"))], { concurrency: 2 })

        assert.deepStrictEqual(yield* Effect.provide(calls, layerOver(redis)), ["sent", "sent"])
      }))

    for (const part of ["guard", "breaker", "pacing"] as const) {
      it.effect(`is sent when Redis replies to the ${part} alone with ${name}`, () =>
        Effect.gen(function*() {
          const alone = { guard: false, breaker: false, pacing: false, [part]: {} } as const
          const layer = layerOver(yield* scriptedRedis(() => reply), alone)

          assert.strictEqual(yield* Effect.provide(protect(Effect.succeed("sent")), layer), "sent")
        }))
    }
  }

  it.effect.each([{}, { pacing: false }] as const)(
    "with a key is counted under it while Redis fails: %j",
    (settings) =>
      Effect.gen(function*() {
        const redis = yield* scriptedRedis(() => Effect.fail(new Redis.RedisError({ cause: new Error("away") })))
        const key = Redacted.make("k")
        const call = Resilience.protect(operation, { body: { model: "m", messages: [] }, key })
        yield* Effect.gen(function*() {
          const notFound = new Errors.ModelNotFound({ response: { status: 404 } })
          const { guard } = yield* Resilience.Resilience
          for (let i = 0; i < 2; i++) assert.strictEqual(yield* Effect.flip(call(Effect.fail(notFound))), notFound)

          assert.strictEqual(yield* guard!.remaining({ key, model: "m" }), 48)
          assert.strictEqual(yield* guard!.remaining({ model: "m" }), 50)
        }).pipe(Effect.provide(layerOver(redis, settings)))
      })
  )

  it.effect("is not sent when its deadline ends while Redis is asked, and counts for no circuit", () =>
    Effect.gen(function*() {
      const redis = yield* scriptedRedis(() => Effect.andThen(Effect.sleep("400 millis"), Effect.succeed(null)))
      const scope = yield* Scope.make()
      const layer = layerOver(redis, { deadline: "300 millis", breaker: { tripPolicy: once } })
      const services = yield* Layer.buildWithScope(layer, scope)
      let sent = 0
      const call = protect(Effect.sync(() => ++sent))
      for (let i = 0; i < 2; i++) {
        const fiber = yield* Effect.forkChild(Effect.exit(Effect.provide(call, services)))
        while (fiber.pollUnsafe() === undefined) yield* pass(1)
        const exit = yield* Fiber.join(fiber)
        const error = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
        assert.include(String(error), "not sent, because the deadline of the call is over")
      }
      assert.strictEqual(sent, 0)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      while (closing.pollUnsafe() === undefined) yield* pass(1)
    }))
})

describe("the parts of a call", () => {
  const off = { guard: false, breaker: false, pacing: false } as const
  const tight = { limit: 1, spare: 0, processes: 1, longestWait: 0 } as const
  it.effect.each<Resilience.RedisSettings>([
    { ...off, guard: tight },
    { ...off, breaker: {} },
    { ...off, pacing: {} },
    { ...off, guard: tight, breaker: {} },
    { ...off, guard: tight, pacing: {} },
    { ...off, breaker: {}, pacing: {} },
    { guard: tight }
  ])("ask Redis once before it when the name of its key is known: %j", (settings) =>
    Effect.gen(function*() {
      let asked = 0
      const redis = yield* scriptedRedis(() =>
        Effect.sync(() => {
          asked++
          return null
        })
      )
      const call = Resilience.protect(operation, { body: { model: "m", messages: [] }, key: Redacted.make("key") })
      yield* Effect.gen(function*() {
        yield* call(Effect.void)
        for (let i = 0; i < 3; i++) {
          for (let n = 0; n < 20; n++) yield* Effect.yieldNow
          asked = 0
          assert.strictEqual(yield* call(Effect.sync(() => asked)), 1)
        }
      }).pipe(Effect.provide(layerOver(redis, settings)))
    }))
})

describe("a layer over Redis", () => {
  it.effect.each<readonly [Resilience.RedisSettings, ReadonlyArray<string>]>([
    [{}, ["guard", "breaker", "pacing"]],
    [{ guard: false }, ["breaker", "pacing"]],
    [{ breaker: false }, ["guard", "pacing"]],
    [{ pacing: false }, ["guard", "breaker"]]
  ])("with the settings %j has the parts %j", ([settings, expected]) =>
    Effect.gen(function*() {
      const layer = layerOver(yield* scriptedRedis(() => Effect.succeed(null)), settings)
      const parts = yield* Effect.provide(Resilience.Resilience, layer)
      const names = ["guard", "breaker", "pacing"] as const

      assert.deepStrictEqual(names.filter((name) => parts[name] !== undefined), expected)
    }))
})

describe("the probe of a circuit", () => {
  it.effect("is renewed no more after it has ended, also when the layer ended before it", () =>
    Effect.gen(function*() {
      let renewed = 0
      // A renewal has four parameters: the key, the generation, and two times.
      const redis = yield* scriptedRedis(({ params }) => {
        if (params.length !== 4) return Effect.succeed(["admitted", "1", 1, "1", 1])
        renewed++
        return Effect.succeed(1)
      })
      const scope = yield* Scope.make()
      const layer = Layer.provide(Breaker.layerRedis(), Layer.succeed(Redis.Redis, redis))
      const services = yield* Layer.buildWithScope(layer, scope)
      const fiber = yield* Effect.forkChild(Effect.provide(Breaker.protect("m")(Effect.never), services))
      yield* pass(10)
      assert.isAbove(renewed, 1)
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.interrupt(fiber)

      renewed = 0
      yield* pass(60)
      assert.strictEqual(renewed, 0)
    }))
})

describe("a pace that Redis shares", () => {
  interface Told {
    readonly mode: string
    readonly name: string
    readonly id: string
  }

  /** Pacing over a Redis that replies to each question with the next number, then with 0, and what it was told. */
  const pacingOver = Effect.fnUntraced(function*(settings: Pacing.Settings = {}, waits: ReadonlyArray<number> = []) {
    const told: Array<Told> = []
    const left = [...waits]
    const redis = yield* scriptedRedis(({ params: [asked] }) =>
      Effect.sync(() => {
        told.push(asked as Told)
        return (asked as Told).mode === "acquire" ? left.shift() ?? 0 : 0
      })
    )
    const services = yield* Layer.build(Layer.provide(Pacing.layerRedis(settings), Layer.succeed(Redis.Redis, redis)))
    return { pacing: Context.get(services, Pacing.Pacing), told }
  })

  const said = { limit: -1, remaining: -1, resetAt: 0, holdsFor: 0 }
  const nothing = { tokens: -1, pause: 0, requestsSaid: said, tokensSaid: said }
  const budget = (requests: Pacing.Answer["rateLimit"]): Pacing.Answer => ({ rateLimit: requests })
  const call = { model: "m", tokens: 10 }

  it.effect.each<readonly [string, Pacing.Answer, object]>([
    ["nothing", {}, { mode: "settle", ...nothing }],
    ["that it was not sent", { unsent: true }, { mode: "give-back", ...nothing }],
    ["its tokens", { tokens: 2.5 }, { mode: "settle", ...nothing, tokens: 3 }],
    ["no tokens", { tokens: 0 }, { mode: "settle", ...nothing, tokens: 0 }],
    ["a pause", { pause: Duration.micros(1500n) }, { mode: "settle", ...nothing, pause: 2 }],
    ["a pause of more than a day", { pause: Duration.infinity }, { mode: "settle", ...nothing, pause: 86_400_000 }],
    ["a limit", budget({ requests: { limit: 5 } }), {
      mode: "settle",
      ...nothing,
      requestsSaid: { limit: 5, remaining: -1, resetAt: 60_000, holdsFor: 60_000 }
    }],
    ["what remains", budget({ tokens: { remaining: -3, resetAt: DateTime.makeUnsafe(30_000) } }), {
      mode: "settle",
      ...nothing,
      tokensSaid: { limit: -1, remaining: 0, resetAt: 30_000, holdsFor: 30_000 }
    }]
  ])("tells it what a response says, once: %s", ([, answer, expected]) =>
    Effect.gen(function*() {
      const { pacing, told } = yield* pacingOver()
      const turn = pacing.turn(call)
      yield* pacing.turn(call).settle(answer)
      yield* turn.acquire
      for (let i = 0; i < 2; i++) yield* turn.settle(answer)
      yield* pass(1)

      const { id, name } = told[0]!
      const place = { id, name, limits: { requests: 100, tokens: 2_000_000 } }
      assert.deepStrictEqual(told, [
        { mode: "acquire", ...place, ...nothing, tokens: 10 },
        { ...place, ...expected }
      ] as ReadonlyArray<object>)
    }).pipe(Effect.scoped))

  it.effect("names each model and each call, and neither as they are", () =>
    Effect.gen(function*() {
      const { pacing, told } = yield* pacingOver()
      for (const model of ["m", "n", "m"]) yield* pacing.turn({ model }).acquire

      const names = told.map(({ name }) => name)
      assert.strictEqual(names[0], names[2])
      assert.strictEqual(new Set(names).size, 2)
      assert.strictEqual(new Set(told.map(({ id }) => id)).size, 3)
      for (const name of names) assert.match(name, /^[\da-f]{32}$/)
    }).pipe(Effect.scoped))

  it.effect("counts nothing of a turn that it refused", () =>
    Effect.gen(function*() {
      const { pacing } = yield* pacingOver({ budgets: { requests: 10, tokens: 100 }, longestWait: 0 }, [5000, 5000])
      const turn = pacing.turn(call)
      yield* Effect.flip(turn.acquire)
      yield* turn.settle({ tokens: 100 })

      yield* pacing.turn({ model: "m", tokens: 100 }).acquire
    }).pipe(Effect.scoped))

  it.effect("is asked again after a second, and has the place once it was given", () =>
    Effect.gen(function*() {
      const settings = { budgets: { requests: 1, tokens: 100 }, longestWait: "5 seconds" } as const
      const { pacing, told } = yield* pacingOver(settings, [5000, 5000, 200])
      const turn = pacing.turn(call)
      const fiber = yield* Effect.forkChild(turn.acquire)
      // At once, and once more as the first of its queue.
      while (told.length < 2) yield* TestClock.withLive(Effect.sleep("1 millis"))
      yield* TestClock.adjust("999 millis")
      assert.lengthOf(told, 2)
      yield* TestClock.adjust("1 millis")
      assert.lengthOf(told, 3)
      yield* TestClock.adjust("200 millis")
      yield* Fiber.join(fiber)
      assert.lengthOf(told, 4)

      yield* Effect.flip(pacing.turn(call).acquire)
      yield* turn.settle({ unsent: true })
      yield* pacing.turn(call).acquire
    }).pipe(Effect.scoped))
})
