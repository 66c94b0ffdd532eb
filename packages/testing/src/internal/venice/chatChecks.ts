/**
 * What a chat asks of its model, and whether the model can do it: features, lengths, tools.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import type * as Dynamics from "../../Dynamics.ts"
import type { ChatBody, Message } from "./chatBody.ts"
import type { Tool } from "./completion.ts"
import * as Refuse from "./refusal.ts"

const textOfMessage = ({ content }: Message): string =>
  typeof content === "string"
    ? content
    : (content ?? []).map((part) => part.type === "text" ? part.text : "").join("\n")

export const promptOf = (messages: ReadonlyArray<Message>): string => {
  const user = messages.findLast(({ role }) => role === "user")
  return user === undefined ? "" : textOfMessage(user)
}

export const promptLength = (body: ChatBody): number =>
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

export const checkFeatures = (
  body: ChatBody,
  { model_spec: { capabilities } }: Dynamics.Model
): Refuse.Refusing<void> => {
  const missing = asked(body).find(([flag]) => capabilities?.[`supports${flag}`] !== true)
  if (missing === undefined) return Effect.void
  const [flag, path] = missing
  const name = path.length === 1 ? String(path[0]) : names[flag]
  return Refuse.invalidField(path, `${name} is not supported by this model`, "unsupported")
}

export const tooLong = new Errors.TooManyTokens()

export const positive = (count: number | null | undefined): number | undefined =>
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

export const callsOf = (body: ChatBody): Refuse.Refusing<ReadonlyArray<Tool>> => {
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
