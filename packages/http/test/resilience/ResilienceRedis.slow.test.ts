/** All parts of a fleet over one real Redis, which is killed and started again in the middle. */
import { Errors, Retry } from "@effect-venice/core"
import { BoundedRedis, Resilience } from "@effect-venice/http/resilience"
import { assert, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Metric, Schedule, Stream } from "effect"
import { Redis } from "effect/persistence"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connected, describeRedis, makeServerWith, startServer } from "./redisServer.ts"

const budgets = { requests: 1000, tokens: 1e9 }

const processOf = Effect.fnUntraced(function*(port: number, settings: Resilience.RedisSettings = {}) {
  const redis = Layer.succeed(Redis.Redis, yield* connected(port, "5 seconds"))
  const layer = Resilience.layerRedis({ policy: Retry.never, pacing: { budgets }, ...settings })
  const services = yield* Layer.build(Layer.fresh(Layer.provide(layer, redis)))
  return Context.get(services, Resilience.Resilience)
})

const body = { model: "m", messages: [] }

const send = (process: Resilience.Resilience["Service"]) => <A, E>(self: Effect.Effect<A, E>) =>
  Effect.provideService(
    Resilience.protect("POST /chat/completions", { body })(self),
    Resilience.Resilience,
    process
  )

const offline = Effect.fail(new Errors.ModelOffline({ response: { status: 503 } }))

const tagOf = <A, E extends { readonly _tag: string }>(self: Effect.Effect<A, E>) =>
  Effect.match(self, { onSuccess: () => "sent", onFailure: ({ _tag }) => _tag })

/** The commands that a bounded Redis sent without a response. */
const withoutResponse = Effect.map(
  Effect.all(
    ["timeout", "connection"].map((reason) =>
      Metric.value(Metric.withAttributes(BoundedRedis.failures, { "error.type": reason }))
    )
  ),
  (values) => values.reduce((sum, { count }) => sum + Number(count), 0)
)

type Commands = Pick<Redis.Redis["Service"], "send">

/** How many scripts Redis ran on behalf of clients: each is a round trip. */
const scriptsRun = ({ send }: Commands) =>
  Effect.map(send<string>("INFO", "commandstats"), (info) => {
    const calls = [...info.matchAll(/cmdstat_(?:eval|evalsha|fcall):calls=(\d+)/g)]
    return calls.reduce((sum, [, count]) => sum + Number(count), 0)
  })

/** How many members the sorted sets of all budgets have in Redis, by the end of their name. */
const counted = Effect.fnUntraced(function*({ send }: Commands, suffix: string) {
  const names = yield* send<ReadonlyArray<string>>("KEYS", `*${suffix}`)
  const sizes = yield* Effect.forEach(names, (name) => send<number>("ZCARD", name))
  return sizes.reduce((sum, size) => sum + size, 0)
})

/** Waits until Redis has run so many, and then for more that should not come. */
const settled = (redis: Commands, expected: number) =>
  Effect.repeat(scriptsRun(redis), {
    until: (run) => run >= expected,
    schedule: Schedule.spaced("10 millis"),
    times: 500
  }).pipe(Effect.andThen(Effect.sleep("20 millis")), Effect.andThen(scriptsRun(redis)))

describeRedis("all parts of a fleet", () => {
  it.live("take one round trip before a call and one after it, together", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const [process, redis] = [yield* processOf(port), yield* connected(port)]
      // The first calls load the scripts, and compute the names.
      for (let i = 0; i < 3; i++) yield* tagOf(send(process)(Effect.void))
      yield* Effect.sleep("300 millis")
      yield* redis.send("CONFIG", "RESETSTAT")

      for (let i = 0; i < 10; i++) {
        assert.strictEqual(yield* tagOf(send(process)(Effect.void)), "sent")
        assert.strictEqual(yield* settled(redis, 2 * (i + 1)), 2 * (i + 1))
      }

      // Calls of the same moment share them.
      yield* redis.send("CONFIG", "RESETSTAT")
      yield* Effect.all(Array.from({ length: 10 }, () => send(process)(Effect.void)), { concurrency: "unbounded" })
      assert.isBelow(yield* settled(redis, 2), 20)
    }))

  it.live("have their state apart on a cluster, where one script cannot reach all of it", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "venice-redis-"))),
        (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
      )
      const server = yield* makeServerWith("--cluster-enabled", "yes", "--dir", directory)
      yield* server.start
      const redis = yield* connected(server.port)
      yield* redis.send("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
      yield* Effect.repeat(redis.send<string>("CLUSTER", "INFO"), {
        until: (info) => info.includes("cluster_state:ok"),
        schedule: Schedule.spaced("50 millis"),
        times: 200
      })
      const [a, b] = [yield* processOf(server.port), yield* processOf(server.port)]

      for (let i = 0; i < 5; i++) assert.strictEqual(yield* tagOf(send(i % 2 === 0 ? a : b)(offline)), "MODEL_OFFLINE")
      assert.strictEqual(yield* tagOf(send(a)(Effect.void)), "CIRCUIT_OPEN")
      assert.strictEqual(yield* tagOf(send(b)(Effect.void)), "CIRCUIT_OPEN")
    }))

  it.live("give back what they gave when another one refuses or waits", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const settings = {
        guard: { limit: 2, spare: 1 },
        pacing: { budgets: { requests: 6, tokens: 1e9 }, longestWait: 0 }
      } as const
      const [a, b] = [yield* processOf(port, settings), yield* processOf(port, settings)]
      for (let i = 0; i < 5; i++) yield* tagOf(send(i % 2 === 0 ? a : b)(offline))
      // An open circuit takes none of the six turns.
      for (let i = 0; i < 5; i++) assert.strictEqual(yield* tagOf(send(a)(Effect.void)), "CIRCUIT_OPEN")
      const { guard, pacing } = b
      assert.strictEqual(yield* guard!.remaining({ model: "m" }), 2)
      yield* Effect.sleep("300 millis")
      const turn = pacing!.turn({ model: "m" })
      yield* turn.acquire
      yield* turn.settle({ unsent: true })

      // One call may be in flight. The next one waits for it, in another process, and holds no turn meanwhile.
      const [c, d] = [
        yield* processOf(port, { ...settings, breaker: false }),
        yield* processOf(port, { ...settings, breaker: false })
      ]
      const flight = yield* Effect.forkChild(tagOf(send(c)(Effect.sleep("1 second"))))
      yield* Effect.sleep("300 millis")
      const waiting = yield* Effect.forkChild(tagOf(send(d)(Effect.void)))
      yield* Effect.sleep("300 millis")
      assert.isUndefined(waiting.pollUnsafe())
      assert.strictEqual(yield* Fiber.join(flight), "sent")
      assert.strictEqual(yield* Fiber.join(waiting), "PACE_EXCEEDED")
    }))

  it.live("of a process that ends after its call have told everything", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const redis = yield* connected(port)
      const wrong = Effect.fail(new Errors.InvalidRequest({ response: { status: 400 } }))
      for (let i = 0; i < 3; i++) {
        const tag = yield* Effect.scoped(Effect.flatMap(processOf(port), (process) => tagOf(send(process)(wrong))))
        assert.strictEqual(tag, "INVALID_REQUEST")
      }

      assert.strictEqual(yield* counted(redis, ":failures"), 3)
      assert.strictEqual(yield* counted(redis, ":flight"), 0)
    }))

  it.live("give everything back when calls and streams are interrupted at any moment", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer
      const redis = yield* connected(port)
      const process = yield* processOf(port, {
        guard: { limit: 10_000, lease: "10 minutes" },
        pacing: { budgets: { requests: 10_000, tokens: 1e9 } }
      })
      let sent = 0
      const request = Effect.andThen(Effect.sync(() => sent++), Effect.yieldNow)
      const stream = Stream.runDrain(
        Resilience.protectStream("POST /chat/completions", { body })(Stream.fromEffect(request))
      ).pipe(Effect.provideService(Resilience.Resilience, process))

      for (let round = 0; round < 40; round++) {
        const calls = Array.from({ length: 50 }, (_, i) => i % 2 === 0 ? send(process)(request) : stream)
        const fibers = yield* Effect.forEach(calls, (call) => Effect.forkChild(call))
        for (let moment = 0; moment < round % 20; moment++) {
          yield* moment % 4 === 3
            ? Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
            : Effect.yieldNow
        }
        yield* Fiber.interruptAll(fibers)
      }
      yield* Effect.repeat(counted(redis, ":flight"), {
        until: (inFlight) => inFlight === 0,
        schedule: Schedule.spaced("20 millis"),
        times: 500
      })
      yield* Effect.sleep("200 millis")

      assert.strictEqual(yield* counted(redis, ":flight"), 0)
      assert.strictEqual(yield* counted(redis, ":sent"), sent)
      assert.strictEqual(yield* process.pacing!.waiting({ model: "m" }), 0)
      assert.strictEqual(yield* tagOf(send(process)(Effect.void)), "sent")
    }), 60_000)

  it.live("share what they find out, and go on while Redis is away", () =>
    Effect.gen(function*() {
      const server = yield* startServer
      const [a, b] = [yield* processOf(server.port), yield* processOf(server.port)]

      for (let i = 0; i < 5; i++) assert.strictEqual(yield* tagOf(send(i % 2 === 0 ? a : b)(offline)), "MODEL_OFFLINE")
      assert.strictEqual(yield* tagOf(send(a)(Effect.void)), "CIRCUIT_OPEN")
      assert.strictEqual(yield* tagOf(send(b)(Effect.void)), "CIRCUIT_OPEN")

      // What is told in the background.
      yield* Effect.sleep("300 millis")
      const failed = yield* withoutResponse
      yield* server.kill
      // Each process has circuits of its own, which begin closed. Its first command finds out that Redis is away.
      assert.strictEqual(yield* tagOf(send(a)(Effect.void)), "sent")
      assert.isAtMost((yield* withoutResponse) - failed, 1)
      for (let i = 0; i < 20; i++) assert.strictEqual(yield* tagOf(send(b)(Effect.void)), "sent")

      yield* server.start
      yield* Effect.sleep("1500 millis")
      assert.strictEqual(yield* tagOf(send(a)(Effect.void)), "sent")
    }))
})
