/**
 * Schemas of the commonest successes: chat, responses, embeddings, images and models.
 *
 * They have the fields of Venice's documentation that a program reads, require only those without which a success is
 * none, and ignore the others, since Venice adds fields often. Extend one with `Schema.fieldsAssign`, or write your own
 * for what is not here.
 *
 * **Example** (Reading an answer and its citations)
 *
 * ```ts
 * import { Success, VeniceClient } from "@effect-venice/http"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function*() {
 *   const venice = yield* VeniceClient
 *   const completion = yield* venice.execute("POST /chat/completions", {
 *     body: {
 *       model: "llama-3.3-70b",
 *       messages: [{ role: "user", content: "What is new in Venice?" }],
 *       venice_parameters: { enable_web_search: "on" }
 *     },
 *     success: Success.ChatCompletion
 *   })
 *   const sources = completion.venice_parameters?.web_search_citations ?? []
 *   return { text: completion.choices[0].message.content, sources: sources.map(({ url }) => url) }
 * })
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

// Models of many providers answer, and some write `null` where others leave a field out.
const optional = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const Text = optional(Schema.String)
const Number = optional(Schema.Finite)
const Flag = optional(Schema.Boolean)

const Cost = Schema.Struct({ usd: Schema.Finite, diem: Schema.Finite })

const Usage = Schema.Struct({
  prompt_tokens: Schema.Finite,
  completion_tokens: Number,
  total_tokens: Schema.Finite,
  prompt_tokens_details: optional(Schema.Struct({ cached_tokens: Number, cache_creation_input_tokens: Number })),
  completion_tokens_details: optional(Schema.Struct({ reasoning_tokens: Number }))
})

const ToolCall = Schema.Struct({
  id: Schema.String,
  type: Text,
  /** `arguments` is a JSON text. */
  function: Schema.Struct({ name: Schema.String, arguments: Schema.String })
})

const Citation = Schema.Struct({ title: Schema.String, url: Schema.String, content: Text, date: Text })

/** The settings that Venice applied, and what a web search found. */
const VeniceParameters = Schema.Struct({
  enable_web_search: Text,
  enable_web_citations: Flag,
  enable_web_scraping: Flag,
  include_venice_system_prompt: Flag,
  include_search_results_in_stream: Flag,
  return_search_results_as_documents: Flag,
  character_slug: Text,
  strip_thinking_response: Flag,
  disable_thinking: Flag,
  web_search_citations: optional(Schema.Array(Citation))
})

/**
 * The success of `POST /chat/completions`.
 *
 * **Gotchas**
 *
 * With the `finish_reason` `content_filter` the answer was refused or cut off. It is a success all the same.
 *
 * @category schemas
 * @since 0.1.0
 */
export class ChatCompletion extends Schema.Opaque<ChatCompletion>()(Schema.Struct({
  id: Schema.String,
  created: Number,
  model: Schema.String,
  choices: Schema.NonEmptyArray(Schema.Struct({
    index: Schema.Finite,
    /** `stop`, `length`, `tool_calls` or `content_filter`. */
    finish_reason: Text,
    message: Schema.Struct({
      role: Text,
      content: Text,
      reasoning_content: Text,
      /** To be sent back unchanged with the next request, if there are any. */
      reasoning_details: optional(Schema.Array(Schema.Json)),
      tool_calls: optional(Schema.Array(ToolCall))
    }),
    logprobs: optional(Schema.Json)
  })),
  usage: optional(Usage),
  cost: optional(Cost),
  venice_parameters: optional(VeniceParameters)
})) {}

/**
 * An event of `POST /chat/completions`.
 *
 * **Gotchas**
 *
 * The last events have no choices: they carry the usage, or what a web search found. The parts of a tool call have the
 * same `index`; only the first has `id` and `name`.
 *
 * @category schemas
 * @since 0.1.0
 */
export class ChatCompletionChunk extends Schema.Opaque<ChatCompletionChunk>()(Schema.Struct({
  id: Text,
  created: Number,
  model: Text,
  choices: Schema.Array(Schema.Struct({
    index: Schema.Finite,
    finish_reason: Text,
    delta: Schema.Struct({
      role: Text,
      content: Text,
      reasoning_content: Text,
      tool_calls: optional(Schema.Array(Schema.Struct({
        index: Number,
        id: Text,
        type: Text,
        function: optional(Schema.Struct({ name: Text, arguments: Text }))
      })))
    })
  })),
  usage: optional(Usage),
  cost: optional(Cost),
  venice_parameters: optional(VeniceParameters)
})) {}

/** A block of output. `type` says which of the fields it has. */
const OutputItem = Schema.Struct({
  /** `reasoning`, `message`, `function_call` or `web_search_call`. */
  type: Schema.String,
  id: Text,
  status: Text,
  role: Text,
  /** Of a `message`. */
  content: optional(Schema.Array(Schema.Struct({
    type: Schema.String,
    text: Text,
    annotations: optional(Schema.Array(Schema.Struct({
      type: Schema.String,
      url: Text,
      title: Text,
      start_index: Number,
      end_index: Number
    })))
  }))),
  /** Of `reasoning`. */
  summary: optional(Schema.Array(Schema.Json)),
  encrypted_content: Text,
  /** Of a `function_call`. `arguments` is a JSON text. */
  call_id: Text,
  name: Text,
  arguments: Text
})

/**
 * The success of `POST /responses`.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Response extends Schema.Opaque<Response>()(Schema.Struct({
  id: Schema.String,
  created_at: Number,
  model: Schema.String,
  /** `completed` or `incomplete`; `in_progress` in the first event of a stream. */
  status: Schema.String,
  incomplete_details: optional(Schema.Struct({ reason: Text })),
  output: Schema.Array(OutputItem),
  usage: optional(Schema.Struct({
    input_tokens: Schema.Finite,
    input_tokens_details: optional(Schema.Struct({ cached_tokens: Number })),
    output_tokens: Schema.Finite,
    output_tokens_details: optional(Schema.Struct({ reasoning_tokens: Number })),
    total_tokens: Schema.Finite
  }))
})) {}

/**
 * An event of `POST /responses`. `type` says which of the fields it has.
 *
 * @category schemas
 * @since 0.1.0
 */
export class ResponseEvent extends Schema.Opaque<ResponseEvent>()(Schema.Struct({
  /** Such as `response.output_text.delta`. */
  type: Schema.String,
  sequence_number: Number,
  output_index: Number,
  content_index: Number,
  item_id: Text,
  /** Of the events whose `type` ends with `.delta`. */
  delta: Text,
  /** Of `response.output_item.added` and `response.output_item.done`. */
  item: optional(OutputItem),
  /** Of `response.created`, `response.completed` and `response.incomplete`. */
  response: optional(Schema.Struct({
    id: Text,
    model: Text,
    status: Text,
    incomplete_details: Response.fields.incomplete_details,
    output: optional(Response.fields.output),
    usage: Response.fields.usage
  })),
  /** Of a `web_search_call`. */
  results: optional(Schema.Array(Schema.Struct({ index: Number, url: Text, title: Text, snippet: Text })))
})) {}

/**
 * The success of `POST /embeddings`.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Embeddings extends Schema.Opaque<Embeddings>()(Schema.Struct({
  model: Schema.String,
  data: Schema.Array(Schema.Struct({
    index: Schema.Finite,
    /** A base64 text with the `encoding_format` `base64`. */
    embedding: Schema.Union([Schema.Array(Schema.Finite), Schema.String])
  })),
  usage: optional(Schema.Struct({ prompt_tokens: Schema.Finite, total_tokens: Schema.Finite }))
})) {}

/**
 * The success of `POST /image/generate` without `return_binary`.
 *
 * @category schemas
 * @since 0.1.0
 */
export class GeneratedImages extends Schema.Opaque<GeneratedImages>()(Schema.Struct({
  id: Schema.String,
  /** Each in base64. */
  images: Schema.Array(Schema.String),
  timing: optional(Schema.Struct({
    inferenceDuration: Number,
    inferencePreprocessingTime: Number,
    inferenceQueueTime: Number,
    total: Number
  }))
})) {}

/**
 * The success of `POST /images/generations`.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Images extends Schema.Opaque<Images>()(Schema.Struct({
  created: Number,
  data: Schema.Array(Schema.Struct({
    b64_json: Text,
    /** A data URL. */
    url: Text
  }))
})) {}

const Price = optional(Schema.Struct({ usd: Schema.Finite, diem: Number }))

/** Of tokens, per million. */
const TokenPricing = { input: Price, output: Price, cache_input: Price, cache_write: Price }

const Capabilities = Schema.Struct({
  optimizedForCode: Flag,
  quantization: Text,
  supportsFunctionCalling: Flag,
  supportsReasoning: Flag,
  supportsReasoningEffort: Flag,
  reasoningEffortOptions: optional(Schema.Array(Schema.String)),
  defaultReasoningEffort: Text,
  supportsResponseSchema: Flag,
  supportsMultipleImages: Flag,
  maxImages: Number,
  supportsVision: Flag,
  supportsVideoInput: Flag,
  supportsAudioInput: Flag,
  supportsWebSearch: Flag,
  supportsXSearch: Flag,
  supportsLogProbs: Flag,
  supportsTeeAttestation: Flag,
  supportsE2EE: Flag
})

/** Which of them there are depends on the type of the model. Music, speech and images have their own. */
const Pricing = Schema.Struct({
  ...TokenPricing,
  extended: optional(Schema.Struct({ context_token_threshold: Schema.Finite, ...TokenPricing })),
  /** For an image, or for a job of music. */
  generation: Price,
  inpaint: Price,
  per_audio_second: Price,
  per_second: Price,
  per_thousand_characters: Price,
  /** For an image, by resolution. */
  resolutions: optional(Schema.Record(Schema.String, Schema.Struct({ usd: Schema.Finite, diem: Number })))
})

/**
 * A model of {@link Models}.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Model extends Schema.Opaque<Model>()(Schema.Struct({
  id: Schema.String,
  created: Number,
  /** `text`, `image`, `video`, `embedding`, … */
  type: Text,
  model_spec: Schema.Struct({
    name: Text,
    description: Text,
    availableContextTokens: Number,
    maxCompletionTokens: Number,
    /** `private` or `anonymized`. */
    privacy: Text,
    beta: Flag,
    betaModel: Flag,
    offline: Flag,
    modelSource: Text,
    traits: optional(Schema.Array(Schema.String)),
    regionRestrictions: optional(Schema.Array(Schema.String)),
    capabilities: optional(Capabilities),
    /** What they are depends on the type of the model. */
    constraints: optional(Schema.Json),
    pricing: optional(Pricing),
    /** `date` is in ISO 8601. */
    deprecation: optional(Schema.Struct({ date: Schema.String }))
  })
})) {}

/**
 * The success of `GET /models`.
 *
 * @category schemas
 * @since 0.1.0
 */
export class Models extends Schema.Opaque<Models>()(Schema.Struct({ type: Text, data: Schema.Array(Model) })) {}
