/**
 * The operations of images.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import { z } from "zod/v3"
import type * as Dynamics from "../../Dynamics.ts"
import { type Call, type File, memberOf } from "./call.ts"
import { anonUserId } from "./chatBody.ts"
import * as Check from "./check.ts"
import * as Media from "./media.ts"
import * as Refuse from "./refusal.ts"
import type { Answering, Handler } from "./run.ts"
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

const format = z.enum(["webp", "png", "jpeg"])

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

const binary = (format: string, headers: Readonly<Record<string, string>> = {}): Answering =>
  Effect.succeed({
    response: { status: 200, headers: { "content-type": `image/${format}`, ...headers }, body: Media.images[format]! }
  })

const base64 = (format: string): string => Base64.encode(Media.images[format]!)

const constraintsOf = ({ model_spec }: Dynamics.Model) =>
  (model_spec.constraints ?? {}) as {
    readonly promptCharacterLimit?: number
    readonly resolutions?: ReadonlyArray<string>
    readonly aspectRatios?: ReadonlyArray<string>
    readonly qualities?: ReadonlyArray<string>
  }

const checkPrompt = (model: Dynamics.Model, prompt: string): Refuse.Refusing<void> => {
  const limit = constraintsOf(model).promptCharacterLimit
  return limit === undefined || prompt.length <= limit ? Effect.void : Refuse.invalidField(
    ["prompt"],
    `String must contain at most ${limit} character(s)`,
    "failures",
    { code: "too_big", maximum: limit, type: "string", inclusive: true, exact: false } as const
  )
}

const checkOption = (
  name: string,
  value: string | undefined,
  options: ReadonlyArray<string> | undefined
): Refuse.Refusing<void> =>
  value === undefined || options === undefined || options.includes(value)
    ? Effect.void
    : Refuse.invalidField(
      [name],
      `Invalid enum value. Expected ${options.map((option) => `'${option}'`).join(" | ")}, received '${value}'`,
      "failures",
      { code: "invalid_enum_value", options: [...options], received: value } as const
    )

const priceOf = ({ model_spec: { pricing } }: Dynamics.Model, images = 1) => ({
  usd: (pricing?.generation?.usd ?? pricing?.inpaint?.usd ?? 0.01) * images,
  isQuoted: true
})

export const generate: Handler = (call, state) =>
  Effect.gen(function*() {
    const { model } = yield* state.catalogue.find(memberOf(call.body, "model"), ["image"], call.now)
    const body = yield* Check.body(call, generateBody)
    yield* checkPrompt(model, body.prompt)
    const { qualities, resolutions } = constraintsOf(model)
    yield* checkOption("resolution", body.resolution, resolutions)
    yield* checkOption("quality", body.quality, qualities)
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

/** The images of a request: each is base64, a data URL or a URL, or a file of a form. */
const inputsOf = ({ body, files, isForm }: Call, name: string): ReadonlyArray<unknown> => {
  const given = (isForm ? files.get(name) : undefined) ?? memberOf(body, name)
  return Array.isArray(given) ? given : given === undefined || given === "" ? [] : [given]
}

const signatures: ReadonlyArray<ReadonlyArray<number>> = [
  [0x89, 0x50, 0x4e, 0x47],
  [0xff, 0xd8, 0xff],
  [0x52, 0x49, 0x46, 0x46],
  [0x47, 0x49, 0x46]
]

const isImage = (bytes: Uint8Array): boolean => signatures.some((start) => start.every((byte, i) => bytes[i] === byte))

const isFile = (input: unknown): input is File => typeof input === "object" && input !== null && "bytes" in input

const checkInput = (call: Call, name: string): Refuse.Refusing<void> => {
  const inputs = inputsOf(call, name)
  if (inputs.length === 0) {
    return Refuse.invalidField(
      [name],
      "Required",
      "failures",
      { code: "invalid_type", expected: "string", received: "undefined" } as const
    )
  }
  const wrong = inputs.findIndex((input) => !isFile(input) && (typeof input !== "string" || input === ""))
  if (wrong >= 0) return Refuse.invalidField([name, wrong], "Expected a string or a file")
  return inputs.every((input) => !isFile(input) || isImage(input.bytes))
    ? Effect.void
    : Refuse.error(new Errors.CorruptedImage())
}

const text = z.string().trim().min(1).max(32_768)

/** A form has only texts. */
const flag = z.union([z.boolean(), z.enum(["true", "false"]).transform((text) => text === "true")])

const editBody = z.object({
  model: z.string().optional(),
  modelId: z.string().optional(),
  prompt: text,
  image: z.unknown(),
  images: z.unknown(),
  aspect_ratio: z.enum(["auto", "1:1", "3:2", "16:9", "21:9", "9:16", "2:3", "3:4", "4:3", "4:5"]).optional(),
  resolution: z.string().optional(),
  output_format: format.optional(),
  quality: z.enum(["low", "medium", "high"]).optional(),
  enhance_prompt: flag.optional(),
  disable_prompt_optimization_thinking: flag.optional(),
  safe_mode: flag.optional()
}).strict()

const edited = (image: string): Handler => (call, state) =>
  Effect.gen(function*() {
    const body = yield* Check.body(call, editBody)
    const given = body.modelId ?? body.model ?? "firered-image-edit"
    const { model } = yield* state.catalogue.find(given, ["inpaint"], call.now)
    yield* checkInput(call, image)
    yield* checkPrompt(model, body.prompt)
    const type = body.output_format ?? (body.resolution === undefined || body.resolution === "1K" ? "png" : "jpeg")
    return yield* run(call, state, { model, price: priceOf(model) }, binary(type))
  })

export const edit: Handler = edited("image")

export const multiEdit: Handler = (call, state) =>
  call.text === "" && !call.isForm
    ? Refuse.error(new Errors.InvalidContentType())
    : edited("images")(call, state)

const upscaleBody = z.object({
  image: z.unknown(),
  scale: z.coerce.number().refine((scale) => scale === 2 || scale === 4, { message: "scale must be 2 or 4" }).default(
    2
  ),
  creativity: z.coerce.number().nullish()
}).strict()

export const upscale: Handler = (call, state) =>
  Effect.gen(function*() {
    yield* Check.body(call, upscaleBody)
    yield* checkInput(call, "image")
    const { model } = yield* state.catalogue.find("default", ["upscale"], call.now)
    return yield* run(call, state, { model, price: priceOf(model) }, binary("png"))
  })

const removeBody = z.object({ image: z.unknown(), image_url: z.string().url().optional() }).strict()

export const removeBackground: Handler = (call, state) =>
  Effect.gen(function*() {
    const body = yield* Check.body(call, removeBody)
    if (inputsOf(call, "image").length > 0 && body.image_url !== undefined) {
      return yield* Refuse.invalidField(["image_url"], "Provide either image or image_url, not both")
    }
    if (body.image_url === undefined) yield* checkInput(call, "image")
    const { model } = yield* state.catalogue.find("bria-bg-remover", ["image"], call.now)
    return yield* run(call, state, { model, price: priceOf(model) }, binary("png"))
  })
