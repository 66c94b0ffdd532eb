import { Call } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Exit } from "effect"

it.effect("a call that waits for something else than time ends the test, and says so", () =>
  Effect.gen(function*() {
    const exit = yield* Effect.exit(Call.observe(Effect.never, (attempt) => attempt))

    assert.include(
      Exit.isFailure(exit) ? String(exit.cause) : "",
      "The call waits for something else than time, such as a real socket:"
    )
  }))

it.effect("a call that waits for something real goes on when that has come", () =>
  Effect.gen(function*() {
    const real = Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)))
    const call = yield* Call.observe(real, (attempt) => Effect.andThen(attempt, Effect.sleep("1 hour")))

    assert.isTrue(Exit.isSuccess(call.exit))
  }))
