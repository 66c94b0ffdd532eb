/**
 * What a text model answers, apart from the form in which chat and `/responses` write it.
 *
 * @internal
 */
import type * as Dynamics from "../../Dynamics.ts"
import type { Draw } from "./draw.ts"
import * as Text from "./text.ts"

export interface ToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: string
}

export interface Completion {
  readonly text: string
  readonly reasoning: string | undefined
  readonly toolCalls: ReadonlyArray<ToolCall>
  readonly finishReason: "stop" | "length" | "tool_calls"
  /** Of the text, the calls and the reasoning. */
  readonly tokens: number
  readonly reasoningTokens: number
}

export interface Tool {
  readonly name: string
  readonly parameters: unknown
}

export interface Asked {
  readonly prompt: string
  readonly model: Dynamics.Model
  /** The tools to call: none if the model shall answer with a text. */
  readonly calls: ReadonlyArray<Tool>
  readonly maxTokens: number | undefined
  readonly stops: ReadonlyArray<string>
  readonly isReasoning: boolean
  /** The schema of the answer, if it shall be JSON. */
  readonly schema: unknown
}

const countOf = (text: string): number => Text.piecesOf(text).length

const finish = (text: string, { maxTokens, stops }: Asked): readonly [text: string, isCut: boolean] => {
  const stopped = Text.stopAt(text, stops)
  const pieces = Text.piecesOf(stopped)
  return maxTokens === undefined || pieces.length <= maxTokens
    ? [stopped, false]
    : [pieces.slice(0, maxTokens).join(""), true]
}

export const complete = (asked: Asked, draw: Draw): Completion => {
  const reasoning = asked.isReasoning ? Text.thoughtsOn(asked.prompt) : undefined
  const reasoningTokens = reasoning === undefined ? 0 : countOf(reasoning)
  if (asked.calls.length > 0) {
    const toolCalls = asked.calls.map(({ name, parameters }) => ({
      id: `call_${draw.hex(24)}`,
      name,
      arguments: JSON.stringify(Text.instanceOf(parameters ?? {}))
    }))
    const tokens = toolCalls.reduce((sum, call) => sum + Text.tokensOf(call.name.length + call.arguments.length), 0)
    return {
      text: "",
      reasoning,
      toolCalls,
      finishReason: "tool_calls",
      tokens: tokens + reasoningTokens,
      reasoningTokens
    }
  }
  const whole = asked.schema === undefined
    ? Text.answerTo(asked.prompt)
    : JSON.stringify(Text.instanceOf(asked.schema))
  const [text, isCut] = finish(whole, asked)
  return {
    text,
    reasoning,
    toolCalls: [],
    finishReason: isCut ? "length" : "stop",
    tokens: countOf(text) + reasoningTokens,
    reasoningTokens
  }
}

/** The price of a run by its tokens, in dollars. */
export const priceOf = ({ model_spec: { pricing } }: Dynamics.Model, prompt: number, completion: number): number =>
  ((pricing?.input?.usd ?? 0) * prompt + (pricing?.output?.usd ?? 0) * completion) / 1e6
