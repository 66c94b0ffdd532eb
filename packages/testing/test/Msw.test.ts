import { Errors } from "@effect-venice/core"
import { Script } from "@effect-venice/testing"
import * as Msw from "@effect-venice/testing/Msw"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { setupServer } from "msw/node"

const venice = Msw.make()

const server = setupServer(...venice.handlers)

beforeAll(() => server.listen({ onUnhandledRequest: "error" }))
afterEach(() => Effect.runPromise(venice.emulator.reset))
afterAll(() => server.close())

const models = (init?: RequestInit) => Effect.promise(() => fetch("https://api.venice.ai/api/v1/models", init))

describe("Msw", () => {
  it.live("intercepts requests to Venice", () =>
    Effect.gen(function*() {
      yield* venice.emulator.reply(new Errors.ModelOffline())
      const [failed, succeeded] = [yield* models(), yield* models()]

      assert.strictEqual(failed.status, 503)
      assert.strictEqual(succeeded.status, 200)
      assert.lengthOf(yield* venice.emulator.received, 2)
    }))

  it.live("streams events one at a time", () =>
    Effect.gen(function*() {
      yield* venice.emulator.on("GET /models", { respond: { events: [1, 2] }, pace: { perSecond: 100 } })
      const response = yield* models()
      const chunks = yield* Effect.promise(async () => {
        const out: Array<string> = []
        for await (const chunk of response.body!) out.push(new TextDecoder().decode(chunk))
        return out
      })

      assert.deepStrictEqual(chunks, ["data: 1\n\n", "data: 2\n\n"])
    }))

  for (const disconnect of ["before-header", { afterBytes: 5 }] as const) {
    it.live(`loses the connection ${JSON.stringify(disconnect)}`, () =>
      Effect.gen(function*() {
        yield* venice.emulator.on("GET /models", { disconnect })
        const failure = yield* Effect.promise(() =>
          fetch("https://api.venice.ai/api/v1/models").then((response) => response.text()).then(
            () => undefined,
            (error: unknown) => error
          )
        )

        assert.instanceOf(failure, TypeError)
        assert.deepStrictEqual((yield* venice.emulator.journal()).map(({ outcome }) => outcome), ["disconnected"])
      }))
  }

  it.live("journals a request that is aborted", () =>
    Effect.gen(function*() {
      yield* venice.emulator.on("GET /models", { delay: "1 minute" })
      const failure = yield* Effect.promise(() =>
        fetch("https://api.venice.ai/api/v1/models", { signal: AbortSignal.timeout(20) }).then(
          () => undefined,
          (error: unknown) => error
        )
      )
      yield* Effect.sleep("10 millis")

      assert.isDefined(failure)
      assert.deepStrictEqual((yield* venice.emulator.journal()).map(({ outcome }) => outcome), ["aborted"])
    }))

  it("is at another origin, if asked", () => {
    assert.strictEqual(Msw.make({ origin: "http://localhost:1/" }).emulator.baseUrl, "http://localhost:1/api/v1")
    assert.throws(() => Msw.make({ script: Script.make({ rules: [Script.on("nonsense")] }) }), /an operation of Venice/)
  })
})
