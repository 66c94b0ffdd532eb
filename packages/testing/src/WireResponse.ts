/**
 * Responses as Venice sends them: status, headers and body.
 *
 * `fromError` writes an error in Venice's own shape, which is usually only `{"error": "<message>"}` without a code.
 *
 * @since 0.1.0
 */
import type { VeniceError } from "@effect-venice/core"
import * as Wire from "./internal/wire/encode.ts"
import type { WireResponse } from "./internal/wire/response.ts"
import { json } from "./internal/wire/response.ts"

export { forms } from "./internal/wire/forms.ts"
export { type Chunk, json, text, type WireResponse } from "./internal/wire/response.ts"

/**
 * Writes an error in Venice's own form, under the status of its response. The emulator does it for errors in `reply`.
 *
 * **Details**
 *
 * Whatever the error has arrives: `Decode.response` of the result returns the same class, message, fields, status, hint,
 * ids, budgets and balance. The body is Venice's wherever it says all of that, and names fields and code where it would
 * not: a message that Venice never sends, for example, is sent with the code.
 *
 * **Example** (Sending an error with its fields)
 *
 * ```ts
 * import { Errors } from "@effect-venice/core"
 * import { WireResponse } from "@effect-venice/testing"
 *
 * const usual = WireResponse.fromError(new Errors.ModelOverloaded())
 * const unusual = WireResponse.fromError(new Errors.ModelNotFound({ message: "No such model", model: "lama" }))
 *
 * usual.body // => '{"error":"The model is currently overloaded. Please try again later."}'
 * unusual.body // => '{"error":"No such model","model":"lama","code":"MODEL_NOT_FOUND"}'
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromError: (error: VeniceError.VeniceError) => WireResponse = Wire.fromError

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
