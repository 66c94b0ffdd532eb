/** The guard of a fleet over a Redis that replies as told: what it asks, when, and what it makes of the replies. */
import { Errors, Retry } from "@effect-venice/core"
import { Telemetry } from "@effect-venice/http"
import { LockoutGuard } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { DateTime, Duration, Effect, Fiber, Layer, Metric, Random } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { scriptedRedis } from "./scriptedRedis.ts"

type Mode = "acquire" | "settle" | "look"

interface Asked {
  readonly at: number
  readonly keys: ReadonlyArray<unknown>
  readonly mode: Mode
  readonly id: string
  readonly args: ReadonlyArray<unknown>
}

const send = Effect.succeed(["send", 0])

const away = Effect.fail(new Redis.RedisError({ cause: new Error("away") }))

const call: LockoutGuard.Call = { model: "m" }

/** A guard, what it asked of Redis, and the replies to change. */
const make = Effect.fnUntraced(function*(settings: LockoutGuard.RedisSettings = {}) {
  const asked: Array<Asked> = []
  const replies: Record<Mode, Effect.Effect<unknown, Redis.RedisError>> = {
    acquire: send,
    settle: Effect.succeed(["settled", 0]),
    look: Effect.succeed(["left", 50])
  }
  const redis = yield* scriptedRedis(({ args: all, keys }) =>
    Effect.flatMap(DateTime.now, ({ epochMilliseconds: at }) => {
      const [mode, id, ...args] = all as [Mode, string, ...Array<unknown>]
      asked.push({ at, keys, mode, id, args })
      return replies[mode]
    })
  )
  const services = yield* Layer.build(Layer.provide(
    LockoutGuard.layerRedis(settings),
    Layer.succeed(Redis.Redis, redis)
  ))
  const guarded = Effect.provide(services)
  const through = <A, E>(self: Effect.Effect<A, E>) => guarded(LockoutGuard.protect(call)(self))
  const guard = yield* guarded(LockoutGuard.LockoutGuard)
  // The name in Redis is a digest, which takes no time of the clock, but some.
  yield* through(Effect.void)
  yield* Effect.yieldNow
  asked.length = 0
  const of = (mode: Mode) => asked.filter((one) => one.mode === mode)
  return { asked, guard, of, replies, through }
})

const held = (outcome: "waited" | "refused") =>
  Metric.value(Metric.withAttributes(Telemetry.held, { "venice.part": "lockout-guard", "venice.held": outcome }))

const metered = <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.provideService(self, Metric.MetricRegistry, new Map())

const refusal = <A, E>(self: Effect.Effect<A, E>) =>
  Effect.map(Effect.flip(self), (error) => {
    assert.strictEqual((error as { readonly _tag?: string })._tag, "LOCKOUT_AHEAD")
    return error as unknown as { readonly retryAfter: Duration.Duration }
  })

describe("a call of a fleet", () => {
  it.effect("takes a place under a hash of key, model and user, and gives it back", () =>
    Effect.gen(function*() {
      const { asked, through } = yield* make({ limit: 20, window: "10 seconds", spare: 3, lease: "7 seconds" })
      yield* through(Effect.void)
      yield* Effect.yieldNow

      const name = createHash("sha256").update("\nm\n").digest("hex").slice(0, 32)
      const keys = ["failures", "flight", "state"].map((kind) => `{venice:failures:${name}}:${kind}`)
      const { id } = asked[0]!
      assert.deepStrictEqual(asked, [
        { at: 0, keys, mode: "acquire", id, args: [20, 10_000, 7000, 3, 0, -1, 0, 0, 0] },
        { at: 0, keys, mode: "settle", id, args: [20, 10_000, 7000, 0, 0, -1, 10_000, 10_000, 0] }
      ])
    }))

  it.effect("has names that begin with a prefix of yours", () =>
    Effect.gen(function*() {
      const { guard, asked } = yield* make({ prefix: "mine:" })
      yield* guard.remaining(call)

      for (const key of asked[0]!.keys) assert.match(String(key), /^\{mine:[\da-f]{32}\}:/)
    }))

  it.effect("tells Redis its end once, and only if it asked for a place", () =>
    Effect.gen(function*() {
      const { asked, guard } = yield* make()
      const never = guard.ticket(call)
      yield* never.settle({ counted: true })
      assert.deepStrictEqual(asked, [])

      const ticket = guard.ticket(call)
      yield* ticket.acquire
      for (let i = 0; i < 3; i++) yield* ticket.settle({ counted: true })
      yield* Effect.yieldNow
      assert.deepStrictEqual(asked.map(({ mode }) => mode), ["acquire", "settle"])
    }))

  it.effect.each<readonly [answer: LockoutGuard.Answer | undefined, told: ReadonlyArray<number>]>([
    [undefined, [0, -1, 0, 0, 0]],
    [{ counted: true }, [1, -1, 31_000, 30_000, 0]],
    [{ counted: false, budget: { remaining: 7 } }, [0, 7, 31_000, 30_000, 0]],
    [{ counted: false, budget: { remaining: 0, resetAt: DateTime.makeUnsafe(9000) } }, [0, 0, 9000, 8000, 0]],
    [{ counted: false, budget: { remaining: -3 } }, [0, 0, 31_000, 30_000, 0]],
    [{ counted: true, lockout: Duration.seconds(12) }, [1, -1, 31_000, 30_000, 12_000]],
    [{ counted: false, lockout: Duration.millis(86_400_001) }, [0, -1, 31_000, 30_000, 86_400_000]]
  ])("tells Redis what its answer %j says", ([answer, told]) =>
    Effect.gen(function*() {
      const { guard, of } = yield* make()
      const ticket = guard.ticket(call)
      yield* ticket.acquire
      yield* TestClock.adjust("1 second")
      yield* ticket.settle(answer)
      yield* Effect.yieldNow

      assert.deepStrictEqual(of("settle").map(({ args }) => args.slice(4)), [[...told]])
    }))

  it.effect("that has no model has one more name", () =>
    Effect.gen(function*() {
      const { asked, guard } = yield* make()
      yield* guard.remaining({})

      const name = createHash("sha256").update("\n\n").digest("hex").slice(0, 32)
      assert.strictEqual(asked[0]!.keys[0], `{venice:failures:${name}}:failures`)
      const { args, id, mode } = asked[0]!
      assert.deepStrictEqual([mode, id, ...args], ["look", "", 50, 30_000, 60_000, 0, 0, -1, 0, 0, 0])
    }))

  it.effect("asks again after 25 ms, then after twice the time, up to half a second", () =>
    Effect.gen(function*() {
      const { of, replies, through } = yield* make()
      replies.acquire = Effect.succeed(["wait", 0])
      const waiting = yield* Effect.forkChild(through(Effect.succeed("sent")))
      yield* TestClock.adjust("1774 millis")
      replies.acquire = send
      yield* TestClock.adjust("1 millis")

      assert.strictEqual(yield* Fiber.join(waiting), "sent")
      assert.deepStrictEqual(of("acquire").map(({ at }) => at), [0, 25, 75, 175, 375, 775, 1275, 1775])
      assert.deepInclude(yield* held("waited"), { count: 1, sum: 1.775 })
    }).pipe(metered))

  it.effect.each<readonly [settings: LockoutGuard.RedisSettings, deadline: number | undefined, last: number]>([
    [{ longestWait: 775 }, undefined, 1775],
    [{ longestWait: 774 }, undefined, 1375],
    [{}, 1775, 1775],
    [{}, 1774, 1375],
    [{ longestWait: 375 }, 1775, 1375],
    [{ longestWait: 0 }, undefined, 1000]
  ])(
    "asks no more when its time would be over: %j, deadline %s",
    ([settings, deadline, last]) =>
      Effect.gen(function*() {
        const { of, replies, through } = yield* make(settings)
        yield* TestClock.adjust("1 second")
        replies.acquire = Effect.succeed(["wait", 0])
        const waiting = yield* Effect.forkChild(
          refusal(Effect.provideService(through(Effect.void), Retry.Deadline, deadline))
        )
        yield* TestClock.adjust("10 seconds")

        assert.strictEqual(String((yield* Fiber.join(waiting)).retryAfter), "0 millis")
        assert.strictEqual(of("acquire").at(-1)!.at, last)
        assert.deepInclude(yield* held("refused"), { count: 1, sum: (last - 1000) / 1000 })
      }).pipe(metered)
  )

  it.effect("is not held back when Redis lets it pass at once, and fails for as long as Redis says", () =>
    Effect.gen(function*() {
      const { replies, through } = yield* make()
      yield* through(Effect.void)
      assert.strictEqual((yield* held("waited")).count, 0)

      replies.acquire = Effect.succeed(["refuse", "7000"])
      assert.strictEqual(String((yield* refusal(through(Effect.void))).retryAfter), "7000 millis")
      assert.deepInclude(yield* held("refused"), { count: 1, sum: 0 })
    }).pipe(metered))
})

describe("what is left for a fleet", () => {
  it.effect.each<readonly [reply: unknown, left: number]>([
    [["left", 7], 7],
    [["left", "7"], 7],
    [["left", 0], 0],
    [["left", 51], 50],
    [["left", NaN], 50],
    [["left", Infinity], 50],
    [["left", "x"], 50],
    [["left", null], 50],
    [["left", true], 50],
    [["left", []], 50],
    [["left"], 50],
    [[7, 7], 50],
    [{ 0: "left", 1: 7, [Symbol.iterator]: () => ["left", 7][Symbol.iterator]() }, 50],
    [null, 50]
  ])("is what this process knows, unless Redis replies with less: %j", ([reply, left]) =>
    Effect.gen(function*() {
      const { guard, replies } = yield* make()
      replies.look = Effect.succeed(reply)

      assert.strictEqual(yield* guard.remaining(call), left)
    }))
})

describe("while Redis is away, a process", () => {
  const alone = { limit: 2, spare: 0, spareOfRetries: 0, processes: 2, longestWait: 0 } as const

  it.effect("has its part of the calls in flight", () =>
    Effect.gen(function*() {
      const { guard, replies, through } = yield* make(alone)
      replies.acquire = away
      const first = guard.ticket(call)
      yield* first.acquire
      assert.strictEqual(String((yield* refusal(through(Effect.void))).retryAfter), "0 millis")

      // However often it is given back, one is free.
      for (let i = 0; i < 3; i++) yield* first.settle()
      yield* guard.ticket(call).acquire
      yield* refusal(through(Effect.void))
    }))

  it.effect("is one of four unless you say otherwise, or the budget is too small for them", () =>
    Effect.gen(function*() {
      for (const [limit, sent] of [[50, 11], [3, 1], [1, 1]] as const) {
        const { guard, replies, through } = yield* make({ limit, longestWait: 0 })
        replies.acquire = away
        for (let i = 0; i < sent; i++) yield* guard.ticket(call).acquire

        yield* refusal(through(Effect.void))
      }
    }))

  it.effect("has its part of the failures", () =>
    Effect.gen(function*() {
      const { replies, through } = yield* make(alone)
      replies.acquire = away
      const lost = new Errors.ModelNotFound({ response: { status: 404 } })
      assert.strictEqual(yield* Effect.flip(through(Effect.fail(lost))), lost)
      yield* TestClock.adjust("1 second")

      assert.strictEqual(String((yield* refusal(through(Effect.void))).retryAfter), "29000 millis")
    }))
})

describe("the place of a call", () => {
  it.effect("has a name of its own, also if one of two random numbers is that of another process", () =>
    Effect.gen(function*() {
      const ids: Array<string> = []
      for (const numbers of [[1, 2], [1, 3], [2, 2]]) {
        const next = numbers[Symbol.iterator]()
        const { guard, of } = yield* make().pipe(
          Effect.provideService(Random.Random, {
            nextIntUnsafe: () => next.next().value ?? 0,
            nextDoubleUnsafe: () => 0
          })
        )
        for (let i = 0; i < 3; i++) yield* guard.ticket(call).acquire
        ids.push(...of("acquire").map(({ id }) => id))
      }

      assert.strictEqual(new Set(ids).size, 9)
    }))
})
