/** Responses that an outside tester tried: relays, gateways and providers that are easily taken for Venice. */
import { Decode, Retry } from "@effect-venice/core"
import { assert, describe, it } from "@effect/vitest"

const operation = "POST /chat/completions"

const decode = (status: number, body: unknown) =>
  Decode.response({ status, body: typeof body === "string" ? body : JSON.stringify(body), operation, now: 0 })

describe("a relay", () => {
  it("cannot overflow the stack by what it nests", () => {
    const deep = `${"{\"a\":".repeat(5000)}1${"}".repeat(5000)}`

    assert.strictEqual(decode(429, `{"error":{"message":"x","metadata":{"raw":${deep}}}}`)._tag, "RATE_LIMIT_EXCEEDED")
  })

  it.each([
    ["a page of a proxy", { metadata: { raw: "<html><title>502 Bad Gateway</title></html>" } }, "502 Bad Gateway"],
    ["a text", { metadata: { raw: "upstream connect error" } }, "upstream connect error"]
  ])("that passes on %s lost the response", (_, error, message) => {
    const decoded = decode(500, { error: { message: "Provider returned error", code: 500, ...error } })

    assert.strictEqual(decoded._tag, "UNRECOGNIZED_RESPONSE")
    assert.strictEqual(decoded.message, message)
    assert.isFalse(Retry.isRepeatable(decoded))
  })

  it.each([
    "litellm.APIError: APIError: OpenAIException - peer closed connection without sending complete message body",
    "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.",
    "litellm.InternalServerError: InternalServerError: OpenAIException - Server disconnected without sending a response."
  ])("that lost the response says so: %s", (message) => {
    assert.isFalse(Retry.isRepeatable(decode(500, { error: { message, type: null, code: "500" } })))
  })

  it("cannot make a page of Cloudflare an error of Venice", () => {
    const raw = "<html><title>Attention Required! | Cloudflare</title></html>"

    assert.strictEqual(
      decode(401, { error: { message: "Provider returned error", metadata: { raw } } })._tag,
      "UNRECOGNIZED_RESPONSE"
    )
  })

  const overflow = "This model's maximum context length is 8192 tokens."

  it.each([
    `litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError: Hosted_vllmException - ${overflow}`,
    `litellm.BadRequestError: litellm.BadRequestError: VertexAIException - {"error":{"message":"${overflow}"}}`,
    `litellm.BadRequestError: VertexAIException BadRequestError - ${overflow}`,
    `litellm.ContextWindowExceededError: BedrockException: Context Window Error - {"message":"${overflow}"}`,
    `litellm.ContextWindowExceededError: AzureException ContextWindowExceededError - ${overflow}`,
    `litellm.BadRequestError: AnthropicException - b'{"error":{"message":"${overflow}"}}'`,
    `litellm.BadRequestError: OpenAIException - Error code: 400 - {'error': {'message': "${overflow}", 'type': 'x', 'param': None}}`
  ])("is unwrapped, however LiteLLM writes it: %s", (message) => {
    const error = decode(400, { error: { message, type: null, param: null, code: "400" } })

    assert.strictEqual(error._tag, "TOO_MANY_TOKENS")
    assert.strictEqual(error.message, overflow)
    assert.strictEqual(error.response.relay, "LiteLLM")
  })
})

describe("a 500 of a gateway", () => {
  it.each([
    { message: "Internal server error" },
    { message: null },
    { message: "An unexpected error occurred", request_id: "r" },
    { timestamp: "2026-01-01", status: 500, error: "Internal Server Error", path: "/v1/chat" },
    { statusCode: 500, message: "Internal server error" },
    { error: { code: "500", message: "A server error has occurred" } }
  ])("is no proof that Venice failed: %j", (body) => {
    assert.isFalse(Retry.isRepeatable(decode(500, body)))
  })

  it.each([
    { error: "Something broke" },
    { error: "Something broke", request_id: "r" },
    { error: "Inference processing failed" },
    { error: { code: "INFERENCE_FAILED", message: "It broke" } }
  ])("is Venice's where it has Venice's shape: %j", (body) => {
    assert.isTrue(Retry.isRepeatable(decode(500, body)))
  })
})

describe("an error inside a stream", () => {
  const event = (error: unknown) => Decode.event(JSON.stringify({ error }), { status: 200, operation, now: 0 })!

  it.each<[object, string]>([
    [{ code: 400, message: "no" }, "InvalidRequest"],
    [{ code: "401", message: "no" }, "Authentication"],
    [{ code: 402, message: "Insufficient credits" }, "Billing"],
    [{ code: 403, message: "no" }, "Permission"],
    [{ code: 429, message: "no" }, "RateLimit"],
    [{ code: 502, message: "no" }, "Upstream"],
    [{ code: 503, message: "no" }, "Capacity"],
    [{ type: "invalid_request_error", message: "no" }, "InvalidRequest"],
    [{ type: "authentication_error", message: "no" }, "Authentication"],
    [{ type: "rate_limit_error", message: "no" }, "RateLimit"],
    [{ type: "overloaded_error", message: "no" }, "Capacity"],
    [{ code: "invalid_api_key", message: "no" }, "Authentication"],
    [{ code: "billing_hard_limit_reached", message: "no" }, "Billing"],
    [{ code: "invalid_prompt", message: "no" }, "InvalidRequest"],
    [{ code: "invalid_image_url", message: "no" }, "InvalidRequest"],
    [{ code: "content_filter", message: "no" }, "ContentPolicy"],
    [{ code: 399, message: "no" }, "Server"],
    [{ code: 600, message: "no" }, "Server"],
    [{ code: "server_error", message: "no" }, "Server"]
  ])("that says %j is in the category %s", (error, category) => {
    assert.strictEqual(event(error).category, category)
  })

  it("is first of all what its message says", () => {
    const error = event({
      type: "invalid_request_error",
      message: "prompt is too long: 213462 tokens > 200000 maximum"
    })

    assert.strictEqual(error._tag, "TOO_MANY_TOKENS")
  })
})

describe("a context overflow", () => {
  it.each([
    "The prompt (total length 25938) is too long to fit into the model (context length 4096). Make sure that",
    "Prompt length of 5000 is longer than the maximum model length of 4096.",
    "Input Tokens Exceeded: Number of input tokens exceeds maximum length. Please update the input.",
    "The model returned the following errors: Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
    "Invalid 'input': maximum context length is 8192 tokens.",
    "Invalid 'input[0]': maximum context length is 8192 tokens.",
    "Prompt 超长",
    "invalid request: total number of tokens (input and prediction) cannot exceed 2048 - received 2500",
    "Multimodal prompt is too long after expanding multimodal tokens",
    "Requested input length 39818 exceeds maximum input length 32767",
    "Requested tokens (9437) exceed context window of 8192",
    "The maximum context length of Meta-Llama is 8192. However, answering your request will take more",
    "Trying to keep the first 6000 tokens when context the overflows. However, the model is loaded with",
    "This model’s maximum context length is 8192 tokens.",
    "Error code: 400 - prompt is too long: 2 tokens > 1 maximum",
    "400 Input is too long for requested model.",
    "ValidationException: Input is too long for requested model.",
    "An error occurred (ValidationException) when calling the Converse operation: Input is too long for requested model.",
    "messages: prompt is too long: 2 tokens > 1 maximum"
  ])("is recognized in %s", (message) => {
    assert.strictEqual(decode(400, { error: message, request_id: "r" })._tag, "TOO_MANY_TOKENS")
  })

  it("is recognized under 500 too, and not retried", () => {
    const error = decode(500, { error: "the request exceeds the available context size, try increasing it" })

    assert.strictEqual(error._tag, "TOO_MANY_TOKENS")
    assert.strictEqual(
      decode(500, { error: "input (5000 tokens) is too large to process. increase the physical batch size" })._tag,
      "TOO_MANY_TOKENS"
    )
  })
})
