/**
 * `POST /chat/completions`.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import type * as Dynamics from "../../Dynamics.ts"
import { type Call, memberOf } from "./call.ts"
import { find } from "./characters.ts"
import type { ChatBody, Message, VeniceParameters } from "./chatBody.ts"
import { chatBody, rewritten } from "./chatBody.ts"
import * as Check from "./check.ts"
import type { Asked, Completion, Tool } from "./completion.ts"
import { complete, priceOf } from "./completion.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok, run } from "./run.ts"
import { stream } from "./sse.ts"
import type { State } from "./state.ts"
import * as Text from "./text.ts"

const textOfMessage = ({ content }: Message): string =>
  typeof content === "string"
    ? content
    : (content ?? []).map((part) => part.type === "text" ? part.text : "").join("\n")

export const promptOf = (messages: ReadonlyArray<Message>): string => {
  const user = messages.findLast(({ role }) => role === "user")
  return user === undefined ? "" : textOfMessage(user)
}

const promptLength = (body: ChatBody): number =>
  body.messages.reduce((sum, message) => sum + textOfMessage(message).length, 0)
  + (body.tools == null ? 0 : JSON.stringify(body.tools).length)

type Flag = "FunctionCalling" | "ResponseSchema" | "LogProbs" | "Vision" | "AudioInput" | "VideoInput"

const partFlags: Readonly<Record<string, Flag>> = {
  image_url: "Vision",
  input_audio: "AudioInput",
  video_url: "VideoInput"
}

/** What the body asks for that not every model has, with the path of the field that asks. */
const asked = (body: ChatBody): ReadonlyArray<readonly [Flag, ReadonlyArray<string | number>]> => [
  ...((body.tools?.length ?? 0) > 0 ? [["FunctionCalling", ["tools"]] as const] : []),
  ...(body.tool_choice != null && body.tool_choice !== "none" ? [["FunctionCalling", ["tool_choice"]] as const] : []),
  ...(body.parallel_tool_calls === true ? [["FunctionCalling", ["parallel_tool_calls"]] as const] : []),
  ...(body.response_format != null && body.response_format.type !== "text"
    ? [["ResponseSchema", ["response_format"]] as const]
    : []),
  ...(body.logprobs === true ? [["LogProbs", ["logprobs"]] as const] : []),
  ...(body.top_logprobs != null ? [["LogProbs", ["top_logprobs"]] as const] : []),
  ...body.messages.flatMap(({ content }, i) =>
    (Array.isArray(content) ? content : []).flatMap(({ type }, j) => {
      const flag = partFlags[type]
      return flag === undefined ? [] : [[flag, ["messages", i, "content", j]] as const]
    })
  )
]

const names: Readonly<Record<Flag, string>> = {
  FunctionCalling: "tools",
  ResponseSchema: "response_format",
  LogProbs: "logprobs",
  Vision: "image inputs",
  AudioInput: "audio inputs",
  VideoInput: "video inputs"
}

const checkFeatures = (body: ChatBody, { model_spec: { capabilities } }: Dynamics.Model): Refuse.Refusing<void> => {
  const missing = asked(body).find(([flag]) => capabilities?.[`supports${flag}`] !== true)
  if (missing === undefined) return Effect.void
  const [flag, path] = missing
  const name = path.length === 1 ? String(path[0]) : names[flag]
  return Refuse.invalidField(path, `${name} is not supported by this model`, "unsupported")
}

export const tooLong = new Errors.TooManyTokens()

const positive = (count: number | null | undefined): number | undefined =>
  count != null && count > 0 ? count : undefined

/** Refuses a prompt that is longer than the context of the model, and a limit above that of the model. */
export const checkLength = (
  { model_spec: { availableContextTokens, maxCompletionTokens } }: Dynamics.Model,
  promptTokens: number,
  maxTokens: number | undefined,
  field: string
): Refuse.Refusing<void> => {
  if (availableContextTokens != null && promptTokens > availableContextTokens) {
    return Refuse.error(tooLong, "unsupported")
  }
  if (maxCompletionTokens == null || maxTokens === undefined || maxTokens <= maxCompletionTokens) return Effect.void
  return Refuse.invalidField(
    [field],
    `Number must be less than or equal to ${maxCompletionTokens}`,
    "failures",
    { code: "too_big", maximum: maxCompletionTokens, type: "number", inclusive: true, exact: false } as const
  )
}

const functionsOf = (body: ChatBody): ReadonlyArray<Tool> =>
  (body.tools ?? []).flatMap((tool) =>
    "function" in tool && typeof tool.function === "object" && tool.function !== null
      ? [tool.function as Tool & { readonly parameters: unknown }]
      : []
  )

const callsOf = (body: ChatBody): Refuse.Refusing<ReadonlyArray<Tool>> => {
  const functions = functionsOf(body)
  const choice = body.tool_choice
  if (choice === "required") return Effect.succeed(functions.slice(0, 1))
  if (typeof choice !== "object" || choice === null) return Effect.succeed([])
  const { name } = choice.function
  const chosen = functions.filter((tool) => tool.name === name)
  return chosen.length === 0
    ? Refuse.invalidField(["tool_choice"], `Tool '${name}' not found in tools`)
    : Effect.succeed(chosen)
}

const parametersOf = (body: ChatBody, suffix: Readonly<Record<string, string>>): VeniceParameters => ({
  ...body.venice_parameters,
  ...Object.fromEntries(
    Object.entries(suffix).map(([name, value]) => [name, value === "true" ? true : value === "false" ? false : value])
  )
})

const citation = {
  title: "Emulated result",
  url: "https://example.com/emulated",
  content: "A result of an emulated search.",
  date: "2026-01-01"
}

const effective = (parameters: VeniceParameters) => ({
  enable_web_search: "off",
  enable_web_citations: false,
  enable_web_scraping: false,
  include_venice_system_prompt: true,
  include_search_results_in_stream: false,
  return_search_results_as_documents: false,
  strip_thinking_response: false,
  disable_thinking: false,
  ...parameters,
  web_search_citations: parameters.enable_web_search === "on" ? [citation] : []
})

const isReasoning = (body: ChatBody, parameters: VeniceParameters, { model_spec }: Dynamics.Model): boolean => {
  const effort = body.reasoning_effort ?? body.reasoning?.effort
  return model_spec.capabilities?.supportsReasoning === true && effort !== "none"
    && (effort !== undefined || body.reasoning?.enabled !== false)
    && parameters.disable_thinking !== true && parameters.strip_thinking_response !== true
}

const toToolCalls = ({ toolCalls }: Completion) =>
  toolCalls.map((call) => ({
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: call.arguments }
  }))

const logprobsOf = (body: ChatBody, text: string) =>
  body.logprobs !== true ? null : {
    content: Text.piecesOf(text).map((token) => ({
      token,
      logprob: -0.1,
      bytes: null,
      top_logprobs: (body.top_logprobs ?? 0) > 0 ? [{ token, logprob: -0.1, bytes: null }] : []
    }))
  }

const usageOf = (promptTokens: number, completions: ReadonlyArray<Completion>) => {
  const completionTokens = completions.reduce((sum, { tokens }) => sum + tokens, 0)
  const reasoningTokens = completions.reduce((sum, { reasoningTokens }) => sum + reasoningTokens, 0)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    ...(reasoningTokens > 0 && { completion_tokens_details: { reasoning_tokens: reasoningTokens } })
  }
}

const choiceOf = (completion: Completion, index: number, body: ChatBody) => ({
  index,
  finish_reason: completion.finishReason,
  logprobs: logprobsOf(body, completion.text),
  message: {
    role: "assistant",
    content: completion.toolCalls.length > 0 ? null : completion.text,
    ...(completion.reasoning !== undefined && { reasoning_content: completion.reasoning }),
    ...(completion.toolCalls.length > 0 && { tool_calls: toToolCalls(completion) })
  }
})

type Delta = Readonly<Record<string, unknown>>

const deltasOf = (completion: Completion): ReadonlyArray<Delta> => [
  { role: "assistant", content: completion.toolCalls.length > 0 ? null : "" },
  ...Text.piecesOf(completion.reasoning ?? "").map((reasoning_content) => ({ reasoning_content })),
  ...Text.piecesOf(completion.text).map((content) => ({ content })),
  ...toToolCalls(completion).flatMap((call, index) => {
    const { arguments: json, name } = call.function
    const half = Math.ceil(json.length / 2)
    return [
      { tool_calls: [{ index, id: call.id, type: "function", function: { name, arguments: "" } }] },
      ...[json.slice(0, half), json.slice(half)].filter((part) => part !== "").map((part) => ({
        tool_calls: [{ index, function: { arguments: part } }]
      }))
    ]
  })
]

const eventsOf = (completions: ReadonlyArray<Completion>, common: object, last: object, search: object | undefined) => {
  const chunk = (index: number, delta: Delta, finish_reason: string | null) => ({
    data: { ...common, choices: [{ index, delta, finish_reason, logprobs: null }] }
  })
  return [
    ...completions.flatMap((completion, index) => [
      ...deltasOf(completion).map((delta) => chunk(index, delta, null)),
      chunk(index, {}, completion.finishReason)
    ]),
    { data: { ...common, choices: [], ...last } },
    ...(search === undefined ? [] : [{ data: { ...common, choices: [], venice_parameters: search } }])
  ]
}

const stopsOf = ({ stop }: ChatBody): ReadonlyArray<string> =>
  stop == null ? [] : typeof stop === "string" ? [stop] : stop

const schemaOf = ({ response_format: format }: ChatBody): unknown =>
  format?.type === "json_schema" ? format.json_schema.schema ?? {} : format?.type === "json_object" ? {} : undefined

const askedOf = (
  body: ChatBody,
  model: Dynamics.Model,
  parameters: VeniceParameters,
  calls: ReadonlyArray<Tool>
): Asked => ({
  prompt: promptOf(body.messages),
  model,
  calls,
  maxTokens: positive(body.max_completion_tokens) ?? positive(body.max_tokens),
  stops: stopsOf(body),
  isReasoning: isReasoning(body, parameters, model),
  schema: schemaOf(body)
})

const checkCharacter = (slug: string | undefined): Refuse.Refusing<void> =>
  slug === undefined || find(slug) !== undefined ? Effect.void : Refuse.error(new Errors.CharacterNotFound())

/** What a model with a trusted environment adds, and what `GET /tee/signature` needs to know. */
const teeHeaders = (state: State, { id, model_spec }: Dynamics.Model, requestId: string) => {
  if (model_spec.capabilities?.supportsTeeAttestation !== true) return {}
  state.attested.set(requestId, id)
  return { "x-venice-tee": "true", "x-venice-tee-provider": "emulated" }
}

const costOf = (call: Call, state: State, usd: number) => {
  const isDiem = call.caller.kind === "key" && state.ledger.balance("DIEM") > 0
  return { usd: isDiem ? 0 : usd, diem: isDiem ? usd : 0 }
}

export const chatCompletions: Handler = (call, state) =>
  Effect.gen(function*() {
    const given = rewritten(call.body)
    const { model, suffix } = yield* state.catalogue.find(memberOf(given, "model"), ["text"], call.now)
    const body = yield* Check.body({ ...call, body: given }, chatBody)
    const parameters = parametersOf(body, suffix)
    yield* checkFeatures(body, model)
    yield* checkCharacter(parameters.character_slug)
    const calls = yield* callsOf(body)
    const request = askedOf(body, model, parameters, calls)
    const promptTokens = Text.tokensOf(promptLength(body))
    const limit = body.max_completion_tokens != null ? "max_completion_tokens" : "max_tokens"
    yield* checkLength(model, promptTokens, request.maxTokens, limit)
    const completions = Array.from({ length: body.n ?? 1 }, () => complete(request, call.draw))
    const usage = usageOf(promptTokens, completions)
    const id = `chatcmpl-${call.draw.hex(32)}`
    const usd = priceOf(model, promptTokens, usage.completion_tokens)
    const common = { id, created: Math.floor(call.now / 1000), model: model.id }
    const cost = costOf(call, state, usd)
    const venice = effective(parameters)
    return yield* run(
      call,
      state,
      {
        model,
        tokens: usage.total_tokens,
        price: { usd, isQuoted: false },
        details: { requestId: id, promptTokens, completionTokens: usage.completion_tokens }
      },
      Effect.suspend(() => {
        const headers = teeHeaders(state, model, id)
        if (body.stream !== true) {
          const choices = completions.map((completion, index) => choiceOf(completion, index, body))
          return ok(
            { ...common, object: "chat.completion", choices, usage, cost, venice_parameters: venice },
            headers
          )
        }
        const search = parameters.include_search_results_in_stream === true ? venice : undefined
        const events = eventsOf(completions, { ...common, object: "chat.completion.chunk" }, { usage, cost }, search)
        const response = stream(events, state.dynamics.streaming?.every)
        return Effect.succeed({ response: { ...response, headers: { ...response.headers, ...headers } } })
      })
    )
  })
