import { Errors } from "@effect-venice/core"
import { Assertions, Call, Emulator, Script } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { dictate, summarize } from "./tickets.ts"

const ticket = { id: "T-1", text: "The invoice of March is missing." }

/** Runs the service to its end on virtual time. */
const run = (text = ticket.text) =>
  Effect.map(Call.observe(summarize({ ...ticket, text }), (call) => call), ({ exit }) => Assertions.succeeded(exit))

const chat = "POST /chat/completions"

const sent = Effect.gen(function*() {
  const emulator = yield* Emulator.Emulator
  return Call.fromJournal(yield* emulator.journal({ operation: chat }))
})

it.effect("summarizes a ticket with one request", () =>
  Effect.gen(function*() {
    const summary = yield* run()

    assert.strictEqual(summary._tag, "Summarized")
    Assertions.attempted(yield* sent, 1)
  }).pipe(Effect.provide(Emulator.layerInProcess)))

it.effect("waits as long as Venice asks", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.on(chat, { times: 2, fail: { code: "RATE_LIMIT_EXCEEDED", retryAfter: "20 seconds" } })
    const summary = yield* run()

    assert.strictEqual(summary._tag, "Summarized")
    Assertions.attempted(yield* sent, 3)
    Assertions.respectedHints(yield* sent)
    yield* emulator.verify
  }).pipe(Effect.provide(Emulator.layerInProcess)))

it.effect("asks another model if the usual one is offline", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.on(chat, { model: "llama-3.3-70b", fail: "MODEL_OFFLINE" })
    const summary = yield* run()

    assert.strictEqual(summary._tag === "Summarized" && summary.model, "mistral-31-24b")
    assert.lengthOf(yield* emulator.journal({ model: "mistral-31-24b" }), 1)
  }).pipe(Effect.provide(Emulator.layerInProcess)))

it.effect("shortens what is longer than the context of the model", () =>
  Effect.gen(function*() {
    const summary = yield* run("A long story. ".repeat(100_000))

    assert.strictEqual(summary._tag === "Summarized" && summary.isShortened, true)
    Assertions.attempted(yield* sent, 2)
  }).pipe(Effect.provide(Emulator.layerInProcess)))

it.effect("rejects what Venice does not allow, with its reason", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.reply(new Errors.ContentPolicyViolation({ message: "Your prompt violates the content policy" }))

    assert.deepStrictEqual(yield* run(), { _tag: "Rejected", reason: "Your prompt violates the content policy" })
    Assertions.neverRetried(yield* sent)
  }).pipe(Effect.provide(Emulator.layerInProcess)))

it.effect("postpones a ticket whose answer was lost, because a second request may be charged again", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.on(chat, { times: "once", disconnect: "before-header" })

    assert.deepStrictEqual(yield* run(), { _tag: "Postponed", reason: "HttpClientError" })
    Assertions.chargedOnce(yield* sent)
  }).pipe(Effect.provide(Emulator.layerInProcess)))

it.effect("stops if the account has no credit, and pages somebody", () =>
  Effect.gen(function*() {
    const { exit } = yield* Call.observe(summarize(ticket), (call) => call)

    assert.match(String(exit), /INSUFFICIENT_BALANCE/)
  }).pipe(Effect.provide(Emulator.layerInProcessWith({ script: Script.make({ dynamics: { balance: { usd: 0 } } }) }))))

it.effect("dictates until the stream breaks off, and begins only once", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.on(chat, { times: 1, fail: { code: "MODEL_OVERLOADED", retryAfter: "5 seconds" } })
    yield* emulator.on(chat, { pace: { first: "1 second", perSecond: 20 }, disconnect: { afterEvents: 3 } })
    const call = yield* Call.observe(Stream.runCollect(dictate(ticket)), (attempt) => attempt)
    const pieces = Assertions.succeeded(call.exit)

    assert.strictEqual(pieces.at(-1), " […]")
    assert.lengthOf(pieces, 4)
    Assertions.attempted(yield* sent, 2)
  }).pipe(Effect.provide(Emulator.layerInProcess)))
