import { Operation, OperationFailure, VeniceError } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Emulator, Fixtures } from "@effect-venice/testing"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const encode = Schema.encodeSync(Schema.toCodecJson(VeniceError.VeniceError))

/** What the response adds to the error that a test gave: its own ids, and to a 402 the offer of Venice. */
const added: ReadonlyArray<string> = ["body", "contentType", "offer", "operation", "rayId", "requestId"]

/** The members of an error and of its response, without what the response adds, and how it was recognized. */
const membersOf = (error: VeniceError.VeniceError, without: ReadonlyArray<string>) => {
  const { matchedBy: _, response, ...fields } = encode(error) as Record<string, any>
  const kept = (members: object) =>
    Object.fromEntries(Object.entries(members).filter(([name]) => !without.includes(name)))
  return { ...kept(fields), response: kept(response) }
}

const call = (operation: Operation.Operation) =>
  Effect.gen(function*() {
    const venice = yield* VeniceClient
    const path = Object.fromEntries(
      [...operation.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, name === "network" ? "base-mainnet" : "some"])
    )
    const body = operation.startsWith("GET ") ? undefined : {}
    return yield* Effect.flip(venice.request(operation as Operation.AnyOperation, { path, body }))
  })

describe("the emulator answers", () => {
  it.effect.each(Operation.all)("%s with every error that it can fail with", (operation) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const codes = [...OperationFailure.codes(operation)]
      for (const code of codes) {
        const error = Fixtures.error(code)
        yield* emulator.on(operation, { times: 1, fail: error })
        const failure = yield* call(operation)

        if (!VeniceError.isVeniceError(failure)) return assert.fail(`${code}: ${String(failure)}`)
        const context: Readonly<Record<string, unknown>> = { ...error, ...error.response, body: undefined }
        const without = added.filter((name) => context[name] === undefined)
        assert.deepStrictEqual(membersOf(failure, without), membersOf(error, without), code)
        assert.strictEqual(failure.response.operation, operation)
      }
      yield* emulator.verify
      assert.lengthOf(yield* emulator.journal({ operation, source: "rule" }), codes.length)
    }).pipe(Effect.provide(Emulator.layerInProcess)))
})
