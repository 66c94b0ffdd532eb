/** What a program and its tests do where there is a process. */
import { Retry } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Assertions, Call, Emulator, Fixtures } from "@effect-venice/testing"
import { Effect } from "effect"
import { type Checks, equal } from "./check.ts"
import { web } from "./web.ts"

const embed = Effect.flatMap(
  VeniceClient,
  (venice) => venice.request("POST /embeddings", { body: { model: "text-embedding-bge-m3", input: "Venice" } })
)

export const full: Checks = {
  ...web,

  "test with the emulator": async () => {
    const test = Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.on("POST /embeddings", { times: 2, fail: { code: "MODEL_OFFLINE", retryAfter: "30 seconds" } })
      const call = yield* Call.observe(embed, Effect.retry(Retry.standard))
      Assertions.succeeded(call.exit)
      const sent = Call.fromJournal(yield* emulator.journal())
      Assertions.attempted(sent, 3)
      Assertions.respectedHints(sent)
      yield* emulator.verify
    })
    await Effect.runPromise(Effect.provide(test, Emulator.layerInProcess))
    for (const fixture of Fixtures.all) equal(Fixtures.decode(fixture)._tag, fixture.code)
  }
}
