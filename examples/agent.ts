/**
 * An agent of a shop's support, on Effect's AI modules: a model of Venice that looks up orders with a tool.
 *
 *     VENICE_API_KEY=… node examples/agent.ts "Where is my order A-17?"
 *
 * A failed request is retried inside the model, so that no tool runs twice. What the agent fails with has a type: the
 * errors of Venice by their codes, those of the tool, and `AiError` for an answer of the model that makes no sense.
 */
import { Retry, VeniceError } from "@effect-venice/core"
import { AiFailure, type RequestBody, Success, VeniceClient } from "@effect-venice/http"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Context, Effect, Layer, Schema, Stream } from "effect"
import { Chat, LanguageModel, type Prompt, type Response, Tool, Toolkit } from "effect/ai"

/** A prompt of Effect as messages of a chat. */
const messagesOf = (message: Prompt.Message): ReadonlyArray<RequestBody.Message> => {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: message.content }]
    case "user":
      return [{ role: "user", content: message.content.map((part) => part.type === "text" ? part.text : "").join("") }]
    case "assistant": {
      const calls = message.content.filter((part) => part.type === "tool-call").map(({ id, name, params }) => ({
        id,
        type: "function",
        function: { name, arguments: JSON.stringify(params) }
      }))
      const text = message.content.map((part) => part.type === "text" ? part.text : "").join("")
      return [{ role: "assistant", content: text, ...(calls.length > 0 && { tool_calls: calls }) }]
    }
    case "tool":
      return message.content.filter((part) => part.type === "tool-result").map(({ id, result }) => ({
        role: "tool",
        tool_call_id: id,
        content: JSON.stringify(result)
      }))
  }
}

const toolOf = (tool: Tool.Any): RequestBody.Tool => ({
  type: "function",
  function: { name: tool.name, description: Tool.getDescription(tool), parameters: Tool.getJsonSchema(tool) }
})

/** What the model answered. Arguments that are no JSON are passed on: the schema of the tool refuses them. */
const partsOf = ({ choices: [{ message }] }: Success.ChatCompletion): Array<Response.PartEncoded> => [
  ...(message.content == null || message.content === "" ? [] : [{ type: "text" as const, text: message.content }]),
  ...(message.tool_calls ?? []).map(({ function: { arguments: text, name }, id }) => ({
    type: "tool-call" as const,
    id,
    name,
    params: parsed(text)
  }))
]

const parsed = (text: string): unknown => {
  try {
    return Tool.unsafeSecureJsonParse(text)
  } catch {
    return text
  }
}

/** A chat model of Venice as a `LanguageModel`, with retries. */
export const layerModel = (
  model: string,
  policy: Retry.Policy = Retry.standard
): Layer.Layer<LanguageModel.LanguageModel, never, VeniceClient> =>
  Layer.effect(
    LanguageModel.LanguageModel,
    Effect.flatMap(VeniceClient, (venice) =>
      LanguageModel.make({
        generateText: ({ prompt, tools }) =>
          venice.execute("POST /chat/completions", {
            body: {
              model,
              messages: prompt.content.flatMap(messagesOf),
              ...(tools.length > 0 && { tools: tools.map(toolOf) })
            },
            success: Success.ChatCompletion,
            timeout: "1 minute"
          }).pipe(Effect.retry(policy), Effect.map(partsOf), AiFailure.wrap("generateText")),
        streamText: () => Stream.die("this agent does not stream")
      }))
  )

/** The shop's orders cannot be read at present. */
export class OrdersUnavailable extends Schema.TaggedError<OrdersUnavailable>()("OrdersUnavailable", {}) {}

const Order = Schema.Struct({ status: Schema.Literals(["packed", "sent", "delivered"]), city: Schema.String })

/** The shop. */
export class Orders extends Context.Service<Orders, {
  readonly find: (id: string) => Effect.Effect<typeof Order.Type | null, OrdersUnavailable>
}>()("examples/Orders") {
  static readonly layer = Layer.succeed(Orders, {
    find: (id) => Effect.succeed(id === "A-17" ? { status: "sent", city: "Venice" } : null)
  })
}

const Tools = Toolkit.make(
  Tool.make("FindOrder", {
    description: "Finds an order by its number. Null if there is none.",
    parameters: Schema.Struct({ id: Schema.String.annotate({ description: "Such as A-17" }) }),
    success: Schema.NullOr(Order),
    failure: OrdersUnavailable
  })
)

const ToolsLive = Tools.toLayer(Effect.map(Orders, ({ find }) => ({ FindOrder: ({ id }) => find(id) })))

/** The model still wants to call tools after so many requests. */
export class TooManyTurns extends Schema.TaggedError<TooManyTurns>()("TooManyTurns", { turns: Schema.Int }) {}

/** How many requests a question may cost. */
const turns = 5

/** Answers a question of a customer, within a minute of waiting. */
export const answer = Effect.fn("answer")(
  function*(question: string) {
    const tools = yield* Tools
    const chat = yield* Chat.fromPrompt([
      { role: "system", content: "You are the support of a shop. Be brief." },
      { role: "user", content: question }
    ])
    for (let turn = 0; turn < turns; turn++) {
      const { text, toolCalls } = yield* chat.generateText({ prompt: [], toolkit: tools })
      if (toolCalls.length === 0) return text
      for (const { name, params } of toolCalls) yield* Effect.logInfo(name, params)
    }
    return yield* new TooManyTurns({ turns })
  },
  AiFailure.unwrap,
  Retry.withDeadline("1 minute"),
  Effect.provide(ToolsLive)
)

/** What the customer reads in place of an answer. What only you can mend is a defect. */
export const reply = (question: string) =>
  answer(question).pipe(
    VeniceError.catchCategory(["RateLimit", "Capacity", "Timeout"], () =>
      Effect.succeed("There are many questions at present. Please ask again in a few minutes.")),
    Effect.catchTags({
      CONTENT_POLICY_VIOLATION: () =>
        Effect.succeed("I cannot answer this question."),
      TOO_MANY_TOKENS: () => Effect.succeed("Your question is too long."),
      OrdersUnavailable: () => Effect.succeed("I cannot see the orders at present. Please ask again later.")
    }),
    Effect.orDie
  )

if (import.meta.main) {
  reply(process.argv[2] ?? "Where is my order A-17?").pipe(
    Effect.flatMap(Console.log),
    Effect.provide([layerModel("llama-3.3-70b"), Orders.layer]),
    Effect.provide(VeniceClient.layer),
    NodeRuntime.runMain
  )
}
