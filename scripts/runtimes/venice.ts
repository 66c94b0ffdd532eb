/** The emulated Venice that the programs call, and what it must have received when a program has ended. */
import { Assertions, Call, Emulator, Script } from "@effect-venice/testing"
import { Effect, Exit, ManagedRuntime, Scope } from "effect"
import type { Outcome } from "./programs/check.ts"

interface Scenario {
  readonly rules: ReadonlyArray<Script.Rule>
  /** How many requests it takes. */
  readonly requests: number
}

const on = (options: Script.RuleOptions) => Script.on("POST /chat/completions", options)

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`

const delta = {
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "llama-3.3-70b",
  choices: [{ index: 0, delta: { content: "Hello" }, finish_reason: null }]
}

const nothing: Scenario = { rules: [], requests: 0 }

const limitedOnce: Scenario = {
  rules: [on({ times: 1, fail: { code: "RATE_LIMIT_EXCEEDED", retryAfter: "1 second" } })],
  requests: 2
}

const brokenStream: Scenario = {
  rules: [
    on({
      times: 1,
      respond: {
        status: 200,
        headers: { "content-type": "text/event-stream" },
        body: [
          { data: event(delta) },
          { data: event({ error: { message: "busy", code: "model_overloaded", retry_after: 30 } }) }
        ]
      }
    })
  ],
  requests: 1
}

/** By the name of the check. */
const scenarios: Readonly<Record<string, Scenario>> = {
  decode: nothing,
  "retry with Effect": limitedOnce,
  "retry with fetch": limitedOnce,
  "stream with fetch": brokenStream,
  "catch with VeniceClient": { rules: [on({ times: 1, fail: "INSUFFICIENT_BALANCE" })], requests: 1 },
  "retry with VeniceClient": limitedOnce,
  "stream with VeniceClient": brokenStream,
  "test with the emulator": nothing
}

/** Whether a check sent what it should: all failures that were prepared, and no request before it was allowed. */
const received = (emulator: Emulator.Service, { requests }: Scenario): Effect.Effect<void, Error> =>
  Effect.gen(function*() {
    yield* emulator.verify
    const sent = Call.fromJournal(yield* emulator.journal())
    yield* Effect.try({
      try: () => {
        if (sent.attempts.length !== requests) throw new Error(`${sent.attempts.length} requests, not ${requests}`)
        Assertions.respectedHints(sent)
      },
      catch: (error) => error as Error
    })
  })

export interface Venice extends AsyncDisposable {
  readonly origin: string
  /** Runs a program that makes these checks, and completes its outcomes by what Venice received. */
  readonly observe: (
    checks: ReadonlyArray<string>,
    program: (urls: Readonly<Record<string, string>>) => Promise<ReadonlyArray<Outcome>>
  ) => Promise<ReadonlyArray<Outcome>>
}

export const start = async (): Promise<Venice> => {
  const runtime = ManagedRuntime.make(Emulator.layer)
  const emulator = await runtime.runPromise(Emulator.Emulator)
  return {
    origin: new URL(emulator.baseUrl).origin,
    observe: async (checks, program) => {
      const scope = Scope.makeUnsafe()
      try {
        const own = new Map<string, Emulator.Service>()
        for (const name of checks) {
          const script = Script.make({ rules: scenarios[name]!.rules })
          own.set(name, await runtime.runPromise(Scope.provide(emulator.scoped(script), scope)))
        }
        const outcomes = await program(Object.fromEntries([...own].map(([name, { baseUrl }]) => [name, baseUrl])))
        return await Promise.all(checks.map(async (name): Promise<Outcome> => {
          const outcome = outcomes.find((one) => one.name === name)
          if (outcome === undefined) return { name, failure: "the program did not check it" }
          if (outcome.failure !== null) return outcome
          const seen = await runtime.runPromiseExit(received(own.get(name)!, scenarios[name]!))
          return { name, failure: Exit.isSuccess(seen) ? null : String(seen.cause) }
        }))
      } finally {
        await runtime.runPromise(Scope.close(scope, Exit.void))
      }
    },
    [Symbol.asyncDispose]: () => runtime.dispose()
  }
}
