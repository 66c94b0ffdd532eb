/**
 * The answer of a chat: its choices, the events of its stream, its usage.
 *
 * @internal
 */
import type { ChatBody } from "./chatBody.ts"
import type { Completion } from "./completion.ts"
import * as Text from "./text.ts"

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

export const usageOf = (promptTokens: number, completions: ReadonlyArray<Completion>) => {
  const completionTokens = completions.reduce((sum, { tokens }) => sum + tokens, 0)
  const reasoningTokens = completions.reduce((sum, { reasoningTokens }) => sum + reasoningTokens, 0)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    ...(reasoningTokens > 0 && { completion_tokens_details: { reasoning_tokens: reasoningTokens } })
  }
}

export const choiceOf = (completion: Completion, index: number, body: ChatBody) => ({
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

export const eventsOf = (
  completions: ReadonlyArray<Completion>,
  common: object,
  last: object,
  search: object | undefined
) => {
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
