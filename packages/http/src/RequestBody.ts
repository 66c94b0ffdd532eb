/**
 * The bodies of the commonest operations, for the compiler and the editor.
 *
 * They have the required fields and the common optional ones of Venice's documentation, and are open for all others,
 * since Venice adds fields often. Nothing is checked at run time: Venice rejects what it does not know.
 *
 * @since 0.1.0
 */

interface Open {
  readonly [field: string]: unknown
}

/** Any text, of which an editor completes the known. */
type Text<Known extends string> = Known | (string & {})

/**
 * A part of a message: `{ type: "text", text }`, or an image, audio, a video or a file.
 *
 * @category models
 * @since 0.1.0
 */
export interface ContentPart extends Open {
  readonly type: Text<"text" | "image_url" | "input_audio" | "video_url" | "file">
  readonly text?: string
  /** `url` is a public URL or a data URL. */
  readonly image_url?: { readonly url: string }
  /** `data` is base64. */
  readonly input_audio?: { readonly data: string; readonly format?: string }
  /** `url` is a public URL or a data URL. */
  readonly video_url?: { readonly url: string }
  /** `file_data` is a public URL or a data URL. */
  readonly file?: { readonly file_data: string; readonly filename?: string }
}

/**
 * A call of a function by the model.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCall extends Open {
  readonly id: string
  readonly type: Text<"function">
  /** `arguments` is a JSON text. */
  readonly function: { readonly name: string; readonly arguments: string }
}

/**
 * A message of a conversation.
 *
 * @category models
 * @since 0.1.0
 */
export interface Message extends Open {
  readonly role: Text<"system" | "developer" | "user" | "assistant" | "tool">
  readonly content?: string | ReadonlyArray<ContentPart> | null | undefined
  readonly name?: string | null | undefined
  /** For `assistant`: the calls that the model made. */
  readonly tool_calls?: ReadonlyArray<ToolCall> | null | undefined
  /** For `tool`: the call that this message is the result of. */
  readonly tool_call_id?: string | undefined
  /** For `assistant`: what the model thought. */
  readonly reasoning_content?: string | null | undefined
}

/**
 * A function that the model may call.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tool extends Open {
  readonly type: Text<"function">
  readonly function?: {
    readonly name: string
    readonly description?: string | undefined
    /** A JSON Schema. */
    readonly parameters?: object | undefined
    readonly strict?: boolean | undefined
  }
}

/**
 * How hard a model thinks. Which of them a model takes is in `reasoningEffortOptions` of its capabilities.
 *
 * @category models
 * @since 0.1.0
 */
export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max"

/**
 * What only Venice has: web search, characters, thinking, the system prompt.
 *
 * @category models
 * @since 0.1.0
 */
export interface VeniceParameters extends Open {
  readonly character_slug?: string | undefined
  readonly strip_thinking_response?: boolean | undefined
  readonly disable_thinking?: boolean | undefined
  readonly enable_e2ee?: boolean | undefined
  readonly enable_web_search?: "off" | "auto" | "on" | undefined
  readonly enable_web_scraping?: boolean | undefined
  readonly enable_web_citations?: boolean | undefined
  readonly include_search_results_in_stream?: boolean | undefined
  readonly return_search_results_as_documents?: boolean | undefined
  readonly include_venice_system_prompt?: boolean | undefined
  readonly enable_x_search?: boolean | undefined
}

/**
 * The body of `POST /chat/completions`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChatCompletion extends Open {
  readonly model: string
  readonly messages: ReadonlyArray<Message>
  readonly max_completion_tokens?: number | undefined
  readonly temperature?: number | undefined
  readonly top_p?: number | undefined
  readonly frequency_penalty?: number | undefined
  readonly presence_penalty?: number | undefined
  readonly repetition_penalty?: number | undefined
  readonly n?: number | undefined
  readonly seed?: number | undefined
  readonly stop?: string | ReadonlyArray<string> | null | undefined
  readonly response_format?: Open & { readonly type: "json_schema" | "json_object" | "text" } | undefined
  readonly tools?: ReadonlyArray<Tool> | null | undefined
  readonly tool_choice?: "auto" | "required" | "none" | Open | undefined
  readonly parallel_tool_calls?: boolean | undefined
  readonly reasoning_effort?: ReasoningEffort | undefined
  readonly prompt_cache_key?: string | undefined
  readonly anon_user_id?: string | undefined
  readonly venice_parameters?: VeniceParameters | undefined
}

/**
 * The body of `POST /responses`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Response extends Open {
  readonly model: string
  readonly input: string | ReadonlyArray<Open>
  readonly max_output_tokens?: number | undefined
  readonly temperature?: number | undefined
  readonly top_p?: number | undefined
  readonly reasoning?: Open & { readonly effort?: ReasoningEffort; readonly enabled?: boolean } | null | undefined
  readonly tools?: ReadonlyArray<Open & { readonly type: string }> | undefined
  readonly tool_choice?: "auto" | "required" | "none" | Open | undefined
  readonly web_search?: boolean | undefined
  readonly include?: ReadonlyArray<string> | undefined
  readonly anon_user_id?: string | undefined
  readonly venice_parameters?: VeniceParameters | undefined
}

/**
 * The body of `POST /embeddings`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Embeddings extends Open {
  readonly model: string
  readonly input: string | ReadonlyArray<string>
  readonly encoding_format?: "float" | "base64" | undefined
  readonly dimensions?: number | undefined
}

/**
 * The body of `POST /image/generate`.
 *
 * @category models
 * @since 0.1.0
 */
export interface GeneratedImages extends Open {
  readonly model: string
  readonly prompt: string
  readonly negative_prompt?: string | undefined
  readonly width?: number | undefined
  readonly height?: number | undefined
  readonly aspect_ratio?: string | undefined
  readonly resolution?: string | undefined
  readonly quality?: "low" | "medium" | "high" | undefined
  readonly cfg_scale?: number | undefined
  readonly steps?: number | undefined
  readonly seed?: number | undefined
  readonly variants?: number | undefined
  readonly style_preset?: string | undefined
  readonly format?: "webp" | "png" | "jpeg" | undefined
  /** The success is then the image itself: use `request`. */
  readonly return_binary?: boolean | undefined
  readonly hide_watermark?: boolean | undefined
  readonly safe_mode?: boolean | undefined
}

/**
 * The body of `POST /images/generations`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Images extends Open {
  readonly model: string
  readonly prompt: string
  readonly size?: string | undefined
  readonly output_format?: "jpeg" | "png" | "webp" | undefined
  readonly response_format?: "b64_json" | "url" | undefined
  readonly moderation?: "auto" | "low" | undefined
}

interface Bodies {
  readonly "POST /chat/completions": ChatCompletion
  readonly "POST /responses": Response
  readonly "POST /embeddings": Embeddings
  readonly "POST /image/generate": GeneratedImages
  readonly "POST /images/generations": Images
}

/**
 * An operation whose body is described here.
 *
 * @category models
 * @since 0.1.0
 */
export type Operation = keyof Bodies

/**
 * The body of an operation.
 *
 * @category models
 * @since 0.1.0
 */
export type Of<Op extends Operation> = Bodies[Op]
