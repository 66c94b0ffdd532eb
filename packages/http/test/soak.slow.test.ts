import { VeniceClient } from "@effect-venice/http"
import { NodeHttpClient } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { failing, hostile, outcome, round } from "./failing.ts"

describe.each([["fetch", FetchHttpClient.layer], ["undici", NodeHttpClient.layerUndici]] as const)(
  "a thousand failing calls over %s",
  (_, layer) => {
    it.live("end as they should, and leave no connection behind", () =>
      Effect.gen(function*() {
        const server = yield* hostile
        const venice = yield* VeniceClient.make({ baseUrl: server.url, apiKey: Redacted.make("correct-horse-battery") })
        const outcomes = new Map(failing.map(({ name }) => [name, new Set<string>()]))
        const calls = Array.from({ length: 10 }, () => round).flat()

        yield* Effect.forEach(calls, (kind) =>
          Effect.map(outcome(venice, kind), (found) => outcomes.get(kind.name)!.add(found)), { concurrency: 32 })

        assert.deepStrictEqual(
          Object.fromEntries([...outcomes].map(([name, found]) => [name, [...found].join()])),
          Object.fromEntries(failing.map(({ name, outcome }) => [name, outcome]))
        )
        // What is left is idle, and is closed by the client or the server within seconds.
        while ((yield* server.count).open > 0) {
          yield* Effect.sleep("50 millis")
        }
      }).pipe(Effect.provide(layer)))
  }
)
