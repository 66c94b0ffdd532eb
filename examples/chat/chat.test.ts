import { Errors } from "@effect-venice/core"
import { VeniceClient } from "@effect-venice/http"
import { Assertions, Call, Emulator, type WireResponse } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, References, Stream } from "effect"
import { answer } from "./main.ts"

const conversation = { messages: [{ role: "user" as const, content: "Why is the sky blue?" }] }

/** The events that the page gets, on virtual time. */
const run = (...replies: ReadonlyArray<Emulator.Reply>) =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.reply(...replies)
    const venice = yield* VeniceClient
    const events = answer(venice, conversation).pipe(Stream.decodeText, Stream.mkString)
    const { elapsed, exit } = yield* Call.observe(events, (attempt) => attempt)
    const journal = yield* emulator.journal()
    return {
      text: Assertions.succeeded(exit),
      elapsed,
      sent: Call.fromJournal(journal),
      outcomes: journal.map(({ outcome }) => outcome)
    }
  }).pipe(Effect.provide(Emulator.layerInProcess), Effect.provideService(References.MinimumLogLevel, "None"))

const delta = (content: string, delay: Duration.Duration = Duration.zero) => ({
  data: `data: ${JSON.stringify({ id: "1", choices: [{ index: 0, delta: { content } }] })}\n\n`,
  delay
})

const stream = (...body: ReadonlyArray<WireResponse.Chunk>): WireResponse.WireResponse => ({
  status: 200,
  headers: { "content-type": "text/event-stream" },
  body
})

const end = { data: "data: [DONE]\n\n" }

it.effect("sends each piece of the text, and the end", () =>
  Effect.gen(function*() {
    const { text } = yield* run(stream(delta("A\n"), delta("B"), end))

    assert.strictEqual(text, "event: text\ndata: \"A\\n\"\n\nevent: text\ndata: \"B\"\n\nevent: done\ndata: \"\"\n\n")
  }))

it.effect("starts a stream again that is refused for a moment", () =>
  Effect.gen(function*() {
    const busy = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(4) } })
    const { sent, text } = yield* run(busy, stream(delta("A"), end))

    assert.match(text, /^event: text\ndata: "A"/)
    Assertions.attempted(sent, 2)
    Assertions.respectedHints(sent)
  }))

it.effect("waits for half a minute of silence, and not for more", () =>
  Effect.gen(function*() {
    const slow = yield* run(stream(delta("A"), delta("B", Duration.seconds(29)), end))
    assert.match(slow.text, /"B".*event: done/s)

    const silent = yield* run(stream(delta("A"), delta("B", Duration.seconds(31)), end))
    assert.match(
      silent.text,
      /^event: text\ndata: "A"\n\nevent: failed\ndata: "The answer broke off\. Try again in a moment\."\n\n$/
    )
    assert.strictEqual(Duration.toSeconds(silent.elapsed), 30)
    assert.deepStrictEqual(silent.outcomes, ["aborted"])
  }))

it.effect("says what happened before the first piece too", () =>
  Effect.gen(function*() {
    const { text } = yield* run(new Errors.TooManyTokens())

    assert.strictEqual(text, "event: failed\ndata: \"The conversation is too long. Begin a new one.\"\n\n")
  }))
