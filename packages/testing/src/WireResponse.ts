/**
 * Responses as Venice sends them: status, headers and body.
 *
 * `fromError` writes an error in Venice's own shape, which is usually only `{"error": "<message>"}` without a code.
 *
 * @since 0.1.0
 */
import type { Errors, VeniceError } from "@effect-venice/core"
import { Encode } from "@effect-venice/core"
import type * as Duration from "effect/Duration"
import * as Base64 from "effect/encoding/Base64"

/**
 * A response to send: pass it to `reply` of the emulator, or serve it from a server of your own.
 *
 * @category models
 * @since 0.1.0
 */
export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A list of chunks is sent as a stream. */
  readonly body: string | Uint8Array | ReadonlyArray<Chunk>
}

/**
 * A part of a body that is sent by itself: an event of a stream, or a piece of a slow download. Write the body of a
 * {@link WireResponse} with it to test how a client reads a response that arrives in parts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Chunk {
  readonly data: string | Uint8Array
  /** The delay between the part before, or the header, and this one; none by default. */
  readonly delay?: Duration.Duration
}

/**
 * Makes a response with a JSON body, for a shape that {@link fromError} does not write.
 *
 * @category constructors
 * @since 0.1.0
 */
export const json = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): WireResponse => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body)
})

/**
 * Makes a response with a text body, such as the error page of a proxy.
 *
 * @category constructors
 * @since 0.1.0
 */
export const text = (
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = { "content-type": "text/plain" }
): WireResponse => ({ status, headers, body })

const paymentOffer = {
  x402Version: 2,
  error: "Authentication required",
  resource: { url: "https://api.venice.ai/api/v1", description: "Venice API", mimeType: "application/json" },
  accepts: [{
    scheme: "exact",
    network: "eip155:8453",
    amount: "10000000",
    asset: "0x833589fcd6edb6e08f4c7c32d4f71b54bda02913",
    payTo: "0x0000000000000000000000000000000000000402",
    maxTimeoutSeconds: 300,
    extra: { name: "USD Coin", version: "2" }
  }]
}

const paymentBody = (error: Errors.PaymentRequired): object =>
  error.reason === "insufficient_balance"
    ? {
      error: error.message,
      code: "PAYMENT_REQUIRED",
      reason: error.reason,
      currentBalanceUsd: error.currentBalanceUsd,
      minimumBalanceUsd: error.minimumBalanceUsd,
      suggestedTopUpUsd: error.suggestedTopUpUsd ?? 10,
      minimumTopUpUsd: error.minimumTopUpUsd ?? 5,
      supportedTokens: error.supportedTokens ?? ["USDC"],
      supportedChains: error.supportedChains ?? ["base", "solana"]
    }
    : { ...paymentOffer, ...error.offer, error: error.message }

const bodyOf = (error: VeniceError.VeniceError): object | string => {
  switch (error._tag) {
    case "PAYLOAD_TOO_LARGE":
      return { code: error._tag, error: error.message }
    case "TOO_MANY_TOKENS":
      return {
        error: {
          message: error.message,
          type: "invalid_request_error",
          param: "messages",
          code: "context_length_exceeded"
        }
      }
    case "INVALID_REQUEST":
      return { error: error.message, ...error.validation?.toJSON() }
    case "CONTENT_POLICY_VIOLATION":
      return error.recommendedModel === undefined
        ? {
          error: error.message,
          credits_refunded: error.creditsRefunded,
          hint: error.hint,
          suggested_prompt: error.suggestedPrompt
        }
        : {
          error: {
            message: error.message,
            type: "provider_content_policy",
            credits_refunded: error.creditsRefunded,
            recommended_model: error.recommendedModel
          }
        }
    case "PAYMENT_REQUIRED":
      return paymentBody(error)
    case "CONSENT_REQUIRED":
      return {
        error: { code: "needs_consent", message: error.message },
        consent_flow: error.consentFlow,
        face_media_roles: error.faceMediaRoles,
        consent: error.consent,
        docs_url: error.docsUrl
      }
    case "UNRECOGNIZED_RESPONSE":
      return error.response.body ?? ""
    default:
      return { error: error.message }
  }
}

// Venice sends an offer with every response to missing credentials.
const headersOf = (error: VeniceError.VeniceError): Readonly<Record<string, string>> =>
  error._tag === "PAYMENT_REQUIRED" && error.offer === undefined
    ? { ...Encode.headers(error), "payment-required": Base64.encode(JSON.stringify(paymentOffer)) }
    : Encode.headers(error)

/**
 * Writes an error in Venice's own shape, under the status of its response. The emulator does it for errors in `reply`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromError = (error: VeniceError.VeniceError): WireResponse => {
  const body = bodyOf(error)
  const { contentType, status } = error.response
  return typeof body === "string"
    ? text(status, body, { "content-type": contentType ?? "text/html; charset=UTF-8", ...headersOf(error) })
    : json(status, body, headersOf(error))
}

// Small responses in the documented shapes.
const completion = {
  id: "chatcmpl-emulated",
  object: "chat.completion",
  created: 1_767_225_600,
  model: "emulated",
  choices: [{ index: 0, message: { role: "assistant", content: "Emulated." }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
}

const queued = { model: "emulated", queue_id: "00000000-0000-4000-8000-000000000001" }

const bytes = (contentType: string): WireResponse => ({
  status: 200,
  headers: { "content-type": contentType },
  body: new Uint8Array([0, 1, 2, 3])
})

const successes: Readonly<Record<string, WireResponse>> = {
  "POST /chat/completions": json(200, completion),
  "POST /responses": json(200, {
    id: "resp_emulated",
    object: "response",
    created_at: 1_767_225_600,
    model: "emulated",
    status: "completed",
    output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Emulated." }] }]
  }),
  "POST /embeddings": json(200, {
    object: "list",
    model: "emulated",
    data: [{ object: "embedding", index: 0, embedding: [0, 0.5, 1] }],
    usage: { prompt_tokens: 1, total_tokens: 1 }
  }),
  "GET /models": json(200, {
    object: "list",
    data: [{
      id: "emulated",
      object: "model",
      owned_by: "venice.ai",
      type: "text",
      created: 1_767_225_600,
      model_spec: { name: "Emulated", privacy: "private", availableContextTokens: 32_768 }
    }]
  }),
  "POST /image/generate": json(200, { id: "generate-image-emulated", images: ["AAECAw=="] }),
  "POST /images/generations": json(200, { created: 1_767_225_600, data: [{ b64_json: "AAECAw==" }] }),
  "POST /image/edit": bytes("image/png"),
  "POST /image/multi-edit": bytes("image/png"),
  "POST /image/upscale": bytes("image/png"),
  "POST /image/background-remove": bytes("image/png"),
  "POST /audio/speech": bytes("audio/mpeg"),
  "POST /audio/transcriptions": json(200, { text: "Emulated." }),
  "POST /audio/queue": json(200, queued),
  "POST /video/queue": json(200, queued),
  "POST /audio/voice-changer/queue": json(200, queued),
  "POST /audio/retrieve": json(200, {
    status: "PROCESSING",
    average_execution_time: 20_000,
    execution_duration: 1_000
  }),
  "POST /video/retrieve": json(200, {
    status: "PROCESSING",
    average_execution_time: 145_000,
    execution_duration: 53_200
  }),
  "POST /audio/quote": json(200, { quote: 0.01 }),
  "POST /video/quote": json(200, { quote: 0.35 }),
  "GET /billing/balance": json(200, {
    canConsume: true,
    consumptionCurrency: "USD",
    balances: { diem: null, usd: 25, bundledCredits: null, earnedCredits: null },
    diemEpochAllocation: 0
  }),
  "POST /crypto/rpc/{network}": json(200, { jsonrpc: "2.0", id: 1, result: "0x1" })
}

/**
 * Makes a success of an operation, as the emulator does without a reply. An operation without a documented shape here
 * gets `{"success": true, "data": []}`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const success = (operation: string): WireResponse =>
  successes[operation] ?? json(200, { success: true, data: [] })
