/**
 * `POST /responses`.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import { memberOf } from "./call.ts"
import { anonUserId, effort, veniceParameters } from "./chatBody.ts"
import { checkLength } from "./chatChecks.ts"
import * as Check from "./check.ts"
import type { Completion, Tool } from "./completion.ts"
import { complete, priceOf } from "./completion.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok, run } from "./run.ts"
import type { Event } from "./sse.ts"
import { stream } from "./sse.ts"
import * as Text from "./text.ts"

const part = z.object({ type: z.string(), text: z.string().optional() }).passthrough()

const item = z.object({
  type: z.string().optional(),
  role: z.enum(["user", "assistant", "system", "developer"]).optional(),
  content: z.union([z.string(), z.array(part)]).nullish()
}).passthrough()

const body = z.object({
  model: z.string(),
  input: z.union([z.string().min(1), z.array(item).min(1)]),
  max_output_tokens: z.number().int().positive().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  reasoning: z.object({
    effort: effort.nullish(),
    enabled: z.boolean().optional(),
    summary: z.enum(["auto", "concise", "detailed"]).nullish()
  }).passthrough().nullish(),
  tools: z.array(z.object({ type: z.string() }).passthrough()).nullish(),
  tool_choice: z.union([
    z.enum(["auto", "none", "required"]),
    z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) })
  ]).nullish(),
  web_search: z.boolean().nullish(),
  include: z.array(z.string()).nullish(),
  stream: z.boolean().nullish(),
  anon_user_id: anonUserId.optional(),
  fallbacks: z.array(z.object({ model: z.string() })).max(10).nullish(),
  venice_parameters: veniceParameters.nullish()
}).passthrough()

type Body = z.infer<typeof body>
type Item = z.infer<typeof item>

const textOf = ({ content }: Item): string =>
  typeof content === "string" ? content : (content ?? []).map(({ text }) => text ?? "").join("\n")

const promptOf = (input: Body["input"]): string =>
  typeof input === "string" ? input : textOf(input.findLast(({ role }) => role === "user") ?? {})

const lengthOf = (input: Body["input"]): number =>
  typeof input === "string" ? input.length : input.reduce((sum, item) => sum + textOf(item).length, 0)

/** Both forms of a function: flat, as OpenAI's, and nested, as in chat. */
const functionsOf = ({ tools }: Body): ReadonlyArray<Tool> =>
  (tools ?? []).flatMap((tool) => {
    const { name, parameters } = (tool.function ?? tool) as { readonly name?: unknown; readonly parameters?: unknown }
    return typeof name === "string" ? [{ name, parameters }] : []
  })

const callsOf = (body: Body): ReadonlyArray<Tool> => {
  const choice = body.tool_choice
  if (choice === "required") return functionsOf(body).slice(0, 1)
  return typeof choice === "object" && choice !== null
    ? functionsOf(body).filter(({ name }) => name === choice.function.name)
    : []
}

interface Output {
  readonly type: string
  readonly id: string
  readonly [field: string]: unknown
}

interface Ids {
  readonly reasoning: string
  readonly message: string
  readonly search: string
  readonly calls: ReadonlyArray<string>
}

const reasoningOf = (completion: Completion, ids: Ids): ReadonlyArray<Output> =>
  completion.reasoning === undefined ? [] : [{ type: "reasoning", id: ids.reasoning, summary: [completion.reasoning] }]

const callItems = (completion: Completion, ids: Ids, status: string): ReadonlyArray<Output> =>
  completion.toolCalls.map((call, i) => ({
    type: "function_call",
    id: ids.calls[i]!,
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
    status
  }))

const messageItems = (completion: Completion, ids: Ids, status: string): ReadonlyArray<Output> =>
  completion.toolCalls.length > 0 ? [] : [{
    type: "message",
    id: ids.message,
    status,
    role: "assistant",
    content: [{ type: "output_text", text: completion.text, annotations: [] }]
  }]

const result = { index: 1, url: "https://example.com/emulated", title: "Emulated result", snippet: "A result." }

/** The events between the first and the last one, in the order of Venice's. */
const eventsOf = (completion: Completion, ids: Ids, isSearching: boolean, status: string): ReadonlyArray<Event> => {
  const events: Array<Event> = []
  const add = (type: string, fields: object) => events.push({ name: type, data: { type, ...fields } })
  let output_index = 0
  if (isSearching) {
    events.push({
      name: "response.web_search.done",
      data: { type: "web_search_call", id: ids.search, status: "completed", results: [result] }
    })
  }
  for (const item of reasoningOf(completion, ids)) {
    add("response.output_item.added", { output_index, item: { ...item, summary: [] } })
    for (const delta of Text.piecesOf(completion.reasoning ?? "")) {
      add("response.reasoning.delta", { output_index, item_id: item.id, delta })
    }
    add("response.output_item.done", { output_index, item })
    output_index++
  }
  for (const item of messageItems(completion, ids, status)) {
    const place = { output_index, item_id: item.id, content_index: 0 }
    const part = { type: "output_text", text: completion.text, annotations: [] }
    add("response.output_item.added", { output_index, item: { ...item, status: "in_progress", content: [] } })
    add("response.content_part.added", { ...place, part: { ...part, text: "" } })
    for (const delta of Text.piecesOf(completion.text)) add("response.output_text.delta", { ...place, delta })
    add("response.output_text.done", { ...place, text: completion.text })
    add("response.content_part.done", { ...place, part })
    add("response.output_item.done", { output_index, item })
    output_index++
  }
  for (const item of callItems(completion, ids, status)) {
    add("response.output_item.added", { output_index, item: { ...item, arguments: "", status: "in_progress" } })
    add("response.function_call_arguments.delta", { output_index, item_id: item.id, delta: item.arguments })
    add("response.function_call_arguments.done", { output_index, item_id: item.id, arguments: item.arguments })
    add("response.output_item.done", { output_index, item })
    output_index++
  }
  return events
}

/** Numbers the events, but for that of a search, which Venice does not number. */
const numbered = (events: ReadonlyArray<Event>): ReadonlyArray<Event> => {
  let sequence_number = 0
  return events.map(({ data, name }) =>
    name === "response.web_search.done"
      ? { name, data }
      : { name, data: { ...(data as object), sequence_number: sequence_number++ } }
  )
}

export const responses: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(memberOf(call.body, "model"), ["text"], call.now)
    const given = yield* Check.body(call, body)
    const parameters = given.venice_parameters ?? {}
    if (model.model_spec.capabilities?.supportsE2EE === true && parameters.enable_e2ee !== false) {
      return yield* Refuse.message(
        400,
        "E2EE models are not supported on /responses. Use /chat/completions.",
        "unsupported"
      )
    }
    const promptTokens = Text.tokensOf(lengthOf(given.input))
    yield* checkLength(model, promptTokens, given.max_output_tokens ?? undefined, "max_output_tokens")
    const reasoning = given.reasoning
    const completion = complete({
      prompt: promptOf(given.input),
      model,
      calls: callsOf(given),
      maxTokens: given.max_output_tokens ?? undefined,
      stops: [],
      isReasoning: model.model_spec.capabilities?.supportsReasoning === true && reasoning?.effort !== "none"
        && (reasoning?.effort != null || reasoning?.enabled !== false),
      schema: undefined
    }, call.draw)
    const isSearching = given.web_search === true || parameters.enable_web_search === "on"
      || (given.tools ?? []).some(({ type }) => type === "web_search")
    const ids: Ids = {
      reasoning: `rs_${call.draw.hex(24)}`,
      message: `msg_${call.draw.hex(24)}`,
      search: `ws_${call.draw.hex(24)}`,
      calls: completion.toolCalls.map(() => `fc_${call.draw.hex(24)}`)
    }
    const status = completion.finishReason === "length" ? "incomplete" : "completed"
    const id = `resp_chatcmpl-${call.draw.hex(32)}`
    const common = { id, object: "response", created_at: Math.floor(call.now / 1000), model: model.id }
    const search = isSearching ? [{ type: "web_search_call", id: ids.search, status: "completed" }] : []
    const calls = callItems(completion, ids, status)
    const message = messageItems(completion, ids, status)
    const ending = {
      status,
      ...(status === "incomplete" && { incomplete_details: { reason: "max_output_tokens" } }),
      usage: {
        input_tokens: promptTokens,
        output_tokens: completion.tokens,
        ...(completion.reasoningTokens > 0 && {
          output_tokens_details: { reasoning_tokens: completion.reasoningTokens }
        }),
        total_tokens: promptTokens + completion.tokens
      }
    }
    const whole = {
      ...common,
      error: null,
      output: [...reasoningOf(completion, ids), ...search, ...calls, ...message],
      ...ending
    }
    return yield* run(
      call,
      state,
      {
        model,
        tokens: promptTokens + completion.tokens,
        price: { usd: priceOf(model, promptTokens, completion.tokens), isQuoted: false },
        details: { requestId: id, promptTokens, completionTokens: completion.tokens }
      },
      given.stream === true
        ? Effect.sync(() => {
          const started = { ...common, status: "in_progress", error: null, output: [] }
          const type = status === "completed" ? "response.completed" : "response.incomplete"
          return {
            response: stream(
              numbered([
                { name: "response.created", data: { type: "response.created", response: started } },
                ...eventsOf(completion, ids, isSearching, status),
                { name: type, data: { type, response: whole } }
              ]),
              state.dynamics.streaming?.every
            )
          }
        })
        : ok(whole)
    )
  })
