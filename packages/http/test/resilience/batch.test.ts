import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { Redis } from "effect/persistence"
import { batched } from "../../src/internal/resilience/batch.ts"

const double = Redis.script((key: string, n: number) => [key, n], { numberOfKeys: 1, lua: "return ARGV[1] * 2" })
  .withReturnType<number>()
const other = Redis.script((key: string) => [key], { numberOfKeys: 1, lua: "return redis.call('GET', KEYS[1])" })
  .withReturnType<string | null>()

type Reply = (args: ReadonlyArray<string>) => Effect.Effect<unknown, Redis.RedisError>

const redisOf = (reply: Reply) =>
  Redis.make({
    send: <A>(command: string, ...args: ReadonlyArray<string>) =>
      command === "SCRIPT" ? Effect.succeed("sha" as A) : reply(args.slice(1)) as Effect.Effect<A, Redis.RedisError>,
    subscribe: () => Effect.succeed(Effect.never),
    connect: Effect.never
  })

/** A Redis that keeps what it was sent, and replies as told. */
const make = (reply: Reply) =>
  Effect.gen(function*() {
    const sent: Array<ReadonlyArray<string>> = []
    const redis = yield* redisOf((args) => {
      sent.push(args)
      return reply(args)
    })
    const { eval: evaluate } = batched(redis)
    return { sent, double: evaluate(double), other: evaluate(other) }
  })

const failing = (message: string) => Effect.fail(new Redis.RedisError({ cause: new Error(message) }))

describe("scripts of the same moment", () => {
  it.effect("are sent as one, each with its keys and arguments, and get their own replies", () =>
    Effect.gen(function*() {
      const { double, other, sent } = yield* make(() => Effect.succeed([[0, 4], [0]]))

      assert.deepStrictEqual(yield* Effect.all([double("a", 2), other("b")], { concurrency: 2 }), [4, null])
      // Two keys; then of each its number, how many keys and arguments it has, and the arguments.
      assert.deepStrictEqual(sent, [["2", "a", "b", "1", "1", "1", "2", "2", "1", "0"]])
    }))

  it.effect("have one number if they are the same, also for another caller", () =>
    Effect.gen(function*() {
      const sent: Array<ReadonlyArray<string>> = []
      const redis = yield* redisOf((args) => {
        sent.push(args)
        return Effect.succeed([[0, 4], [0, "b"], [0, 6]])
      })
      const { eval: evaluate } = batched(redis)
      const [first, second, third] = [evaluate(double), evaluate(other), evaluate(double)]

      const all = Effect.all([first("a", 2), second("b"), third("c", 3)], { concurrency: 3 })
      assert.deepStrictEqual(yield* all, [4, "b", 6])
      assert.deepStrictEqual(sent, [["3", "a", "b", "c", "1", "1", "1", "2", "2", "1", "0", "1", "1", "1", "3"]])
    }))

  it.effect("fail by themselves", () =>
    Effect.gen(function*() {
      const { double, other } = yield* make(() => Effect.succeed([[1, "WRONGTYPE x"], [0, "b"]]))

      const [first, second] = yield* Effect.all([Effect.flip(double("a", 2)), other("b")], { concurrency: 2 })

      assert.include(String(first.cause), "WRONGTYPE x")
      assert.strictEqual(second, "b")
    }))

  it.effect("all fail when the one that was sent does", () =>
    Effect.gen(function*() {
      const { double, other, sent } = yield* make(() => failing("away"))
      const failures = yield* Effect.all([Effect.flip(double("a", 2)), Effect.flip(other("b"))], { concurrency: 2 })

      assert.deepStrictEqual(failures.map(({ cause }) => String(cause)), ["Error: away", "Error: away"])
      assert.lengthOf(sent, 1)
    }))

  it.effect("all end when Redis replies in another form, and when its driver throws", () =>
    Effect.gen(function*() {
      const replies = [null, 5, "OK", {}, [], [5, null], [[0, 4]]].map((reply) => Effect.succeed(reply))
      for (const reply of replies) {
        const { double, other } = yield* make(() => reply)
        const [, last] = yield* Effect.all([Effect.exit(double("a", 2)), Effect.exit(other("b"))], { concurrency: 2 })
        assert.isTrue(Exit.isFailure(last) && last.cause.reasons.every(Cause.isFailReason))
      }

      const thrown = batched({
        ...(yield* redisOf(() => Effect.void)),
        eval: () => {
          throw new Error("no driver")
        }
      })
      const both = Effect.all([Effect.exit(thrown.eval(double)("a", 2)), Effect.exit(thrown.eval(other)("b"))], {
        concurrency: 2
      })
      const exits: ReadonlyArray<Exit.Exit<unknown, unknown>> = yield* both
      for (const exit of exits) assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))

  it.effect("are sent apart on a cluster that has their keys on different nodes", () =>
    Effect.gen(function*() {
      const { double, other, sent } = yield* make((args) =>
        args[0] === "2" ? failing("CROSSSLOT Keys in request don't hash to the same slot") : Effect.succeed(args[1])
      )
      const both = Effect.all([double("a", 2), other("b")], { concurrency: 2 })

      assert.deepStrictEqual((yield* both).map(String), ["a", "b"])
      assert.lengthOf(sent, 3)
      yield* both
      assert.lengthOf(sent, 5)
    }))

  it.effect("are sent apart on a cluster whose driver fails with a text", () =>
    Effect.gen(function*() {
      const { double, other } = yield* make((args) =>
        args[0] === "2" ? Effect.fail(new Redis.RedisError({ cause: "CROSSSLOT" })) : Effect.succeed(args[1])
      )

      const both = Effect.all([double("a", 2), other("b")], { concurrency: 2 })
      assert.deepStrictEqual((yield* both).map(String), ["a", "b"])
    }))

  it.effect("are all sent at once, also apart, and in several scripts", () =>
    Effect.gen(function*() {
      const apart = yield* make((args) => args[0] === "2" ? failing("CROSSSLOT") : Effect.never)
      yield* Effect.forkChild(Effect.all([apart.double("a", 2), apart.other("b")], { concurrency: 2 }))
      const several = yield* make(() => Effect.never)
      const calls = Array.from({ length: 65 }, (_, n) => several.double("a", n))
      yield* Effect.forkChild(Effect.all(calls, { concurrency: "unbounded" }))
      for (let i = 0; i < 20; i++) yield* Effect.yieldNow

      assert.deepStrictEqual(apart.sent.map(([keys]) => keys), ["2", "1", "1"])
      assert.deepStrictEqual(several.sent.map(([keys]) => keys), ["64", "1"])
    }))

  it.effect("are one script that is loaded once, of no more than 64", () =>
    Effect.gen(function*() {
      const commands: Array<string> = []
      const redis = yield* Redis.make({
        send: <A>(command: string, ...args: ReadonlyArray<string>) =>
          Effect.sync(() => {
            commands.push(command)
            return (command === "SCRIPT" ? "sha" : Array.from({ length: Number(args[1]) }, () => [0, 1])) as A
          }),
        subscribe: () => Effect.succeed(Effect.never),
        connect: Effect.never
      })
      const ask = batched(redis).eval(double)
      for (let i = 0; i < 2; i++) {
        yield* Effect.all(Array.from({ length: 64 }, (_, n) => ask("a", n)), { concurrency: "unbounded" })
      }

      assert.deepStrictEqual(commands, ["SCRIPT", "EVALSHA", "EVALSHA"])
      assert.strictEqual(batched(redis).send, redis.send)
    }))

  it.effect("are not more than a script should run", () =>
    Effect.gen(function*() {
      const { double, sent } = yield* make((args) =>
        Effect.succeed(Array.from({ length: Number(args[0]) }, () => [0, 1]))
      )
      yield* Effect.all(Array.from({ length: 100 }, (_, n) => double("a", n)), { concurrency: "unbounded" })

      assert.deepStrictEqual(sent.map(([keys]) => keys), ["64", "36"])
    }))

  it.effect("wait for each other also right behind those of the moment before", () =>
    Effect.gen(function*() {
      const { double, sent } = yield* make((args) =>
        Effect.succeed(Array.from({ length: Number(args[0]) }, () => [0, 1]))
      )
      // In the order in which they ask, after so many turns of the others.
      const calls = [0, 2, 0, 3].map((turns, n) =>
        Effect.andThen(Effect.repeat(Effect.yieldNow, { times: turns }), double("a", n))
      )
      yield* Effect.all(calls, { concurrency: "unbounded" })

      assert.deepStrictEqual(sent.map(([keys]) => keys), ["2", "2"])
    }))

  it.effect("are not sent when their callers are interrupted before", () =>
    Effect.gen(function*() {
      const { double, other, sent } = yield* make(() => Effect.succeed("alone"))
      const gone = yield* Effect.forkChild(double("a", 2), { startImmediately: true })
      const stays = yield* Effect.forkChild(other("b"), { startImmediately: true })
      yield* Fiber.interrupt(gone)

      assert.strictEqual(yield* Fiber.join(stays), "alone")
      assert.deepStrictEqual(sent, [["1", "b"]])
    }))
})

describe("a script alone", () => {
  it.effect("is sent as it is", () =>
    Effect.gen(function*() {
      const { double, sent } = yield* make(() => Effect.succeed(4))

      assert.strictEqual(yield* double("a", 2), 4)
      assert.strictEqual(yield* double("a", 2), 4)
      assert.deepStrictEqual(sent, [["1", "a", "2"], ["1", "a", "2"]])
    }))
})
