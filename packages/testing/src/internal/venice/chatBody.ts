/**
 * The body of `POST /chat/completions`, as Venice checks it. Unknown members at its top are refused, those of
 * `venice_parameters` are dropped.
 *
 * @internal
 */
import { z } from "zod/v3"

const cacheControl = z.object({ type: z.literal("ephemeral"), ttl: z.string().optional() }).optional()

const textPart = z.object({ type: z.literal("text"), text: z.string().min(1), cache_control: cacheControl })

const part = z.discriminatedUnion("type", [
  textPart,
  z.object({ type: z.literal("image_url"), image_url: z.object({ url: z.string() }), cache_control: cacheControl }),
  z.object({
    type: z.literal("input_audio"),
    input_audio: z.object({
      data: z.string(),
      format: z.enum(["wav", "mp3", "aiff", "aac", "ogg", "flac", "m4a", "pcm16", "pcm24"]).default("wav")
    }),
    cache_control: cacheControl
  }),
  z.object({ type: z.literal("video_url"), video_url: z.object({ url: z.string() }), cache_control: cacheControl }),
  z.object({
    type: z.literal("file"),
    file: z.object({ file_data: z.string(), filename: z.string().optional() }),
    cache_control: cacheControl
  })
])

const instructions = z.union([z.string(), z.array(textPart)])

const toolCall = z.object({
  id: z.string(),
  type: z.string().optional(),
  function: z.object({ name: z.string(), arguments: z.string() })
}).passthrough()

const message = z.discriminatedUnion("role", [
  z.object({ role: z.literal("system"), content: instructions, name: z.string().optional() }),
  z.object({ role: z.literal("developer"), content: instructions, name: z.string().optional() }),
  z.object({ role: z.literal("user"), content: z.union([z.string(), z.array(part)]), name: z.string().optional() }),
  z.object({
    role: z.literal("assistant"),
    content: instructions.nullish(),
    name: z.string().nullish(),
    reasoning_content: z.string().nullish(),
    reasoning_details: z.array(z.unknown()).nullish(),
    tool_calls: z.array(toolCall).nullish()
  }).passthrough(),
  z.object({
    role: z.literal("tool"),
    content: instructions,
    tool_call_id: z.string(),
    name: z.string().optional(),
    reasoning_content: z.string().nullish(),
    tool_calls: z.array(toolCall).nullish()
  })
])

const tool = z.union([
  z.object({
    type: z.literal("function"),
    function: z.object({
      name: z.string(),
      description: z.string().optional(),
      parameters: z.record(z.unknown()).optional(),
      strict: z.boolean().nullish()
    }).passthrough()
  }).passthrough(),
  z.object({ type: z.enum(["web_search", "x_search"]) }).passthrough()
])

const toolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.object({ type: z.enum(["auto", "none", "required"]) }).strict().transform(({ type }) => type),
  z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) })
])

export const effort = z.enum(["none", "minimal", "low", "medium", "high", "xhigh", "max"])

const responseFormat = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({
      name: z.string().optional(),
      schema: z.record(z.unknown()).optional(),
      strict: z.boolean().nullish()
    }).passthrough()
  }),
  z.object({ type: z.literal("json_object") }),
  z.object({ type: z.literal("text") })
])

export const anonUserId = z.string().trim().max(128).regex(/^[\x20-\x7e]*$/).refine((id) => !id.includes("||"), {
  message: "must not contain ||"
})

export const veniceParameters = z.object({
  character_slug: z.string().optional(),
  strip_thinking_response: z.boolean().optional(),
  disable_thinking: z.boolean().optional(),
  enable_e2ee: z.boolean().optional(),
  enable_web_search: z.enum(["off", "auto", "on"]).optional(),
  enable_web_scraping: z.boolean().optional(),
  enable_web_citations: z.boolean().optional(),
  include_search_results_in_stream: z.boolean().optional(),
  return_search_results_as_documents: z.boolean().optional(),
  include_venice_system_prompt: z.boolean().optional(),
  enable_x_search: z.boolean().optional()
})

export type VeniceParameters = z.infer<typeof veniceParameters>

const penalty = z.number().min(-2).max(2).nullish()

export const chatBody = z.object({
  model: z.string(),
  messages: z.array(message).min(1),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.number().int().min(0).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  min_temp: z.number().min(0).max(2).nullish(),
  max_temp: z.number().min(0).max(2).nullish(),
  repetition_penalty: z.number().min(0).nullish(),
  frequency_penalty: penalty,
  presence_penalty: penalty,
  max_completion_tokens: z.number().int().nullish(),
  max_tokens: z.number().int().nullish(),
  n: z.number().int().min(1).max(128).nullish(),
  seed: z.number().int().positive().nullish(),
  stop: z.union([z.string(), z.array(z.string()).min(1).max(4)]).nullish(),
  stop_token_ids: z.array(z.number()).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().optional() }).passthrough().nullish(),
  response_format: responseFormat.nullish(),
  tools: z.array(tool).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.number().int().min(0).nullish(),
  reasoning_effort: effort.nullish(),
  reasoning: z.object({
    effort: effort.optional(),
    enabled: z.boolean().optional(),
    summary: z.enum(["auto", "concise", "detailed"]).optional()
  }).passthrough().nullish(),
  prompt_cache_key: z.string().nullish(),
  prompt_cache_retention: z.enum(["default", "extended", "24h"]).nullish(),
  verbosity: z.enum(["low", "medium", "high", "auto"]).nullish(),
  text: z.object({ verbosity: z.enum(["low", "medium", "high", "auto"]).optional() }).passthrough().nullish(),
  anon_user_id: anonUserId.optional(),
  fallbacks: z.array(z.object({ model: z.string() })).max(10).nullish(),
  include: z.unknown(),
  metadata: z.unknown(),
  user: z.unknown(),
  store: z.unknown(),
  venice_parameters: veniceParameters.nullish()
}).strict()

export type ChatBody = z.infer<typeof chatBody>
export type Message = ChatBody["messages"][number]

/** The names that Venice rewrites before it checks the body. */
export const rewritten = (body: unknown): unknown => {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return body
  const { input, max_output_tokens, promptCacheKey, web_search, ...rest } = body as Readonly<Record<string, unknown>>
  return {
    ...rest,
    ...(input !== undefined && rest.messages === undefined && { messages: input }),
    ...(max_output_tokens !== undefined && rest.max_tokens === undefined && { max_tokens: max_output_tokens }),
    ...(promptCacheKey !== undefined && { prompt_cache_key: promptCacheKey }),
    ...(typeof web_search === "boolean" && {
      venice_parameters: {
        ...(rest.venice_parameters as object | undefined),
        enable_web_search: web_search ? "on" : "off"
      }
    })
  }
}
