/** What the program on openai's client and the one on `VeniceClient` do with the same answers. openai waits in real time. */
import { Errors } from "@effect-venice/core"
import { Assertions, Emulator, WireResponse } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Exit, type Layer } from "effect"
import * as After from "./after.ts"
import * as Before from "./before.ts"

const question = "Why is the sky blue?"

type Venice = Layer.Success<typeof Emulator.layer>

/** How each program ends with the answers, and how many requests it sends. */
const compare = (
  prepare: (emulator: Emulator.Service) => Effect.Effect<void>,
  { model, text = question }: { readonly model?: string; readonly text?: string } = {}
) => {
  const run = <A, E>(program: Effect.Effect<A, E, Venice | Layer.Success<typeof Emulator.layerClient>>) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* prepare(emulator)
      const exit = yield* Effect.exit(program)
      return { exit, requests: (yield* emulator.received).length }
    }).pipe(Effect.provide(Emulator.layerClient), Effect.provide(Emulator.layer))

  const before = Effect.flatMap(Emulator.Emulator, ({ baseUrl }) =>
    Effect.tryPromise({
      try: () => Before.ask({ apiKey: "emulated-key", baseURL: baseUrl }, text, model),
      catch: (error) => ({ _tag: "Thrown" as const, error: error as Error & { readonly code?: string | null } })
    }))
  return Effect.all({ before: run(before), after: run(After.ask(text, model)) }, { concurrency: "unbounded" })
}

const replying = (...replies: ReadonlyArray<Emulator.Reply>) => (emulator: Emulator.Service) =>
  emulator.reply(...replies)

it.live("both answer a question with one request", () =>
  Effect.gen(function*() {
    const { after, before } = yield* compare(() => Effect.void)

    assert.strictEqual(Assertions.succeeded(before.exit), `This is an emulated answer to: ${question}`)
    assert.deepStrictEqual(after, before as unknown)
  }))

it.live("both wait for a model that is busy for a moment", () =>
  Effect.gen(function*() {
    const busy = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(1) } })
    const { after, before } = yield* compare(replying(busy))

    assert.strictEqual(before.requests, 2)
    assert.strictEqual(Assertions.succeeded(before.exit), `This is an emulated answer to: ${question}`)
    assert.deepStrictEqual(after, before as unknown)
  }))

it.live("after: an answer that was lost is billed once", () =>
  Effect.gen(function*() {
    const { after, before } = yield* compare((emulator) =>
      emulator.on("POST /chat/completions", { disconnect: "before-header" })
    )

    assert.strictEqual(before.requests, 3)
    assert.strictEqual(after.requests, 1)
    Assertions.failed(after.exit, "HttpClientError")
  }))

it.live("after: an empty account is no reason to try again later", () =>
  Effect.gen(function*() {
    const empty = WireResponse.json(429, { error: "Insufficient USD or Diem balance to complete request" })
    const { after, before } = yield* compare(replying(empty, empty, empty))

    assert.strictEqual(Assertions.succeeded(before.exit), "Too many questions. Try again later.")
    assert.strictEqual(before.requests, 3)
    Assertions.failed(after.exit, "INSUFFICIENT_BALANCE")
    assert.strictEqual(after.requests, 1)
  }))

it.live("after: a hint of two minutes reaches the user, and no request is sent before", () =>
  Effect.gen(function*() {
    const busy = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.minutes(2) } })
    const { after, before } = yield* compare(replying(busy, busy, busy))

    assert.strictEqual(Assertions.succeeded(before.exit), "Too many questions. Try again later.")
    assert.strictEqual(before.requests, 3)
    assert.strictEqual(Assertions.succeeded(after.exit), "Too many questions. Try again in 2m.")
    assert.strictEqual(after.requests, 1)
  }))

it.live("after: a bad request is not taken for a long one", () =>
  Effect.gen(function*() {
    const invalid = WireResponse.json(400, {
      error: "Invalid request parameters",
      details: { _errors: [], top_p: { _errors: ["Too big"] } }
    })
    const { after, before } = yield* compare(replying(invalid))

    assert.strictEqual(Assertions.succeeded(before.exit), "Your question is too long.")
    const { issues } = Assertions.failed(after.exit, "INVALID_REQUEST")
    assert.deepInclude(issues[0], { path: ["top_p"], message: "Too big" })
  }))

it.live("after: a long question is told the limit", () =>
  Effect.gen(function*() {
    const long = WireResponse.json(400, {
      error: "The input (35034 tokens) is longer than the model's context length (32768 tokens)."
    })
    const { after } = yield* compare(replying(long))

    assert.strictEqual(Assertions.succeeded(after.exit), "Your question is longer than 32768 tokens.")
  }))

it.live("after: a model that was renamed is replaced by the one that Venice suggests", () =>
  Effect.gen(function*() {
    const renamed = WireResponse.json(404, { error: "Specified model not found: lama. Did you mean: llama-3.3-70b?" })
    const { after, before } = yield* compare(replying(renamed), { model: "lama" })

    assert.isTrue(Exit.isFailure(before.exit))
    assert.strictEqual(Assertions.succeeded(after.exit), `This is an emulated answer to: ${question}`)
  }))

it.live("after: an error in the body of a success is an error, and is retried", () =>
  Effect.gen(function*() {
    const hidden = WireResponse.json(200, { error: { message: "The model is offline", code: "MODEL_OFFLINE" } })
    const { after, before } = yield* compare(replying(hidden))

    const { error } = Assertions.failed(before.exit, "Thrown")
    assert.instanceOf(error, TypeError)
    assert.strictEqual(Assertions.succeeded(after.exit), `This is an emulated answer to: ${question}`)
    assert.strictEqual(after.requests, 2)
  }))
