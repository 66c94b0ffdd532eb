/**
 * The operations that change images: edits, upscaling, removal of the background.
 *
 * @internal
 */
import { Errors } from "@effect-venice/core"
import * as Effect from "effect/Effect"
import { z } from "zod/v3"
import { type Call, type File, memberOf } from "./call.ts"
import * as Check from "./check.ts"
import { binary, checkPrompt, format, priceOf } from "./image.ts"
import * as Refuse from "./refusal.ts"
import type { Handler } from "./run.ts"
import { run } from "./run.ts"

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
