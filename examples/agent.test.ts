import { Errors } from "@effect-venice/core"
import { Assertions, Call, Emulator, WireResponse } from "@effect-venice/testing"
import { assert, it } from "@effect/vitest"
import { Duration, Effect, Layer, References } from "effect"
import { answer, layerModel, Orders, OrdersUnavailable, reply } from "./agent.ts"

const question = "Where is my order A-17?"

/** An answer of the model that calls the tool. */
const calling = (args: string, name = "FindOrder") =>
  WireResponse.json(200, {
    id: "chatcmpl-1",
    model: "llama-3.3-70b",
    choices: [{
      index: 0,
      finish_reason: "tool_calls",
      message: {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "call_1", type: "function", function: { name, arguments: args } }]
      }
    }]
  })

const saying = (content: string) =>
  WireResponse.json(200, {
    id: "chatcmpl-2",
    model: "llama-3.3-70b",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content } }]
  })

const found = calling("{\"id\":\"A-17\"}")

/** The shop, and how often it was asked. */
const shop = () => {
  const asked: Array<string> = []
  const layer = Layer.succeed(Orders, {
    find: (id) =>
      Effect.sync(() => {
        asked.push(id)
        return { status: "sent" as const, city: "Venice" }
      })
  })
  return { asked, layer }
}

/** Runs a program on virtual time, with the answers of Venice. */
const run = <A, E>(
  program: Effect.Effect<A, E, Layer.Success<typeof Orders.layer> | Layer.Success<ReturnType<typeof layerModel>>>,
  { orders = Orders.layer, replies }: {
    readonly orders?: Layer.Layer<Orders>
    readonly replies: ReadonlyArray<Emulator.Reply>
  }
) =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.reply(...replies)
    const { elapsed, exit } = yield* Call.observe(Effect.provide(program, orders), (attempt) => attempt)
    const journal = yield* emulator.journal()
    return {
      elapsed,
      exit,
      sent: Call.fromJournal(journal),
      bodies: journal.map(({ request }) => JSON.parse(request.body.text!))
    }
  }).pipe(
    Effect.provide(layerModel("llama-3.3-70b")),
    Effect.provide(Emulator.layerInProcess),
    Effect.provideService(References.MinimumLogLevel, "None")
  )

it.effect("looks up an order, and answers with what it found", () =>
  Effect.gen(function*() {
    const { asked, layer } = shop()
    const { bodies, exit } = yield* run(answer(question), {
      orders: layer,
      replies: [found, saying("It is on its way.")]
    })

    assert.strictEqual(Assertions.succeeded(exit), "It is on its way.")
    assert.deepStrictEqual(asked, ["A-17"])
    assert.deepInclude(bodies[0].tools[0].function, {
      name: "FindOrder",
      description: "Finds an order by its number. Null if there is none."
    })
    assert.deepInclude(bodies[0].tools[0].function.parameters, { type: "object", required: ["id"] })
    assert.deepStrictEqual(bodies[1].messages.slice(2), [
      {
        role: "assistant",
        content: "",
        tool_calls: [{
          id: "call_1",
          type: "function",
          function: { name: "FindOrder", arguments: "{\"id\":\"A-17\"}" }
        }]
      },
      { role: "tool", tool_call_id: "call_1", content: "{\"status\":\"sent\",\"city\":\"Venice\"}" }
    ])
  }))

it.effect("answers without the tool where the model needs none, as the emulated one", () =>
  Effect.gen(function*() {
    const { exit } = yield* run(answer(question), { replies: [] })

    assert.include(Assertions.succeeded(exit), "This is an emulated answer to: ")
  }))

it.effect("waits as long as Venice asks between two turns, and runs the tool once", () =>
  Effect.gen(function*() {
    const { asked, layer } = shop()
    const busy = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(20) } })
    const { exit, sent } = yield* run(answer(question), { orders: layer, replies: [found, busy, saying("Soon.")] })

    assert.strictEqual(Assertions.succeeded(exit), "Soon.")
    assert.deepStrictEqual(asked, ["A-17"])
    Assertions.attempted(sent, 3)
    Assertions.respectedHints(sent)
  }))

it.effect("fails with Venice's error, which says what was tried", () =>
  Effect.gen(function*() {
    const { exit } = yield* run(answer(question), {
      replies: [
        new Errors.InferenceFailed(),
        WireResponse.json(404, { error: "Specified model not found: lama. Did you mean: llama-3.3-70b?" })
      ]
    })
    const error = Assertions.failed(exit, "MODEL_NOT_FOUND", { suggestions: ["llama-3.3-70b"] })

    assert.strictEqual(error.attempts?.made.length, 2)
  }))

it.effect("gives up where a wait would pass the deadline", () =>
  Effect.gen(function*() {
    const busy = new Errors.ModelOverloaded({ response: { status: 429, retryAfter: Duration.seconds(40) } })
    const { elapsed, exit, sent } = yield* run(answer(question), { replies: [found, busy, busy, busy] })
    const error = Assertions.failed(exit, "MODEL_OVERLOADED")

    assert.strictEqual(error.attempts?.reason, "deadline")
    assert.isBelow(Duration.toSeconds(elapsed), 60)
    Assertions.attempted(sent, 3)
  }))

it.effect("does not send a turn again whose answer was lost", () =>
  Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    yield* emulator.on("POST /chat/completions", { disconnect: "before-header" })
    const { exit } = yield* Call.observe(answer(question), (attempt) => attempt)

    Assertions.failed(exit, "HttpClientError")
    Assertions.chargedOnce(Call.fromJournal(yield* emulator.journal()))
  }).pipe(
    Effect.provide([layerModel("llama-3.3-70b"), Orders.layer]),
    Effect.provide(Emulator.layerInProcess)
  ))

it.effect("fails with the error of the tool", () =>
  Effect.gen(function*() {
    const orders = Layer.succeed(Orders, { find: () => Effect.fail(new OrdersUnavailable()) })
    const { exit, sent } = yield* run(answer(question), { orders, replies: [found] })

    Assertions.failed(exit, "OrdersUnavailable")
    Assertions.attempted(sent, 1)
  }))

for (
  const [name, reply] of [
    ["arguments that are no JSON", calling("{\"id\": A-")],
    ["arguments of another shape", calling("{\"number\": 17}")],
    ["a tool that there is not", calling("{}", "DeleteOrder")]
  ] as const
) {
  it.effect(`fails with AiError for ${name}`, () =>
    Effect.gen(function*() {
      const { asked, layer } = shop()
      const { exit } = yield* run(answer(question), { orders: layer, replies: [reply] })

      Assertions.failed(exit, "AiError")
      assert.isEmpty(asked)
    }))
}

it.effect("does not call tools without end", () =>
  Effect.gen(function*() {
    const { exit, sent } = yield* run(answer(question), { replies: Array.from({ length: 10 }, () => found) })

    Assertions.failed(exit, "TooManyTurns")
    Assertions.attempted(sent, 5)
  }))

it.effect("replies to a customer, and dies of what only the owner can mend", () =>
  Effect.gen(function*() {
    const busy = new Errors.ModelAtCapacity({ response: { status: 503, retryAfter: Duration.minutes(10) } })
    const { exit } = yield* run(reply(question), { replies: [busy] })
    assert.match(Assertions.succeeded(exit), /many questions/)

    const { exit: poor } = yield* run(reply(question), { replies: [new Errors.InsufficientBalance()] })
    assert.match(String(poor), /INSUFFICIENT_BALANCE/)
  }))
