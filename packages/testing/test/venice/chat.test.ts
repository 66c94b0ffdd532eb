import { Success } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { chat, eventsOf, make } from "./ask.ts"

const tools = [{
  type: "function",
  function: {
    name: "get_weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, days: { type: "integer", minimum: 2 }, unit: { enum: ["c", "f"] } }
    }
  }
}]

const post = (body: object) => Effect.flatMap(make(), ({ ask }) => ask("POST /chat/completions", { body }))

describe("a chat completion", () => {
  it.effect("answers the last message of the user", () =>
    Effect.gen(function*() {
      const { json } = yield* post(chat)
      const completion = Schema.decodeUnknownSync(Success.ChatCompletion)(json)

      assert.strictEqual(completion.choices[0].message.content, "This is an emulated answer to: Hello, Venice")
      assert.strictEqual(completion.choices[0].finish_reason, "stop")
      assert.strictEqual(completion.usage?.total_tokens, completion.usage!.prompt_tokens + 8)
    }))

  it.effect("ends with length at max_tokens, and not before", () =>
    Effect.gen(function*() {
      const [cut, whole] = yield* Effect.all([post({ ...chat, max_tokens: 7 }), post({ ...chat, max_tokens: 8 })])

      assert.strictEqual(cut.json.choices[0].finish_reason, "length")
      assert.strictEqual(cut.json.choices[0].message.content, "This is an emulated answer to: Hello,")
      assert.strictEqual(cut.json.usage.completion_tokens, 7)
      assert.strictEqual(whole.json.choices[0].finish_reason, "stop")
    }))

  it.effect("has as many choices as n, and counts them all", () =>
    Effect.gen(function*() {
      const { json } = yield* post({ ...chat, n: 3 })

      assert.deepStrictEqual(json.choices.map(({ index }: any) => index), [0, 1, 2])
      assert.strictEqual(json.usage.completion_tokens, 24)
    }))

  it.effect("stops before a stop sequence", () =>
    Effect.gen(function*() {
      const { json } = yield* post({ ...chat, stop: [" answer"] })

      assert.strictEqual(json.choices[0].message.content, "This is an emulated")
    }))

  it.effect("calls a tool if tool_choice requires one, with arguments that its schema accepts", () =>
    Effect.gen(function*() {
      const { json } = yield* post({ ...chat, tools, tool_choice: "required" })
      const [choice] = json.choices

      assert.strictEqual(choice.finish_reason, "tool_calls")
      assert.isNull(choice.message.content)
      assert.strictEqual(choice.message.tool_calls[0].function.name, "get_weather")
      assert.deepStrictEqual(JSON.parse(choice.message.tool_calls[0].function.arguments), {
        city: "emulated",
        days: 2,
        unit: "c"
      })
    }))

  it.effect("calls the tool that tool_choice names, and refuses one that is not there", () =>
    Effect.gen(function*() {
      const choose = (name: string) => ({ ...chat, tools, tool_choice: { type: "function", function: { name } } })
      const chosen = yield* post(choose("get_weather"))
      const missing = yield* post(choose("get_news"))

      assert.strictEqual(chosen.json.choices[0].message.tool_calls.length, 1)
      assert.strictEqual(missing.error?._tag, "INVALID_REQUEST")
    }))

  it.effect("answers with a text if tools are only offered", () =>
    Effect.gen(function*() {
      const { json } = yield* post({ ...chat, tools, tool_choice: "auto" })

      assert.strictEqual(json.choices[0].finish_reason, "stop")
    }))

  it.effect("answers JSON that the schema of response_format accepts", () =>
    Effect.gen(function*() {
      const schema = {
        type: "object",
        properties: { name: { type: "string" }, tags: { type: "array", items: { type: "string" } } }
      }
      const { json } = yield* post({
        ...chat,
        response_format: { type: "json_schema", json_schema: { name: "person", schema } }
      })

      assert.deepStrictEqual(JSON.parse(json.choices[0].message.content), { name: "emulated", tags: ["emulated"] })
    }))

  it.effect("thinks on a reasoning model, unless thinking is off", () =>
    Effect.gen(function*() {
      const body = { ...chat, model: "qwen3-235b" }
      const thinking = yield* post(body)
      const silent = yield* post({ ...body, venice_parameters: { disable_thinking: true } })

      assert.isString(thinking.json.choices[0].message.reasoning_content)
      assert.isAbove(thinking.json.usage.completion_tokens_details.reasoning_tokens, 0)
      assert.isUndefined(silent.json.choices[0].message.reasoning_content)
    }))

  it.effect("searches if a parameter or a suffix of the model asks for it", () =>
    Effect.gen(function*() {
      const byParameter = yield* post({ ...chat, venice_parameters: { enable_web_search: "on" } })
      const bySuffix = yield* post({ ...chat, model: "llama-3.3-70b:enable_web_search=on" })
      const neither = yield* post(chat)

      assert.strictEqual(byParameter.json.venice_parameters.web_search_citations.length, 1)
      assert.strictEqual(bySuffix.json.venice_parameters.enable_web_search, "on")
      assert.strictEqual(neither.json.venice_parameters.web_search_citations.length, 0)
    }))

  it.effect("is found by a trait, by the name of another provider, and with dots for hyphens", () =>
    Effect.gen(function*() {
      for (const model of ["default", "gpt-4o", "Llama 3.3 70B", "venice-llama-3.3-70b"]) {
        assert.strictEqual((yield* post({ ...chat, model })).json.model, "llama-3.3-70b", model)
      }
    }))

  it.effect("knows its characters", () =>
    Effect.gen(function*() {
      const of = (character_slug: string) => post({ ...chat, venice_parameters: { character_slug } })

      assert.strictEqual((yield* of("alan-watts")).status, 200)
      assert.strictEqual((yield* of("nobody")).error?._tag, "CHARACTER_NOT_FOUND")
    }))
})

describe("a stream of a chat completion", () => {
  it.effect("has role, content, the reason of its end, usage, and [DONE]", () =>
    Effect.gen(function*() {
      const answer = yield* post({ ...chat, stream: true, stream_options: { include_usage: true } })
      const events = eventsOf(answer).map((event) => Schema.decodeUnknownSync(Success.ChatCompletionChunk)(event))
      const deltas = events.flatMap(({ choices }) => choices.map(({ delta }) => delta))

      assert.strictEqual(answer.headers["content-type"], "text/event-stream")
      assert.strictEqual(deltas[0]?.role, "assistant")
      assert.strictEqual(
        deltas.map(({ content }) => content ?? "").join(""),
        "This is an emulated answer to: Hello, Venice"
      )
      assert.strictEqual(events.at(-2)?.choices[0]?.finish_reason, "stop")
      assert.deepStrictEqual(events.at(-1)?.choices, [])
      assert.strictEqual(events.at(-1)?.usage?.completion_tokens, 8)
      assert.isTrue(answer.text.endsWith("data: [DONE]\n\n"))
    }))

  it.effect("has the parts of a tool call under one index", () =>
    Effect.gen(function*() {
      const answer = yield* post({ ...chat, stream: true, tools, tool_choice: "required" })
      const calls = eventsOf(answer).flatMap(({ choices }) =>
        choices.flatMap(({ delta }: any) => delta.tool_calls ?? [])
      )

      assert.strictEqual(calls[0].function.name, "get_weather")
      assert.isTrue(calls.every(({ index }) => index === 0))
      assert.strictEqual(JSON.parse(calls.map((call) => call.function.arguments).join("")).city, "emulated")
      assert.isTrue(eventsOf(answer).some(({ choices }) => choices[0]?.finish_reason === "tool_calls"))
    }))

  it.effect("is sent in a part for each event", () =>
    Effect.gen(function*() {
      const { body, text } = yield* post({ ...chat, stream: true })

      assert.isArray(body)
      assert.strictEqual((body as ReadonlyArray<unknown>).length, text.split("\n\n").length - 1)
    }))
})

describe("/responses", () => {
  const respond = (body: object) =>
    Effect.flatMap(
      make(),
      ({ ask }) => ask("POST /responses", { body: { model: "llama-3.3-70b", input: "Hello", ...body } })
    )

  it.effect("answers with blocks of output", () =>
    Effect.gen(function*() {
      const { json } = yield* respond({})

      assert.strictEqual(json.status, "completed")
      assert.strictEqual(json.output[0].content[0].text, "This is an emulated answer to: Hello")
    }))

  it.effect("is incomplete at max_output_tokens", () =>
    Effect.gen(function*() {
      const { json } = yield* respond({ max_output_tokens: 3 })

      assert.strictEqual(json.status, "incomplete")
      assert.deepStrictEqual(json.incomplete_details, { reason: "max_output_tokens" })
      assert.strictEqual(json.output[0].status, "incomplete")
    }))

  it.effect("calls functions, in both forms of their definition", () =>
    Effect.gen(function*() {
      for (const tool of [tools[0], { type: "function", ...tools[0]!.function }]) {
        const { json } = yield* respond({ tools: [tool], tool_choice: "required" })

        assert.strictEqual(json.output[0].type, "function_call")
        assert.strictEqual(json.output[0].name, "get_weather")
      }
    }))

  it.effect("streams events by name, in order, and numbered", () =>
    Effect.gen(function*() {
      const answer = yield* respond({ stream: true, tools: [{ type: "web_search" }] })
      const names = answer.text.match(/^event: .*$/gm)!.map((line) => line.slice(7))
      const events = eventsOf(answer)

      assert.strictEqual(names[0], "response.created")
      assert.strictEqual(names.at(-1), "response.completed")
      assert.deepStrictEqual(
        events.map(({ sequence_number }) => sequence_number).filter((number) => number !== undefined),
        Array.from({ length: events.length - 1 }, (_, i) => i)
      )
      assert.strictEqual(
        events.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta).join(""),
        "This is an emulated answer to: Hello"
      )
      assert.strictEqual(events.find(({ type }) => type === "web_search_call").results.length, 1)
      for (const event of events) Schema.decodeUnknownSync(Success.ResponseEvent)(event)
    }))

  it.effect("refuses a model with end-to-end encryption, unless it is off", () =>
    Effect.gen(function*() {
      const model = "e2ee-qwen3-5-122b-a10b"

      assert.strictEqual((yield* respond({ model })).status, 400)
      assert.strictEqual((yield* respond({ model, venice_parameters: { enable_e2ee: false } })).status, 200)
    }))
})
