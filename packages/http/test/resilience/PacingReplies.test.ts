/** The pace of a fleet over a Redis that replies as told: what it asks, and when. */
import { Pacing } from "@effect-venice/http/resilience"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Duration, Effect, Exit, Layer, Scope } from "effect"
import { Redis } from "effect/persistence"
import { TestClock } from "effect/testing"
import { createHash } from "node:crypto"
import { scriptedRedis } from "./scriptedRedis.ts"

interface Asked {
  readonly keys: ReadonlyArray<unknown>
  readonly mode: unknown
  readonly id: unknown
  readonly args: ReadonlyArray<unknown>
}

const call: Pacing.Call = { model: "m", tokens: 7 }

const settings = { budgets: { requests: 20, tokens: 1000 }, window: "10 seconds" } as const

/** A pace, what it asked of Redis, and the scope that ends it. */
const make = Effect.fnUntraced(function*(
  settled: Effect.Effect<unknown> = Effect.succeed(0),
  prefix?: string
) {
  const asked: Array<Asked> = []
  const redis = yield* scriptedRedis(({ args: [mode, id, ...args], keys }) =>
    Effect.suspend(() => {
      asked.push({ keys, mode, id, args })
      return mode === "acquire" ? Effect.succeed(0) : settled
    })
  )
  const scope = Scope.makeUnsafe()
  yield* Effect.addFinalizer((exit) => Scope.close(scope, exit))
  const layer = Layer.provide(
    Pacing.layerRedis({ ...settings, prefix }),
    Layer.succeed(Redis.Redis, redis)
  )
  const pacing = Context.get(yield* Layer.buildWithScope(layer, scope), Pacing.Pacing)
  return { asked, pacing, scope }
})

const namesOf = (prefix: string, of: string) => {
  const name = createHash("sha256").update(of).digest("hex").slice(0, 32)
  return ["sent", "tokens", "state"].map((kind) => `{${prefix}${name}}:${kind}`)
}

const at = (millis: number) => DateTime.makeUnsafe(millis)

describe("a turn of a fleet", () => {
  it.effect("is asked for under three names of one node of a cluster, which tell neither key nor model", () =>
    Effect.gen(function*() {
      for (const prefix of [undefined, "mine:"]) {
        const { asked, pacing } = yield* make(undefined, prefix)
        for (const one of [call, {}]) yield* pacing.turn(one).acquire

        const [first, second] = asked
        const nothing = [-1, -1, 0, 0]
        assert.deepStrictEqual(asked, [
          {
            keys: namesOf(prefix ?? "venice:pace:", "\nm"),
            mode: "acquire",
            id: first!.id,
            args: [10_000, 20, 1000, 7, 0, ...nothing, ...nothing]
          },
          {
            keys: namesOf(prefix ?? "venice:pace:", "\n"),
            mode: "acquire",
            id: second!.id,
            args: [10_000, 20, 1000, 0, 0, ...nothing, ...nothing]
          }
        ])
        assert.notStrictEqual(first!.id, second!.id)
      }
    }))

  it.effect.each<readonly [answer: Pacing.Answer | undefined, told: ReadonlyArray<unknown>]>([
    [undefined, ["settle", -1, 0, -1, -1, 0, 0, -1, -1, 0, 0]],
    [{ unsent: true }, ["give-back", -1, 0, -1, -1, 0, 0, -1, -1, 0, 0]],
    [{ tokens: 9.5, pause: Duration.seconds(7) }, ["settle", 10, 7000, -1, -1, 0, 0, -1, -1, 0, 0]],
    [{ tokens: 0, pause: Duration.millis(86_400_001) }, ["settle", 0, 86_400_000, -1, -1, 0, 0, -1, -1, 0, 0]],
    [
      {
        rateLimit: {
          requests: { limit: 30, remaining: 4, resetAt: at(9000) },
          tokens: { limit: 500, remaining: 3, resetAt: at(6000) }
        }
      },
      ["settle", -1, 0, 30, 4, 9000, 8000, 500, 3, 6000, 5000]
    ],
    [{ rateLimit: { requests: { remaining: -3 } } }, ["settle", -1, 0, -1, 0, 11_000, 10_000, -1, -1, 0, 0]],
    [{ rateLimit: { tokens: { limit: 5 } } }, ["settle", -1, 0, -1, -1, 0, 0, 5, -1, 11_000, 10_000]]
  ])("tells Redis once what its answer %j says", ([answer, told]) =>
    Effect.gen(function*() {
      const { asked, pacing } = yield* make()
      const turn = pacing.turn(call)
      yield* turn.settle(answer)
      assert.deepStrictEqual(asked, [])

      yield* turn.acquire
      yield* TestClock.adjust("1 second")
      for (let i = 0; i < 3; i++) yield* turn.settle(answer)
      yield* Effect.yieldNow

      const [taken, ...reports] = asked
      assert.deepStrictEqual(reports.map(({ keys, id }) => ({ keys, id })), [{ keys: taken!.keys, id: taken!.id }])
      assert.deepStrictEqual(reports.map(({ args: [window, requests, tokens] }) => [window, requests, tokens]), [
        [10_000, 20, 1000]
      ])
      assert.deepStrictEqual(reports.map(({ args, mode }) => [mode, ...args.slice(3)]), [[...told]])
    }))
})

describe("the end of a fleet's layer", () => {
  it.effect.each([[Effect.never, 500], [Effect.delay(Effect.succeed(0), "200 millis"), 200]] as const)(
    "waits for what Redis is told, for half a second at most",
    ([settled, millis]) =>
      Effect.gen(function*() {
        const { pacing, scope } = yield* make(settled)
        yield* Effect.provideService(Pacing.run(call, () => ({}))(Effect.void), Pacing.Pacing, pacing)
        const end = yield* Effect.forkChild(Scope.close(scope, Exit.void))

        yield* TestClock.adjust(millis - 1)
        assert.isUndefined(end.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.isDefined(end.pollUnsafe())
      })
  )
})
