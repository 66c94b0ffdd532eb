/**
 * The operations that make images of a prompt, and their styles.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import { memberOf } from "./call.ts"
import { anonUserId } from "./chatBody.ts"
import * as Check from "./check.ts"
import { base64, binary, checkPrompt, constraintsOf, format, priceOf } from "./image.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { ok, run } from "./run.ts"

export const styles = [
  "3D Model",
  "Analog Film",
  "Anime",
  "Cinematic",
  "Comic Book",
  "Craft Clay",
  "Digital Art",
  "Fantasy Art",
  "Isometric Style",
  "Line Art",
  "Lowpoly",
  "Neon Punk",
  "Origami",
  "Photographic",
  "Pixel Art",
  "Texture"
] as const

export const listStyles: Handler = () => ok({ object: "list", data: styles })

const generateBody = z.object({
  model: z.string(),
  prompt: z.string().trim().min(1),
  negative_prompt: z.string().optional(),
  width: z.number().int().min(1).max(1280).default(1024),
  height: z.number().int().min(1).max(1280).default(1024),
  aspect_ratio: z.string().optional(),
  resolution: z.string().optional(),
  quality: z.enum(["low", "medium", "high"]).optional(),
  cfg_scale: z.number().gt(0).max(20).optional(),
  steps: z.number().int().optional(),
  seed: z.number().int().min(-999_999_999).max(999_999_999).optional(),
  variants: z.number().int().min(1).max(4).default(1),
  style_preset: z.enum(styles).optional(),
  style_references: z.array(z.object({ image: z.string(), strength: z.number().min(0.1).max(1).default(0.5) }))
    .optional(),
  lora_strength: z.number().int().min(0).max(100).optional(),
  enhance_prompt: z.boolean().default(false),
  disable_prompt_optimization_thinking: z.boolean().optional(),
  enable_web_search: z.boolean().default(false),
  format: format.default("webp"),
  return_binary: z.boolean().default(false),
  embed_exif_metadata: z.boolean().default(false),
  hide_watermark: z.boolean().default(false),
  safe_mode: z.boolean().default(true),
  anon_user_id: anonUserId.optional()
}).strict()

export const generate: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(memberOf(call.body, "model"), ["image"], call.now)
    const body = yield* Check.body(call, generateBody)
    yield* checkPrompt(model, body.prompt)
    const { qualities, resolutions } = constraintsOf(model)
    yield* Check.option("resolution", body.resolution, resolutions)
    yield* Check.option("quality", body.quality, qualities)
    if (body.return_binary && body.variants > 1) {
      return yield* Refuse.invalidField(["variants"], "variants is only supported when return_binary is false")
    }
    const headers = body.enhance_prompt
      ? { "x-venice-enhanced-prompt": encodeURIComponent(`${body.prompt}, in great detail`) }
      : {}
    const { style_references: _, ...data } = body
    return yield* run(
      call,
      state,
      { model, price: priceOf(model, body.variants) },
      body.return_binary ? binary(body.format, headers) : ok({
        id: `generate-image-${call.draw.hex(16)}`,
        images: Array.from({ length: body.variants }, () => base64(body.format)),
        timing: { inferenceDuration: 1200, inferencePreprocessingTime: 10, inferenceQueueTime: 5, total: 1215 },
        request: { success: true, data }
      }, headers)
    )
  })

const generationsBody = z.object({
  model: z.string(),
  prompt: z.string().min(1).max(1500),
  size: z.enum([
    "auto",
    "256x256",
    "512x512",
    "1024x1024",
    "1536x1024",
    "1024x1536",
    "1792x1024",
    "1024x1792"
  ]).nullish(),
  output_format: z.enum(["jpeg", "png", "webp"]).default("png"),
  response_format: z.enum(["b64_json", "url"]).nullish(),
  moderation: z.enum(["auto", "low"]).nullish(),
  n: z.literal(1, { errorMap: () => ({ message: "Number must be less than or equal to 1" }) }).nullish(),
  quality: z.enum(["auto", "high", "medium", "low", "hd", "standard"]).nullish(),
  style: z.enum(["vivid", "natural"]).nullish(),
  background: z.enum(["transparent", "opaque", "auto"]).nullish(),
  output_compression: z.number().int().min(0).max(100).nullish(),
  user: z.string().optional(),
  anon_user_id: anonUserId.optional()
}).strict()

export const generations: Handler = (call, state) =>
  Effect.gen(function*() {
    const given = memberOf(call.body, "model")
    if (given === undefined || given === "") return yield* Refuse.message(400, "model is required")
    const body = yield* Check.body(call, generationsBody)
    // A model that is not Venice's falls back to the default one here.
    const { model } = yield* state.catalogue.find(body.model, ["image"], call.now).pipe(
      Effect.catch(() => state.catalogue.find("default", ["image"], call.now))
    )
    const image = base64(body.output_format)
    return yield* run(
      call,
      state,
      { model, price: priceOf(model) },
      ok({
        created: Math.floor(call.now / 1000),
        data: [
          body.response_format === "url" ? { url: `data:image/${body.output_format};base64,${image}` } : {
            b64_json: image
          }
        ]
      })
    )
  })
