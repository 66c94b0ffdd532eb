/** Pacing of a fleet: several layers over one real Redis, each as a process has it. */
import { Pacing } from "@effect-venice/http/resilience"
import { assert, it } from "@effect/vitest"
import { Context, DateTime, Duration, Effect, Exit, Fiber, Layer, Redacted } from "effect"
import { Redis } from "effect/persistence"
import { connected, describeRedis, startServer } from "./redisServer.ts"

type Service = Pacing.Pacing["Service"]

const call: Pacing.Call = { key: Redacted.make("key-of-the-fleet"), model: "m", tokens: 10 }

const pacingOf = Effect.fnUntraced(function*(port: number, settings?: Pacing.Settings, timeout?: Duration.Input) {
  const redis = Layer.succeed(Redis.Redis, yield* connected(port, timeout))
  const services = yield* Layer.build(Layer.fresh(Layer.provide(Pacing.layerRedis(settings), redis)))
  return Context.get(services, Pacing.Pacing)
})

const send = (pacing: Service, answer: Pacing.Answer = {}, of = call) =>
  Effect.exit(Pacing.run(of, () => answer)(Effect.map(DateTime.now, (now) => now.epochMilliseconds))).pipe(
    Effect.provideService(Pacing.Pacing, pacing)
  )

const told = Effect.sleep("200 millis")

describeRedis("the pace of a fleet", () => {
  it.live("has no more requests in a window than the limit, whichever process sends them", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = {
        budgets: { requests: 5, tokens: 1000 },
        window: "2 seconds",
        longestWait: "30 seconds"
      } as const
      const fleet = [yield* pacingOf(port, settings), yield* pacingOf(port, settings), yield* pacingOf(port, settings)]

      const exits = yield* Effect.forEach(
        Array.from({ length: 18 }, (_, i) => fleet[i % 3]!),
        (pacing) => send(pacing),
        { concurrency: "unbounded" }
      )

      const times: ReadonlyArray<number> = exits.map((exit) => Exit.isSuccess(exit) ? Number(exit.value) : NaN)
      assert.isFalse(times.some(Number.isNaN))
      // A process notes the time after Redis did, later or sooner than another one.
      const tolerance = 500
      for (const end of times) {
        assert.isAtMost(times.filter((time) => time > end - 2000 + tolerance && time <= end).length, 5)
      }
    }))

  it.live("goes by the budgets in the settings of a process, also if they were others before", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const before = yield* pacingOf(port, { budgets: { requests: 100, tokens: 1000 } })
      const after = yield* pacingOf(port, { budgets: { requests: 3, tokens: 1000 }, longestWait: 0 })

      yield* send(before)
      yield* told
      const exits = yield* Effect.forEach([1, 2, 3], () => send(after))

      assert.deepStrictEqual(exits.map(Exit.isSuccess), [true, true, false])
    }))

  it.live("counts calls without tokens, also when they are over", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { budgets: { requests: 1, tokens: 1 }, window: "1 second", longestWait: "30 seconds" } as const
      const [a, b] = [yield* pacingOf(port, settings), yield* pacingOf(port, settings)]
      const free = { model: "m" }

      yield* send(a, {}, free)
      yield* send(b, {}, free)
      const [waited, exit] = yield* Effect.timed(send(a, {}, free))

      assert.isTrue(Exit.isSuccess(exit))
      assert.isAtLeast(Duration.toMillis(waited), 500)
    }))

  it.live("counts the tokens of all processes, and what the usage corrects", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { budgets: { requests: 100, tokens: 100 }, longestWait: "3 seconds" } as const
      const [a, b] = [
        yield* pacingOf(port, settings),
        yield* pacingOf(port, settings)
      ]

      yield* send(a, { tokens: 20 }, { ...call, tokens: 100 })
      yield* told
      assert.isTrue(Exit.isSuccess(yield* send(b, {}, { ...call, tokens: 80 })))
      yield* told
      assert.isTrue(Exit.isFailure(yield* send(a, {}, { ...call, tokens: 1 })))
    }))

  it.live("pauses all processes at a 429 of one, and shares what remains", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { longestWait: "5 seconds" } as const
      const [a, b] = [yield* pacingOf(port, settings), yield* pacingOf(port, settings)]

      yield* send(a, { pause: Duration.millis(1000) })
      yield* told
      const [paused] = yield* Effect.timed(send(b))
      assert.isAtLeast(Duration.toMillis(paused), 200)

      const resetAt = DateTime.makeUnsafe(Date.now() + 1000)
      yield* send(a, { rateLimit: { requests: { remaining: 0, resetAt } } })
      yield* told
      const [waited] = yield* Effect.timed(send(b))
      assert.isAtLeast(Duration.toMillis(waited), 150)
    }))

  it.live("shares what Venice says without all of its numbers", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = { budgets: { requests: 100, tokens: 1000 }, window: "2 seconds", longestWait: 0 } as const
      const [a, b] = [yield* pacingOf(port, settings), yield* pacingOf(port, settings)]
      const resetAt = DateTime.makeUnsafe(Date.now() + 1500)

      // A limit says nothing of what remains.
      yield* send(a, { rateLimit: { requests: { limit: 3, resetAt } } })
      yield* told
      assert.deepStrictEqual(
        (yield* Effect.forEach([1, 2, 3], () => send(b))).map(Exit.isSuccess),
        [true, true, false]
      )

      // What remains without a time holds for a window.
      const other = { ...call, model: "n" }
      yield* send(a, { rateLimit: { requests: { remaining: 0 } } }, other)
      yield* told
      assert.isTrue(Exit.isFailure(yield* send(b, {}, other)))
      yield* Effect.sleep("2100 millis")
      assert.isTrue(Exit.isSuccess(yield* send(b, {}, other)))

      // The window of a response without a time is a new one.
      const newest = { ...call, model: "o" }
      const [first, second] = [a.turn(newest), a.turn(newest)]
      yield* Effect.andThen(first.acquire, second.acquire)
      yield* first.settle({
        rateLimit: { requests: { remaining: 0, resetAt: DateTime.makeUnsafe(Date.now() + 1000) } }
      })
      yield* told
      yield* second.settle({ rateLimit: { requests: { remaining: 5 } } })
      yield* told
      assert.isTrue(Exit.isSuccess(yield* send(b, {}, newest)))
    }))

  it.live("goes on for itself while Redis is away, and gives places back", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const settings = { budgets: { requests: 1, tokens: 1000 }, longestWait: "3 seconds" } as const
      const [a, b] = [
        yield* pacingOf(server.port, settings, "500 millis"),
        yield* pacingOf(server.port, settings, "500 millis")
      ]

      const turn = a.turn(call)
      yield* turn.acquire
      const waiting = yield* Effect.forkChild(send(b))
      yield* told
      yield* turn.settle({ unsent: true })
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(waiting)))

      yield* server.freeze
      const [duration, exit] = yield* Effect.timed(send(a))
      assert.isTrue(Exit.isSuccess(exit))
      assert.isBelow(Duration.toMillis(duration), 1800)
      yield* server.thaw
    }))

  it.live("keeps neither the key nor the model in Redis", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      yield* send(yield* pacingOf(port))
      yield* told

      const names = yield* (yield* connected(port)).send<Array<string>>("KEYS", "*")
      assert.isNotEmpty(names)
      for (const name of names) assert.match(name, /^\{venice:pace:[\da-f]{32}\}:(?:sent|tokens|state)$/)
    }))
})
