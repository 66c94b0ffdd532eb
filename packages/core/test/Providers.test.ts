import { Decode } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"

const decode = (message: string, status = 400) =>
  Decode.response({ status, body: JSON.stringify({ error: message, request_id: "r-1" }), now: 0 })

type Sentence = [provider: string, message: string, inputTokens?: number, maxTokens?: number]

/** Without a count, a sentence has none or `NaN`. */
const given = (count: number | undefined) => Number.isNaN(count) ? undefined : count

const sentences: ReadonlyArray<Sentence> = [
  ["Venice", "Input text exceeds the maximum token limit of 8192 tokens", NaN, 8192],
  ["Together", "The input (516368 tokens) is longer than the model's context length (262144 tokens).", 516368, 262144],
  ["OpenAI", "Your input exceeds the context window of this model. Please adjust your input and try again."],
  [
    "OpenAI, configured limit",
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 309212 tokens. Please reduce the length of the messages.",
    309212,
    272000
  ],
  [
    "OpenAI, messages",
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9100 tokens. Please reduce the length of the messages.",
    9100,
    8192
  ],
  [
    "DeepSeek",
    "This model's maximum context length is 65536 tokens. However, you requested 66000 tokens (62000 in the messages, 4000 in the completion). Please reduce the length of the messages or completion.",
    62000,
    65536
  ],
  [
    "OpenRouter",
    "This endpoint's maximum context length is 128000 tokens. However, you requested about 150000 tokens (140000 of text input, 10000 in the output).",
    140000,
    128000
  ],
  [
    "vLLM, completion",
    "'max_tokens' or 'max_completion_tokens' is too large: 2000. This model's maximum context length is 4096 tokens and your request has 2104 input tokens (2000 > 4096 - 2104).",
    2104,
    4096
  ],
  [
    "vLLM, new",
    "You passed 31745 input tokens and requested 1024 output tokens. However, the model's context length is only 32768 tokens, resulting in a maximum input length of 31744 tokens.",
    31745,
    32768
  ],
  ["vLLM, old", "The decoder prompt (length 12324) is longer than the maximum model length of 8192.", 12324, 8192],
  ["Anthropic", "prompt is too long: 213462 tokens > 200000 maximum", 213462, 200000],
  [
    "Anthropic, completion",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 200000, decrease input length or `max_tokens` and try again",
    188240,
    200000
  ],
  ["Fireworks", "The prompt is too long: 265392, model maximum context length: 262144", 265392, 262144],
  [
    "Google",
    "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
    1196265,
    1048575
  ],
  [
    "Google, Vertex",
    "Unable to submit request because the input token count is 40000 but the model only supports up to 32768. Reduce the input token count and try again.",
    40000,
    32768
  ],
  [
    "xAI",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    537812,
    131072
  ],
  ["Groq", "Please reduce the length of the messages or completion."],
  [
    "Cerebras",
    "Please reduce the length of the messages or completion. Current length is 8393 while limit is 8192",
    8393,
    8192
  ],
  [
    "Mistral",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    40000,
    32768
  ],
  ["MiniMax", "invalid params, context window exceeds limit (2013)"],
  ["Qwen", "Range of input length should be [1, 202745]", NaN, 202745],
  [
    "Qwen, DashScope",
    "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 98304]",
    NaN,
    98304
  ],
  ["Bedrock", "Input is too long for requested model."],
  ["Bedrock, Titan", "Too many input tokens. Max input tokens: 8192, request input token count: 11530", 11530, 8192],
  ["Kimi", "Invalid request: Your request exceeded model token limit: 262144 (requested: 291351)", 291351, 262144],
  ["Z.ai", "Prompt exceeds max length"],
  [
    "Cohere",
    "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292. Try using a shorter prompt",
    4292,
    4081
  ],
  ["Poolside", "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.", 131393, 131040],
  ["SGLang", "Input length (265330) exceeds model's maximum context length (262144).", 265330, 262144],
  [
    "SGLang, completion",
    "Requested token count exceeds the model's maximum context length of 64000 tokens. You requested a total of 71897 tokens: 7897 tokens from the input messages and 64000 tokens for the completion.",
    7897,
    64000
  ],
  ["llama.cpp, old", "the request exceeds the available context size, try increasing it"],
  [
    "llama.cpp",
    "request (5012 tokens) exceeds the available context size (4096 tokens), try increasing it",
    5012,
    4096
  ],
  [
    "a count with commas",
    "Prompt has 5,958,968 tokens, but the configured context size is 256,000 tokens",
    5958968,
    256000
  ],
  [
    "TGI",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 4000 `inputs` tokens and 512 `max_new_tokens`",
    4000,
    4096
  ],
  ["TGI, input", "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000", 5000, 4096]
]

describe("a context overflow in the words of a provider", () => {
  it.each<Sentence>(sentences)("%s", (_, message, inputTokens, maxTokens) => {
    const error = decode(message)

    if (error._tag !== "TOO_MANY_TOKENS") return assert.fail(String(error))
    assert.strictEqual(error.matchedBy, "message")
    assert.strictEqual(error.inputTokens, given(inputTokens))
    assert.strictEqual(error.maxTokens, given(maxTokens))
    assert.strictEqual(error.message, message)
  })

  it.each<Sentence>(sentences)("%s, only at the beginning of the message", (_, message) => {
    assert.strictEqual(decode(`We noticed that ${message}`)._tag, "INVALID_REQUEST")
  })

  it.each([413, 422])("also under %s", (status) => {
    assert.strictEqual(decode("prompt is too long: 2 tokens > 1 maximum", status)._tag, "TOO_MANY_TOKENS")
  })

  it("is not a throttled request that mentions tokens", () => {
    assert.strictEqual(decode("Too many tokens, please wait before trying again.")._tag, "INVALID_REQUEST")
  })

  it("is told by the machine codes of other providers", () => {
    const byCode = Decode.response({
      status: 400,
      body: JSON.stringify({ error: { message: "The model ran out.", code: "model_context_window_exceeded" } }),
      now: 0
    })
    const byType = Decode.response({
      status: 400,
      body: JSON.stringify({ error: { code: 400, message: "no room", type: "exceed_context_size_error" } }),
      now: 0
    })

    assert.strictEqual(byCode._tag, "TOO_MANY_TOKENS")
    assert.strictEqual(byType._tag, "TOO_MANY_TOKENS")
  })
})
