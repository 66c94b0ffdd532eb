import { Success } from "@effect-venice/http"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"

const decode = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, input: unknown): S["Type"] =>
  Schema.decodeUnknownSync(schema)(input)

// Of Venice's documentation.
const completion = {
  choices: [{
    finish_reason: "stop",
    index: 0,
    logprobs: null,
    message: { content: "Rayleigh scattering.^1^", reasoning_content: null, role: "assistant", tool_calls: [] },
    stop_reason: null
  }],
  created: 1_739_928_524,
  id: "chatcmpl-a81fbc2d81a7a083bb83ccf9f44c6e5e",
  model: "qwen-2.5-vl",
  object: "chat.completion",
  prompt_logprobs: null,
  usage: { completion_tokens: 146, prompt_tokens: 612, prompt_tokens_details: null, total_tokens: 758 },
  cost: { usd: 0.001, diem: 0 },
  venice_parameters: {
    include_venice_system_prompt: true,
    web_search_citations: [{
      content: "What's the scientific reason?",
      date: "2024-08-13T13:45:16",
      title: "Why is the sky blue?",
      url: "https://example.com"
    }],
    enable_web_search: "auto",
    strip_thinking_response: true
  }
}

describe("a chat completion", () => {
  it("has its answer, its usage, its cost and its citations", () => {
    const decoded = decode(Success.ChatCompletion, completion)

    assert.strictEqual(decoded.choices[0].message.content, "Rayleigh scattering.^1^")
    assert.strictEqual(decoded.usage?.total_tokens, 758)
    assert.strictEqual(decoded.cost?.usd, 0.001)
    assert.strictEqual(decoded.venice_parameters?.web_search_citations?.[0]?.url, "https://example.com")
  })

  it("has calls instead of an answer", () => {
    const calls = [{ id: "call_1", type: "function", function: { name: "weather", arguments: "{\"city\":\"Paris\"}" } }]
    const message = { role: "assistant", content: null, tool_calls: calls }
    const { choices: [choice] } = decode(Success.ChatCompletion, {
      ...completion,
      choices: [{ index: 0, finish_reason: "tool_calls", message }]
    })

    assert.deepStrictEqual(choice.message.tool_calls, calls)
  })

  it("needs a choice", () => {
    assert.throws(() => decode(Success.ChatCompletion, { ...completion, choices: [] }))
  })
})

describe("a chunk", () => {
  it.each([
    {
      choices: [{ index: 0, delta: { role: "assistant", content: "", reasoning_content: "Hm." }, finish_reason: null }]
    },
    {
      choices: [{
        index: 0,
        delta: { tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name: "f", arguments: "" } }] }
      }]
    },
    { choices: [{ index: 0, delta: { tool_calls: [{ index: 0, function: { arguments: "{}" } }] } }] },
    { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: completion.usage, cost: completion.cost },
    { choices: [], venice_parameters: { web_search_citations: [] } }
  ])("is %j", (chunk) => {
    assert.deepStrictEqual<unknown>(decode(Success.ChatCompletionChunk, { id: "c", object: "x", ...chunk }), {
      id: "c",
      ...chunk
    })
  })
})

const response = {
  id: "resp_chatcmpl-abc123",
  object: "response",
  created_at: 1_735_689_600,
  model: "zai-org-glm-5-1",
  status: "completed",
  output: [
    { type: "reasoning", id: "rs_1", summary: ["I considered Rayleigh scattering..."] },
    { type: "web_search_call", id: "ws_1", status: "completed" },
    { type: "function_call", id: "fc_1", call_id: "call_abc", name: "f", arguments: "{}", status: "completed" },
    {
      type: "message",
      id: "msg_1",
      status: "completed",
      role: "assistant",
      content: [{
        type: "output_text",
        text: "Because... ^1^",
        annotations: [{ type: "url_citation", url: "https://example.com", title: "T", start_index: 27, end_index: 30 }]
      }]
    }
  ],
  usage: { input_tokens: 20, input_tokens_details: { cached_tokens: 8 }, output_tokens: 80, total_tokens: 100 }
}

describe("a response", () => {
  it("has its blocks of output", () => {
    const { output } = decode(Success.Response, response)

    assert.deepStrictEqual<unknown>(output, response.output)
  })

  it.each([
    { type: "response.created", sequence_number: 0, response: { id: "r", status: "in_progress" } },
    { type: "response.output_item.added", sequence_number: 1, output_index: 0, item: response.output[0] },
    { type: "response.output_text.delta", sequence_number: 2, item_id: "msg_1", delta: "Be" },
    { type: "web_search_call", id: "ws_1", results: [{ index: 1, url: "u", title: "t", snippet: "s" }] },
    { type: "response.completed", sequence_number: 3, response }
  ])("has the event $type", (event) => {
    assert.strictEqual(decode(Success.ResponseEvent, event).type, event.type)
  })
})

it("an embedding is numbers or base64", () => {
  const usage = { prompt_tokens: 8, total_tokens: 8 }
  const of = (embedding: unknown) =>
    decode(Success.Embeddings, {
      object: "list",
      model: "text-embedding-bge-m3",
      data: [{ object: "embedding", index: 0, embedding }],
      usage
    }).data[0]?.embedding

  assert.deepStrictEqual(of([0.0023, -0.0093]), [0.0023, -0.0093])
  assert.strictEqual(of("AAAA"), "AAAA")
})

it("images are base64 or a URL", () => {
  const timing = { inferenceDuration: 1, inferencePreprocessingTime: 0, inferenceQueueTime: 0, total: 1 }
  const generated = decode(Success.GeneratedImages, { id: "g", images: ["AA=="], timing, request: { success: true } })

  assert.deepStrictEqual(generated, { id: "g", images: ["AA=="], timing })
  assert.deepStrictEqual(decode(Success.Images, { created: 1, data: [{ b64_json: "AA==" }] }).data, [
    { b64_json: "AA==" }
  ])
  assert.deepStrictEqual(decode(Success.Images, { created: 1, data: [{ url: "data:," }] }).data, [{ url: "data:," }])
})

it("a model has its capabilities, its prices and its end", () => {
  const model_spec = {
    name: "Llama 3.3 70B",
    availableContextTokens: 131_072,
    capabilities: { supportsFunctionCalling: true, supportsVision: false, quantization: "fp16" },
    constraints: { temperature: { default: 0.8 } },
    pricing: {
      input: { usd: 0.15, diem: 0.15 },
      output: { usd: 0.6, diem: 0.6 },
      extended: { context_token_threshold: 200_000, input: { usd: 11, diem: 11 } }
    },
    privacy: "private",
    deprecation: { date: "2025-03-01T00:00:00.000Z" }
  }
  const { data: [model] } = decode(Success.Models, {
    object: "list",
    type: "text",
    data: [{ id: "llama-3.3-70b", object: "model", owned_by: "venice.ai", type: "text", created: 1, model_spec }]
  })

  assert.deepStrictEqual<unknown>(model?.model_spec, model_spec)
})
