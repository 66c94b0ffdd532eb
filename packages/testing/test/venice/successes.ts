/** A successful request of every operation. */
import type { Operation } from "@effect-venice/core"
import { Success } from "@effect-venice/http"
import { Effect, type Schema } from "effect"
import * as Media from "../../src/internal/venice/media.ts"
import type { Ask, Client } from "./ask.ts"
import { chat, form } from "./ask.ts"

const recording = { name: "speech.wav", bytes: Media.audio.wav!.bytes }
const picture = { name: "picture.png", bytes: Media.images.png! }

const video = { model: "wan-2-7-text-to-video", prompt: "A gondola", duration: "5s" }
const music = { model: "elevenlabs-music", prompt: "A calm piano piece" }
const changer = "elevenlabs-voice-changer"

const wallet = "0x00000000000000000000000000000000000000aa"

export const signIn = (now: number, nonce: string, address = wallet): string =>
  btoa(JSON.stringify({
    address,
    message:
      `api.venice.ai wants you to sign in with your Ethereum account:\n${address}\n\nSign in\n\nURI: https://api.venice.ai\n`
      + `Version: 1\nChain ID: 8453\nNonce: ${nonce}\nIssued At: ${new Date(now).toISOString()}`,
    signature: `0x${"ab".repeat(65)}`,
    chainId: 8453
  }))

/** A job of a medium, to ask about. */
const jobOf = ({ ask }: Client, medium: string): Effect.Effect<object> => {
  const queued = medium === "video"
    ? ask("POST /video/queue", { body: video })
    : medium === "audio"
    ? ask("POST /audio/queue", { body: music })
    : ask("POST /audio/voice-changer/queue", form({ model: changer, file: recording }))
  return Effect.map(queued, ({ json }) => ({ model: json.model, queue_id: json.queue_id }))
}

type Request = (client: Client) => Effect.Effect<Ask> | Ask

export interface Row {
  readonly request?: Request
  readonly path?: string
  readonly status?: number
  readonly schema?: Schema.ConstraintDecoder<unknown>
  /** The members that a JSON answer has, besides what its schema says. */
  readonly has?: ReadonlyArray<string>
  readonly type?: string
}

const job = (medium: string): Request => (client) => Effect.map(jobOf(client, medium), (body) => ({ body }))

const tee = "e2ee-qwen3-5-122b-a10b"

/** A successful request of every operation, and what the answer has. A missing row does not compile. */
export const table: Readonly<Record<Operation.Operation, Row>> = {
  "GET /api_keys": { has: ["object", "data"] },
  "DELETE /api_keys": {
    request: ({ ask }) =>
      Effect.map(
        ask("POST /api_keys", { body: { apiKeyType: "INFERENCE", description: "x" } }),
        ({ json }) => ({ query: `id=${json.data.id}` })
      ),
    has: ["success"]
  },
  "POST /api_keys": {
    request: () => ({ body: { apiKeyType: "INFERENCE", description: "backend" } }),
    has: ["data.apiKey", "data.id", "data.consumptionLimit.usd"]
  },
  "PATCH /api_keys": {
    request: ({ ask }) =>
      Effect.map(
        ask("POST /api_keys", { body: { apiKeyType: "INFERENCE", description: "x" } }),
        ({ json }) => ({ body: { id: json.data.id, description: "renamed" } })
      ),
    has: ["data.description", "data.last6Chars"]
  },
  "GET /api_keys/generate_web3_key": { has: ["data.token"] },
  "POST /api_keys/generate_web3_key": {
    request: ({ ask }) =>
      Effect.map(ask("GET /api_keys/generate_web3_key"), ({ json }) => ({
        body: {
          address: wallet,
          signature: `0x${"ab".repeat(65)}`,
          token: json.data.token,
          apiKeyType: "INFERENCE"
        }
      })),
    has: ["data.apiKey"]
  },
  "GET /api_keys/rate_limits": { has: ["data.accessPermitted", "data.balances.USD", "data.rateLimits.0.apiModelId"] },
  "GET /api_keys/rate_limits/log": { has: ["data"] },
  "GET /api_keys/{id}": {
    request: ({ ask }) =>
      Effect.map(
        ask("POST /api_keys", { body: { apiKeyType: "INFERENCE", description: "x" } }),
        ({ json }) => ({ query: "", headers: { "x-id": json.data.id } })
      ),
    path: "/api_keys/{id}",
    has: ["data.usage.trailingSevenDays.usd"]
  },
  "POST /audio/complete": { request: job("audio"), has: ["success"] },
  "POST /audio/queue": { request: () => ({ body: music }), has: ["queue_id", "status"] },
  "POST /audio/quote": {
    request: () => ({ body: { model: "elevenlabs-music", duration_seconds: 60 } }),
    has: ["quote"]
  },
  "POST /audio/retrieve": { request: job("audio"), has: ["status", "average_execution_time", "execution_duration"] },
  "POST /audio/speech": { request: () => ({ body: { model: "tts-kokoro", input: "Hello" } }), type: "audio/mpeg" },
  "POST /audio/transcriptions": {
    request: () => form({ model: "nvidia/parakeet-tdt-0.6b-v3", file: recording, timestamps: "true" }),
    has: ["text", "duration", "timestamps.word.0.start"]
  },
  "POST /audio/voices": {
    request: () => form({ model: "tts-chatterbox-hd", file: recording }),
    has: ["id", "model"]
  },
  "POST /augment/scrape": {
    request: () => ({ body: { url: "https://example.com" } }),
    has: ["url", "content", "format"]
  },
  "POST /augment/search": {
    request: () => ({ body: { query: "venice", limit: 3 } }),
    has: ["query", "results.2.title"]
  },
  "POST /augment/text-parser": {
    request: () => form({ file: { name: "notes.txt", bytes: "Hello, Venice" } }),
    has: ["text", "tokens"]
  },
  "GET /billing/balance": { has: ["canConsume", "consumptionCurrency", "balances.usd", "diemEpochAllocation"] },
  "GET /billing/usage": { status: 410 },
  "GET /billing/usage-analytics": { has: ["lookback", "byDate.6.USD", "byModel", "topModels", "byKey"] },
  "GET /billing/usage-history": { has: ["data", "nextCursor"] },
  "GET /characters": { has: ["data.0.slug", "data.0.stats.averageRating"] },
  "GET /characters/{slug}": { path: "/characters/alan-watts", has: ["data.name"] },
  "GET /characters/{slug}/reviews": {
    path: "/characters/alan-watts/reviews",
    has: ["data.0.rating", "pagination.total"]
  },
  "POST /chat/completions": { request: () => ({ body: chat }), schema: Success.ChatCompletion, has: ["cost.usd"] },
  "GET /crypto/rpc/networks": { has: ["networks.26"] },
  "POST /crypto/rpc/{network}": {
    path: "/crypto/rpc/base-mainnet",
    request: () => ({ body: { jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] } }),
    has: ["result", "id"]
  },
  "POST /embeddings": {
    request: () => ({ body: { model: "text-embedding-bge-m3", input: "x" } }),
    schema: Success.Embeddings
  },
  "POST /image/background-remove": { request: () => form({ image: picture }), type: "image/png" },
  "POST /image/edit": {
    request: () => ({ body: { model: "firered-image-edit", prompt: "sunset", image: "iVBORw0KGgo" } }),
    type: "image/png"
  },
  "POST /image/generate": {
    request: () => ({ body: { model: "z-image-turbo", prompt: "A gondola" } }),
    schema: Success.GeneratedImages
  },
  "POST /image/multi-edit": {
    request: () => ({
      body: { modelId: "firered-image-edit", prompt: "both", images: ["iVBORw0KGgo", "iVBORw0KGgo"] }
    }),
    type: "image/png"
  },
  "GET /image/styles": { has: ["data.0"] },
  "POST /image/upscale": { request: () => ({ body: { image: "iVBORw0KGgo", scale: 2 } }), type: "image/png" },
  "POST /images/generations": {
    request: () => ({ body: { model: "z-image-turbo", prompt: "A gondola" } }),
    schema: Success.Images
  },
  "GET /models": { schema: Success.Models, has: ["data.0.model_spec.capabilities.supportsFunctionCalling"] },
  "GET /models/compatibility_mapping": { has: ["data.gpt-4o"] },
  "GET /models/traits": { has: ["data.default"] },
  "POST /responses": {
    request: () => ({ body: { model: "llama-3.3-70b", input: "Hello" } }),
    schema: Success.Response,
    has: ["output.0.content.0.text"]
  },
  "POST /video/complete": { request: job("video"), has: ["success"] },
  "POST /video/queue": { request: () => ({ body: video }), has: ["model", "queue_id"] },
  "POST /video/quote": { request: () => ({ body: { model: video.model, duration: "5s" } }), has: ["quote"] },
  "POST /video/retrieve": { request: job("video"), has: ["status"] },
  "POST /video/transcriptions": { request: () => ({ body: { url: "https://example.com" } }), status: 410 },
  "GET /x402/balance/{walletAddress}": {
    path: `/x402/balance/${wallet}`,
    request: () => ({ headers: { "sign-in-with-x": signIn(0, "balance1") } }),
    has: ["data.balanceUsd", "data.canConsume"]
  },
  "POST /x402/top-up": {
    request: ({ ask }) =>
      Effect.map(ask("POST /x402/top-up", { key: undefined }), ({ json }) => ({
        headers: {
          "payment-signature": btoa(JSON.stringify({
            x402Version: 2,
            accepted: json.accepts[0],
            payload: {
              signature: "0x01",
              authorization: { from: wallet, to: json.accepts[0].payTo, value: json.accepts[0].amount }
            }
          }))
        }
      })),
    has: ["data.newBalance", "data.paymentId"]
  },
  "GET /x402/transactions/{walletAddress}": {
    path: `/x402/transactions/${wallet}`,
    request: () => ({ headers: { "sign-in-with-x": signIn(0, "transactions1") } }),
    has: ["data.transactions", "data.pagination.hasMore"]
  },
  "GET /tee/attestation": {
    request: () => ({ query: `model=${tee}&nonce=${"ab".repeat(32)}` }),
    has: ["verified", "nonce", "signing_key"]
  },
  "GET /tee/signature": {
    request: ({ ask }) =>
      Effect.map(ask("POST /chat/completions", { body: { ...chat, model: tee } }), ({ json }) => ({
        query: `model=${tee}&request_id=${json.id}`
      })),
    has: ["signature", "signing_address"]
  },
  "POST /decisions": {
    request: () => ({
      body: { model: "jev-latest", state: "Help", questions: { urgent: { type: "noul", instructions: "Urgent?" } } }
    }),
    has: ["answers.urgent.noul", "usage.input_tokens"]
  },
  "POST /systemone": {
    request: () => ({
      body: {
        model: "jev-latest",
        state: { text: "Help" },
        questions: { team: { type: "choice", instructions: "Which?", criteria: { a: "A", b: null } } }
      }
    }),
    has: ["answers.team.choice", "answers.team.probabilities.a"]
  },
  "POST /audio/voice-changer/queue": {
    request: () => form({ model: changer, file: recording }),
    has: ["queue_id", "duration_seconds"]
  },
  "POST /audio/voice-changer/quote": {
    request: () => ({ body: { model: changer, duration_seconds: 52 } }),
    has: ["quote", "duration_seconds"]
  },
  "POST /audio/voice-changer/retrieve": { request: job("audio/voice-changer"), has: ["status"] },
  "POST /audio/voice-changer/complete": { request: job("audio/voice-changer"), has: ["success"] }
}

/** Asks an emulated Venice for the success of an operation, with a change to the request. */
export const request = Effect.fnUntraced(function*(
  client: Client,
  operation: Operation.Operation,
  change: (asked: Ask) => Ask = () => ({})
) {
  const row = table[operation]
  const made = row.request?.(client) ?? {}
  const asked = Effect.isEffect(made) ? yield* made : made
  const [method = "", template = ""] = operation.split(" ")
  const path = (row.path ?? template).replace("{id}", asked.headers?.["x-id"] ?? "")
  return yield* client.ask(`${method} ${path}`, { ...asked, ...change(asked) })
})
