/**
 * `POST /embeddings`.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import { z } from "zod/v3"
import { memberOf } from "./call.ts"
import * as Check from "./check.ts"
import { hash, sequence } from "./draw.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok, run } from "./run.ts"
import * as Text from "./text.ts"

const body = z.object({
  model: z.string(),
  input: z.union([z.string().min(1), z.array(z.string()).min(1).max(2048)]),
  encoding_format: z.enum(["float", "base64"]).default("float"),
  dimensions: z.number().int().min(1).max(65_536).optional(),
  user: z.string().optional()
}).strict()

/** A vector of length 1, the same for the same text. */
const vectorOf = (text: string, dimensions: number): Float32Array => {
  const next = sequence(hash(text))
  const vector = Float32Array.from({ length: dimensions }, () => next() * 2 - 1)
  const length = Math.hypot(...vector.subarray(0, 65_536))
  return vector.map((value) => value / length)
}

const write = (vector: Float32Array, format: "float" | "base64"): ReadonlyArray<number> | string =>
  format === "float" ? Array.from(vector) : Base64.encode(new Uint8Array(vector.buffer))

/** The cap of every model, by Venice's estimate. A model can have a lower one. */
const cap = 8192

const isTokens = (input: unknown): boolean =>
  Array.isArray(input) && input.some((item) => typeof item === "number" || Array.isArray(item))

export const embeddings: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(memberOf(call.body, "model"), ["embedding"], call.now)
    if (isTokens(memberOf(call.body, "input"))) {
      return yield* Refuse.invalidField(
        ["input"],
        "Token array inputs are not supported. Pass a string or an array of strings."
      )
    }
    const spec = model.model_spec
    const maxTokens = Math.min(cap, spec.maxInputTokens ?? cap)
    const { dimensions, encoding_format, input } = yield* Check.body(call, body)
    const texts = typeof input === "string" ? [input] : input
    if (texts.some(({ length }) => Math.ceil(length / 3.2 * 0.95) > maxTokens)) {
      return yield* Refuse.message(400, `Input text exceeds the maximum token limit of ${maxTokens} tokens`)
    }
    const tokens = texts.reduce((sum, text) => sum + Text.tokensOf(text.length), 0)
    const size = spec.supportsCustomDimensions === true
      ? dimensions ?? spec.embeddingDimensions
      : spec.embeddingDimensions
    return yield* run(
      call,
      state,
      {
        model,
        tokens,
        price: { usd: (spec.pricing?.input?.usd ?? 0) * tokens / 1e6, isQuoted: false },
        details: { promptTokens: tokens }
      },
      Effect.suspend(() =>
        ok({
          object: "list",
          model: model.id,
          data: texts.map((text, index) => ({
            object: "embedding",
            index,
            embedding: write(vectorOf(text, size ?? 1024), encoding_format)
          })),
          usage: { prompt_tokens: tokens, total_tokens: tokens }
        })
      )
    )
  })
